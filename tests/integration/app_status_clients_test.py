#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The status socket's clients: many, slow, deaf; and the file that a Unix socket is."""

import contextlib
import json
import select
import socket
import threading
import time
import unittest
from contextlib import ExitStack
from http.client import HTTPConnection

from cases import FolderCase, ask, wait_until
from peerage_harness import Node, NotStarted, Peer, connect
from process import open_descriptors, settled_descriptors, threads
from raw_http import read_to_end, status_of
from websocket import Refused, WebSocket

CONNECTION_LIMIT = 64
STREAM_LIMIT = 64
REQUEST_SECONDS = 10


class StatusLoad(FolderCase):
    """Tests that would disturb the others of status: a node for each."""

    def test_a_flood_of_connections(self):
        """Idle ones make room for each other: it is closed without growing anything."""
        unix = f"unix:{self.folder}/status.sock"
        with Node("--status", "127.0.0.1:0", "--status", unix) as node:
            tcp = node.urls[0]
            node.get("/status")
            before = settled_descriptors(node.pid)
            held = [connect(tcp, timeout=5) for _ in range(CONNECTION_LIMIT)]
            try:
                wait_until(lambda: open_descriptors(node.pid) >= before + CONNECTION_LIMIT,
                           what="accepting them")
                # A request finds a place, at any address.
                for url in node.urls:
                    self.assertEqual(ask(node, "/status", url=url)[0], 200)
                self.assertEqual(read_to_end(held[0]), b"")
                # The connected ones are served.
                held[-1].sendall(b"GET /peers HTTP/1.1\r\nHost: localhost\r\n"
                                 b"Connection: close\r\n\r\n")
                self.assertEqual(status_of(read_to_end(held[-1])), 200)
                flood = [connect(tcp, timeout=5) for _ in range(300)]
                held += flood
                wait_until(lambda: len(has_ended_or_speaks(flood)) >=
                           len(flood) - CONNECTION_LIMIT, what="closing the first of them")
                self.assertLess(open_descriptors(node.pid), before + CONNECTION_LIMIT + 40)
                answers = [read_to_end(client) for client in has_ended_or_speaks(flood)]
                self.assertEqual(set(answers), {b""})
            finally:
                for client in held:
                    client.close()
            wait_until(lambda: open_descriptors(node.pid) <= before, what="closing them")

    def test_pollers_beside_event_streams(self):
        """50 that ask and 20 that follow are more than 64, and all are served."""
        with Node("--swarm", "8") as node, ExitStack() as stack:
            node.wait_for({"peers_ready": 8}, timeout=20)
            url = node.urls[0]
            streams = [stack.enter_context(WebSocket(url, "/events?from=1", timeout=10))
                       for _ in range(20)]
            pollers = [HTTPConnection(url.removeprefix("http://"), timeout=10)
                       for _ in range(50)]
            for poller in pollers:
                stack.callback(poller.close)
            for path, holds in (("/status", lambda x: x["peers"]["total"] == 8),
                                ("/peers", lambda x: len(x) == 8)):
                for poller in pollers:  # all of them before anyone reads
                    poller.request("GET", path)
                for poller in pollers:
                    answer = poller.getresponse()
                    self.assertEqual(answer.status, 200)
                    self.assertTrue(holds(json.loads(answer.read())))
            for stream in streams:
                self.assertEqual(stream.receive()["seq"], 1)

    def test_the_65th_event_stream(self):
        with Node() as node, ExitStack() as stack:
            url = node.urls[0]
            streams = [stack.enter_context(WebSocket(url, "/events", timeout=10))
                       for _ in range(STREAM_LIMIT)]
            with self.assertRaises(Refused) as refused:
                WebSocket(url, "/events", timeout=10)
            self.assertEqual(refused.exception.status, 503)
            self.assertIn(b"event streams", refused.exception.body)
            self.assertEqual(ask(node, "/status")[0], 200, "requests have their own places")
            streams.pop().socket.close()

            def is_let_in():
                try:
                    stack.enter_context(WebSocket(url, "/events", timeout=10))
                    return True
                except Refused:
                    return False
            wait_until(is_let_in, what="a place after one is gone")

    def test_a_read_sees_what_was_true_before_it(self):
        """However many read at the same time and share what they get."""
        with Node() as node, ExitStack() as stack:
            stop = threading.Event()

            def poll():
                while not stop.is_set():
                    node.get("/peers")

            pollers = [threading.Thread(target=poll) for _ in range(8)]
            for poller in pollers:
                poller.start()
                stack.callback(poller.join)
            stack.callback(stop.set)  # before they are joined
            for number in range(20):
                with Peer(node, source=f"127.50.{number}.1").handshake():
                    node.wait_for({"peers_ready": 1}, timeout=10)
                    found = node.get("/peers")
                    self.assertEqual([x["state"] for x in found], ["ready"])
                node.wait_for({"peer_gone": {"id": found[0]["id"]}}, timeout=10)
                self.assertEqual(node.get("/peers"), [])

    def test_slow_clients(self):
        with Node() as node:
            node.get("/status")
            before = settled_descriptors(node.pid)
            # One sends half a request and stops, one nothing, one a byte a second.
            half = connect(node.urls[0], timeout=30)
            half.sendall(b"GET /status HT")
            idle = connect(node.urls[0], timeout=30)
            dripping = connect(node.urls[0], timeout=30)
            began = time.monotonic()
            ends = {}

            def drip():
                try:
                    for byte in b"GET /" + b"a" * 100:
                        dripping.sendall(bytes([byte]))
                        time.sleep(0.5)
                except OSError:
                    ends["dripping"] = time.monotonic() - began

            def listen(name, client):
                self.assertEqual(read_to_end(client), b"")
                ends[name] = time.monotonic() - began

            clients = [threading.Thread(target=drip),
                       threading.Thread(target=listen, args=("half", half)),
                       threading.Thread(target=listen, args=("idle", idle))]
            for client in clients:
                client.start()
            while any(client.is_alive() for client in clients):
                asked = time.monotonic()
                self.assertEqual(ask(node, "/status")[0], 200)
                self.assertLess(time.monotonic() - asked, 1)
                time.sleep(0.1)
            for client in (half, idle, dripping):
                client.close()
            self.assertEqual(sorted(ends), ["dripping", "half", "idle"])
            for name, seconds in ends.items():
                self.assertGreater(seconds, REQUEST_SECONDS - 1, name)
                self.assertLess(seconds, REQUEST_SECONDS + 3, name)
            wait_until(lambda: open_descriptors(node.pid) <= before, what="closing them")

    def test_clients_that_do_not_read(self):
        with Node("--swarm", "24") as node:
            node.wait_for({"peers_ready": 24}, timeout=20)
            ask = b"GET /peers HTTP/1.1\r\nHost: localhost\r\n\r\n"
            deaf = []
            for _ in range(20):
                client = connect(node.urls[0], timeout=5, receive_buffer=4096)
                client.setblocking(False)
                deaf.append(client)
                try:
                    for _ in range(2000):  # many answers of 15 kB, none of them read
                        client.send(ask)
                except BlockingIOError:
                    pass
            for _ in range(20):
                asked = time.monotonic()
                self.assertEqual(len(node.get("/peers")), 24)
                self.assertLess(time.monotonic() - asked, 1)
            node.stop()
            for client in deaf:
                client.close()

    def test_many_requests_leave_nothing_behind(self):
        with Node() as node:
            for _ in range(20):
                node.get("/status")
            descriptors, at_first = settled_descriptors(node.pid), threads(node.pid)
            actors = node.get("/status")["actors"]
            for _ in range(300):
                node.get("/status")
            wait_until(lambda: open_descriptors(node.pid) <= descriptors, what="closing them")
            self.assertEqual(threads(node.pid), at_first)
            self.assertEqual(node.get("/status")["actors"], actors)


