#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A process that was stopped for a while, as by a debugger, a suspended machine or a frozen
container, goes on as if nothing had been."""

import contextlib
import json
import select
import signal
import threading
import time
import unittest

from peerage_harness import Node, connect
from process import settled_descriptors
from raw_http import head, post, read_to_end, status_of
from websocket import WebSocket

# Longer than the deadlines of requests, of event readers' silence, and of the questions that
# the status socket has for the node.
PAUSE = 24


class Pause(unittest.TestCase):
    def test_clients_go_on(self):
        with Node("--swarm", "2") as node, contextlib.ExitStack() as stack:
            node.wait_for({"peers_ready": 2}, timeout=20)
            url = node.urls[0]

            def open_with(data):
                client = stack.enter_context(connect(url, timeout=PAUSE + 20))
                client.sendall(data)
                return client

            def waiting(timeout, **condition):
                return open_with(post(json.dumps(
                    {"jsonrpc": "2.0", "id": 1, "method": "waitfor",
                     "params": {"condition": condition, "timeout": timeout}}), node.cookie))

            stream = stack.enter_context(WebSocket(url, "/events", timeout=PAUSE + 20))
            long = {name: waiting(600, **condition) for name, condition in (
                ("banned", {"banned": "10.0.0.1"}),
                ("event", {"event": {"type": "ban_added"}}))}
            short = {name: waiting(0.5, **condition) for name, condition in (
                ("peers", {"peers_ready": 9}), ("banned", {"banned": "10.0.0.9"}),
                ("event", {"event": {"type": "ban_lifted"}}),
                ("address", {"address_known": "10.0.0.1:1"}))}
            kept = open_with(head("GET /status").replace(b"Connection: close\r\n", b""))
            self.assertEqual(status_of(kept.recv(65536)), 200)
            half = open_with(b"GET /status HTTP/1.1\r\n")
            settled_descriptors(node.pid)  # all of them are accepted

            node.send_signal(signal.SIGSTOP)
            half.sendall(b"Host: localhost\r\nConnection: close\r\n\r\n")
            threading.Event().wait(PAUSE)
            node.send_signal(signal.SIGCONT)

            self.assertEqual(status_of(read_to_end(half)), 200)
            kept.sendall(head("GET /status"))
            self.assertEqual(status_of(read_to_end(kept)), 200)
            for name, client in short.items():
                self.assertIn(b'"code":-110', read_to_end(client), name)
            time.sleep(1)  # whatever is late comes now
            self.assertEqual(select.select(long.values(), [], [], 0)[0], [])
            node.rpc("setban", "10.0.0.1", "add")
            for name, client in long.items():
                self.assertIn(b'"result"', read_to_end(client), name)
            stream.receive_until(lambda x: x["type"] == "ban_added")


if __name__ == "__main__":
    unittest.main()
