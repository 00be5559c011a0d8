#!/usr/bin/env python3
"""How the executable starts: its ready line, or exit 2 and one line that says why not."""

import json
import socket
import unittest

from cases import FolderCase
from peerage_harness import Node, NotStarted, connect


class ReadyLine(FolderCase):
    def test_its_exact_shape(self):
        unix = f"unix:{self.folder}/status.sock"
        with Node("--status", "127.0.0.1:0", "--status", unix,
                  "--listen", "127.0.0.1:0", "--listen", "[::1]:0") as node:
            self.assertEqual(list(node.ready),
                             ["event", "version", "network", "p2p", "status", "pid"])
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
                self.skipTest("somebody else uses port 18444")
            raise


class CannotStart(FolderCase):
    """What only shows when it starts is refused like any other mistake."""

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

    def test_too_few_descriptors(self):
        for count in (4, 5):
            with self.subTest(descriptors=count):
                self.refuse("run", "--network", "regtest", "--listen", "none",
                            "--data-dir", str(self.folder / "data"), names=["open files"],
                            launcher=("prlimit", f"--nofile={count}"))

    def test_too_few_threads(self):
        for count in (1, 4, 8):
            with self.subTest(threads=count):
                self.refuse("run", "--network", "regtest", "--listen", "none",
                            "--data-dir", str(self.folder / "data"), names=["ulimit -u"],
                            launcher=(*self.as_nobody(), "prlimit", f"--nproc={count}"))

    def test_not_our_address(self):
        self.refuse_start(listen=["192.0.2.1:18444"], names=["--listen", "192.0.2.1:18444"])

    def test_status_socket_in_no_folder(self):
        path = f"unix:{self.folder}/missing/status.sock"
        self.refuse_start("--status", path, names=["--status", path])


if __name__ == "__main__":
    unittest.main()
