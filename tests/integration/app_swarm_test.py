#!/usr/bin/env python3
"""The executable with a swarm of peers in its own process."""

import unittest

from node import STOP_SECONDS, FolderCase, Node, wait_until


class Swarm(FolderCase):
    def test_all_of_24_get_ready_and_leave_nothing_behind(self):
        with Node("--swarm", "24", "--log-level", "warning") as node:
            found = wait_until(
                lambda: (x := node.status())["peers"]["ready"] == 24 and x, 20, "24 peers")
            self.assertEqual(found["peers"], {"total": 24, "ready": 24, "unready": 0,
                                              "inbound": 0, "outbound": 24})
            self.assertEqual(node.get("/health")[0], 200)
            peers = node.get("/peers")[1]
            self.assertEqual(len({peer["address"] for peer in peers}), 24)
            for peer in peers:
                self.assertTrue(peer["address"].startswith("127.1.0."), peer["address"])
                self.assertEqual(peer["direction"], "outbound")
                self.assertRegex(peer["user_agent"], r"^/peerage-swarm:[0-9.]+/$")
                self.assertEqual(peer["ignored"], {})
                self.assertGreater(peer["start_height"], 0)
                self.assertEqual(node.get(f"/peers/{peer['id']}")[1]["id"], peer["id"])
            # A measured ping: whatever the two had to say first has been said and taken.
            wait_until(lambda: all(peer["ping"] for peer in node.get("/peers")[1]),
                       what="a ping of every peer")
            found = node.status()
            self.assertEqual((found["peers"]["ready"], found["exits"]), (24, {}))
            status, seconds = node.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, STOP_SECONDS)
            self.assertEqual(node.stderr(), "", "nothing worth a warning")

    def test_two_at_once(self):
        """The second finds the usual addresses taken and uses others."""
        with Node("--swarm", "5") as first, Node("--swarm", "5") as second:
            for node in (first, second):
                wait_until(lambda n=node: n.status()["peers"]["ready"] == 5, 20, "5 peers")

    def test_more_than_the_usual_limit(self):
        with Node("--swarm", "60", "--log-level", "warning") as node:
            wait_until(lambda: node.status()["peers"]["ready"] == 60, 20, "60 peers")
            self.assertEqual(node.stop()[0], 0)

    def test_swarm_and_connect(self):
        with Node() as other, Node("--swarm", "3", "--connect", "%s:%d" % other.p2p,
                                   "--seed", "7") as node:
            wait_until(lambda: node.status()["peers"]["ready"] == 4, 20, "4 peers")
            wait_until(lambda: other.status()["peers"]["inbound"] == 1, 20, "the inbound one")


if __name__ == "__main__":
    unittest.main()
