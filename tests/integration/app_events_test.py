#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The event stream: its order and its gaps, for readers fast, slow or deaf."""

import base64
import itertools
import json
import os
import time
import unittest

from cases import FolderCase, NodeCase, ask, wait_until
from peerage_harness import Node, Peer, connect
from process import resident_bytes
from websocket import PING, PONG, TEXT, Closed, Refused, WebSocket

HISTORY = 10_000  # events that a node remembers


hosts = itertools.count()


def knock(node, times=1):
    """Connections that say nothing, each from another host: else they are merged."""
    for _ in range(times):
        host = next(hosts) % 60_000
        connect(node.p2p, source=f"127.9.{host // 250}.{host % 250 + 1}").close()


def next_seq(node):
    return node.get("/status")["events"]["next"]


def make_events(node, count):
    """Until at least so many more have happened."""
    until = next_seq(node) + count
    while (missing := until - next_seq(node)) > 0:
        knock(node, max(1, missing // 2))
    return next_seq(node)


def dial_and_fail(node, count):
    """At least so many events of ours, which are never merged: each dial makes two."""
    until = next_seq(node) + count
    token = base64.b64encode(node.cookie.encode()).decode()
    while (missing := until - next_seq(node)) > 0:
        calls = []
        for _ in range(min(missing // 2 + 1, 1_000)):
            host = next(hosts) % 60_000
            address = f"127.9.{host // 250}.{host % 250 + 1}:1"
            calls.append({"method": "addnode", "params": [address, "onetry"]})
        node.http("POST", "/", json.dumps(calls), {"Authorization": "Basic " + token},
                  timeout=30)
    return next_seq(node)


class Events(NodeCase):
    options = ("--log-level", "error")

    def assert_without_holes(self, events):
        numbers = [event["seq"] for event in events]
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_from_the_first_event_on(self):
        with WebSocket(self.tcp, "/events?from=1") as stream:
            first = stream.receive()
            self.assertEqual((first["seq"], first["type"]), (1, "node_started"))
            self.assertLess(abs(first["time"] - time.time()), 300)
            until = make_events(self.node, 300)
            events = [first, *stream.receive_until(lambda x: x["seq"] == until - 1)]
            self.assert_without_holes(events)
            times = [event["time"] for event in events]
            self.assertEqual(times, sorted(times))

    def test_only_what_happens_from_now_on(self):
        for url in self.node.urls:
            before = make_events(self.node, 2)
            with WebSocket(url, "/events") as stream:
                while stream.silent(0.1):
                    knock(self.node)
                self.assertGreaterEqual(stream.receive()["seq"], before)

    def test_resuming_loses_and_repeats_nothing(self):
        with WebSocket(self.tcp, "/events?from=1") as stream:
            last = stream.receive()["seq"]
        until = make_events(self.node, 20)
        with WebSocket(self.unix, f"/events?from={last + 1}") as stream:
            events = stream.receive_until(lambda x: x["seq"] == until - 1)
            self.assertEqual(events[0]["seq"], last + 1)
            self.assert_without_holes(events)

    def test_types(self):
        make_events(self.node, 4)
        for types in ("connection_accepted,handshake_failed",
                      "connection_accepted%2Chandshake_failed"):
            with WebSocket(self.tcp, f"/events?types={types}&from=1") as stream:
                found = {stream.receive()["type"] for _ in range(4)}
            self.assertLessEqual(found, {"connection_accepted", "handshake_failed"})
        # Of old ones, and of those that happen meanwhile.
        with WebSocket(self.tcp, "/events?from=1&types=handshake_failed") as stream:
            until = make_events(self.node, 20)
            for event in stream.receive_until(lambda x: x["seq"] >= until - 5):
                self.assertEqual(event["type"], "handshake_failed")
                self.assertEqual(event["direction"], "inbound")

    def test_announcements_of_one_peer_do_not_wash_out_the_rest(self):
        with Peer(self.node).handshake() as peer:
            blocks = [{"type": "block", "hash": os.urandom(32).hex()} for _ in range(9)]
            messages = 3_000
            for _ in range(messages):
                peer.send("inv", entries=blocks)
            with WebSocket(self.tcp, "/events?from=1") as stream:
                first = stream.receive()
                self.assertEqual((first["seq"], first["type"]), (1, "node_started"))
                told = []
                while sum(x.get("count", 1) for x in told) < 9 * messages:
                    event = stream.receive()
                    if event["type"] == "block_announced":
                        told.append(event)
                self.assertEqual(sum(x.get("count", 1) for x in told), 9 * messages)
                self.assertEqual({x["peer"] for x in told}, {told[0]["peer"]})
                span = told[-1]["time"] - told[0]["time"]
                self.assertLess(len(told), 10 + span + 3)
            why = self.node.rpc("why", told[0]["peer"])["history"]
            self.assertIn("peer_ready", [x["type"] for x in why])

    def test_a_number_of_another_run(self):
        with WebSocket(self.tcp, "/events?from=1000000000") as stream:
            self.assertEqual(stream.receive(),
                             {"type": "gap", "from": 1, "to": 0, "reset": True})
            first = stream.receive()
            self.assertEqual(first["seq"], self.node.get("/status")["events"]["first"])

    def test_the_next_number_is_no_gap(self):
        with WebSocket(self.tcp, f"/events?from={next_seq(self.node)}") as stream:
            self.assertTrue(stream.silent(0.2))

    def test_what_is_asked_wrongly(self):
        for query in ("from=0", "from=-1", "from=x", "from=", "from=1x", "types=",
                      "types=nothing", "types=peer_ready,x", "since=1", "from=%", "from=%zz",
                      "from=99999999999999999999"):
            with self.assertRaises(Refused, msg=query) as caught:
                WebSocket(self.tcp, f"/events?{query}")
            self.assertEqual(caught.exception.status, 400, query)
            self.assertEqual(list(json.loads(caught.exception.body)), ["error"])

    def test_elsewhere(self):
        with self.assertRaises(Refused) as caught:
            WebSocket(self.tcp, "/status")
        self.assertEqual(caught.exception.status, 200)

    def test_pages_of_others(self):
        host = "localhost:" + self.tcp.rsplit(":", 1)[1]
        WebSocket(self.tcp, "/events",
                  {"Host": host, "Origin": f"http://{host}"}).socket.close()
        for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"},
                        {"Host": host, "Origin": "http://localhost:1"},
                        {"Origin": "null"}, {"Origin": ""}):
            with self.assertRaises(Refused, msg=headers) as caught:
                WebSocket(self.tcp, "/events", headers)
            self.assertEqual(caught.exception.status, 403, headers)

    def test_what_a_reader_says_is_ignored(self):
        with WebSocket(self.tcp, "/events") as stream:
            stream.send(TEXT, b"x" * 4096)
            stream.send(PING, b"still there?")
            self.assertEqual(stream.frame(), (PONG, b"still there?"))
            stream.send(TEXT, b"x" * 4097)
            with self.assertRaises(Closed) as caught:
                stream.receive()
            self.assertEqual(caught.exception.code, 1009)

    def test_streams_are_counted_as_connections(self):
        open_streams = []
        try:
            with self.assertRaises(Refused) as caught:
                for _ in range(65):
                    open_streams.append(WebSocket(self.tcp, "/events"))
            self.assertEqual((caught.exception.status, len(open_streams)), (503, 64))
        finally:
            for stream in open_streams:
                stream.socket.close()
        wait_until(lambda: ask(self.node, "/status")[0] == 200, what="room again")


class Slow(unittest.TestCase):
    def test_who_does_not_read_costs_little_and_gets_a_gap(self):
        with Node("--log-level", "error") as node, \
                WebSocket(node.urls[0], "/events?from=1", receive_buffer=4096) as slow, \
                WebSocket(node.urls[0], "/events?from=1") as quick:
            dial_and_fail(node, 1_000)
            before = resident_bytes(node.pid)
            until = 0
            # Beyond the kernel's buffers for it, and the node's history.
            while until < HISTORY + 4_000:
                until = dial_and_fail(node, 1_000)
                events = quick.receive_until(lambda x, last=until - 1: x["seq"] >= last)
                self.assert_without_holes(events)
            self.assertLess(resident_bytes(node.pid) - before, 32 << 20)

            first = node.get("/status")["events"]["first"]
            with WebSocket(node.urls[0], "/events?from=1") as late:
                gap = late.receive()
                self.assertEqual((gap["type"], gap["from"]), ("gap", 1))
                self.assertGreaterEqual(gap["to"], first - 1)
                self.assertEqual(late.receive()["seq"], gap["to"] + 1)

            last = next_seq(node) - 1
            seen, gaps = 0, []
            while seen < last:
                event = slow.receive()
                if event["type"] == "gap":
                    gaps.append(event)
                    self.assertEqual(event["from"], seen + 1)
                    seen = event["to"]
                else:
                    seen += 1
                    self.assertEqual(event["seq"], seen)
            self.assertEqual(len(gaps), 1)

    assert_without_holes = Events.assert_without_holes


class End(FolderCase):
    def test_the_node_stops(self):
        unix = f"unix:{self.folder}/status.sock"
        with Node("--status", "127.0.0.1:0", "--status", unix, "--swarm", "3") as node, \
                WebSocket(node.urls[0], "/events?from=1") as tcp, \
                WebSocket(unix, "/events?from=1") as local:
            streams = (tcp, local)
            for stream in streams:
                stream.receive_until(lambda x: x["type"] == "peer_ready")
            node.stop()
            for stream in streams:
                stream.receive_until(lambda x: x["type"] == "node_stopping")
                with self.assertRaises(Closed) as caught:
                    while True:
                        self.assertEqual(stream.receive()["type"], "peer_left")
                self.assertEqual(caught.exception.code, 1001)


if __name__ == "__main__":
    unittest.main()
