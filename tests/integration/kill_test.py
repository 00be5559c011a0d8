#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The executable killed at any moment, most of all while it saves: what it has on disk is
complete, and the next start finds no damage (invariant I15)."""

import os
import random
import re
import signal
import time
import unittest

from cases import FolderCase, wait_until
from peerage_harness import Node
from state_files import FILES, body_of, which_save, write_addresses

KILLS = 200
SWARM = 8
SAVE_SECONDS = 0.05  # the shortest interval: a run then is mostly saves
ADDRESSES = 1_000  # in the book: a save is to take long enough to be hit


class Kill(FolderCase):
    def setUp(self):
        super().setUp()
        self.data = self.folder / "data"
        self.place = self.data / "regtest"
        self.place.mkdir(parents=True)
        write_addresses(self.place / "addresses.json", ADDRESSES, SWARM)
        self.saved = {"addresses.json"}  # seen complete, so never to be lost again
        self.missing = set()  # there under their former names only
        self.banned = set()
        self.draw = random.Random()
        self.stop_seconds = 0.005
        self.found = {"killed while serving": 0, "killed while stopping": 0,
                      "came too late": 0, "a file half written": 0,
                      "a file under its former name only": 0}

    def ban(self, node, address):
        """Something to save, and never to be lost once it is answered."""
        node.rpc("setban", address, "add")
        self.banned.add(address + "/32")

    def run_once(self, number):
        """One start, and one end that is no stop."""
        # Without a swarm it dials strangers, with one its own peers: either is churn.
        more = ["--swarm", str(SWARM)] if number % 2 else []
        # By an ordered stop, or by one of the saves on a timer, which a ban after the
        # other gives a reason.
        stopping = number % 4 >= 2
        if not stopping:
            more += ["--save-interval", str(SAVE_SECONDS)]
        with Node(*more, "--data-dir", self.data) as node:
            began = time.monotonic()
            before = self.saves()
            self.assertEqual({x["address"] for x in node.rpc("listbanned")}, self.banned)
            self.ban(node, f"127.9.{number // 250}.{1 + number % 250}")
            alive = self.draw.uniform(0, 0.3)
            time.sleep(max(0, began + alive - time.monotonic()))
            if not stopping:
                wait_until(lambda: self.saves() != before, what="a save on the timer")
                self.ban(node, f"127.10.{number // 250}.{1 + number % 250}")
                time.sleep(self.draw.uniform(0, 2 * SAVE_SECONDS))
            else:
                began = time.monotonic()
                node.send_signal(signal.SIGTERM)
                # Not by sleep alone, which is late by as much as a save takes.
                until = began + self.draw.uniform(0, self.stop_seconds)
                while time.monotonic() < until:
                    pass
            status = node.kill()
            log = node.log()
        if status == -signal.SIGKILL:
            self.found["killed while " + ("stopping" if stopping else "serving")] += 1
        else:
            self.assertEqual(status, 0, log)
            self.found["came too late"] += 1
        return log

    def saves(self):
        """Something else after every save of a ban."""
        return which_save(self.place / "standing.json")

    def measure_stop(self):
        with Node("--data-dir", self.data) as node:
            self.ban(node, "127.9.9.9")
            self.stop_seconds = node.stop()

    def check_files(self):
        names = set(os.listdir(self.place))
        self.assertFalse([x for x in names if ".damaged-" in x or ".newer-" in x], names)
        self.missing = set()
        for name, kind in FILES.items():
            self.found["a file half written"] += name + ".new" in names
            previous = name + ".previous"
            if previous in names:  # every one that exists
                body_of(self.place / previous, kind)
                self.saved.add(name)
            if name in names:
                body = body_of(self.place / name, kind)
                self.saved.add(name)
            elif previous in names:
                self.found["a file under its former name only"] += 1
                self.missing.add(name)
                body = body_of(self.place / previous, kind)
            else:
                self.assertNotIn(name, self.saved, "a save was lost")
                continue
            if name == "addresses.json":
                # A book that begins anew would be complete, too.
                self.assertGreater(len(body["addresses"]), ADDRESSES * 8 // 10)

    def check_log(self, log, missing):
        """The log of a start about its files, `missing` of which had a former name only."""
        self.assertNotRegex(log, r"set aside|does not match|cannot save|left out")
        for line in re.findall(r"^.* (?:warning|error|critical) .*$", log, re.MULTILINE):
            name = re.search(r"/([a-z]+\.json) is missing, as after a crash", line)
            self.assertTrue("does not exist yet" in line or (name and name[1] in missing),
                            line)

    def test_killed_again_and_again(self):
        self.measure_stop()
        self.check_files()
        began = time.monotonic()
        number, killed = 0, 0
        while killed < KILLS and time.monotonic() < began + 85:
            number += 1
            missing = self.missing
            self.check_log(self.run_once(number), missing)
            self.check_files()
            killed = self.found["killed while serving"] + self.found["killed while stopping"]
        seconds = time.monotonic() - began
        print(f"\n{killed} kills in {number} runs, {seconds:.0f} s, "
              f"a stop takes {1000 * self.stop_seconds:.1f} ms: {self.found}")
        # On a slow machine fewer than it wants, but not so few that they show nothing.
        self.assertGreaterEqual(killed, KILLS // 4)
        self.assertEqual(self.saved, set(FILES), "something was never saved")
        # An ordered run goes on from any leftover files.
        with Node("--data-dir", self.data) as node:
            node.stop()
            self.assertEqual(list(self.place.glob("*.new")), [])


if __name__ == "__main__":
    unittest.main()
