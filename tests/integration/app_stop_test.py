#!/usr/bin/env python3
"""How the executable ends: signals, at any moment, whatever is under way."""

import contextlib
import os
import random
import signal
import socket
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, connect
from process import blocks_sigterm, has_pending_signals
from raw_http import read_to_end

# A second interrupt that comes sooner is taken for an echo of the first.
ECHO_SECONDS = 0.25


class Stop(FolderCase):
    def check_stop(self, node, how=signal.SIGTERM):
        node.stop(how=how)
        self.assertNotRegex(node.log(), r" (error|critical|warning) ")

    def test_idle(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(how=how.name), Node() as node:
                self.check_stop(node, how)

    def test_with_a_swarm(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name), Node("--swarm", "24") as node:
                node.wait_for({"peers_ready": 24}, timeout=20)
                self.check_stop(node, how)

    def test_with_strangers(self):
        """Silent inbound connections, a dial that hangs, a dial that is refused."""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            with Node("--add-peer", "127.0.0.1:%d" % silent.getsockname()[1],
                      "--add-peer", "127.0.0.1:1", "--add-peer", "192.0.2.1:18444",
                      "--handshake-timeout", "3600", "--connect-timeout", "3600") as node:
                with node.events(types=["connection_accepted"]) as accepted:
                    held = [connect(node.p2p) for _ in range(20)]
                    for _ in held:
                        next(accepted)
                self.assertEqual(node.get("/status")["handshaking"], 20)
                self.check_stop(node)
                for client in held:
                    self.assertEqual(read_to_end(client), b"")
                    client.close()

    def test_during_start_up(self):
        draw = random.Random(1)
        for _ in range(15):
            with Node("--swarm", "24", wait=False) as node:
                wait_until(lambda pid=node.pid: blocks_sigterm(pid), what="starting")
                time.sleep(draw.uniform(0, 0.1))
                self.check_stop(node)
                self.assertLessEqual(node.output().count("\n"), 1)

    def test_an_echo_is_no_second_interrupt(self):
        """`timeout -s INT` sends the signal to the process, and then to its group."""
        for _ in range(5):
            with Node("--swarm", "24") as node:
                # Both wait for it when it goes on; the first one is the hangup.
                for how in (signal.SIGSTOP, signal.SIGHUP, signal.SIGINT, signal.SIGCONT):
                    node.send_signal(how)
                self.assertEqual(node.wait(), 0)

    def stuck_node(self):
        """A node whose stop hangs, because nobody reads the log it writes."""
        log = self.folder / "log"
        os.mkfifo(log)
        reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        node = Node("--network", "regtest", "--listen", "none", "--data-dir", self.folder,
                    defaults=False, launcher=("sh", "-c", 'exec "$@" 2>"$0"', str(log)))
        self.addCleanup(node.close)
        # Opened anew: what is set here is not set for the node.
        writer = os.open(log, os.O_WRONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, writer)
        # Whole pages, then what is left of the last one: the node may have begun it with a
        # line of its own, and its next lines would still find room there.
        for size in (4096, 1):
            with contextlib.suppress(BlockingIOError):
                while True:
                    os.write(writer, bytes(size))
        return node

    def test_interrupted_again(self):
        node = self.stuck_node()
        node.send_signal(signal.SIGINT)
        wait_until(lambda: not has_pending_signals(node.pid), what="taking the signal")
        time.sleep(2 * ECHO_SECONDS)
        self.assertTrue(node.running)
        node.send_signal(signal.SIGINT)
        self.assertEqual(node.wait(1), 130)

    def test_a_stop_that_hangs_is_ended(self):
        node = self.stuck_node()
        node.send_signal(signal.SIGTERM)
        self.assertEqual(node.wait(), 1)

    def test_told_again_and_again(self):
        with Node("--swarm", "24") as node:
            for _ in range(5):
                node.send_signal(signal.SIGTERM)
            self.assertEqual(node.wait(), 0)

    def test_stdout_closed(self):
        """Nobody reads the ready line: no reason to end, nor to fail."""
        unix = f"unix:{self.folder}/status.sock"
        pipe = self.folder / "stdout"
        os.mkfifo(pipe)
        # It has a reader for as long as it is opened for writing, and none after that.
        launcher = ("sh", "-c", 'exec 3<>"$0" >"$0" 3>&-; exec "$@"', str(pipe))
        with Node("--swarm", "3", "--status", unix, launcher=launcher, wait=False) as node:
            wait_until(lambda: listens(unix), what="listening")
            # They get ready while, or after, the line is said to nobody.
            with node.events(from_=1, types=["peer_ready"], url=unix) as ready:
                for _ in range(3):
                    next(ready)
            self.assertEqual(node.get("/status", url=unix)["peers"]["ready"], 3)
            self.check_stop(node)

    def test_start_again_at_once(self):
        """The same ports and data directory, three times, with connections in between."""
        with Node("--listen", "127.0.0.1:%d" % free_port()) as node:
            for _ in range(3):
                client = connect(node.p2p)
                self.check_stop(node)
                client.close()
                node.restart()


def listens(url):
    try:
        connect(url).close()
    except OSError:
        return False
    return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
