#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that wait for a peer, and waits for a peer whose dial fails."""

import concurrent.futures
import socket
import time
import unittest

from peerage_harness import Node, RpcError

NOBODY = "127.9.9.9:1"  # refused at once


def a_free_place():
    """An address where nothing listens, and a node may."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


class Waiting(unittest.TestCase):
    def setUp(self):
        super().setUp()
        self.pool = self.enterContext(concurrent.futures.ThreadPoolExecutor())

    def fails(self, code, call, *arguments, **named):
        """The error, and the seconds until it came."""
        began = time.monotonic()
        with self.assertRaises(RpcError) as raised:
            call(*arguments, **named)
        self.assertEqual(raised.exception.code, code, raised.exception)
        return raised.exception, time.monotonic() - began

    def test_a_request_before_there_is_a_peer(self):
        with Node() as node:
            latency = self.pool.submit(node.request, "any", "measure_latency")
            pushed = self.pool.submit(node.request, "any", "announce_block", hash="11" * 32)
            self.fails(-106, node.request, "any", "get_headers", wait_for_peer=False)
            self.assertFalse(latency.done() or pushed.done())
            with Node("--connect", node.p2p):
                self.assertGreater(latency.result(20)["round_trip"], 0)
                self.assertIsNone(pushed.result(20))

    def test_it_ends_at_its_deadline(self):
        with Node() as node:
            _, seconds = self.fails(-106, node.request, "any", "measure_latency", timeout=0.5)
            self.assertGreaterEqual(seconds, 0.5)
            _, seconds = self.fails(-106, node.request, "any", "announce_block",
                                    hash="11" * 32, timeout=0.5)
            self.assertGreaterEqual(seconds, 0.5)
            self.fails(-3, node.request, "any", "measure_latency", wait_for_peer=1)
            self.fails(-8, node.rpc, "request", {"type": "measure_latency", "wait_for_peer": 1})

    def test_a_stop_answers_it(self):
        with Node() as node:
            waits = self.pool.submit(self.fails, -107, node.request, "any", "measure_latency")
            # Another one that has come to the set shows that the first has, too.
            self.fails(-106, node.request, "any", "measure_latency", timeout=0.2)
            node.stop()
            waits.result(10)

    def test_a_dial_that_has_failed(self):
        with Node() as node:
            node.rpc("addnode", NOBODY, "onetry")
            problem, seconds = self.fails(-111, node.wait_for, {"peer": {"address": NOBODY}},
                                          timeout=30)
            self.assertLess(seconds, 10)
            self.assertEqual(problem.data["reason"], "connect_refused")
            self.assertIn("connect_refused", problem.message)

    def test_a_dial_that_fails_meanwhile(self):
        with Node() as node, socket.create_server(("127.0.0.1", 0)) as silent:
            place = "%s:%d" % silent.getsockname()
            node.rpc("addnode", place, "onetry")
            remote, _ = silent.accept()
            waits = self.pool.submit(self.fails, -111, node.wait_for,
                                     {"peer": {"address": place, "state": "connected"}},
                                     timeout=30)
            # A wait for another peer is not over.
            self.fails(-110, node.wait_for, {"peer": {"address": "127.0.0.1"}}, timeout=0.2)
            self.assertFalse(waits.done())
            self.assertTrue(remote.recv(65536))  # unread bytes would make it a reset
            remote.close()
            problem, seconds = waits.result(10)
            self.assertLess(seconds, 10)
            self.assertEqual(problem.data["reason"], "remote_closed")

    def test_a_peer_that_is_dialed_again(self):
        place = a_free_place()
        with Node() as node:
            node.rpc("addnode", place, "add")
            node.wait_for({"event": {"type": "dial_failed", "since": 1, "address": place}},
                          timeout=10)
            waits = self.pool.submit(node.wait_for, {"peer": {"address": place}}, timeout=30)
            with Node("--listen", place):
                self.assertEqual(waits.result(30)["address"], place)
        with Node() as node:
            node.rpc("addnode", NOBODY, "add")
            # The second dial comes after a second, or a little more.
            self.fails(-111, node.wait_for, {"peer": {"address": NOBODY}}, timeout=0.9)


if __name__ == "__main__":
    unittest.main()
