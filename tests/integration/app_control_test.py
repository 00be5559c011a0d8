#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands that look at a running node and steer it."""

import datetime
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from cases import FolderCase, NodeCase, wait_until
from peerage_harness import Node, find_program, run_to_end
from screen import OnTerminal
from status_server import STATUS, StatusServer

OK, FAILED, USAGE, UNREACHABLE, REFUSED = range(5)
NOWHERE = "192.0.2.1:8333"  # TEST-NET-1; nothing is ever dialed there without a node's wish


def address_of(url):
    """As the option has it."""
    return url.removeprefix("http://")


def place_of(node):
    """The options that name a node and its cookie."""
    return ("--status", address_of(node.urls[0]), "--data-dir", node.data_dir)


def free_port():
    """A port of 127.0.0.1 where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class ControlCase(NodeCase):
    def do(self, command, *arguments, node=None, **more):
        """What the command prints; it has to succeed."""
        done = run_to_end(command, *arguments, *place_of(node or self.node), **more)
        self.assertEqual((done.returncode, done.stderr), (OK, ""), done)
        return done.stdout

    def look(self, command, *arguments):
        """The same for commands that need no cookie."""
        done = run_to_end(command, *arguments, "--status", address_of(self.tcp))
        self.assertEqual((done.returncode, done.stderr), (OK, ""), done)
        return done.stdout

    def fails(self, status, names, command, *arguments):
        done = run_to_end(command, *arguments)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done)
        self.assertTrue(done.stderr.startswith("peerage: "), done)
        for name in names:
            self.assertIn(name, done.stderr)


class Call(ControlCase):
    swarm = 2

    def test_results_as_people_read_them(self):
        self.assertRegex(self.do("call", "uptime"), r"^\d+\n$")
        self.assertEqual(self.do("call", "setban", "10.1.1.1", "add", "60"), "")  # null
        self.assertIn("\nsetban ", "\n" + self.do("call", "help"))  # a text, as it is
        network = self.do("call", "getnetworkinfo")
        self.assertEqual(json.loads(network), self.node.rpc("getnetworkinfo"))
        self.assertIn('\n  "relayfee": 0.00001000,\n', network)  # as it was written
        self.assertIn('\n      "name": "ipv4",\n', network)

    def test_arguments(self):
        self.do("call", "setban", "10.1.2.0/24", "add", "60")
        self.do("call", "setban", "10.1.3.3", "command=add", "bantime=70")
        self.do("call", "setban", "subnet=10.1.4.4", "command=add", "bantime=2000000000",
                "absolute=true")
        bans = {ban["address"]: ban["ban_duration"] for ban in self.node.rpc("listbanned")}
        self.assertEqual(bans["10.1.2.0/24"], 60)
        self.assertEqual(bans["10.1.3.3/32"], 70)
        self.assertIn("10.1.4.4/32", bans)
        found = json.loads(self.do("call", "waitfor", '{"peers_ready":2}', "timeout=5"))
        self.assertEqual(found["found"]["ready"], 2)
        self.assertIn("setban", self.do("call", "help", '"setban"'))

    def test_errors_of_the_node(self):
        place = place_of(self.node)
        self.fails(FAILED, ["nonsense", "-32601", "Method not found"], "call", "nonsense",
                   *place)
        self.fails(FAILED, ["setban", "-30", "Invalid IP/Subnet"], "call", "setban", "x",
                   "add", *place)
        self.fails(FAILED, ["code -1: setban \"subnet\""], "call", "setban", *place)
        self.fails(FAILED, ["code -3: Wrong type"], "call", "setban", "10.0.0.1", "add",
                   "soon", *place)
        self.fails(FAILED, ["code -1", "out of range"], "call", "disconnectnode",
                   "nodeid=1.5", *place)
        self.fails(FAILED, ["code -29"], "call", "disconnectnode", "", "-1", *place)

    def test_raw(self):
        reply = json.loads(self.do("call", "--json", "uptime"))
        self.assertEqual(reply["jsonrpc"], "2.0")
        self.assertIsInstance(reply["result"], int)
        done = run_to_end("call", "nonsense", "--json", *place_of(self.node))
        self.assertEqual((done.returncode, done.stderr), (FAILED, ""))
        self.assertEqual(json.loads(done.stdout)["error"]["code"], -32601)

    def test_the_cookie(self):
        at = ("--status", address_of(self.unix))
        data = self.node.data_dir
        cookie = self.node.cookie_path
        for given in (("--data-dir", data), ("--data-dir", data, "--network", "regtest"),
                      ("--cookie", cookie), ("--cookie", cookie.read_text())):
            done = run_to_end("call", "uptime", *at, *given)
            self.assertEqual((done.returncode, done.stderr), (OK, ""), given)
        self.fails(REFUSED, [str(data / "signet" / ".cookie"), "--cookie"], "call", "uptime",
                   *at, "--data-dir", data, "--network", "signet")
        self.fails(REFUSED, ["/nowhere/regtest/.cookie"], "call", "uptime", *at,
                   "--data-dir", "/nowhere")
        self.fails(REFUSED, ["--cookie", "refuses"], "call", "uptime", *at, "--cookie",
                   "__cookie__:00")
        self.fails(REFUSED, ["/dev/null holds no cookie"], "call", "uptime", *at, "--cookie",
                   "/dev/null")

    def test_the_home_directory_is_where_the_cookie_is_by_default(self):
        home = self.node.folder / "home"
        home.mkdir(exist_ok=True)
        with Node("--status", "127.0.0.1:0", "--data-dir", home / ".peerage") as node:
            for environment, status in (({"HOME": str(home)}, OK), ({}, REFUSED)):
                done = run_to_end("call", "uptime", "--status", address_of(node.urls[0]),
                                  env={"PATH": os.environ["PATH"], **environment})
                self.assertEqual(done.returncode, status, done)

    def test_everything_from_the_file_or_the_environment_of_the_node(self):
        path = self.node.folder / "node.toml"
        path.write_text(f"status = '{address_of(self.tcp)}'\nnetwork = 'regtest'\n"
                        f"data-dir = '{self.node.data_dir}'\nmax-inbound = 3\n")
        variables = {"PEERAGE_STATUS": address_of(self.tcp),
                     "PEERAGE_DATA_DIR": str(self.node.data_dir)}
        for arguments, environment in ((("--config", path), {}), ((), variables),
                                       ((), {"PEERAGE_CONFIG": str(path)})):
            done = run_to_end("call", "uptime", *arguments, env={**os.environ, **environment})
            self.assertEqual((done.returncode, done.stderr), (OK, ""))

    def test_nobody_is_there(self):
        self.fails(UNREACHABLE, ["Connection refused"], "call", "uptime", "--cookie", "a:b",
                   "--status", f"127.0.0.1:{free_port()}")
        self.fails(UNREACHABLE, ["No such file"], "call", "uptime", "--status",
                   "unix:/nowhere/socket")

    def test_somebody_else_is_there(self):
        for answers in ({"/status": (200, b"hello")},
                        {"/status": (200, {**STATUS, "network": "moon"})}):
            with StatusServer(answers) as server:
                self.fails(UNREACHABLE, ["peerage node"], "call", "uptime", "--status",
                           server.address)

    def test_no_answer(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            began = time.monotonic()
            self.fails(UNREACHABLE, ["longer than"], "call", "uptime", "--cookie", "a:b",
                       "--timeout", "0.5", "--status",
                       "%s:%d" % silent.getsockname())
            self.assertLess(time.monotonic() - began, 5)

    def test_wrong_usage(self):
        for arguments, names in (
            ((), ["METHOD"]),
            (("--jsno", "uptime"), ["--jsno"]),
            (("uptime", "--timeout", "soon"), ["--timeout soon"]),
            (("uptime", "a=1", "a=2"), ["a is given twice"]),
            (("uptime", "--status", "nonsense"), ["--status nonsense"]),
            (("uptime", "--status", "127.0.0.1:0"), ["port 0"]),
            (("uptime", "--network", "moon"), ["--network moon"]),
            (("uptime", "--config", "/nowhere/x.toml"), ["/nowhere/x.toml"]),
        ):
            with self.subTest(arguments=arguments):
                self.fails(USAGE, [*names, "peerage call --help"], "call", *arguments)


class Peers(ControlCase):
    swarm = 4

    def test_the_table(self):
        lines = self.look("peers").splitlines()
        self.assertTrue(lines[0].startswith("id  dir  type"))
        self.assertEqual(sorted(int(line.split()[0]) for line in lines[1:]),
                         sorted(peer["id"] for peer in self.node.get("/peers")))

    def test_a_selection_for_programs(self):
        peers = self.node.get("/peers")
        self.assertEqual([x["id"] for x in json.loads(self.look("peers", "--json", "--sort",
                                                                "id", "--reverse"))],
                         sorted((x["id"] for x in peers), reverse=True))
        one = json.loads(self.look("peers", "--json", "--filter", f"id={peers[0]['id']}"))
        self.assertEqual([x["address"] for x in one], [peers[0]["address"]])
        self.assertEqual(json.loads(self.look("peers", "--json", "--filter", "nobody")), [])

    def test_nobody(self):
        self.assertEqual(self.look("peers", "--filter", "nobody"),
                         "no peer matches the filter\n")
        with Node("--status", "127.0.0.1:0") as lonely:
            done = run_to_end("peers", "--status", address_of(lonely.urls[0]))
            self.assertEqual((done.returncode, done.stdout), (OK, "no peers\n"))

    def test_on_a_terminal(self):
        for columns in (80, 200):
            with OnTerminal("peers", "--status", address_of(self.tcp), columns=columns,
                            rows=5) as terminal:
                self.assertEqual(terminal.end(), 0)
                lines = terminal.screen.printed.splitlines()
                self.assertLessEqual(max(map(len, lines)), columns)
                self.assertEqual(len(lines), 1 + 4)
                self.assertTrue(lines[0].startswith("id "))


class Bans(ControlCase):
    def setUp(self):
        super().setUp()
        self.node.rpc("clearbanned")

    def until(self, text):
        """The end of the ban in a confirmation, as Unix seconds."""
        found = re.search(r" is banned until (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC, for ", text)
        date = datetime.datetime.fromisoformat(found.group(1) + "+00:00")
        return date.timestamp()

    def test_ban(self):
        text = self.do("ban", "10.2.0.1")
        self.assertTrue(text.startswith("10.2.0.1/32 is banned until "))
        self.assertAlmostEqual(self.until(text), time.time() + 86400, delta=60)
        text = self.do("ban", "10.2.1.77/24", "--for", "2h")
        self.assertTrue(text.startswith("10.2.1.0/24 is banned until "))
        self.assertAlmostEqual(self.until(text), time.time() + 7200, delta=60)
        text = self.do("ban", "2001:db8::/32", "--until", "2099-01-01 12:00")
        self.assertIn("until 2099-01-01 12:00:00 UTC", text)
        self.assertEqual({x["address"] for x in self.node.rpc("listbanned")},
                         {"10.2.0.1/32", "10.2.1.0/24", "2001:db8::/32"})

    def test_the_table(self):
        self.assertEqual(self.look("bans"), "no bans\n")
        self.do("ban", "10.2.0.1", "--until", "2099-01-01")
        lines = self.look("bans").splitlines()
        self.assertEqual(lines[0].split(), ["address", "since", "until", "left", "reason"])
        self.assertRegex(lines[1], r"^10\.2\.0\.1/32  .*  2099-01-01 00:00:00  .*  manual$")
        self.assertEqual(json.loads(self.look("bans", "--json"))[0]["range"], "10.2.0.1/32")

    def test_unban(self):
        for address in ("10.2.0.1", "10.2.0.2", "10.2.1.0/24"):
            self.do("ban", address)
        self.assertEqual(self.do("unban", "10.2.1.0/24"), "10.2.1.0/24 is no longer banned\n")
        self.assertEqual(self.do("unban", "--all"), "2 bans are lifted\n")
        self.assertEqual(self.do("unban", "--all"), "0 bans are lifted\n")
        self.assertEqual(self.node.rpc("listbanned"), [])

    def test_errors(self):
        place = place_of(self.node)
        self.do("ban", "10.2.0.1")
        self.fails(FAILED, ["setban", "already banned"], "ban", "10.2.0.1", *place)
        self.fails(FAILED, ["setban", "not previously"], "unban", "10.2.0.9", *place)
        self.fails(FAILED, ["in the past"], "ban", "10.2.0.3", "--until", "2001-01-01", *place)
        for arguments, names in (
            (("ban",), ["ADDRESS"]),
            (("ban", "somebody"), ["ADDRESS somebody"]),
            (("ban", "10.2.0.3", "--for", "ever"), ["--for ever"]),
            (("ban", "10.2.0.3", "--until", "tomorrow"), ["--until tomorrow"]),
            (("ban", "10.2.0.3", "--for", "1h", "--until", "2099-01-01"), ["--until"]),
            (("unban",), ["ADDRESS"]),
            (("unban", "10.2.0.3", "--all"), ["--all"]),
        ):
            with self.subTest(arguments=arguments):
                self.fails(USAGE, [*names, f"peerage {arguments[0]} --help"], *arguments)
        self.fails(REFUSED, ["cookie"], "ban", "10.2.0.3", "--status", address_of(self.tcp),
                   "--data-dir", "/nowhere")


class Connections(ControlCase):
    def test_once(self):
        with Node() as other:
            text = self.do("connect", other.p2p, "--wait", "10")
            peer = self.node.wait_for({"peer": {"address": other.p2p}})
            self.assertEqual(text, f"connected: peer {peer['id']}, {peer['user_agent']}\n")
            self.assertEqual(self.do("disconnect", str(peer["id"])),
                             f"peer {peer['id']} is disconnected\n")
            self.node.wait_for({"peer_gone": {"id": peer["id"]}})
            self.assertEqual(self.do("connect", other.p2p), f"{other.p2p} is being dialed\n")
            self.node.wait_for({"peer": {"address": other.p2p}})
            self.assertEqual(self.do("disconnect", other.p2p), f"{other.p2p} is disconnected\n")

    def test_for_good(self):
        with Node() as other:
            self.assertEqual(self.do("connect", other.p2p, "--stay"),
                             f"{other.p2p} is added: the node stays connected to it\n")
            first = self.node.wait_for({"peer": {"address": other.p2p}})
            since = self.node.get("/status")["events"]["next"]
            self.do("disconnect", str(first["id"]))
            self.node.wait_for({"event": {"type": "peer_ready", "since": since}})
            self.assertEqual(self.do("disconnect", other.p2p, "--forget"),
                             f"{other.p2p} is disconnected and forgotten\n")
            self.assertEqual(self.node.rpc("getaddednodeinfo"), [])

    def test_forget_one_that_is_not_connected(self):
        nobody = f"127.0.0.1:{free_port()}"
        self.do("connect", nobody, "--stay")
        # A dial that is just under way is a connection.
        self.assertRegex(self.do("disconnect", nobody, "--forget"),
                         f"^{nobody} is (forgotten; it was not connected"
                         "|disconnected and forgotten)\n$")
        self.assertEqual(self.node.rpc("getaddednodeinfo"), [])

    def test_errors(self):
        place = place_of(self.node)
        nobody = f"127.0.0.1:{free_port()}"
        self.fails(FAILED, [nobody, "peerage why"], "connect", nobody, "--wait", "0.5", *place)
        self.fails(FAILED, ["disconnectnode", "-29"], "disconnect", "999999", *place)
        self.fails(FAILED, ["addnode", "-24"], "disconnect", nobody, "--forget", *place)
        for arguments, names in (
            (("connect",), ["ADDRESS"]),
            (("connect", nobody, "--wait", "soon"), ["--wait soon"]),
            (("disconnect",), ["PEER"]),
            (("disconnect", "7", "--forget"), ["--forget"]),
        ):
            with self.subTest(arguments=arguments):
                self.fails(USAGE, [*names, f"peerage {arguments[0]} --help"], *arguments)


class HostNames(ControlCase):
    """`localhost`, which the hosts file has: no other machine is asked."""

    def name_of(self, node):
        return "localhost:" + node.p2p.rpartition(":")[2]

    def test_options(self):
        with Node() as other, \
                Node("--connect", self.name_of(other)) as ours, \
                Node("--add-peer", self.name_of(ours), "--status", "127.0.0.1:0") as third:
            ours.wait_for({"peer": {"address": other.p2p}}, timeout=20)
            third.wait_for({"peer": {"address": ours.p2p}}, timeout=20)
            self.assertEqual(third.rpc("getaddednodeinfo")[0]["addednode"],
                             self.name_of(ours))

    def test_connect_and_disconnect(self):
        with Node() as other:
            name = self.name_of(other)
            self.assertRegex(self.do("connect", name, "--wait", "20"), "^connected: peer ")
            text = self.do("why", name)
            self.assertIn(f" {other.p2p}, outbound, ready", text)
            self.assertRegex(self.do("whynot", name), "already_connected")
            self.assertEqual(self.do("disconnect", name), f"{name} is disconnected\n")

    def test_for_good(self):
        with Node() as other:
            name = self.name_of(other)
            self.do("connect", name, "--stay")
            first = self.node.wait_for({"peer": {"address": other.p2p}}, timeout=20)
            self.assertEqual(self.node.rpc("getaddednodeinfo", name),
                             [{"addednode": name, "connected": True, "addresses":
                               [{"address": other.p2p, "connected": "outbound"}]}])
            since = self.node.get("/status")["events"]["next"]
            self.do("disconnect", str(first["id"]))
            self.node.wait_for({"event": {"type": "peer_ready", "since": since}}, timeout=20)
            self.do("disconnect", name, "--forget")
            self.assertEqual(self.node.rpc("getaddednodeinfo"), [])

    def test_it_comes_back_after_a_restart(self):
        with Node() as other, Node() as ours:
            name = self.name_of(other)
            ours.rpc("addnode", name, "add")
            ours.wait_for({"peer": {"address": other.p2p}}, timeout=20)
            ours.kill()
            ours.restart()
            ours.wait_for({"peer": {"address": other.p2p}}, timeout=20)
            self.assertEqual(ours.rpc("getaddednodeinfo")[0]["addednode"], name)

    def test_listening_takes_none(self):
        self.fails(USAGE, ["--listen localhost:18444: is a host name", "0.0.0.0:8333"], "run",
                   "--network", "regtest", "--listen", "localhost:18444")


class Reasons(ControlCase):
    swarm = 1

    def test_why_a_peer_is_here(self):
        peer = self.node.get("/peers")[0]
        lines = self.do("why", str(peer["id"])).splitlines()
        self.assertEqual(lines[0], f"peer       {peer['id']} {peer['address']}, outbound, "
                                   f"ready, {peer['user_agent']}")
        self.assertTrue(lines[1].startswith("address    "))
        self.assertEqual(lines[2], "score      0 points of misbehaviour")
        self.assertEqual(lines[3], "")
        types = [line.split()[2] for line in lines[4:]]
        self.assertEqual(types[-1], "peer_ready")
        self.assertIn(peer["address"], lines[-1])
        found = json.loads(self.do("why", peer["address"], "--json"))
        self.assertEqual(found["peer"]["id"], peer["id"])

    def test_why_one_is_gone(self):
        with Node("--connect", self.node.p2p) as other:
            other.wait_for({"peers_ready": 1})
            self.node.wait_for({"peers_ready": 2})
            inbound = [x for x in self.node.get("/peers") if x["direction"] == "inbound"][0]
        self.node.wait_for({"peer_gone": {"id": inbound["id"]}})
        text = self.do("why", str(inbound["id"]))
        self.assertTrue(text.startswith("peer       not here now\n"))
        self.assertRegex(text.splitlines()[-1], r"peer_left .* remote_closed by remote")

    def test_why_of_a_stranger(self):
        self.assertEqual(self.do("why", NOWHERE).splitlines()[-1],
                         "no events are remembered")

    def test_whynot(self):
        text = self.do("whynot", self.node.get("/peers")[0]["address"])
        self.assertRegex(text, r"^dial    \n  already_connected +it is a peer\n")
        self.node.rpc("setban", "10.3.0.1", "add", 3600)
        text = self.do("whynot", "10.3.0.1:18444")
        self.assertRegex(text, r"  banned +.*, until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n")
        found = json.loads(self.do("whynot", "10.3.0.1:18444", "--json"))
        self.assertFalse(found["dial"]["possible"])

    def test_errors(self):
        self.fails(FAILED, ["why", "subject must be"], "why", "somebody", *place_of(self.node))
        self.fails(FAILED, ["whynot"], "whynot", "some body", *place_of(self.node))
        self.fails(USAGE, ["SUBJECT"], "why")
        self.fails(USAGE, ["ADDRESS"], "whynot")


class WaitFor(ControlCase):
    swarm = 2

    def test_what_is_true_already(self):
        self.assertRegex(self.do("waitfor", "peers_ready", "2"),
                         r'^true after <?[\d.]+ m?s: \{"ready":2,"total":2\}\n$')
        peer = self.node.get("/peers")[0]
        text = self.do("waitfor", "peer", f"address={peer['address']}", "state=connected")
        self.assertIn(f'"id":{peer["id"]},', text)
        self.do("waitfor", "event", "type=peer_ready", "since=1")
        self.do("waitfor", '{"peers_ready":1}')
        reply = json.loads(self.do("waitfor", "peers_ready", "2", "--json"))
        self.assertEqual(reply["result"]["condition"], {"peers_ready": 2})

    def test_what_becomes_true(self):
        with subprocess.Popen([find_program(), "waitfor", "banned", "10.4.0.1",
                               *map(str, place_of(self.node))], stdout=subprocess.PIPE,
                              text=True) as command:
            self.addCleanup(command.kill)
            self.node.rpc("setban", "10.4.0.1", "add")
            self.assertIn("10.4.0.1/32", command.communicate(timeout=20)[0])
            self.assertEqual(command.returncode, OK)

    def test_what_does_not(self):
        began = time.monotonic()
        self.fails(FAILED, ["not true within 0.3 s", '"ready":2'], "waitfor", "peers_ready",
                   "9", "--timeout", "0.3", *place_of(self.node))
        self.assertLess(time.monotonic() - began, 5)

    def test_errors(self):
        place = place_of(self.node)
        self.fails(FAILED, ["unknown key moon"], "waitfor", "moon", "full", *place)
        self.fails(FAILED, ["there is no event type"], "waitfor", "event", "type=x", *place)
        for arguments, names in (
            ((), ["CONDITION"]),
            (("peers_ready",), ["CONDITION peers_ready"]),
            (("peers_ready", "1", "2"), ["one value only"]),
            (("peer", "7", "id=7"), ["either a value or"]),
            (("peers_ready", "1", "--timeout", "ever"), ["--timeout ever"]),
        ):
            with self.subTest(arguments=arguments):
                self.fails(USAGE, [*names, "peerage waitfor --help"], "waitfor", *arguments)


class Events(ControlCase):
    swarm = 3

    def events(self, *arguments):
        return [json.loads(line) for line in self.look("events", "--json",
                                                       *arguments).splitlines()]

    def follow(self, *arguments, **more):
        command = subprocess.Popen(
            [find_program(), "events", "--follow", "--status", address_of(self.tcp),
             *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)
        self.addCleanup(command.wait)
        self.addCleanup(command.kill)
        self.addCleanup(command.stdout.close)
        self.addCleanup(command.stderr.close)
        return command

    def test_what_has_happened(self):
        lines = self.look("events").splitlines()
        self.assertLessEqual(len(lines), 20)
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  [a-z_]+")
        everything = self.events("--from", "1")
        self.assertEqual([x["seq"] for x in everything], list(range(1, len(everything) + 1)))
        self.assertEqual(everything[0]["type"], "node_started")
        self.assertEqual(self.events("--last", "2"), everything[-2:])
        self.assertEqual(self.events("--from", "3"), everything[2:])

    def test_a_selection(self):
        ready = self.events("--type", "peer_ready", "--from", "1")
        self.assertEqual(len(ready), 3)
        self.assertEqual({x["type"] for x in ready}, {"peer_ready"})
        self.assertEqual(self.events("--type", "peer_ready,node_started", "--last", "1"),
                         ready[-1:])
        of_one = self.events("--peer", str(ready[0]["peer"]), "--from", "1")
        self.assertEqual({x["peer"] for x in of_one}, {ready[0]["peer"]})
        at_one = self.events("--address", ready[0]["address"], "--from", "1")
        self.assertEqual({x["address"] for x in at_one}, {ready[0]["address"]})
        host = ready[0]["address"].rpartition(":")[0]
        self.assertEqual(self.events("--address", host, "--type", "peer_ready"),
                         [x for x in ready if x["address"].startswith(host + ":")])
        self.assertEqual(self.events("--address", "192.0.2.1"), [])

    def test_what_happens(self):
        command = self.follow("--last", "1")
        command.stdout.readline()
        self.node.rpc("setban", "10.5.0.1", "add")
        self.assertRegex(command.stdout.readline(), r"  ban_added +10\.5\.0\.1/32: manual")
        command.send_signal(signal.SIGINT)
        rest, errors = command.communicate(timeout=5)
        self.assertEqual((command.returncode, rest, errors), (OK, "", ""))

    def test_signals_that_end_it(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            command = self.follow()
            command.stdout.readline()
            command.send_signal(how)
            self.assertEqual(command.wait(5), OK)

    def test_the_reader_goes(self):
        command = self.follow()
        command.stdout.readline()
        command.stdout.close()
        self.node.rpc("setban", "10.5.0.2", "add")
        self.assertEqual(command.wait(5), OK)

    def test_on_a_terminal(self):
        with OnTerminal("events", "--status", address_of(self.tcp), columns=60,
                        rows=30) as terminal:
            self.assertEqual(terminal.end(), 0)
            lines = terminal.screen.printed.splitlines()
            self.assertLessEqual(max(map(len, lines)), 60)

    def test_the_node_stops(self):
        with Node("--status", "127.0.0.1:0") as node:
            command = subprocess.Popen(
                [find_program(), "events", "--follow", "--status", address_of(node.urls[0])],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(command.kill)
            command.stdout.readline()
            node.stop()
            lines, errors = command.communicate(timeout=10)
            self.assertEqual(command.returncode, OK)
            self.assertEqual(errors, "peerage: the node has stopped\n")
            self.assertIn("node_stopping", lines)

    def test_the_node_is_killed(self):
        with Node("--status", "127.0.0.1:0") as node:
            command = subprocess.Popen(
                [find_program(), "events", "--follow", "--status", address_of(node.urls[0])],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(command.kill)
            command.stdout.readline()
            node.kill()
            errors = command.communicate(timeout=10)[1]
            self.assertEqual(command.returncode, UNREACHABLE)
            self.assertIn("lost the events of", errors)

    def test_errors(self):
        at = ("--status", address_of(self.tcp))
        for arguments, names in (
            (("--type", "peer_redy"), ["--type peer_redy", "did you mean peer_ready?"]),
            (("--last", "0"), ["--last 0"]),
            (("--from", "x"), ["--from x"]),
            (("--peer", "-1"), ["--peer -1"]),
        ):
            with self.subTest(arguments=arguments):
                self.fails(USAGE, [*names, "peerage events --help"], "events", *at, *arguments)
        self.fails(UNREACHABLE, ["Connection refused"], "events", "--status",
                   f"127.0.0.1:{free_port()}")


class Stop(FolderCase):
    def test_it_returns_when_the_node_is_gone(self):
        with Node("--status", "127.0.0.1:0", "--swarm", "3") as node:
            place = place_of(node)
            reaper = threading.Thread(target=node.wait)  # or its process would not be gone
            reaper.start()
            done = run_to_end("stop", *place)
            self.assertEqual((done.returncode, done.stderr), (OK, ""))
            self.assertEqual(done.stdout, f"the node, process {node.pid}, has stopped\n")
            reaper.join(10)
            self.assertFalse(node.running)
            done = run_to_end("stop", *place)
            self.assertEqual(done.returncode, UNREACHABLE)

    def test_it_needs_the_cookie(self):
        with Node("--status", "127.0.0.1:0") as node:
            done = run_to_end("stop", "--status", address_of(node.urls[0]), "--data-dir",
                              self.folder)
            self.assertEqual((done.returncode, done.stdout), (REFUSED, ""))
            self.assertTrue(node.running)


class Help(unittest.TestCase):
    COMMANDS = ("run", "config", "status", "peers", "bans", "events", "why", "whynot",
                "waitfor", "connect", "disconnect", "ban", "unban", "stop", "call")

    def test_every_command_teaches(self):
        overview = run_to_end("--help").stdout
        for name in self.COMMANDS:
            with self.subTest(name=name):
                self.assertRegex(overview, rf"\n  {name}  +\S")
                done = run_to_end(name, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
                if name not in ("run", "config", "status"):
                    self.assertIn("Exit 0: done.", done.stdout)

    def test_groups(self):
        overview = run_to_end("--help").stdout
        places = [overview.index(group) for group in
                  ("\nThe node:", "\nLook at a running node:", "\nSteer a running node:")]
        self.assertEqual(places, sorted(places))


if __name__ == "__main__":
    unittest.main()
