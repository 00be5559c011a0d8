#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The executable with a swarm of peers in its own process."""

import unittest

from cases import ask
from peerage_harness import Node


class Swarm(unittest.TestCase):
    def test_all_of_24_get_ready_and_leave_nothing_behind(self):
        with Node("--swarm", "24", "--log-level", "warning") as node:
            node.wait_for({"peers_ready": 24}, timeout=20)
            self.assertEqual(node.get("/status")["peers"], {"total": 24, "ready": 24, "unready": 0,
                                                           "inbound": 0, "outbound": 24})
            self.assertEqual(ask(node, "/health")[0], 200)
            peers = node.get("/peers")
            self.assertEqual(len({peer["address"] for peer in peers}), 24)
            for peer in peers:
                self.assertTrue(peer["address"].startswith("127.1.0."), peer["address"])
                self.assertEqual(peer["direction"], "outbound")
                self.assertRegex(peer["user_agent"], r"^/peerage-swarm:[0-9.]+/$")
                self.assertEqual(peer["ignored"], {})
                self.assertGreater(peer["start_height"], 0)
                self.assertEqual(node.get(f"/peers/{peer['id']}")["id"], peer["id"])
            # A measured ping: whatever the two had to say first has been said and taken.
            for peer in peers:
                node.request(peer["id"], "measure_latency")
            self.assertTrue(all(peer["ping"] for peer in node.get("/peers")))
            found = node.get("/status")
            self.assertEqual((found["peers"]["ready"], found["exits"]), (24, {}))
            node.stop()
            self.assertEqual(node.log(), "", "nothing worth a warning")

    def test_two_at_once(self):
        """The second finds the usual addresses taken and uses others."""
        with Node("--swarm", "5") as first, Node("--swarm", "5") as second:
            for node in (first, second):
                node.wait_for({"peers_ready": 5}, timeout=20)

    def test_a_large_one_starts_fast(self):
        """More than the usual limit of peers, and without a pause between dials: with the
        usual one of 100 ms, they would take 40 s."""
        with Node("--swarm", "400", "--log-level", "warning") as node:
            node.wait_for({"peers_ready": 400}, timeout=20)
            node.stop()

    def test_swarm_and_connect(self):
        with Node() as other, Node("--swarm", "3", "--connect", other.p2p,
                                   "--seed", "7") as node:
            node.wait_for({"peers_ready": 4}, timeout=20)
            other.wait_for({"peers_ready": 1}, timeout=20)
            self.assertEqual(other.get("/status")["peers"]["inbound"], 1)


if __name__ == "__main__":
    unittest.main()
