#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stranger's bad input, as people see it: the reason of its end, in the log and the counters.
bad_input_test.cpp tests what counts as bad, and that other peers do not notice."""

import unittest

from cases import NodeCase, wait_until
from peerage_harness import MAGIC, Chain, Peer, encode, frame


def message(command, **fields):
    return frame(command, encode(command, **fields))


GENESIS = Chain().headers
OTHER_NETWORK = frame("ping", bytes(8), MAGIC["main"])
BAD = {  # by the reason
    "wrong_magic": (b"GET / HTTP/1.1\r\n\r\n" * 4, OTHER_NETWORK),
    "oversized_message": (frame("tx", length=4_000_001), frame("ping", length=0xffffffff)),
    "too_many_entries": (message("addr", entries=1001 * [{}]),
                         message("getheaders", locator=102 * [64 * "0"])),
    "headers_not_linked": (message("headers", entries=2 * GENESIS),),
    "header_without_work": (message("headers", entries=[bytes(80)]),),
    "late_feature_message": (message("sendaddrv2"),),
    "unoffered_service": (message("mempool"),),
    "truncated_message": (frame("tx", bytes(10), length=1_000),),
}


class BadInput(NodeCase):
    options = ("--log-level", "debug")  # that of a stranger is told now and then only

    def counted(self, kind, reason):
        return self.node.get("/status")[kind].get(reason, 0)

    def test_of_a_peer(self):
        for reason, inputs in BAD.items():
            for bad in inputs:
                with self.subTest(reason=reason, bad=bad[:40]):
                    before = self.counted("exits", reason)
                    since = self.node.get("/status")["events"]["next"]
                    with Peer(self.node).handshake() as peer:
                        found = self.node.wait_for(
                            {"event": {"type": "peer_ready", "since": since}})["peer"]
                        peer.send_bytes(bad)
                        if reason == "truncated_message":
                            # Not closed: with a ping unread, that would be a reset.
                            peer.half_close()
                        gone = self.node.wait_for({"peer_gone": {"id": found}}, timeout=10)
                    self.assertEqual(gone["reason"], reason)
                    self.assertEqual(self.counted("exits", reason), before + 1)
                    wait_until(lambda: f"peer {found} left: " in self.node.log(),
                               what="a line in the log")
                    self.assertRegex(self.node.log(), rf"peer {found} left: \S+ {reason}\n")

    def test_of_a_stranger(self):
        before = self.counted("failures", "wrong_magic")
        with Peer(self.node) as stranger:
            stranger.send("version")
            stranger.garble("magic")
            stranger.expect_end()
        wait_until(lambda: self.counted("failures", "wrong_magic") == before + 1,
                   what="a count")
        wait_until(lambda: f"inbound {stranger.address} failed: wrong_magic\n" in self.node.log(),
                   what="a line in the log")


if __name__ == "__main__":
    unittest.main()
