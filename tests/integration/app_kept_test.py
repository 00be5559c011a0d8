#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a call has answered as done is on the disk: killed right after the answer, the next
start has it, also among many thousand bans (invariant I15)."""

import concurrent.futures
import errno
import os
import random
import resource
import statistics
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node, RpcError
from state_files import write_bans

MANY = 19_000
ROUNDS = 5
CALLS = 25


class Kept(FolderCase):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        self.place = self.data / "regtest"
        self.place.mkdir(parents=True)
        self.draw = random.Random(34)

    def start(self, *options, **more):
        node = Node("--no-dns-seeds", "--data-dir", self.data, *options, **more)
        self.addCleanup(node.close)
        return node

    def banned(self, node):
        return {x["address"] for x in node.rpc("listbanned")
                if not x["address"].startswith("11.")}

    def added(self, node):
        return [x["addednode"] for x in node.rpc("getaddednodeinfo")]

    def known(self, node):
        return {x["address"]: x["tried"] for x in node.get("/addresses")}

    def change(self, node, bans, added, known):
        """One call that is done when it is answered; the sets are what is then to be."""
        number = self.draw.randrange(10_000)
        what = self.draw.randrange(12)
        if what < 5:
            text = f"10.{number >> 8}.{number & 255}.0/24"
            node.rpc("setban", text, "remove" if text in bans else "add")
            bans ^= {text}
        elif what < 7 and bans:
            text = self.draw.choice(sorted(bans))
            node.rpc("setban", text, "remove")
            bans.remove(text)
        elif what == 7 and self.draw.randrange(6) == 0:
            node.rpc("clearbanned")
            bans.clear()
        elif what < 10 or not added:
            text = f"127.5.{number >> 8}.{number & 255}" + self.draw.choice(("", ":1"))
            if text not in added:
                node.rpc("addnode", text, "add")
                added.append(text)
        elif what == 10:
            text = self.draw.choice(added)
            node.rpc("addnode", text, "remove")
            added.remove(text)
        else:
            place = f"127.{6 + number // 250}.{number % 250}.1"
            tried = self.draw.random() < 0.5
            if node.rpc("addpeeraddress", place, 1, tried)["success"]:
                known[f"{place}:1"] = tried

    def check_kept(self):
        bans, added, known = set(), [], {}
        for _ in range(ROUNDS):
            # With saves in between, or all in the journal.
            often = ("--save-interval", "0.05") if self.draw.randrange(2) else ()
            with self.start(*often) as node:
                for _ in range(self.draw.randrange(1, CALLS)):
                    self.change(node, bans, added, known)
                node.kill()
            with self.start() as node:
                self.assertEqual(self.banned(node), bans)
                self.assertEqual(self.added(node), added)
                found = self.known(node)
                self.assertEqual(known, {x: found.get(x) for x in known})
                self.assertNotRegex(node.log(), "set aside|damaged")
                # With an ordered stop, or without.
                if self.draw.randrange(2):
                    node.stop()
                else:
                    node.kill()

    def test_killed_after_the_answer(self):
        self.check_kept()

    def test_among_many_bans(self):
        write_bans(self.place / "standing.json", MANY)
        with self.start() as node:
            self.assertEqual(len(node.rpc("listbanned")), MANY)
            node.rpc("setban", "10.0.0.0/8", "add")
            node.rpc("setban", "11.0.0.1", "remove")
            node.kill()
        with self.start() as node:
            self.assertEqual(len(node.rpc("listbanned")), MANY)
            self.assertEqual(self.banned(node), {"10.0.0.0/8"})
            node.rpc("clearbanned")
            node.rpc("setban", "10.0.0.0/9", "add")
            node.kill()
        with self.start() as node:
            self.assertEqual([x["address"] for x in node.rpc("listbanned")], ["10.0.0.0/9"])
            node.rpc("clearbanned")
            node.stop()
        write_bans(self.place / "standing.json", MANY)
        self.check_kept()

    def test_many_callers_at_once(self):
        """Killed in the middle of it: an answered change is kept."""
        with self.start() as node, concurrent.futures.ThreadPoolExecutor(8) as pool:
            told = set()

            def ban(number):
                text = f"10.{number >> 8}.{number & 255}.0/24"
                try:
                    node.rpc("setban", text, "add")
                except Exception:  # pylint: disable=broad-except  # killed
                    return
                told.add(text)
            waiting = [pool.submit(ban, i) for i in range(2_000)]
            wait_until(lambda: len(told) >= 300, what="300 bans")
            node.kill()
            concurrent.futures.wait(waiting)
        with self.start() as node:
            self.assertEqual(len(told - self.banned(node)), 0)

    def test_compacted_now_and_then(self):
        """The journal stays short, however many changes there are; saves may come at any
        time between them."""
        with self.start("--save-interval", "0.05") as node:
            for number in range(400):
                node.rpc("setban", f"10.0.{number // 4}.0/24",
                         "remove" if number % 2 else "add")
            node.rpc("setban", "10.1.0.0/16", "add")
            node.kill()
        size = sum(x.stat().st_size for x in self.place.glob("standing.json.journal*"))
        self.assertLess(size, 200 * 250)
        with self.start() as node:
            self.assertEqual(self.banned(node), {"10.1.0.0/16"})

    def test_cost_of_a_ban(self):
        """Grows by little with the bans that are there."""
        nodes = {}
        for count in (0, MANY):
            place = self.folder / str(count) / "regtest"
            place.mkdir(parents=True)
            write_bans(place / "standing.json", count)
            nodes[count] = Node("--save-interval", "3600", "--data-dir", place.parent)
            self.addCleanup(nodes[count].close)
        taken = {count: [] for count in nodes}
        for number in range(150):  # in turns, as the disk has moods
            for count, node in nodes.items():
                began = time.perf_counter()
                node.rpc("setban", f"10.0.{number}.0/24", "add")
                taken[count].append(time.perf_counter() - began)
        few, many = (statistics.median(x) for x in taken.values())
        print(f"\na ban among {MANY}: {many / few:.2f} times that of the first ones "
              f"({1000 * few:.2f} ms)")
        self.assertLess(many, 3 * few + 0.002)

    # -- a disk that fails -------------------------------------------------------------

    def refused(self, node, why, method, *params):
        with self.assertRaises(RpcError) as caught:
            node.rpc(method, *params)
        self.assertEqual(caught.exception.code, -1)
        self.assertIn("but not for the next start: cannot save", caught.exception.message)
        self.assertIn(why, caught.exception.message)

    def check_shortage(self, node, begin, end, why):
        for call in (("setban", "10.1.0.0/16", "add"), ("addnode", "127.5.0.1", "add"),
                     ("addpeeraddress", "127.5.0.2", 1)):
            node.rpc(*call)
        begin()
        for call in (("setban", "10.2.0.0/16", "add"), ("setban", "10.2.0.0/16", "add"),
                     ("setban", "10.1.0.0/16", "remove"), ("clearbanned",),
                     ("addnode", "127.5.0.1", "remove"), ("addnode", "127.5.0.3", "add"),
                     ("addnode", "127.5.0.3", "add"), ("addpeeraddress", "127.5.0.4", 1)):
            self.refused(node, why, *call)
        end()
        # A failed change may be repeated, and a later success includes all before it:
        # the node goes on from there, so does the next start.
        for call in (("setban", "10.3.0.0/16", "add"), ("addnode", "127.5.0.3", "add")):
            node.rpc(*call)
        for place in ("127.5.0.4", "127.5.0.5"):
            self.assertEqual(node.rpc("addpeeraddress", place, 1), {"success": True})
        self.assertFalse(node.rpc("addpeeraddress", "127.5.0.4", 1)["success"])
        bans, added, known = self.banned(node), self.added(node), self.known(node)
        node.kill()
        with self.start() as after:
            self.assertEqual(self.banned(after), bans)
            self.assertEqual(bans, {"10.3.0.0/16"})
            self.assertEqual(self.added(after), added)
            self.assertEqual(added, ["127.5.0.3"])
            self.assertEqual(self.known(after), known)
            self.assertEqual({f"127.5.0.{x}:1" for x in (2, 4, 5)}, set(known))

    def test_full(self):
        node = self.start("--save-interval", "3600",
                          launcher=("sh", "-c", 'trap "" XFSZ && exec "$@"', "sh"))
        _, most = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)

        def limit(size):
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (size, most))

        self.check_shortage(node, lambda: limit(100), lambda: limit(most),
                            os.strerror(errno.EFBIG))

    def test_read_only(self):
        node = self.start("--save-interval", "3600",
                          launcher=self.as_nobody(self.data, self.place))

        def forbid():
            for file in self.place.glob("*.journal"):
                file.chmod(0o400)
            self.place.chmod(0o500)

        def allow():
            self.place.chmod(0o700)
            for file in self.place.glob("*.journal"):
                file.chmod(0o600)

        self.addCleanup(allow)
        self.check_shortage(node, forbid, allow, os.strerror(errno.EACCES))

    def test_cut_short_and_damaged(self):
        with self.start() as node:
            for number in range(3):
                node.rpc("setban", f"10.{number}.0.0/16", "add")
            node.kill()
        journal = self.place / "standing.json.journal"
        whole = journal.read_bytes()
        journal.write_bytes(whole + whole[:70])
        with self.start() as node:
            self.assertEqual(len(self.banned(node)), 3)
            self.assertNotIn("damaged", node.log())
            node.rpc("setban", "10.9.0.0/16", "add")
            node.kill()
        whole = journal.read_bytes()
        journal.write_bytes(whole[:100] + b"?" + whole[101:])
        with self.start() as node:
            self.assertEqual(self.banned(node), {"10.1.0.0/16", "10.2.0.0/16", "10.9.0.0/16"})
            self.assertIn("standing.json.journal.damaged-1", node.log())
            node.kill()
        with self.start() as node:
            self.assertEqual(len(self.banned(node)), 3)
            self.assertNotIn("damaged", node.log())


if __name__ == "__main__":
    unittest.main()
