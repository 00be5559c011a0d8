#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The executable with a disk that is full or a data directory that became read-only: it says
so, goes on, loses nothing, and recovers."""

import errno
import os
import pathlib
import re
import resource
import signal
import tempfile
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, Peer
from state_files import FILES, saved_body, which_save, write_addresses

ADDRESSES = 1_000
# More than a log, less than a file of the addresses.
FULL_BYTES = 60_000


class Disk(FolderCase):
    def setUp(self):
        super().setUp()
        self.place = self.folder / "data" / "regtest"
        self.place.mkdir(parents=True)
        self.addresses = self.place / "addresses.json"
        write_addresses(self.addresses, ADDRESSES)

    def start(self, launcher=()):
        before = which_save(self.addresses)
        # It dials, in vain: that alone is something to save.
        node = Node("--save-interval", "0.05", "--data-dir", self.folder / "data",
                    launcher=launcher)
        self.addCleanup(node.close)
        wait_until(lambda: which_save(self.addresses) not in (None, before), what="a save")
        return node

    def check_nothing_lost(self):
        for name, kind in FILES.items():
            body = saved_body(self.place / name, kind)
            if kind == b"addresses":
                self.assertGreater(len(body["addresses"]), ADDRESSES * 8 // 10)
        self.assertEqual(list(self.place.glob("*.damaged-*")), [])

    def check_shortage(self, node, begin, end, why):
        begin()
        self.addCleanup(end)
        complaint = rf"cannot save \S+addresses\.json: .*{why}.*; what was saved before is kept"
        wait_until(lambda: re.search(complaint, node.log()), what=f"{complaint!r}")
        self.check_nothing_lost()
        # It goes on, and does not repeat itself though it tries again and again.
        with Peer(node) as peer:
            peer.handshake().round_trip()
            node.wait_for({"peers_ready": 1}, timeout=10)
            self.assertEqual(node.get("/status")["peers"]["ready"], 1)
            dials = sum(node.get("/status")["failures"].values())
            with node.events(types=["dial_failed"]) as failed:
                for _ in range(6):
                    next(failed)
            self.assertGreater(sum(node.get("/status")["failures"].values()), dials + 5)
        # (The first save may have been half way through: that is another complaint.)
        complaints = len(re.findall("cannot save .*addresses.json", node.log()))
        self.assertLessEqual(complaints, 2, node.log())
        self.check_nothing_lost()
        before = which_save(self.addresses)
        self.assertIsNotNone(before, "no save is half way through")
        end()
        wait_until(lambda: "addresses.json is saved again" in node.log(),
                   what="saving again")
        self.assertNotEqual(which_save(self.addresses), before)
        self.check_nothing_lost()

    def test_full(self):
        # A limit of the file size is what can be set without a disk of one's own. Its signal
        # has no counterpart on a full disk.
        with self.start(("sh", "-c", 'trap "" XFSZ && exec "$@"', "sh")) as node:
            _, most = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)

            def limit(size):
                if node.running:
                    resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size, most))

            self.check_shortage(node, lambda: limit(FULL_BYTES), lambda: limit(most),
                                os.strerror(errno.EFBIG))
            node.stop()
            self.assertEqual(list(self.place.glob("*.new")), [])
        self.check_nothing_lost()

    def test_read_only(self):
        launcher = self.as_nobody(self.folder / "data", self.place, self.addresses)
        with self.start(launcher) as node:
            self.check_shortage(node, lambda: self.place.chmod(0o500),
                                lambda: self.place.chmod(0o700), os.strerror(errno.EACCES))
            # It says so again when it is so again.
            self.place.chmod(0o500)
            already = node.log().count("addresses.json: ")
            wait_until(lambda: node.log().count("addresses.json: ") > already,
                       what="another complaint")
            self.check_unsaved_stop(node)
        self.check_nothing_lost()

    def check_unsaved_stop(self, node):
        """In order and in time, but with a status and a line that say what is missing."""
        node.send_signal(signal.SIGTERM)
        self.assertEqual(node.wait(), 1, node.log())
        self.assertRegex(node.log(), " critical .*not everything was saved: cannot save")

    def test_stop_that_cannot_save(self):
        """Each of the files alone: what a call has changed, a score, a dial."""
        changes = {
            "standing": lambda node: node.rpc("setban", "10.0.0.0/8", "add"),
            "dials": lambda node: node.rpc("addnode", "127.9.9.9:1", "add"),
            "addresses": lambda node: node.rpc("addpeeraddress", "127.9.9.9", 1),
        }
        for name, change in changes.items():
            with self.subTest(name=name), tempfile.TemporaryDirectory() as folder:
                node = Node("--save-interval", "3600", "--data-dir", folder)
                self.addCleanup(node.close)
                node.stop()
                # Nothing can be put where a folder with something in it is.
                place = pathlib.Path(folder) / "regtest"
                node.restart()
                change(node)
                (place / f"{name}.json.new" / "in the way").mkdir(parents=True)
                self.check_unsaved_stop(node)

    def test_stop_with_a_disk_that_hangs(self):
        """In time all the same."""
        hang = self.folder / "hang"
        node = Node("--save-interval", "3600", "--data-dir", self.folder / "data",
                    env=os.environ | {"LD_PRELOAD": os.environ["HANGING_DISK"], "HANG": str(hang)})
        self.addCleanup(node.close)
        node.rpc("setban", "10.0.0.0/8", "add")
        hang.touch()
        began = time.monotonic()
        node.send_signal(signal.SIGTERM)
        self.assertEqual(node.wait(), 1, node.log())
        self.assertLess(time.monotonic() - began, 5)
        self.assertRegex(node.log(), "the stop took too long.* may be lost")


if __name__ == "__main__":
    unittest.main()
