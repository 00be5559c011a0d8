#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The log for programs and for those who look closely: fields of JSON lines, files and
pipes, SIGHUP, levels that change while the node runs, and every message."""

import json
import os
import signal
import stat
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, Peer, RpcError, connect

PARTS = ["addresses", "admission", "bans", "chain", "dialing", "events", "messages", "node",
         "peer", "peer_set", "status", "storage", "transport"]


def lines_of(path):
    """The whole lines of a JSON log so far."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [json.loads(x) for x in text[:text.rfind("\n") + 1].splitlines()]


def find(lines, **wanted):
    return [x for x in lines if wanted.items() <= x.items()]


class Fields(unittest.TestCase):
    def test_members_are_those_of_the_events(self):
        with Node("--log-format", "json", "--log-level", "debug") as node:
            with Peer(node.p2p) as peer:
                peer.handshake().round_trip()
                joined = node.wait_for({"event": {"type": "peer_ready", "since": 1}})
                address = joined["address"]
            gone = node.wait_for({"event": {"type": "peer_left", "since": 1}})
            connect(node.p2p).close()
            node.wait_for({"event": {"type": "handshake_failed", "since": 1}})
            node.rpc("setban", "192.0.2.7", "add")
            node.stop()
            lines = lines_of(node.log_path)
        came, = find(lines, part="peer_set", peer=joined["peer"], direction="inbound")
        self.assertEqual(came["address"], address)
        self.assertEqual(came["user_agent"], joined["user_agent"])
        self.assertEqual((came["level"], came["protocol"]), ("info", 70016))
        self.assertIn(f"peer {joined['peer']} joined: inbound {address}", came["message"])
        left, = find(lines, peer=joined["peer"], reason=gone["reason"], part="peer_set")
        self.assertEqual(left["address"], address)
        refused, = find(lines, part="admission", reason="remote_closed")
        self.assertTrue(refused["address"].startswith("127.0.0.1:"))
        ban, = find(lines, part="bans", range="192.0.2.7/32")
        self.assertEqual(ban["result"], "done")
        for line in lines:
            self.assertEqual(list(line)[:4], ["time", "level", "message", "part"])
            self.assertIn(line["part"], PARTS)


class LogFile(FolderCase):
    def start(self, path, *options):
        node = Node("--log-file", str(path), *options)
        self.addCleanup(node.close)
        return node

    def test_it_is_moved_away_and_opened_again(self):
        path, old = self.folder / "log", self.folder / "log.1"
        path.write_text("before\n", encoding="utf-8")
        node = self.start(path)
        wait_until(lambda: "accepting peers on" in path.read_text("utf-8"), what="lines")
        self.assertTrue(path.read_text("utf-8").startswith("before\n"))
        self.assertEqual(node.log(), "")  # nothing on stderr
        path.rename(old)
        node.rpc("setban", "192.0.2.1", "add")
        wait_until(lambda: "ban of 192.0.2.1/32" in old.read_text("utf-8"), what="a line")
        node.send_signal(signal.SIGHUP)
        wait_until(lambda: path.exists() and "hangup: the log level is info" in
                   path.read_text("utf-8"), what="another file")
        node.rpc("setban", "192.0.2.2", "add")
        wait_until(lambda: "ban of 192.0.2.2/32" in path.read_text("utf-8"), what="a line")
        self.assertNotIn("192.0.2.2", old.read_text("utf-8"))
        self.assertNotIn(str(old), [os.readlink(f"/proc/{node.pid}/fd/{x}")
                                    for x in os.listdir(f"/proc/{node.pid}/fd")])
        self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o007, 0)
        node.stop()
        self.assertTrue(path.read_text("utf-8").endswith(" info stopped\n"))

    def test_one_that_cannot_be_opened_again(self):
        folder = self.folder / "logs"
        folder.mkdir()
        path = folder / "log"
        node = self.start(path)
        path.unlink()
        folder.rmdir()
        with open(f"/proc/{node.pid}/fd/{self.descriptor_of(node, path)}",
                  encoding="utf-8") as old:
            node.send_signal(signal.SIGHUP)
            wait_until(lambda: (old.seek(0), "the log goes on in the old file: "
                                f"{path}: No such file" in old.read())[1], what="a warning")
        node.stop()

    @staticmethod
    def descriptor_of(node, path):
        found, = [x for x in os.listdir(f"/proc/{node.pid}/fd")
                  if os.readlink(f"/proc/{node.pid}/fd/{x}").startswith(str(path))]
        return found

    def test_one_that_cannot_be_opened_at_all(self):
        self.refuse("run", "--network", "regtest", "--data-dir", self.folder / "data",
                    "--log-file", self.folder, names=("--log-file", "directory"))
        self.refuse("run", "--network", "regtest", "--data-dir", self.folder / "data",
                    "--log-file", "/nowhere/log", names=("--log-file /nowhere/log", "No such"))

    def check_works_and_stops(self, node):
        for _ in range(20):
            with Peer(node.p2p) as peer:
                peer.handshake().round_trip()
        began = time.monotonic()
        node.stop()
        self.assertLess(time.monotonic() - began, 5)

    def test_a_pipe_that_nobody_reads(self):
        path = self.folder / "pipe"
        os.mkfifo(path)
        self.check_works_and_stops(self.start(path))
        reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        while True:  # and that is full
            try:
                os.write(reader, bytes(1))
            except BlockingIOError:
                break
        self.check_works_and_stops(self.start(path, "--log-level", "trace"))

    def test_a_full_pipe_is_left_by_a_hangup(self):
        path = self.folder / "pipe"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        node = self.start(path, "--log-level", "trace", "--swarm", "12",
                          "--ping-interval", "0.05")
        # Each of its pings is two lines, so the pipe is soon full.
        wait_until(lambda: is_full(path), 20, "a full pipe")
        path.unlink()
        node.send_signal(signal.SIGHUP)
        wait_until(lambda: path.exists() and " trace sent ping " in
                   path.read_text("utf-8"), what="lines in a file")
        self.assertRegex(path.read_text("utf-8"), r"\A\S+Z \w+ ")
        node.stop()

    def test_a_full_disk(self):
        self.check_works_and_stops(self.start("/dev/full", "--log-level", "trace"))


