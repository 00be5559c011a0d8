#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the executable starts: its ready line, or exit 2 and one line that says why not."""

import json
import os
import re
import signal
import socket
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, NotStarted, connect, run_to_end


# What a node would inherit from the process that runs these tests.
INHERITED = {os.readlink(f"/proc/self/fd/{x}") for x in range(3, 1024)
             if os.path.exists(f"/proc/self/fd/{x}")}


class ReadyLine(FolderCase):
    def test_its_exact_shape(self):
        unix = f"unix:{self.folder}/status.sock"
        with Node("--status", "127.0.0.1:0", "--status", unix,
                  "--listen", "127.0.0.1:0", "--listen", "[::1]:0") as node:
            self.assertEqual(list(node.ready),
                             ["event", "version", "network", "p2p", "status", "metrics",
                              "pid"])
            self.assertEqual(node.ready["event"], "ready")
            self.assertRegex(node.ready["version"], r"^\d+\.\d+\.\d+$")
            self.assertEqual(node.ready["network"], "regtest")
            self.assertEqual(node.ready["pid"], node.pid)
            self.assertRegex(node.ready["p2p"][0], r"^127\.0\.0\.1:[1-9]\d*$")
            self.assertRegex(node.ready["p2p"][1], r"^\[::1\]:[1-9]\d*$")
            self.assertRegex(node.ready["status"][0], r"^http://127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual(node.ready["status"][1], unix)
            # Everything listens already.
            for address in (*node.ready["p2p"], *node.urls):
                connect(address, timeout=5).close()
            node.stop()
            self.assertEqual(json.loads(node.output()), node.ready)
            self.assertEqual(node.output().find("\n"), len(node.output()) - 1,
                             "one line and no more")

    def test_all_the_descriptors_it_may_have(self):
        with Node("--swarm", "60", launcher=("prlimit", "--nofile=40:4096")) as node:
            node.wait_for({"peers_ready": 60}, timeout=20)

    def test_listening_nowhere(self):
        with Node("--network", "regtest", "--data-dir", self.folder / "data",
                  "--connect", "127.0.0.1:1", defaults=False) as node:
            self.assertEqual((node.ready["p2p"], node.ready["status"]), ([], []))
            node.stop()
        with Node("--listen", "none") as node:
            self.assertEqual(node.ready["p2p"], [])

    def test_the_default_port(self):
        try:
            with Node("--network", "regtest", "--data-dir", self.folder / "data",
                      defaults=False) as node:
                self.assertEqual(node.ready["p2p"], ["127.0.0.1:18444"])
        except NotStarted as problem:
            if "--listen 127.0.0.1:18444" in str(problem):
                self.skipTest("port 18444 is in use")
            raise


class CannotStart(FolderCase):
    """A mistake that only shows at the start is refused like any other."""

    def refuse_start(self, *arguments, listen=("none",), names):
        where = [x for at in listen for x in ("--listen", at)]
        self.refuse("run", "--network", "regtest", "--data-dir", str(self.folder / "data"),
                    *where, *arguments, names=names)

    def test_ports_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.refuse_start("--status", address, names=["--status", address, "in use"])
            self.refuse_start(listen=[address], names=["--listen", address, "in use"])
            # The second of two: the first must not keep it up.
            self.refuse_start("--status", "127.0.0.1:0", "--swarm", "3",
                              listen=["127.0.0.1:0", address],
                              names=["--listen", address, "in use"])

    def check_limits(self, limits, names, *options, launcher=()):
        """Each limit is too low and says so, up to one that is enough; what works with that
        works in every way."""
        for limit in limits:
            with self.subTest(limit=limit):
                node = Node("--status", "127.0.0.1:0", *options, wait=False,
                            launcher=(*launcher, "prlimit", limit))
                self.addCleanup(node.close)
                try:
                    node.wait_ready()
                except NotStarted:
                    self.assertEqual(node.wait(), 2)
                    self.assertEqual(node.output(), "")
                    self.assertRegex(node.log(), r"\Apeerage: [^\n]*\n\Z")
                    self.assertTrue(any(x in node.log() for x in names), node.log())
                    continue
                self.assertEqual(node.get("/status")["node"]["pid"], node.pid)
                node.stop()
                return
        self.fail("no limit was enough")

    def test_too_few_descriptors(self):
        for options in ((), ("--swarm", "3", "--listen", "[::1]:0")):
            self.check_limits([f"--nofile={x}" for x in range(4, 80)], ["ulimit -n"], *options)

    def test_too_few_descriptors_for_a_swarm(self):
        """Its listening sockets would fit in, its connections would not."""
        self.refuse("run", "--network", "regtest", "--listen", "none", "--data-dir",
                    str(self.folder / "data"), "--swarm", "60",
                    launcher=("prlimit", "--nofile=150:150"), names=["ulimit -n", "needs 210 "])

    def test_too_few_threads(self):
        launcher = self.as_nobody()
        self.check_limits([f"--nproc={x}" for x in range(1, 60)],
                          ["ulimit -u", "not enough"], "--data-dir", self.folder / "data",
                          launcher=launcher)

    def test_too_little_memory(self):
        # Below, the system cannot even load the libraries.
        self.check_limits([f"--as={x << 20}" for x in range(30, 300, 2)],
                          ["ulimit -v", "not enough"])

    def test_too_small_a_stack(self):
        self.check_limits([f"--stack={x << 10}" for x in (64, 128, 255, 256)], ["ulimit -s"])

    def test_files_that_may_not_grow(self):
        """One line and status 2, or a node that cannot save: but no signal ends it."""
        for size in (0, 1, 100):
            with self.subTest(size=size):
                done = run_to_end("run", "--network", "regtest", "--listen", "none",
                                  "--data-dir", self.folder / "data", "--status",
                                  f"unix:{self.folder}/status.sock",
                                  launcher=("timeout", "--preserve-status", "2", "prlimit",
                                            f"--fsize={size}"))
                self.assertIn(done.returncode, (0, 1, 2), done.stderr)

    def test_closed_streams(self):
        data = self.folder / "data"
        for number, closed in enumerate(("<&-", ">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-")):
            with self.subTest(closed=closed):
                unix = f"unix:{self.folder}/{number}.sock"
                # Without --stop-at-eof: a closed input has ended.
                start = f'program=$1; shift 3; exec "$program" run "$@" {closed}'
                node = Node("--network", "regtest", "--listen", "none", "--data-dir", data,
                            "--status", unix, defaults=False, wait=False,
                            launcher=("sh", "-c", start, "sh"))
                self.addCleanup(node.close)
                wait_until(lambda path=unix: reaches(path), what="listening")
                for stream in range(3):
                    self.assertNotIn(str(data), os.readlink(f"/proc/{node.pid}/fd/{stream}"))
                self.assertEqual((data / "regtest" / ".lock").read_text(), f"{node.pid}\n")
                self.refuse("run", "--network", "regtest", "--listen", "none", "--data-dir",
                            data, names=["in use", f"process {node.pid})"])
                node.send_signal(signal.SIGTERM)
                self.assertEqual(node.wait(), 0)

    def test_closed_streams_of_other_commands(self):
        for arguments, status in ((("--version",), 0), (("run", "--moon"), 2),
                                  (("status", "--status", "127.0.0.1:1"), 3)):
            for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-"):
                with self.subTest(arguments=arguments, closed=closed):
                    done = run_to_end(*arguments,
                                      launcher=("sh", "-c", f'exec "$@" {closed}', "sh"))
                    self.assertEqual(done.returncode, status)

    def test_descriptors_are_not_for_children(self):
        """A program started by a process with a node in it inherits none."""
        with Node("--swarm", "2") as node:
            node.wait_for({"peers_ready": 2})
            with node.events():
                for entry in os.scandir(f"/proc/{node.pid}/fdinfo"):
                    if int(entry.name) > 2 and is_own(node.pid, entry.name):
                        with self.subTest(what=os.readlink(f"/proc/{node.pid}/fd/{entry.name}")):
                            with open(entry.path, encoding="ascii") as file:
                                flags = int(re.search(r"flags:\s*(\d+)", file.read())[1], 8)
                            self.assertTrue(flags & os.O_CLOEXEC)

    def test_not_our_address(self):
        self.refuse_start(listen=["192.0.2.1:18444"], names=["--listen", "192.0.2.1:18444"])

    def test_status_socket_in_no_folder(self):
        path = f"unix:{self.folder}/missing/status.sock"
        self.refuse_start("--status", path, names=["--status", path])


def reaches(url):
    try:
        connect(url).close()
    except OSError:
        return False
    return True


def is_own(pid, descriptor):
    """Not one that the test's own starter has left to it."""
    return os.readlink(f"/proc/{pid}/fd/{descriptor}") not in INHERITED


if __name__ == "__main__":
    unittest.main()
