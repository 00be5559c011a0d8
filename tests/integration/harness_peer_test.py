#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The harness's `Peer` with a node, and with another `Peer` where a node is too well behaved."""

import contextlib
import io
import os
import re
import select
import signal
import textwrap
import unittest

from cases import NodeCase, wait_until
from peerage_harness import (INVENTORY, Chain, Node, Peer, PeerError, RpcError, decode, encode,
                             frame)
from peerage_harness.__main__ import HELP

HASH = "11" * 32


class Messages(unittest.TestCase):
    def test_there_and_back(self):
        address = {"services": 1, "ip": "2001:db8::1", "port": 8333}
        header = {"version": 4, "previous": HASH, "merkle_root": 32 * "22", "time": 5,
                  "bits": 6, "nonce": 7}
        for command, fields in (
                ("version", {"protocol": 70015, "services": 1, "time": 2, "receiver": address,
                             "sender": {**address, "ip": "192.0.2.1"}, "nonce": 2**64 - 1,
                             "user_agent": "/ü/", "start_height": -1, "relay": False}),
                ("verack", {}), ("getaddr", {}), ("mempool", {}), ("sendheaders", {}),
                ("wtxidrelay", {}), ("sendaddrv2", {}),
                ("ping", {"nonce": 9}), ("pong", {"nonce": 9}),
                ("addr", {"entries": 300 * [{"time": 3, **address}]}),
                ("addrv2", {"entries": [
                    {"time": 1, "services": 2**40, "network_id": 1, "ip": "1.2.3.4", "port": 5},
                    {"time": 1, "services": 0, "network_id": 2, "ip": "::2", "port": 6},
                    {"time": 1, "services": 1, "network_id": 4, "bytes": HASH, "port": 7}]}),
                ("inv", {"entries": [{"type": name, "hash": HASH} for name in INVENTORY]}),
                ("getdata", {"entries": [{"type": 77, "hash": HASH}]}),
                ("notfound", {"entries": []}),
                ("getheaders", {"protocol": 1, "locator": [HASH, HASH], "stop": HASH}),
                ("getblocks", {"protocol": 1, "locator": [], "stop": HASH}),
                ("sendcmpct", {"announce": True, "version": 1}),
                ("feefilter", {"rate": 1000})):
            with self.subTest(command=command):
                self.assertEqual(decode(command, encode(command, **fields)), fields)
        payload = encode("headers", entries=[header, Chain().headers[0]])
        found = decode("headers", payload)["entries"]
        self.assertEqual({**found[0], "hash": None}, {**header, "hash": None})
        self.assertEqual(found[1]["hash"], Chain().hashes[0])
        self.assertEqual(encode("headers", entries=found), payload)

    def test_what_is_no_message(self):
        for command in ("version", "addr", "inv", "headers", "ping"):
            with self.subTest(command=command), self.assertRaises(ValueError):
                decode(command, b"\x03")
        with self.assertRaises(ValueError):
            encode("getdata", entries=[{"type": "block", "hash": "11"}])
        for command, fields, text in (("version", {"agent": ""}, "user_agent"),
                                      ("cmpctblock", {"a": 1}, "raw=")):
            with self.assertRaisesRegex(TypeError, text):
                encode(command, **fields)
        self.assertEqual(decode("whatever", b"abc"), {})

    def test_of_old_versions(self):
        """They end before the last fields."""
        payload = encode("version", protocol=106)
        self.assertEqual(list(decode("version", payload[:46])),
                         ["protocol", "services", "time", "receiver"])