def has_ended_or_speaks(clients):
    return select.select(clients, [], [], 0)[0]


class UnixSocket(FolderCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "status.sock"
        self.option = ("--status", f"unix:{self.path}")

    def test_removed_at_stop(self):
        with Node(*self.option) as node:
            self.assertEqual(ask(node, "/peers"), (200, []))
            node.stop()
            self.assertFalse(self.path.exists())

    def test_left_by_a_dead_process(self):
        with Node(*self.option) as node:
            for _ in range(2):
                self.assertEqual(ask(node, "/peers"), (200, []))
                node.kill()
                self.assertTrue(self.path.exists())
                node.restart()

    def test_in_use(self):
        with Node(*self.option) as node:
            with self.assertRaisesRegex(NotStarted,
                                        "exit status 2:\npeerage: .*another process"):
                Node(*self.option)
            self.assertEqual(ask(node, "/peers"), (200, []))

    def test_in_use_by_who_accepts_nobody(self):
        with socket.socket(socket.AF_UNIX) as listener, contextlib.ExitStack() as waiting:
            listener.bind(str(self.path))
            listener.listen(0)
            full = False
            while not full:  # a few places, by the kernel's choice
                client = waiting.enter_context(socket.socket(socket.AF_UNIX))
                client.setblocking(False)
                full = client.connect_ex(str(self.path)) != 0
            with self.assertRaisesRegex(NotStarted,
                                        "exit status 2:\npeerage: .*another process"):
                Node(*self.option)
            self.assertTrue(self.path.exists())

    def test_somebody_elses_file_is_left_alone(self):
        self.path.write_text("precious")
        with self.assertRaisesRegex(NotStarted, "exit status 2:\npeerage: .*no socket"):
            Node(*self.option)
        self.assertEqual(self.path.read_text(), "precious")

    def test_replaced_while_running(self):
        """At stop, only the file that is still ours is removed."""
        with Node(*self.option) as node:
            self.path.unlink()
            self.path.write_text("precious")
            node.stop()
            self.assertEqual(self.path.read_text(), "precious")


if __name__ == "__main__":
    unittest.main()
