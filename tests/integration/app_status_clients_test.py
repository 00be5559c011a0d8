#!/usr/bin/env python3
"""The status socket's clients: many, slow, deaf; and the file that a Unix socket is."""

import os
import pathlib
import select
import socket
import threading
import time
import unittest

from node import STOP_SECONDS, FolderCase, Node, NotReady, wait_until
from raw_http import http_exchange, json_of, read_to_end, status_of

CONNECTION_LIMIT = 64
REQUEST_SECONDS = 10


class StatusLoad(FolderCase):
    """What would disturb the other tests of status: a node for each."""

    def test_the_65th_connection(self):
        unix = str(self.folder / "status.sock")
        with Node("--status", f"unix:{unix}") as node:
            node.status()
            before = node.settled_descriptors()
            held = [socket.create_connection(node.http, timeout=5)
                    for _ in range(CONNECTION_LIMIT)]
            try:
                wait_until(lambda: node.open_descriptors() >= before + CONNECTION_LIMIT,
                           what="accepting them")
                # Over all addresses, and before anything is asked.
                for address in (node.http, unix):
                    answer = http_exchange(address, b"")
                    self.assertEqual(status_of(answer), 503)
                    self.assertIn("error", json_of(answer))
                held.pop().close()
                wait_until(lambda: node.request("/status")[0] == 200,
                           what="a free place after one is gone")
                # Those that were there first are served.
                held[0].sendall(b"GET /peers HTTP/1.1\r\nHost: localhost\r\n"
                                b"Connection: close\r\n\r\n")
                self.assertEqual(status_of(read_to_end(held[0])), 200)
                # A flood beyond the limit is closed without growing anything.
                flood = [socket.create_connection(node.http, timeout=5) for _ in range(300)]
                held += flood
                # Two places are free: of the one closed above, and of the one served.
                wait_until(lambda: len(has_ended_or_speaks(flood)) >= len(flood) - 2,
                           what="refusing them")
                self.assertLess(node.open_descriptors(), before + CONNECTION_LIMIT + 40)
                answers = [read_to_end(client) for client in has_ended_or_speaks(flood)]
                self.assertEqual({status_of(answer) for answer in answers}, {None, 503})
                # A refusal takes a place of its own for a while; there are 16 of these.
                self.assertGreater(answers.count(b""), 200)
            finally:
                for client in held:
                    client.close()
            wait_until(lambda: node.request("/status")[0] == 200, what="service as before")
            wait_until(lambda: node.open_descriptors() <= before, what="closing them")

    def test_slow_clients(self):
        with Node() as node:
            node.status()
            before = node.settled_descriptors()
            # One sends half a request and stops, one nothing, one a byte a second.
            half = socket.create_connection(node.http)
            half.sendall(b"GET /status HT")
            idle = socket.create_connection(node.http)
            dripping = socket.create_connection(node.http)
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

            threads = [threading.Thread(target=drip),
                       threading.Thread(target=listen, args=("half", half)),
                       threading.Thread(target=listen, args=("idle", idle))]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                asked = time.monotonic()
                self.assertEqual(node.request("/status")[0], 200)
                self.assertLess(time.monotonic() - asked, 1)
                time.sleep(0.1)
            for client in (half, idle, dripping):
                client.close()
            self.assertEqual(sorted(ends), ["dripping", "half", "idle"])
            for name, seconds in ends.items():
                self.assertGreater(seconds, REQUEST_SECONDS - 1, name)
                self.assertLess(seconds, REQUEST_SECONDS + 3, name)
            wait_until(lambda: node.open_descriptors() <= before, what="closing them")

    def test_clients_that_do_not_read(self):
        with Node("--swarm", "24") as node:
            wait_until(lambda: node.status()["peers"]["ready"] == 24, 20, "24 peers")
            ask = b"GET /peers HTTP/1.1\r\nHost: localhost\r\n\r\n"
            deaf = []
            for _ in range(20):
                client = socket.socket()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(5)
                client.connect(node.http)
                client.setblocking(False)
                deaf.append(client)
                try:
                    for _ in range(2000):  # many answers of 15 kB, none of them read
                        client.send(ask)
                except BlockingIOError:
                    pass
            for _ in range(20):
                asked = time.monotonic()
                self.assertEqual(len(node.get("/peers")[1]), 24)
                self.assertLess(time.monotonic() - asked, 1)
            status, seconds = node.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, STOP_SECONDS)
            for client in deaf:
                client.close()

    def test_many_requests_leave_nothing_behind(self):
        with Node() as node:
            for _ in range(20):
                node.status()
            descriptors, threads = node.settled_descriptors(), node.threads()
            actors = node.status()["actors"]
            for _ in range(300):
                node.status()
            wait_until(lambda: node.open_descriptors() <= descriptors, what="closing them")
            self.assertEqual(node.threads(), threads)
            self.assertEqual(node.status()["actors"], actors)


def has_ended_or_speaks(clients):
    return select.select(clients, [], [], 0)[0]


class UnixSocket(FolderCase):
    def setUp(self):
        super().setUp()
        self.path = str(self.folder / "status.sock")

    def test_removed_at_stop(self):
        with Node(status=f"unix:{self.path}") as node:
            self.assertEqual(node.get("/peers", unix=self.path), (200, []))
            self.assertEqual(node.stop()[0], 0)
            self.assertFalse(os.path.exists(self.path))

    def test_left_by_a_dead_process(self):
        for _ in range(2):
            with Node(status=f"unix:{self.path}") as node:
                self.assertEqual(node.get("/peers", unix=self.path), (200, []))
                node.process.kill()
                node.process.wait()
            self.assertTrue(os.path.exists(self.path))

    def test_in_use(self):
        with Node(status=f"unix:{self.path}") as node:
            with self.assertRaisesRegex(NotReady, "ended with 2:\npeerage: .*another process"):
                Node(status=f"unix:{self.path}")
            self.assertEqual(node.get("/peers", unix=self.path), (200, []))

    def test_somebody_elses_file_is_left_alone(self):
        pathlib.Path(self.path).write_text("precious")
        with self.assertRaisesRegex(NotReady, "ended with 2:\npeerage: .*no socket"):
            Node(status=f"unix:{self.path}")
        self.assertEqual(pathlib.Path(self.path).read_text(), "precious")

    def test_replaced_while_running(self):
        """At stop, only the file that is still ours is removed."""
        with Node(status=f"unix:{self.path}") as node:
            os.unlink(self.path)
            pathlib.Path(self.path).write_text("precious")
            self.assertEqual(node.stop()[0], 0)
            self.assertEqual(pathlib.Path(self.path).read_text(), "precious")


if __name__ == "__main__":
    unittest.main()
