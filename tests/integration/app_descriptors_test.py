#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The executable with few file descriptors: beyond them it gives up the peers that it
loses least with, goes on accepting, and is as before when there are fewer peers."""

import http.client
import json
import select
import time
import unittest

from cases import wait_until
from peerage_harness import Node, connect, encode, frame
from process import open_descriptors

DESCRIPTORS = 120
BEYOND = 3  # strangers that find no descriptor; room is made for one each second


class Stranger:
    """A peer that shakes hands and then says nothing, not even to pings."""

    def __init__(self, node, number):
        self.ended, self.received = False, b""
        self.socket = connect(node.p2p, source=f"127.40.{number}.1")
        try:
            self.socket.sendall(frame("version", encode("version")) + frame("verack"))
        except ConnectionError:  # handshakes are the first to make room
            self.ended = True
        self.socket.setblocking(False)

    def look(self):
        try:
            while not self.ended:
                some = self.socket.recv(65536)
                self.ended = not some
                self.received += some
        except BlockingIOError:
            pass
        except OSError:
            self.ended = True
        return self

    def is_peer(self, timeout=0):
        """Whether it is let in within so many seconds, and still is a peer then."""
        deadline = time.monotonic() + timeout
        while b"verack" not in self.look().received and not self.ended:
            if not select.select([self.socket], [], [], max(0, deadline - time.monotonic()))[0]:
                return False
        return not self.ended


class Descriptors(unittest.TestCase):
    def status(self):
        """On a connection that is there before the descriptors are gone."""
        self.http.request("GET", "/status")
        return json.loads(self.http.getresponse().read())

    def test_more_peers_than_descriptors(self):
        launcher = ("sh", "-c", f'ulimit -n {DESCRIPTORS} && exec "$@"', "sh")
        with Node("--connect", "127.0.0.1:1", "--max-inbound", "1000",
                  "--ping-interval", "600", launcher=launcher) as node:
            self.http = http.client.HTTPConnection(node.urls[0].removeprefix("http://"),
                                                   timeout=10)
            self.addCleanup(self.http.close)
            self.assertEqual(self.status()["peers"]["total"], 0)
            free = DESCRIPTORS - open_descriptors(node.pid)
            strangers = []
            for number in range(free + BEYOND):
                strangers.append(Stranger(node, number))
                self.addCleanup(strangers[-1].socket.close)

            self.assertTrue(strangers[-1].is_peer(timeout=30), "the last one is let in")
            self.assertIn("out of file descriptors", node.log())
            found = self.status()
            self.assertGreaterEqual(found["exits"]["evicted"], 1)
            # Which ones are closed is chosen; the longest connected are worth keeping.
            self.assertTrue(all(x.is_peer() for x in strangers[:10]))
            gone = [x for x in strangers if x.look().ended]
            self.assertGreaterEqual(len(gone), 1)
            self.assertLessEqual(len(gone), 3 * BEYOND)

            for stranger in strangers[10:]:
                stranger.socket.close()
            wait_until(lambda: self.status()["peers"]["total"] == 10, what="their end")
            newcomer = Stranger(node, 200)
            self.addCleanup(newcomer.socket.close)
            self.assertTrue(newcomer.is_peer(timeout=10), "a newcomer is let in")
            node.stop()


if __name__ == "__main__":
    unittest.main()
