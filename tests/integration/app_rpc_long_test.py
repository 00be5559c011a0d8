#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers of many megabytes: made while they are read, so that neither memory nor anybody
else pays for them."""

import base64
import http.client
import json
import select
import struct
import threading
import time
import unittest

from cases import NodeCase
from peerage_harness import Peer, connect, decode
from process import resident_bytes, settled_descriptors
from raw_http import post

BLOCK_BYTES = 3_900_000
BLOCK = struct.pack("<I", 1) + bytes(BLOCK_BYTES - 4)
HASH = decode("block", BLOCK)["hash"]
BLOCKS = 10
BANS = 250
LISTS = 1_000


class Watch(threading.Thread):
    """Looks at /health and at the node's memory until it is stopped."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.before = node, resident_bytes(node.pid)
        self.slowest, self.most = 0.0, 0
        self.stopped = threading.Event()
        self.start()

    def run(self):
        while not self.stopped.wait(0.02):
            began = time.monotonic()
            self.node.http("GET", "/health")
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.most = max(self.most, resident_bytes(self.node.pid) - self.before)

    def __exit__(self, *_):
        self.stopped.set()
        self.join()

    def __enter__(self):
        return self


class Long(NodeCase):
    options = ("--log-level", "error")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        miner = cls.enterClassContext(Peer(cls.node, timeout=60).handshake())
        miner.on("getdata", lambda _: miner.send("block", raw=BLOCK))
        cls.peer = cls.node.wait_for({"peer": {"address": miner.address}})["id"]

    def call(self, method, **params):
        return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}

    def fetch(self, form="hex"):
        return self.call("request", peer=self.peer, type="get_blocks", timeout=60,
                         hashes=[HASH], body=form)

    def test_long_bodies_leave_turns_to_others(self):
        """Of twenty bodies that are complete at once, one is read at a time."""
        body = json.dumps({"method": "send", "params": ["00" * 1_500_000]}).encode()
        whole = post(body, self.node.cookie)
        callers = []
        for _ in range(20):
            caller = connect(self.node.urls[0], timeout=60)
            self.addCleanup(caller.close)
            caller.sendall(whole[:-1])
            callers.append(caller)
        for caller in callers:
            caller.sendall(whole[-1:])
        self.assertEqual(self.node.http("GET", "/health")[0], 200)
        unanswered = set(callers) - set(select.select(callers, [], [], 0)[0])
        self.assertGreater(len(unanswered), 5)
        for caller in callers:
            self.assertIn(b" 404 ", caller.recv(100))

    def test_what_is_long_is_the_same(self):
        for form, decode in (("hex", bytes.fromhex), ("base64", base64.b64decode)):
            found = self.post(json.dumps(self.fetch(form))).json()["result"]["blocks"]
            self.assertEqual([set(x) for x in found], [{"hash", "available", "size", "body"}])
            self.assertEqual(decode(found[0]["body"]), BLOCK)
        found = self.post(json.dumps(self.fetch(False))).json()["result"]["blocks"][0]
        self.assertEqual((found["size"], "body" in found), (BLOCK_BYTES, False))
        # The old form of calls, and the old form of HTTP.
        old = {**self.fetch(), "jsonrpc": "1.0"}
        self.assertEqual(list(self.post(json.dumps(old)).json()), ["result", "error", "id"])
        data = post(json.dumps([old, old]), self.node.cookie).replace(b"HTTP/1.1", b"HTTP/1.0")
        with connect(self.tcp, timeout=30) as client:
            client.sendall(data)
            answer = http.client.HTTPResponse(client)
            answer.begin()
            self.assertEqual(len(json.loads(answer.read())), 2)

    def test_a_batch_of_bodies(self):
        with Watch(self.node) as watch:
            answer = self.post(json.dumps(BLOCKS * [self.fetch()]))
        self.assertGreater(len(answer.body), 2 * BLOCKS * BLOCK_BYTES)
        self.assertEqual(answer.body.count(b'"available":true'), BLOCKS)
        self.assertEqual(len(answer.json()), BLOCKS)
        self.assertLess(watch.most, 64 << 20)
        self.assertLess(watch.slowest, 1)

    def test_a_batch_of_lists(self):
        answer = self.post(json.dumps([self.call("setban", subnet=f"10.{i // 250}.{i % 250}.1",
                                                 command="add") for i in range(BANS)]))
        self.assertEqual(answer.body.count(b'"result":null'), BANS)
        with Watch(self.node) as watch:
            answer = self.post(json.dumps(LISTS * [self.call("listbanned")]))
        self.assertEqual([len(x["result"]) for x in answer.json()], LISTS * [BANS])
        self.assertLess(watch.most, 64 << 20)
        self.assertLess(watch.slowest, 1)
        self.node.rpc("clearbanned")

    def test_who_does_not_read_costs_little(self):
        baseline = settled_descriptors(self.node.pid)
        with Watch(self.node) as watch:
            data = post(json.dumps(BLOCKS * [self.fetch()]), self.node.cookie)
            clients = []
            for _ in range(8):
                clients.append(connect(self.tcp, timeout=10, receive_buffer=4096))
                clients[-1].sendall(data)
            for client in clients:
                self.assertEqual(client.recv(12), b"HTTP/1.1 200")
            self.assertEqual(self.node.rpc("getconnectioncount"), 1)
            for client in clients:
                client.close()
        # Of each, what is on its way of one block.
        self.assertLess(watch.most, 96 << 20)
        self.assertLess(watch.slowest, 1)
        self.assertLessEqual(settled_descriptors(self.node.pid), baseline)


if __name__ == "__main__":
    unittest.main()