class WithANode(NodeCase):
    def ready(self, peer):
        return self.node.wait_for({"peer": {"address": peer.address}}, timeout=10)

    def gone(self, ready):
        return self.node.wait_for({"peer_gone": {"id": ready["id"]}}, timeout=10)["reason"]

    # -- what it says, and hears --------------------------------------------------------

    def test_dials(self):
        with Peer(self.node, source="127.0.0.9") as peer:
            peer.handshake(user_agent="/mine/", start_height=7, services=0, protocol=70015)
            ready = self.ready(peer)
            self.assertTrue(peer.address.startswith("127.0.0.9:"))
            self.assertEqual([ready[x] for x in ("user_agent", "start_height", "services",
                                                 "protocol_version", "direction")],
                             ["/mine/", 7, 0, 70015, "inbound"])
            self.assertEqual(peer.version["user_agent"],
                             self.node.get("/status")["node"]["user_agent"])
            self.assertEqual(peer.expect("ping").command, "ping")  # answered:
            self.assertGreater(self.node.request(ready["id"], "measure_latency")["round_trip"], 0)
        self.assertEqual(self.gone(ready), "remote_closed")

    def test_is_dialed(self):
        with Peer() as peer:
            self.node.rpc("addnode", peer.address, "add")
            peer.handshake(user_agent="/dialed/")
            ready = self.ready(peer)
            self.assertEqual((ready["user_agent"], ready["direction"]), ("/dialed/", "outbound"))
            # It dials again, and is another peer then.
            peer.reset()
            self.gone(ready)
            peer.accept()
            self.assertGreater(self.ready(peer.handshake())["id"], ready["id"])
            self.node.rpc("addnode", peer.address, "remove")
            self.node.rpc("disconnectnode", peer.address)
            self.assertEqual(peer.expect_end(), "closed")

    def test_nobody_dials(self):
        with Peer() as peer, self.assertRaisesRegex(PeerError, "nobody has dialed"):
            peer.accept(timeout=0.1)
        with Peer(timeout=0.1) as peer, self.assertRaisesRegex(PeerError, "nobody has dialed"):
            peer.handshake()

    def test_half_a_handshake_is_completed(self):
        with Peer(self.node) as peer:
            peer.send("version", user_agent="/slow/")
            self.assertEqual(peer.expect("version").fields, peer.version.fields)
            peer.expect("wtxidrelay")
            peer.handshake()
            self.assertEqual(self.ready(peer)["user_agent"], "/slow/")
            self.assertEqual(peer.conversation().count("-> version"), 1)

    def test_the_message_that_is_expected(self):
        with Peer(self.node).handshake() as peer:
            peer.send("getdata", entries=[{"type": "block", "hash": HASH}])
            self.assertEqual(peer.expect("notfound")["entries"],
                             [{"type": "block", "hash": HASH}])
            for nonce in (1, 2):
                peer.send("ping", nonce=nonce)
            peer.expect("pong", nonce=2)
            with self.assertRaises(PeerError):  # it was passed over
                peer.expect("pong", timeout=0.1, nonce=1)
            peer.send("ping", raw=encode("ping", nonce=3))
            self.assertIn(3, [x["nonce"] for x in peer.round_trip() if x.command == "pong"])
            with self.assertRaises(TypeError):
                peer.send("ping", raw=bytes(8), nonce=1)

    def test_failures_show_the_conversation(self):
        with Peer(self.node).handshake(user_agent="/talks/") as peer:
            peer.send("ping", nonce=12345)
            peer.expect("pong")
            peer.send("addrv2", raw=b"\x05")
            peer.send("block", raw=bytes(5000))
            with self.assertRaises(PeerError) as caught:
                peer.expect("addr", 0.1, entries=[])
            said = str(caught.exception)
            self.assertTrue(said.startswith("no addr entries=[] within 0.1 s; the conversation"))
            for line in (r"-> version protocol=70016, .*, user_agent=/talks/, ",
                         r"<- version .*user_agent=/peerage", r"<- verack", r"-> ping nonce=12345",
                         r"<- pong nonce=12345", r"-> addrv2 malformed, .*: 05",
                         r"-> block \(5000 bytes\)"):
                self.assertRegex(said, rf"(?m)^ +\d+\.\d\d\d {line}")
            self.node.rpc("disconnectnode", peer.address)
            with self.assertRaisesRegex(PeerError, "has closed the connection before pong"):
                peer.expect("pong")
            self.assertRegex(peer.conversation(), r"\d <- the connection is closed\n\Z")

    def test_a_failing_block_shows_it(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            with self.assertRaises(ZeroDivisionError), Peer(self.node) as peer:
                peer.handshake()
                raise ZeroDivisionError
            self.assertIn("-> verack\n", said.getvalue())
            with contextlib.suppress(PeerError), Peer(self.node) as peer:
                peer.expect("verack", 0)  # shown by the error
        self.assertEqual(said.getvalue().count("the conversation of"), 1)

    # -- what answers by itself ---------------------------------------------------------

    def test_a_chain_is_served(self):
        chain = Chain(30)
        with Peer(self.node) as peer:
            peer.serve(chain)
            ready = self.ready(peer.handshake())
            self.assertEqual(ready["start_height"], 30)
            headers = self.node.request(ready["id"], "get_headers",
                                        locator=[chain.hashes[10]])["headers"]
            self.assertEqual([x["hash"] for x in headers], chain.hashes[11:])
            hashes = self.node.request(ready["id"], "get_block_hashes",
                                       locator=[chain.hashes[28]])["hashes"]
            self.assertEqual(hashes, chain.hashes[29:])
            blocks = self.node.request(ready["id"], "get_blocks", hashes=chain.hashes[5:9],
                                       body="hex")["blocks"]
            self.assertEqual([bytes.fromhex(x["body"]) for x in blocks], chain.blocks[5:9])
            with self.assertRaises(RpcError) as caught:
                self.node.request(ready["id"], "get_blocks", hashes=[HASH])
            self.assertEqual(caught.exception.code, -101)
            chain.extend(2)
            headers = self.node.request(ready["id"], "get_headers",
                                        locator=[chain.hashes[30]])["headers"]
            self.assertEqual([x["hash"] for x in headers], chain.hashes[31:])

    def test_the_chain_is_that_of_the_program(self):
        with Node("--swarm", "1", "--seed", "7") as node, Peer(node).handshake() as peer:
            height = peer.version["start_height"]
            chain = Chain(height, seed=7)
            peer.send("getheaders", locator=[chain.hashes[0]])
            self.assertEqual([x["hash"] for x in peer.expect("headers")["entries"]],
                             chain.hashes[1:])
            for which in (1, 16, 17, 127, 128, 151, 255, 256, height):
                peer.send("getdata", entries=[{"type": "block", "hash": chain.hashes[which]}])
                self.assertEqual(peer.expect("block").payload, chain.blocks[which])

    def test_an_answer_of_the_test(self):
        with Peer(self.node).handshake() as peer:
            ready = self.ready(peer)
            peer.on("getheaders", lambda question: peer.send("headers", entries=[]))
            self.assertEqual(self.node.request(ready["id"], "get_headers")["headers"], [])
            for command in ("getheaders", "ping"):  # a pong says that there are none
                peer.on(command, None)
            with self.assertRaises(RpcError) as caught:
                self.node.request(ready["id"], "get_headers", timeout=0.1)
            self.assertEqual(caught.exception.code, -102)

    def test_an_answer_that_fails(self):
        with Peer(self.node) as peer:
            peer.on("verack", lambda _: 1 / 0)
            with self.assertRaisesRegex(PeerError, "has failed: ZeroDivisionError"):
                peer.handshake()
        with self.assertRaisesRegex(PeerError, "must not wait"), Peer(self.node) as peer:
            peer.on("verack", lambda _: peer.expect("ping"))
            peer.handshake()
        with self.assertRaisesRegex(PeerError, "has failed: ZeroDivisionError"):
            with Peer(self.node).handshake() as peer:
                peer.on("pong", lambda _: 1 / 0)
                peer.send("ping")
                peer.expect_end()

    # -- what goes wrong on cue ---------------------------------------------------------

    def test_garbled(self):
        for part in ("checksum", "command", "payload"):
            with self.subTest(part=part), Peer(self.node).handshake() as peer:
                peer.garble(part, nonce=1)
                self.assertNotIn("pong", [x.command for x in peer.round_trip()])
                self.assertRegex(peer.conversation(), f"-> ping with a wrong {part}: fabfb5da")
        for part, reason in (("magic", "wrong_magic"), ("length", "oversized_message")):
            with self.subTest(part=part), Peer(self.node).handshake() as peer:
                ready = self.ready(peer)
                peer.garble(part)
                self.assertEqual(self.gone(ready), reason)
                self.assertIn(peer.expect_end(), ("closed", "reset"))
        with Peer(self.node) as peer, self.assertRaisesRegex(ValueError, "checksum"):
            peer.garble("body")

    def test_bytes(self):
        with Peer(self.node).handshake() as peer:
            peer.on("ping", None)
            whole = frame("ping", bytes(8))
            peer.send_bytes(whole[:10])
            peer.send_bytes(whole[10:])
            peer.expect("pong", nonce=0)

    def test_stalls(self):
        with Peer(self.node).handshake() as peer:
            peer.expect("ping")
            wait_until(lambda: "pingtime" in self.node.find_peer(peer.address))
            peer.stall()
            self.node.rpc("ping")
            wait_until(lambda: "pingwait" in self.node.find_peer(peer.address))
            with self.assertRaises(PeerError):
                peer.expect("ping", 0.1)
            peer.resume()
            peer.expect("ping")
            wait_until(lambda: "pingwait" not in self.node.find_peer(peer.address))
            self.assertRegex(peer.conversation(), "(?s)-- reads nothing more.*-- reads again")

    def test_a_stalled_peer_stalls_the_node(self):
        with Peer(self.node, receive_buffer=4096, timeout=1).handshake() as peer:
            peer.stall()
            sent = 0
            pings = b"".join(frame("ping", nonce.to_bytes(8, "little")) for nonce in range(5000))
            with self.assertRaisesRegex(PeerError, "has not read"):
                while sent < 64 << 20:
                    peer.send_bytes(pings)
                    sent += len(pings)
            peer.resume()
            for nonce in (0, 4999):
                peer.expect("pong", 10, nonce=nonce)

    def test_ends(self):
        for end, reason in (("half_close", "remote_closed"), ("close", "remote_closed"),
                            ("reset", "socket_error")):
            with self.subTest(end=end), Peer(self.node).handshake() as peer:
                ready = self.ready(peer)
                getattr(peer, end)()
                self.assertEqual(self.gone(ready), reason)
                if end == "half_close":
                    self.assertEqual(peer.expect_end(), "closed")
                else:
                    with self.assertRaisesRegex(PeerError, "has ended the connection"):
                        peer.send("ping")

    def test_the_nodes_end(self):
        with Peer(self.node).handshake() as peer:
            with self.assertRaisesRegex(PeerError, "not ended the connection within 0.1 s"):
                peer.expect_end(0.1)
            self.node.rpc("disconnectnode", peer.address)
            self.assertEqual(peer.expect_end(), "closed")

    # -- forked children ----------------------------------------------------------------

    def test_a_child_has_no_part_in_it(self):
        with Peer() as dialed, Peer(self.node).handshake() as peer:
            child = os.fork()
            if child == 0:
                status = 70
                try:
                    with self.assertRaisesRegex(PeerError, "belongs to"):
                        peer.send("ping")
                    with self.assertRaisesRegex(PeerError, "belongs to"):
                        dialed.handshake()
                    peer.close()
                    with peer, dialed:
                        status = 0
                        signal.pause()
                finally:
                    os._exit(status)
            watch = os.pidfd_open(child)
            try:
                peer.round_trip()
                ready = self.ready(peer)
                peer.close()
                self.assertEqual(self.gone(ready), "remote_closed")
                self.assertFalse(select.select([watch], [], [], 0)[0], "the child lives on")
            finally:
                signal.pidfd_send_signal(watch, signal.SIGTERM)
                os.waitpid(child, 0)
                os.close(watch)


class Help(unittest.TestCase):
    def test_the_example(self):
        shown = re.search(r"    with Node\(\) as node, Peer\(node\).*?\n\n", HELP, re.DOTALL)[0]
        exec(textwrap.dedent(shown), {  # pylint: disable=exec-used
            "Chain": Chain, "Node": Node, "Peer": Peer})


if __name__ == "__main__":
    unittest.main()
