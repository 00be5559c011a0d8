#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stranger's bad input, as people see it: the reason of its end, in the log and the counters.
bad_input_test.cpp tests what counts as bad, and that other peers do not notice."""

import socket
import struct
import unittest

from cases import NodeCase, wait_until
from wire_peer import MAGIC, WirePeer, message


def announced(command, size):
    return MAGIC + struct.pack("<12sI4s", command, size, bytes(4))


# The header of regtest's first block, and its count of transactions, which is always 0.
GENESIS = struct.pack("<i32s32sIIIB", 1, bytes(32), bytes.fromhex(
    "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"),
    1296688602, 0x207fffff, 2, 0)
OTHER_NETWORK = bytes.fromhex("f9beb4d9") + message(b"ping", bytes(8))[4:]
BAD = {  # by the reason
    "wrong_magic": (b"GET / HTTP/1.1\r\n\r\n" * 4, OTHER_NETWORK),
    "oversized_message": (announced(b"tx", 4_000_001), announced(b"ping", 0xffffffff)),
    "too_many_entries": (message(b"addr", b"\xfd\xe9\x03" + bytes(30 * 1001)),
                         message(b"getheaders", bytes(4) + b"\x66" + bytes(32 * 103))),
    "headers_not_linked": (message(b"headers", b"\x02" + 2 * GENESIS),),
    "header_without_work": (message(b"headers", b"\x01" + bytes(81)),),
    "late_feature_message": (message(b"sendaddrv2"),),
    "unoffered_service": (message(b"mempool"),),
    "truncated_message": (announced(b"tx", 1_000) + bytes(10),),
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
                    with WirePeer(self.node.p2p).shake_hands() as peer:
                        found = self.node.wait_for(
                            {"event": {"type": "peer_ready", "since": since}})["peer"]
                        peer.socket.sendall(bad)
                        if reason == "truncated_message":
                            # Not closed: with a ping unread, that would be a reset.
                            peer.socket.shutdown(socket.SHUT_WR)
                        gone = self.node.wait_for({"peer_gone": {"id": found}}, timeout=10)
                    self.assertEqual(gone["reason"], reason)
                    self.assertEqual(self.counted("exits", reason), before + 1)
                    wait_until(lambda: f"peer {found} left: " in self.node.log(),
                               what="a line in the log")
                    self.assertRegex(self.node.log(), rf"peer {found} left: \S+ {reason}\n")

    def test_of_a_stranger(self):
        before = self.counted("failures", "wrong_magic")
        with WirePeer(self.node.p2p) as stranger:
            address = "%s:%d" % stranger.socket.getsockname()
            stranger.socket.sendall(OTHER_NETWORK)
            with self.assertRaises(EOFError):
                stranger.wait_for(b"pong")
        wait_until(lambda: self.counted("failures", "wrong_magic") == before + 1,
                   what="a count")
        wait_until(lambda: f"inbound {address} failed: wrong_magic\n" in self.node.log(),
                   what="a line in the log")


if __name__ == "__main__":
    unittest.main()
