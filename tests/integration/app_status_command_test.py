#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`peerage status`: the table for people, once and while it is watched."""

import contextlib
import fcntl
import itertools
import json
import os
import signal
import socket
import subprocess
import termios
import time
import unittest

from cases import FolderCase, NodeCase, wait_until
from peerage_harness import Node, find_program, run_to_end
from screen import OnTerminal
from status_server import PEER, STATUS, StatusServer


def address_of(url):
    """As the option has it."""
    return url.removeprefix("http://")


def is_heading(line):
    return "dir" in line.split() and "address" in line.split()


def table_of(text):
    """The rows of the peers, and of each what stands below some of the headings."""
    lines = text.splitlines()
    at = next(i for i, line in enumerate(lines) if is_heading(line))
    headings = lines[at]
    return [{"id": int(line.split()[0]),
             "dir": line[headings.index("dir"):][:3].strip(),
             "address": line[headings.index("address"):].split()[0],
             "version": line[headings.index("version"):].strip()}
            for line in itertools.takewhile(bool, lines[at + 1:])]


def start(*arguments, **more):
    """The command with its output in a pipe."""
    return subprocess.Popen([find_program(), "status", *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, **more)


class Once(NodeCase):
    swarm = 5

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dialer = cls.enterClassContext(Node("--connect", cls.node.p2p))
        cls.node.wait_for({"peers_ready": 6}, timeout=20)
        for peer in cls.node.get("/peers"):
            cls.node.request(peer["id"], "measure_latency")

    def test_what_the_node_says(self):
        for url in self.node.urls:
            done = run_to_end("status", "--status", address_of(url))
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotIn("\x1b", done.stdout)
            self.assertTrue(done.stdout.isascii())
            lines = done.stdout.splitlines()
            found = self.node.get("/status")
            for part in (f"peerage {found['node']['version']} on regtest",
                         f"pid {self.node.pid}", found["node"]["user_agent"]):
                self.assertIn(part, lines[0])
            self.assertIn("peers      6: 6 ready, 0 unready; 5 outbound, 1 inbound", lines)
            self.assertIn(f"listening  {self.node.p2p}", lines)
            for start_of in ("dials ", "traffic ", "addresses ", "peers left none"):
                self.assertEqual(len([x for x in lines if x.startswith(start_of)]), 1)

    def test_every_peer_is_in_the_table(self):
        done = run_to_end("status", "--status", address_of(self.tcp))
        peers = self.node.get("/peers")
        rows = table_of(done.stdout)
        self.assertEqual({row["id"]: row for row in rows},
                         {peer["id"]: {"id": peer["id"], "address": peer["address"],
                                       "dir": peer["direction"].removesuffix("bound"),
                                       "version": peer["user_agent"]}
                          for peer in peers})
        self.assertEqual([row["dir"] for row in rows], 5 * ["out"] + ["in"])
        pings = {peer["id"]: peer["lowest_ping"] for peer in peers}
        order = [pings[row["id"]] for row in rows[:5]]
        self.assertEqual(order, sorted(order))

    def test_on_a_terminal_lines_are_cut_and_nothing_else(self):
        for columns in (40, 80, 120, 200):
            with OnTerminal("status", "--status", address_of(self.tcp), columns=columns,
                            rows=5) as terminal:
                self.assertEqual(terminal.end(), 0)
                lines = terminal.screen.printed.splitlines()
                self.assertLessEqual(max(map(len, lines)), columns)
                self.assertEqual(len(lines), 7 + 1 + 1 + 6)  # however high it is
                self.assertTrue(lines[8].startswith("id "))
                self.assertIn("address", lines[8])
                self.assertEqual("received" in lines[8], columns == 200)

    def test_a_selection_of_the_peers(self):
        def rows(*options):
            done = run_to_end("status", "--status", address_of(self.tcp), *options)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            return table_of(done.stdout)
        ids = sorted(peer["id"] for peer in self.node.get("/peers"))
        self.assertEqual([row["id"] for row in rows("--sort", "id")], ids)
        self.assertEqual([row["id"] for row in rows("--sort", "id", "--reverse")], ids[::-1])
        self.assertEqual([row["dir"] for row in rows("--filter", "dir=in")], ["in"])
        one = rows("--sort", "id")[2]
        self.assertEqual(rows("--filter", one["address"]), [one])
        done = run_to_end("status", "--status", address_of(self.tcp), "--filter", "nobody")
        self.assertFalse(any(map(is_heading, done.stdout.splitlines())))
        self.assertIn("peers      6: 6 ready", done.stdout)  # of the node, not of the table

    def test_for_programs(self):
        done = run_to_end("status", "--status", address_of(self.tcp), "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.count("\n"), 1)
        found = json.loads(done.stdout)
        self.assertEqual(found["peers"]["ready"], 6)
        self.assertEqual(found["node"]["pid"], self.node.pid)

    def test_nobody_reads(self):
        reading, writing = os.pipe()
        os.close(reading)
        for watch in ([], ["--watch"]):
            done = subprocess.run([find_program(), "status", "--status", address_of(self.tcp),
                                   *watch], stdout=writing, stderr=subprocess.PIPE,
                                  timeout=20, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""), watch)
        os.close(writing)

    def test_nowhere_to_write(self):
        with open("/dev/full", "wb") as full:
            for watch in ([], ["--watch"]):
                done = subprocess.run(
                    [find_program(), "status", "--status", address_of(self.tcp), *watch],
                    stdout=full, stderr=subprocess.PIPE, timeout=20, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr.decode(),
                                 r"^peerage: .*standard output.*No space left.*\n$")


class WatchInAPipe(NodeCase):
    swarm = 2

    def setUp(self):
        super().setUp()
        self.options = ("--status", address_of(self.tcp), "--watch", "--interval", "0.05")

    def test_one_table_after_another(self):
        with start(*self.options) as command:
            text = ""
            while text.count("peerage ") < 4:
                text += command.stdout.readline().decode()
            command.send_signal(signal.SIGINT)
            rest, errors = command.communicate(timeout=5)
            self.assertEqual((command.returncode, errors), (0, b""))
        self.assertNotIn("\x1b", text + rest.decode())
        tables = text.split("\n\npeerage ")
        self.assertEqual(len(tables), 4)
        for table in tables[:3]:
            self.assertEqual(len(table_of(table)), 2)

    def test_documents_for_programs(self):
        with start(*self.options, "--json") as command:
            for _ in range(3):
                self.assertEqual(json.loads(command.stdout.readline())["peers"]["ready"], 2)
            command.send_signal(signal.SIGINT)
            command.communicate(timeout=5)
            self.assertEqual(command.returncode, 0)

    def test_signals_that_end_it(self):
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with start(*self.options) as command:
                command.stdout.readline()
                command.send_signal(how)
                command.stdout.read()
                self.assertEqual(command.wait(5), 0)

    def test_a_hangup_that_is_ignored(self):
        """As nohup has it."""
        with subprocess.Popen(["sh", "-c", 'trap "" HUP; exec "$@"', "sh", find_program(),
                               "status", *self.options], stdout=subprocess.PIPE) as command:
            command.stdout.readline()
            command.send_signal(signal.SIGHUP)
            lines = [command.stdout.readline() for _ in range(100)]  # tables after that
            command.send_signal(signal.SIGTERM)
            self.assertTrue(all(lines))
            command.stdout.read()
            self.assertEqual(command.wait(5), 0)

    def test_nobody_hears_why_it_ends(self):
        """With signals blocked, only it can end itself."""
        hears, says = os.pipe()
        self.addCleanup(os.close, hears)
        self.addCleanup(os.close, says)
        os.set_blocking(says, False)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(says, bytes(size))
        os.set_blocking(says, True)
        with open("/dev/full", "wb") as full:
            command = subprocess.Popen([find_program(), "status", *self.options],
                                       stdout=full, stderr=says)
        self.addCleanup(command.wait)
        self.addCleanup(command.kill)
        self.assertEqual(command.wait(5), 1)

    def test_the_reader_goes(self):
        with start(*self.options) as command:
            command.stdout.readline()
            command.stdout.close()
            self.assertEqual(command.wait(5), 0)
            self.assertEqual(command.stderr.read(), b"")

    def test_it_ends_though_its_reader_is_asleep(self):
        many = [{**PEER, "id": number} for number in range(500)]
        with StatusServer({"/status": (200, STATUS), "/peers": (200, many)}) as server, \
                start("--status", server.address, "--watch") as command:
            fcntl.fcntl(command.stdout, fcntl.F_SETPIPE_SZ, 4096)

            def waiting():
                return int.from_bytes(
                    fcntl.ioctl(command.stdout, termios.FIONREAD, bytes(4)), "little")
            wait_until(lambda: waiting() >= 4096, what="a full pipe")
            command.send_signal(signal.SIGINT)
            self.assertEqual(command.wait(5), 0)

    def test_a_terminal_that_knows_no_escapes(self):
        with OnTerminal("status", *self.options, kind="dumb") as terminal:
            terminal.until(lambda screen: screen.printed.count("peers left") >= 2)
            terminal.type(b"\x03")
            self.assertEqual(terminal.end(), 0)
            self.assertEqual(terminal.screen.redraws, 0)


class WatchOnATerminal(FolderCase):
    def setUp(self):
        super().setUp()
        self.status = f"unix:{self.folder}/status.sock"

    def watch(self, *more, **size):
        return OnTerminal("status", "--status", self.status, "--watch", *more, **size)

    def end_by_ctrl_c(self, terminal):
        terminal.type(b"\x03")
        self.assertEqual(terminal.end(), 0)
        self.assertFalse(terminal.screen.on_alternate)
        self.assertTrue(terminal.screen.cursor_shown)
        # The terminal's driver shows the key that was pressed.
        self.assertEqual(terminal.screen.printed.replace("^C", ""), "")

    def test_it_follows_the_node(self):
        with Node("--status", self.status) as node, \
                self.watch("--interval", "0.1", columns=100) as terminal:
            terminal.until(lambda screen: "peers      0: 0 ready" in screen.text())
            self.assertTrue(terminal.screen.on_alternate)
            self.assertFalse(terminal.screen.cursor_shown)
            with Node("--connect", node.p2p):
                terminal.until(lambda screen: screen.is_complete and
                               "1: 1 ready" in screen.text())
                self.assertEqual(len(table_of(terminal.screen.text())), 1)
            terminal.until(lambda screen: "peers left 1 remote_closed" in screen.text())
            self.assertFalse(any(map(is_heading, terminal.screen.lines)))
            self.end_by_ctrl_c(terminal)

    def test_a_node_goes_and_comes_back(self):
        with Node("--status", self.status, "--swarm", "3") as node, \
                self.watch("--interval", "0.1", columns=150) as terminal:
            terminal.until(lambda screen: "3: 3 ready" in screen.text())
            node.kill()
            refused = f"cannot reach {self.status}: Connection refused; trying again"
            terminal.until(lambda screen: screen.lines[0] == refused)
            self.assertEqual(set(terminal.screen.lines[1:]), {""})
            node.restart()
            terminal.until(lambda screen: "3: 3 ready" in screen.text())
            self.end_by_ctrl_c(terminal)

    def test_a_node_that_was_not_there_at_first(self):
        with self.watch("--interval", "0.1", columns=150) as terminal:
            terminal.until(lambda screen: "; trying again" in screen.text())
            self.assertEqual(terminal.screen.lines[0], f"cannot reach {self.status}: "
                             "No such file or directory; trying again")
            with Node("--status", self.status):
                terminal.until(lambda screen: "peers      0:" in screen.text())
                self.end_by_ctrl_c(terminal)

    def test_sizes(self):
        """A new size is drawn at once: the next answer is a minute away."""
        with Node("--status", self.status, "--swarm", "20") as node:
            node.wait_for({"peers_ready": 20}, timeout=20)
            with self.watch("--interval", "60", columns=200, rows=40) as terminal:
                terminal.until(lambda screen: screen.is_complete)
                self.assertEqual(len(table_of(terminal.screen.text())), 20)
                for columns, rows in ((80, 24), (40, 12), (20, 5), (300, 100)):
                    terminal.resize(columns, rows)
                    terminal.until(lambda screen: screen.is_complete)
                    headings = next(filter(is_heading, terminal.screen.lines))
                    if columns == 80:
                        self.assertEqual(terminal.screen.lines[-1], "... and 6 more")
                    elif columns == 40:
                        self.assertEqual(terminal.screen.lines[-1], "... and 13 more")
                        self.assertRegex(headings, "^id  dir  min ping  .*address$")
                    elif columns == 20:
                        self.assertEqual(terminal.screen.lines[-1], "... and 20 more")
                    else:
                        self.assertEqual(len(table_of(terminal.screen.text())), 20)
                        self.assertIn("received", headings)
                terminal.resize(1, 1)
                terminal.until(lambda screen: screen.is_complete)
                self.assertEqual(terminal.screen.lines, ["p"])
                terminal.resize(80, 24)
                terminal.until(lambda screen: screen.is_complete)
                self.end_by_ctrl_c(terminal)

    def test_suspended_and_resumed(self):
        with Node("--status", self.status), self.watch("--interval", "60") as terminal:
            terminal.until(lambda screen: "peers left" in screen.text())
            terminal.type(b"\x1a")
            terminal.until(lambda screen: not screen.on_alternate and screen.cursor_shown)
            wait_until(terminal.is_stopped, what="being suspended")
            terminal.send_signal(signal.SIGCONT)
            terminal.until(lambda screen: screen.on_alternate and "peers left" in screen.text())
            terminal.screen.printed = ""
            self.end_by_ctrl_c(terminal)

    def test_the_terminal_is_closed(self):
        with Node("--status", self.status), self.watch("--interval", "0.1") as terminal:
            terminal.until(lambda screen: "peers left" in screen.text())
            terminal.hang_up()
            self.assertEqual(terminal.process.wait(5), 0)


class Unreachable(FolderCase):
    def refuse_address(self, address, *names):
        done = run_to_end("status", "--status", address)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertRegex(done.stderr, r"^peerage: [\x20-\x7e]*\n$")
        for name in (address, *names):
            self.assertIn(name, done.stderr)

    def test_nobody_is_there(self):
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
            self.refuse_address(f"127.0.0.1:{port}", "Connection refused", "peerage run --status")
        self.refuse_address(f"unix:{self.folder}/none", "No such file", "peerage run --status")

    def test_somebody_else_is_there(self):
        for answers, name in (
            ({"/status": (200, b"hello"), "/peers": (200, [])}, "peerage node"),
            ({"/status": (200, {}), "/peers": (200, [])}, "peerage node"),
            ({"/status": (200, STATUS), "/peers": (200, {})}, "peerage node"),
            ({"/status": (404, b"not\nhere\x1b[2J")}, "404"),
            ({"/status": (200, STATUS), "/peers": (503, {"error": "too many"})}, "too many"),
        ):
            with self.subTest(name=name), StatusServer(answers) as server:
                self.refuse_address(server.address, name)

    def test_no_http(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            for answer, name in ((b"SSH-2.0-OpenSSH\r\n", "HTTP"), (b"", "closed")):
                with start("--status", f"127.0.0.1:{port}") as command:
                    client = listener.accept()[0]
                    client.recv(4096)
                    client.sendall(answer)
                    client.close()
                    errors = command.communicate(timeout=10)[1].decode()
                    self.assertEqual(command.returncode, 3)
                    self.assertIn(name, errors)
                    self.assertEqual(errors.count("\n"), 1)

    def test_no_answer(self):
        """The limit of 5 s is for everything together."""
        with StatusServer({"/status": (200, STATUS)}) as server:
            began = time.monotonic()
            self.refuse_address(server.address, "longer than 5s")
            self.assertAlmostEqual(time.monotonic() - began, 5, delta=2)

    def test_ctrl_c_does_not_wait_for_an_answer(self):
        with StatusServer() as server, \
                start("--status", server.address, "--watch") as command:
            wait_until(lambda: server.asked, what="the question")
            command.send_signal(signal.SIGINT)
            self.assertEqual(command.wait(2), 0)


class Texts(unittest.TestCase):
    def test_what_others_say_cannot_steer_the_terminal(self):
        evil = {**PEER, "user_agent": "/\x1b[2J\x1b]0;title\x07\r\nspoof/\x9b",
                "address": "\x1b[31m1.2.3.4:5", "connection_type": "\x08\x08"}
        status = {**STATUS, "network": "reg\ntest", "exits": {"\x1b[H": 3}}
        with StatusServer({"/status": (200, status), "/peers": (200, [evil])}) as server:
            done = run_to_end("status", "--status", server.address)
            self.assertEqual(done.returncode, 0)
            self.assertRegex(done.stdout, r"\A[\x20-\x7e\n]*\Z")
            self.assertIn("70016  /?[2J?]0;title???spoof/", done.stdout)
            self.assertEqual(len(done.stdout.splitlines()), 7 + 1 + 2)


class CommandLine(FolderCase):
    def test_mistakes(self):
        for arguments, names in (
            (("--bogus",), ["--bogus"]),
            (("extra",), ["extra"]),
            (("--status",), ["--status"]),
            (("--status", "nonsense"), ["--status nonsense"]),
            (("--status", ""), ["--status ''"]),
            (("--status", "192.0.2.1:8645"), ["--status 192.0.2.1:8645", "loopback"]),
            (("--status", "127.0.0.1:0"), ["--status 127.0.0.1:0"]),
            (("--status", "unix:"), ["--status unix:"]),
            (("--watch", "--interval"), ["--interval"]),
            (("--watch", "--interval", "0"), ["--interval 0", "0.05"]),
            (("--watch", "--interval", "3601"), ["--interval 3601"]),
            (("--watch", "--interval", "soon"), ["--interval soon"]),
            (("--interval", "3"), ["--interval 3", "--watch"]),
            (("--watch=maybe",), ["--watch"]),
            (("--sort", "colour"), ["--sort colour", "min-ping"]),
            (("--sort", "adress"), ["--sort adress", "did you mean address?"]),
            (("--json", "--sort", "id"), ["--sort", "--json"]),
            (("--json", "--filter", "x"), ["--filter", "--json"]),
            (("--config", "/nowhere/node.toml"), ["/nowhere/node.toml"]),
        ):
            with self.subTest(arguments=arguments):
                self.refuse("status", *arguments, names=[*names, "peerage status --help"])

    def test_help(self):
        for option in ("--help", "-h"):
            done = run_to_end("status", option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
            for name in ("--status", "--watch", "--interval", "Examples", "txn", "min ping"):
                self.assertIn(name, done.stdout)
        self.assertIn("status", run_to_end("--help").stdout)


if __name__ == "__main__":
    unittest.main()
