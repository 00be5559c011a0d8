#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The log of the executable: a reader that does not read holds nothing up, and strangers
cannot flood it. The same for stdout."""

import contextlib
import json
import os
import pty
import re
import resource
import select
import signal
import termios
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, Peer, RpcError, connect
from process import blocks_sigterm, catches_sigterm

PEERS = 12
STRANGERS = 20
MERGED = r" \(one of (\d+) such lines\)"


class Unread(FolderCase):
    """Descriptors that take nothing, or not any more."""

    def setUp(self):
        super().setUp()
        self.url = f"unix:{self.folder}/status.sock"

    def full_pipe(self, name="pipe"):
        """(path, reader) of a pipe with no room left."""
        path = self.folder / name
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        # Opened anew: what is set here is not set for the node.
        writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, writer)
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, bytes(size))
        return path, reader

    def start(self, redirection, path, *options):
        node = Node("--swarm", str(PEERS), "--status", self.url, *options, wait=False,
                    launcher=("sh", "-c", f'exec "$@" {redirection}"$0"', str(path)))
        self.addCleanup(node.close)
        wait_until(self.listens, what="listening")
        return node

    def listens(self):
        with contextlib.suppress(OSError):
            connect(self.url).close()
            return True
        return False

    def check_works(self, node):
        """Peers join and leave, and the status is there."""
        with node.events(from_=1, types=["peer_ready"], url=self.url) as ready:
            for _ in range(PEERS):
                next(ready)
        self.assertEqual(node.get("/health", url=self.url)["healthy"], True)
        address = node.get("/status", url=self.url)["node"]["listening"][0]
        for _ in range(STRANGERS):
            with Peer(address) as peer:
                peer.handshake().round_trip()

    def check_stop(self, node, how=signal.SIGTERM, status=0):
        began = time.monotonic()
        node.send_signal(how)
        self.assertEqual(node.wait(5), status)
        return time.monotonic() - began

    def test_nobody_reads_the_log(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            path, _ = self.full_pipe(how.name)
            with self.subTest(how=how.name):
                node = self.start("2>", path, "--log-level", "debug")
                self.check_works(node)
                self.check_stop(node, how)

    def test_nobody_reads_the_ready_line(self):
        path, reader = self.full_pipe()
        node = self.start(">", path)
        self.check_works(node)
        os.set_blocking(reader, True)
        text = b""
        while b"\n" not in text:  # it comes once the pipe is read
            text += os.read(reader, 65536)
        self.assertEqual(json.loads(text.lstrip(b"\0"))["event"], "ready")
        self.assertIn("stopped\n", self.log_after_stop(node))

    def log_after_stop(self, node):
        self.check_stop(node)
        return node.log()

    def test_nobody_reads_anything(self):
        path, _ = self.full_pipe()
        node = self.start("2>&1 >", path)
        self.check_works(node)
        self.check_stop(node)
        path, _ = self.full_pipe("other")
        node = self.start(f">'{path}' 2>", path)
        self.check_works(node)
        self.check_stop(node)

    def test_at_once(self):
        """Told to stop before it has said anything."""
        path, _ = self.full_pipe()
        for seconds in (0, 0.003, 0.01, 0.03, 0.1):
            with Node("--swarm", "3", wait=False, launcher=(
                    "sh", "-c", f'exec "$@" >"$0" 2>"$0"', str(path))) as node:
                wait_until(lambda pid=node.pid: catches_sigterm(pid) or blocks_sigterm(pid),
                           what="its start")
                time.sleep(seconds)
                node.send_signal(signal.SIGTERM)
                self.assertEqual(node.wait(5), 0)

    def test_a_refusal_that_nobody_reads(self):
        path, _ = self.full_pipe()
        node = Node("--data-dir", "/dev/null/x", wait=False,
                    launcher=("sh", "-c", 'exec "$@" 2>"$0"', str(path)))
        self.addCleanup(node.close)
        self.assertEqual(node.wait(5), 2)

    def test_no_room(self):
        node = self.start("2>", "/dev/full")
        self.check_works(node)
        self.check_stop(node)
        node = self.start(">", "/dev/full")
        self.check_works(node)  # though the ready line never comes
        self.check_stop(node, status=1)
        self.assertIn("the ready line could not be written to standard output: No space left "
                      "on device\n", node.log())

    def test_the_reader_goes(self):
        path = self.folder / "log"
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        node = self.start("2>", path)
        os.close(reader)
        self.check_works(node)
        self.check_stop(node)

    def test_a_stopped_terminal(self):
        terminal, its_side = pty.openpty()
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.close, its_side)
        termios.tcflow(its_side, termios.TCOOFF)  # what Ctrl-S does
        node = self.start("2>", os.ttyname(its_side))
        self.check_works(node)
        self.check_stop(node)

    def test_a_reader_that_comes_late_misses_nothing(self):
        path, reader = self.full_pipe()
        node = self.start("2>", path)
        self.check_works(node)
        text = b""
        node.send_signal(signal.SIGTERM)
        while select.select([reader], [], [], 5)[0]:
            some = os.read(reader, 65536)
            text += some
            if not some or text.endswith(b"stopped\n"):
                break
        self.assertEqual(node.wait(5), 0)
        lines = text.lstrip(b"\0").decode().splitlines()
        self.assertEqual([x for x in lines if "dropped" in x], [])
        self.assertIn(" on regtest, data in ", lines[0])
        self.assertRegex(lines[-1], " info stopped$")
        # Those beyond ten a second are merged, whatever their direction.
        self.assertEqual(counted(lines, r" peer \d+ joined: "), PEERS + STRANGERS)
        self.assertEqual(counted(lines, r" peer \d+ left: .* shutting_down"), PEERS)

    def test_a_file_that_may_not_grow(self):
        with Node("--save-interval", "3600") as node:
            wait_until(lambda: node.log().count(" does not exist yet") == 3 and
                       "saved addresses, " in node.log(), what="the last line for now")
            _, most = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE,
                             (node.log_path.stat().st_size + 10, most))
            for number in range(3):
                with contextlib.suppress(RpcError):  # it cannot be kept, either
                    node.rpc("setban", f"10.0.0.{number}", "add")
            wait_until(lambda: not node.log().endswith("\n"), what="a torn line")
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (most, most))
            for number in range(3):
                node.rpc("setban", f"10.0.0.{number}", "remove")
            wait_until(lambda: node.log().count("lifted") == 3, what="more lines")
            self.assertRegex(node.log(), r"\n\S+ warning [1-9]\d* lines? of the log dropped: ")
            node.stop()


class Merged(FolderCase):
    """Strangers that come and go in hundreds."""

    COUNT = 300

    def churn(self, node):
        for number in range(self.COUNT):
            with Peer(node, source=f"127.50.{number // 250}.{1 + number % 250}") as peer:
                peer.handshake()
        with node.events(from_=1, types=["peer_left"]) as left:
            self.assertEqual(len({next(left)["peer"] for _ in range(self.COUNT)}), self.COUNT)

    def test_text(self):
        with Node("--max-inbound", "1000") as node:
            began = time.monotonic()
            self.churn(node)
            seconds = time.monotonic() - began
            node.stop()
            lines = node.log().splitlines()
            for kind in (r" peer \d+ joined: inbound ", r" peer \d+ left: "):
                self.assertEqual(counted(lines, kind), self.COUNT)
                written = len([x for x in lines if re.search(kind, x)])
                self.assertLessEqual(written, 2 * 11 * (seconds + 3))  # two reasons
            self.assertRegex(node.log(), MERGED)
            self.assertRegex(lines[-1], " info stopped$")

    def test_json(self):
        with Node("--max-inbound", "1000", "--log-format", "json") as node:
            self.churn(node)
            node.stop()
            lines = [json.loads(x) for x in node.log().splitlines()]
            for kind in (r"^peer \d+ joined: inbound ", r"^peer \d+ left: "):
                found = [x for x in lines if re.search(kind, x["message"])]
                self.assertEqual(sum(x.get("count", 1) for x in found), self.COUNT)
                self.assertLess(len(found), self.COUNT)
            self.assertEqual([x["message"] for x in lines[-1:]], ["stopped"])
            for line in lines:
                self.assertLessEqual({"time", "level", "message"}, set(line))

    def test_starts_and_stops_are_whole(self):
        listen = [x for _ in range(30) for x in ("--listen", "127.0.0.1:0")]
        with Node(*listen) as node:
            node.stop()
            self.assertEqual(node.log().count("accepting peers on"), 30)


def counted(lines, pattern):
    """How many lines of this kind there were, those that were merged included."""
    total = 0
    for line in lines:
        if re.search(pattern, line):
            merged = re.search(MERGED, line)
            total += int(merged[1]) if merged else 1
    return total


if __name__ == "__main__":
    unittest.main()
