#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the executable ends: signals, at any moment, whatever is under way."""

import os
import pty
import random
import signal
import socket
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, connect
from process import blocks_sigterm, catches_sigterm, has_pending_signals, held_threads
from raw_http import read_to_end

# A second interrupt that comes sooner is taken for an echo of the first.
ECHO_SECONDS = 0.25


class Stop(FolderCase):
    def check_stop(self, node, how=signal.SIGTERM):
        node.stop(how=how)
        self.assertNotRegex(node.log(), r" (error|critical|warning) ")

    def test_idle(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name), Node() as node:
                self.check_stop(node, how)

    def test_with_a_swarm(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name), Node("--swarm", "24") as node:
                node.wait_for({"peers_ready": 24}, timeout=20)
                self.check_stop(node, how)

    def test_with_strangers(self):
        """Silent inbound connections, a dial that hangs, a dial that is refused."""
        with socket.create_server(("127.0.0.1", 0)) as silent, \
                socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            place = "127.0.0.1:%d" % full.getsockname()[1]
            for _ in range(3):  # the first ones take the places; from then on, dials hang
                filler = self.enterContext(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(full.getsockname())
            with Node("--add-peer", "127.0.0.1:%d" % silent.getsockname()[1],
                      "--add-peer", "127.0.0.1:1", "--add-peer", place,
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
                # Both wait for it when it goes on.
                for how in (signal.SIGSTOP, signal.SIGTERM, signal.SIGINT, signal.SIGCONT):
                    node.send_signal(how)
                self.assertEqual(node.wait(), 0)

    def check_stuck(self, signals, seconds, status, last_line):
        """A stop that hangs, because no actor runs."""
        with Node() as node:
            node.get("/status")  # all actors are there, and have nothing to do
            try:
                with held_threads(node.pid, "caf."):
                    for how in signals:
                        node.send_signal(how)
                        wait_until(lambda: not has_pending_signals(node.pid), what=how.name)
                        time.sleep(2 * ECHO_SECONDS)
                        self.assertTrue(node.running or how is signals[-1])
                    wait_until(lambda: node.log().endswith(f"\npeerage: {last_line}\n"),
                               seconds, last_line)
            except PermissionError:
                self.skipTest("threads may not be held here")
            self.assertEqual(node.wait(), status)

    def test_interrupted_again(self):
        self.check_stuck([signal.SIGINT, signal.SIGINT], 1, 130,
                         "interrupted again; ended at once")

    def test_a_stop_that_hangs_is_ended(self):
        self.check_stuck([signal.SIGTERM], 5, 1,
                         "the stop took too long; ended by force, and what has changed since "
                         "the last save may be lost")

    def test_a_hangup_is_no_stop(self):
        with Node() as node:
            for _ in range(3):
                node.send_signal(signal.SIGHUP)
                wait_until(lambda: not has_pending_signals(node.pid), what="the hangup")
            wait_until(lambda: "hangup: the log level is info" in node.log(), what="it")
            self.check_stop(node)

    def test_a_terminal_that_is_gone_is_a_stop(self):
        terminal, its_side = pty.openpty()
        with Node("--log-file", str(self.folder / "log"), launcher=(
                "sh", "-c", 'exec "$@" <"$0"', os.ttyname(its_side))) as node:
            os.close(its_side)
            os.close(terminal)
            node.send_signal(signal.SIGHUP)  # as the kernel does, if it is in charge there
            self.assertEqual(node.wait(), 0)

    def test_a_hangup_that_is_ignored(self):
        """As nohup has it. Scripts start what is in the background without SIGINT."""
        with Node(launcher=("sh", "-c", 'trap "" HUP INT; exec "$@"', "sh")) as node:
            node.send_signal(signal.SIGHUP)
            with self.assertRaises(TimeoutError):
                node.wait(0.5)
            self.check_stop(node, signal.SIGINT)

    def test_a_file_that_never_comes(self):
        """Nothing has begun yet that could be stopped in order."""
        pipe = self.folder / "config"
        os.mkfifo(pipe)
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with Node("--config", str(pipe), wait=False) as node:
                wait_until(lambda pid=node.pid: catches_sigterm(pid), what="starting")
                self.check_stop(node, how)

    def test_a_stop_that_is_suspended_goes_on(self):
        with Node("--swarm", "24") as node:
            node.wait_for({"peers_ready": 24}, timeout=20)
            node.send_signal(signal.SIGTERM)
            node.send_signal(signal.SIGSTOP)
            time.sleep(5.2)  # longer than a stop may take
            node.send_signal(signal.SIGCONT)
            self.assertEqual(node.wait(), 0)
            self.assertIn(" info stopped\n", node.log())

    def test_told_again_and_again(self):
        with Node("--swarm", "24") as node:
            for _ in range(5):
                node.send_signal(signal.SIGTERM)
            self.assertEqual(node.wait(), 0)

    def test_stdout_closed(self):
        """An unread ready line is no reason to end, nor to fail."""
        unix = f"unix:{self.folder}/status.sock"
        pipe = self.folder / "stdout"
        os.mkfifo(pipe)
        # It has a reader for as long as it is opened for writing, and none after that.
        launcher = ("sh", "-c", 'exec 3<>"$0" >"$0" 3>&-; exec "$@"', str(pipe))
        with Node("--swarm", "3", "--status", unix, launcher=launcher, wait=False) as node:
            wait_until(lambda: listens(unix), what="listening")
            # They get ready while, or after, the line is written in vain.
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