def is_full(path):
    """Whether a pipe takes no more."""
    writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        os.write(writer, bytes(4096))
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(writer)


class Levels(FolderCase):
    def test_a_hangup_reads_the_configuration_file_again(self):
        config = self.folder / "node.toml"
        config.write_text('log-level = "warning"\n', encoding="utf-8")
        with Node("--config", str(config)) as node:
            self.assertEqual(node.log(), "")
            config.write_text('log-level = "debug"\n', encoding="utf-8")
            node.send_signal(signal.SIGHUP)
            wait_until(lambda: "hangup: the log level is debug" in node.log(), what="it")
            self.assertTrue(node.rpc("logging")["peer_set"])
            config.write_text('log-level = "loud"\n', encoding="utf-8")
            node.send_signal(signal.SIGHUP)
            wait_until(lambda: "the log level stays: " in node.log(), what="a warning")
            self.assertIn("log-level = loud: must be one of trace, debug", node.log())
            self.assertTrue(node.rpc("logging")["peer_set"])
            self.assertTrue(node.running)

    def test_the_command_line_wins_again(self):
        config = self.folder / "node.toml"
        config.write_text('log-level = "debug"\n', encoding="utf-8")
        with Node("--config", str(config), "--log-level", "error") as node:
            node.rpc("logging", ["bans"])
            node.send_signal(signal.SIGHUP)
            wait_until(lambda: not any(node.rpc("logging").values()), what="that level")

    def test_parts_over_rpc(self):
        with Node() as node:
            self.assertEqual(node.rpc("logging"), dict.fromkeys(PARTS, False))
            found = node.rpc("logging", ["bans", "admission"])
            self.assertEqual([x for x in found if found[x]], ["admission", "bans"])
            found = node.rpc("logging", [], ["bans"])
            self.assertEqual([x for x in found if found[x]], ["admission"])
            connect(node.p2p).close()
            node.wait_for({"event": {"type": "handshake_failed", "since": 1}})
            self.assertTrue(all(node.rpc("logging", ["all"]).values()))
            self.assertFalse(any(node.rpc("logging", exclude=["1"]).values()))
            for given in (["net"], ["bans", "Bans"]):
                with self.assertRaises(RpcError) as refused:
                    node.rpc("logging", given)
                self.assertEqual(refused.exception.code, -8)
                self.assertIn("unknown logging category", str(refused.exception))
            with self.assertRaises(RpcError) as refused:
                node.rpc("logging", [7])
            self.assertEqual(refused.exception.code, -3)
            self.assertFalse(any(node.rpc("logging").values()))
            node.rpc("logging", ["peer_set"])
            node.send_signal(signal.SIGHUP)
            wait_until(lambda: not node.rpc("logging")["peer_set"], what="the usual levels")

    def test_one_part_alone_is_louder(self):
        with Node("--log-level", "error") as node:
            node.rpc("logging", ["admission"])
            for number in range(3):
                connect(node.p2p).close()
                node.wait_for({"event": {"type": "handshake_failed", "since": number + 1}})
            wait_until(lambda: node.log().count("inbound 127.0.0.1:") == 3, what="lines")
            self.assertNotIn("info peerage", node.log())


class Trace(unittest.TestCase):
    def test_every_message_is_shown(self):
        with Node("--log-format", "json", "--log-level", "trace") as node:
            with Peer(node.p2p) as peer:
                peer.handshake(features=()).round_trip()
                joined = node.wait_for({"event": {"type": "peer_ready", "since": 1}})
            node.wait_for({"event": {"type": "peer_left", "since": 1}})
            node.stop()
            seen = find(lines_of(node.log_path), part="messages", peer=joined["peer"])
        flows = {way: [x["command"] for x in seen if x["flow"] == way]
                 for way in ("received", "sent")}
        self.assertEqual(flows["received"][:2], ["version", "verack"])
        self.assertIn("ping", flows["received"])
        self.assertEqual(flows["sent"][0], "version")
        for command in ("wtxidrelay", "sendaddrv2", "verack", "ping", "pong"):
            self.assertIn(command, flows["sent"])
        for line in seen:
            self.assertEqual((line["level"], line["address"]), ("trace", joined["address"]))
            self.assertGreaterEqual(line["bytes"], 24)
        pong = find(seen, flow="sent", command="pong")[0]
        self.assertEqual(pong["bytes"], 32)
        self.assertEqual(pong["message"], f"sent pong (32 bytes) peer {joined['peer']} "
                                          f"{joined['address']}")

    def test_while_it_runs(self):
        with Node() as node:
            with Peer(node.p2p) as peer:
                peer.handshake().round_trip()
                self.assertNotIn(" trace ", node.log())
                node.rpc("logging", ["messages"])
                peer.round_trip()
                wait_until(lambda: " trace sent pong (32 bytes) peer " in node.log(),
                           what="a message")
                node.rpc("logging", [], ["messages"])
                before = node.log()
                peer.round_trip()
                self.assertEqual(node.log().count(" trace "), before.count(" trace "))


if __name__ == "__main__":
    unittest.main()
