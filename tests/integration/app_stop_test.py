#!/usr/bin/env python3
"""How the executable ends: signals, at any moment, whatever is under way."""

import fcntl
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import time
import unittest

from node import PROGRAM, STOP_SECONDS, FolderCase, Node, wait_until
from raw_http import read_to_end

# A second interrupt that comes sooner is taken for an echo of the first.
ECHO_SECONDS = 0.25


class Stop(FolderCase):
    def check_stop(self, node, how):
        status, seconds = node.stop(how)
        self.assertEqual(status, 0, node.stderr())
        self.assertLess(seconds, STOP_SECONDS)
        self.assertNotRegex(node.stderr(), r" (error|critical|warning) ")

    def test_idle(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(how=how.name), Node() as node:
                self.check_stop(node, how)

    def test_with_a_swarm(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name), Node("--swarm", "24") as node:
                wait_until(lambda: node.status()["peers"]["ready"] == 24, 20, "24 peers")
                self.check_stop(node, how)

    def test_with_strangers(self):
        """Silent inbound connections, a dial that hangs, a dial that is refused."""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            with Node("--add-peer", "127.0.0.1:%d" % silent.getsockname()[1],
                      "--add-peer", "127.0.0.1:1", "--add-peer", "192.0.2.1:18444",
                      "--handshake-timeout", "3600", "--connect-timeout", "3600") as node:
                held = [socket.create_connection(node.p2p) for _ in range(20)]
                wait_until(lambda: node.status()["handshaking"] == 20, what="handshakes")
                self.check_stop(node, signal.SIGTERM)
                for client in held:
                    self.assertEqual(read_to_end(client), b"")
                    client.close()

    def test_during_start_up(self):
        draw = random.Random(1)
        for _ in range(15):
            with Node("--swarm", "24", wait=False) as node:
                wait_until(lambda pid=node.pid: blocks_sigterm(pid), what="starting")
                time.sleep(draw.uniform(0, 0.1))
                self.check_stop(node, signal.SIGTERM)
                out = node.process.stdout.read()
                self.assertLessEqual(out.count(b"\n"), 1)

    def test_an_echo_is_no_second_interrupt(self):
        """`timeout -s INT` sends the signal to the process, and then to its group."""
        for _ in range(5):
            with Node("--swarm", "24") as node:
                # Both wait for it when it goes on; the first one is the hangup.
                for how in (signal.SIGSTOP, signal.SIGHUP, signal.SIGINT, signal.SIGCONT):
                    node.process.send_signal(how)
                self.assertEqual(node.process.wait(STOP_SECONDS), 0)

    def stuck_node(self):
        """A node whose stop hangs, because nobody reads the log it writes."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        process = subprocess.Popen(
            [PROGRAM, "run", "--network", "regtest", "--listen", "none", "--data-dir",
             str(self.folder)], stdout=subprocess.PIPE, stderr=writer)
        self.addCleanup(process.stdout.close)
        process.stdout.readline()
        # Not by O_NONBLOCK, which the node would share.
        free = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
        while free > 0 and select.select([], [writer], [], 0)[1]:
            free -= os.write(writer, bytes(4096))
        return process

    def test_interrupted_again(self):
        process = self.stuck_node()
        process.send_signal(signal.SIGINT)
        wait_until(lambda: not has_pending_signals(process.pid), what="taking the signal")
        time.sleep(2 * ECHO_SECONDS)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(1), 130)

    def test_a_stop_that_hangs_is_ended(self):
        process = self.stuck_node()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(2 * STOP_SECONDS), 1)
        self.assertLess(time.monotonic() - began, STOP_SECONDS)

    def test_told_again_and_again(self):
        with Node("--swarm", "24") as node:
            for _ in range(5):
                node.process.send_signal(signal.SIGTERM)
            self.assertEqual(node.process.wait(STOP_SECONDS), 0)

    def test_stdout_closed(self):
        """Nobody reads the ready line: no reason to end, nor to fail."""
        reader, writer = os.pipe()
        os.close(reader)
        unix = str(self.folder / "status.sock")
        with Node("--swarm", "3", status=f"unix:{unix}", stdout=writer, wait=False) as node:
            os.close(writer)

            def ready_peers():
                try:
                    return node.get("/status", unix=unix)[1]["peers"]["ready"]
                except OSError:
                    return 0  # it does not listen yet

            # They get ready while, or after, the line is said to nobody.
            wait_until(lambda: ready_peers() == 3, 20, "3 peers")
            self.check_stop(node, signal.SIGTERM)

    def test_start_again_at_once(self):
        """The same ports and data directory, three times, with connections in between."""
        address = "127.0.0.1:%d" % free_port()
        for _ in range(3):
            with Node(listen=address, status="127.0.0.1:0",
                      data_dir=self.folder / "data") as node:
                client = socket.create_connection(node.p2p)
                self.check_stop(node, signal.SIGTERM)
                client.close()


def signals(pid, which):
    """A set of signals as the kernel shows it, as bits."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"^{which}:\s*([0-9a-f]+)", text, re.MULTILINE)[1], 16)


def blocks_sigterm(pid):
    return signals(pid, "SigBlk") & (1 << (signal.SIGTERM - 1))


def has_pending_signals(pid):
    """Signals to the process that none of its threads has taken yet."""
    return signals(pid, "ShdPnd") != 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    unittest.main()
