#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several nodes of the harness, and the connections between them."""

import contextlib
import io
import time
import unittest

from peerage_harness import HarnessError, Node, NotStarted, RpcError, Topology, line, mesh, ring


def ready(topology):
    return [node.get("/status")["peers"]["ready"] for node in topology]


class Connect(unittest.TestCase):
    def test_both_ends_are_ready(self):
        with Node() as a, Node() as b:
            for _ in range(10):
                peer = a.connect_to(b)
                self.assertEqual(a.get(f"/peers/{peer}")["state"], "ready")
                self.assertEqual([x["state"] for x in b.get("/peers")], ["ready"])
                self.assertEqual(a.connect_to(b), peer)
                self.assertEqual(a.find_peer(b.p2p)["id"], peer)
                there = b.find_peer(a.find_peer(b.p2p)["addrbind"])
                a.rpc("addnode", b.p2p, "remove")
                a.rpc("disconnectnode", b.p2p)
                b.wait_for({"peer_gone": {"id": there["id"]}})
                self.assertIsNone(a.find_peer(b.p2p))

    def test_the_other_end_is_asked(self):
        with Node() as a, Node() as b:
            asked = []

            class Other:  # pylint: disable=too-few-public-methods
                """Is late: at first its end is not ready."""
                p2p = b.p2p

                @staticmethod
                def wait_for(condition, timeout):
                    asked.append(condition)
                    if len(asked) == 1:
                        raise RpcError(-110, "late")
                    return b.wait_for(condition, timeout)

            a.connect_to(Other)
            end = {"peer": {"address": a.find_peer(b.p2p)["addrbind"]}}
            self.assertEqual(asked, [end, end])

    def test_who_takes_no_peers(self):
        with Node() as a, Node("--max-inbound", "0") as b:
            with self.assertRaises((RpcError, HarnessError)):
                a.connect_to(b, timeout=1)

    def test_restarted_where_it_was(self):
        with Node() as a, Node("--listen=127.0.0.1:0", "--status", "127.0.0.1:0") as b:
            before = b.p2p, b.urls
            first = a.connect_to(b)
            for end in (b.stop, b.kill):
                end()
                b.restart(same_ports=True)
                self.assertEqual((b.p2p, b.urls), before)
                again = a.wait_for({"peer": {"address": b.p2p}})["id"]
                self.assertGreater(again, first)
                first = again
            b.stop()
            place = b.p2p
            with Node("--listen", place), self.assertRaisesRegex(NotStarted, place):
                b.restart(same_ports=True)

    def test_restarted_with_nothing_to_listen_on(self):
        with Node("--listen", "none") as a:
            a.stop()
            a.restart(same_ports=True)
            self.assertEqual(a.ready["p2p"], [])


class Shapes(unittest.TestCase):
    def test_shapes(self):
        for shape, count, peers in ((line, 1, [0]), (line, 4, [1, 2, 2, 1]),
                                    (ring, 4, [2, 2, 2, 2]), (mesh, 4, [3, 3, 3, 3])):
            with self.subTest(shape=shape.__name__, count=count), shape(count) as topology:
                self.assertEqual(ready(topology), peers)
                self.assertEqual(len(topology), count)
                self.assertEqual(list(topology), topology.nodes)
                self.assertEqual(len(topology.edges()), sum(peers) // 2)
        with self.assertRaisesRegex(ValueError, "three"):
            ring(2)

    def test_any_edges_and_options(self):
        with Topology(3, "--max-inbound", "5", edges=[(0, 2)]) as (a, b, c):
            self.assertEqual(ready((a, b, c)), [1, 0, 1])
            b.connect_to(c)
            self.assertEqual(ready((a, b, c)), [1, 1, 2])

    def test_a_node_that_does_not_start_ends_the_others(self):
        with self.assertRaises(HarnessError), contextlib.redirect_stderr(io.StringIO()):
            line(2, "--nonsense")

    def test_split_and_heal(self):
        with ring(4) as topology:
            a, b, c, d = topology
            topology.split([a, b], [c, d])
            self.assertEqual(ready(topology), [1, 1, 1, 1])
            # It lasts: the first pause of a dial is a second.
            with a.events(types=["peer_ready"], timeout=1.5) as events, \
                    self.assertRaises(TimeoutError):
                next(events)
            self.assertEqual(ready(topology), [1, 1, 1, 1])
            topology.split([0], [1], [2], [3])
            self.assertEqual(ready(topology), [0, 0, 0, 0])
            began = time.monotonic()
            topology.heal()
            self.assertEqual(ready(topology), [2, 2, 2, 2])
            self.assertLess(time.monotonic() - began, 10)
            topology.heal()  # what is whole
            # Who is in no group is with the others of these.
            topology.split([b])
            self.assertEqual(ready(topology), [1, 0, 1, 2])
            topology.heal()
            self.assertEqual(ready(topology), [2, 2, 2, 2])

    def test_connections_of_the_tests_own_are_split_too(self):
        with Topology(2) as (a, b):
            with Node("--add-peer", a.p2p, "--max-outbound", "0") as c:
                c.wait_for({"peers_ready": 1})
                b.connect_to(a)
                three = Topology(0)
                three.nodes = [a, b, c]
                three.split([a], [b, c])
                self.assertEqual(ready(three), [0, 0, 0])
                three.heal()
                self.assertEqual(ready(three), [2, 1, 1])

    def test_sync(self):
        with line(3) as topology:
            topology.sync()
            topology.sync(peers_ready=1)
            with self.assertRaises(RpcError) as caught:
                topology.sync(peers_ready=2, timeout=0.2)
            self.assertEqual(caught.exception.code, -110)
            middle = topology[1]
            middle.stop()
            self.assertEqual(len(topology.edges()), 1)
            middle.restart(same_ports=True)
            topology.sync()
            self.assertEqual(ready(topology), [1, 2, 1])

    def test_split_while_one_is_down(self):
        with line(3) as topology:
            topology[1].kill()
            topology.split([0], [1, 2])
            topology[1].restart(same_ports=True)
            topology.sync()
            self.assertEqual(ready(topology), [0, 1, 1])
            topology.heal()
            self.assertEqual(ready(topology), [1, 2, 1])


if __name__ == "__main__":
    unittest.main()
