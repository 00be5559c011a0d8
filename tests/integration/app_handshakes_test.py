#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Connections that still shake hands: where they show, and what ends them."""

import signal
import time
import unittest

from cases import NodeCase, wait_until
from peerage_harness import Peer, RpcError, connect, frame

UNKNOWN = {  # what Bitcoin Core gives as long as there was no version
    "version": 0, "subver": "", "services": "0000000000000000", "servicesnames": [],
    "relaytxes": False, "startingheight": -1, "timeoffset": 0, "lastsend": 0, "lastrecv": 0,
    "bytessent": 0, "bytesrecv": 0, "bytessent_per_msg": {}, "bytesrecv_per_msg": {},
    "addr_relay_enabled": False, "minfeefilter": 0, "inbound": True,
    "connection_type": "inbound",
}


def port_of(peer):
    return int(peer.address.rpartition(":")[2])


class Handshakes(NodeCase):
    options = ("--handshake-timeout", "30")

    def entry(self, port):
        """The entry of getpeerinfo for the connection from this port, if any."""
        found = [x for x in self.node.rpc("getpeerinfo") if x["addr"].endswith(f":{port}")]
        return found[0] if found else None

    def entry_when(self, port, condition):
        return wait_until(lambda: (x := self.entry(port)) and condition(x) and x)

    def ended(self, stream):
        stream.settimeout(10)
        try:
            return stream.recv(1) == b""
        except ConnectionResetError:
            return True

    def test_they_are_listed_with_what_is_known(self):
        # Those of the tests before may still be on their way out.
        wait_until(lambda: self.node.rpc("getconnectioncount") == 0)
        with connect(self.node.p2p) as silent:
            entry = self.entry_when(silent.getsockname()[1], lambda x: True)
            self.assertEqual({key: entry[key] for key in UNKNOWN}, UNKNOWN)
            self.assertNotIn("pingtime", entry)
            self.assertNotIn("pingwait", entry)
            self.assertLess(abs(entry["conntime"] - time.time()), 5)
            self.assertEqual(self.node.rpc("getconnectioncount"), 1)
            network = self.node.rpc("getnetworkinfo")
            self.assertEqual(network["connections"], 1)
            self.assertEqual(network["connections_in"] + network["connections_out"], 1)
            # Ours are of peers, after their handshake.
            peers = self.node.get("/status")["peers"]
            self.assertEqual(peers["total"], peers["ready"] + peers["unready"])
            self.assertEqual(peers["total"], len(self.node.get("/peers")))
            self.assertEqual(peers["total"], 0)
        wait_until(lambda: self.node.rpc("getconnectioncount") == 0)

    def test_bytes_of_the_handshake_count(self):
        with Peer(self.node) as peer:
            port = port_of(peer)
            peer.send("version", user_agent="/py/")
            entry = self.entry_when(port, lambda x: "verack" in x["bytessent_per_msg"])
            self.assertEqual(entry["bytesrecv_per_msg"], {"version": 24 + 90})
            self.assertEqual(entry["subver"], "/py/")
            self.assertEqual(entry["version"], 70016)
            identity = entry["id"]
            peer.handshake().round_trip()
            entry = self.entry(port)
            self.assertEqual(entry["id"], identity)
            for way in ("sent", "recv"):
                by_message = entry[f"bytes{way}_per_msg"]
                self.assertIn("version", by_message)
                self.assertEqual(by_message["verack"], 24)
                self.assertEqual(entry[f"bytes{way}"], sum(by_message.values()), entry)
            shown = self.node.get(f"/peers/{identity}")
            self.assertEqual(shown["bytes_received"], entry["bytesrecv"])

    def test_ping_is_shown_while_it_waits(self):
        with Peer(self.node).handshake() as peer:
            port = port_of(peer)
            peer.expect("ping")  # and has answered it
            self.entry_when(port, lambda x: "pingtime" in x)
            peer.on("ping", None)
            for _ in range(20):
                self.node.rpc("ping")
            waits = self.entry_when(port, lambda x: "pingwait" in x)["pingwait"]
            self.assertGreater(
                self.entry_when(port, lambda x: x["pingwait"] > waits)["pingwait"], waits)
            pings = self.entry(port)["bytessent_per_msg"]["ping"]
            self.assertEqual(pings, 2 * 32)
            peer.send("pong", nonce=peer.expect("ping")["nonce"])
            self.entry_when(port, lambda x: "pingwait" not in x)

    def test_a_ping_of_a_request_is_one_under_way(self):
        with Peer(self.node).handshake() as peer:
            port = port_of(peer)
            peer.expect("ping")
            peer.on("ping", None)
            identity = self.entry_when(port, lambda x: "pingtime" in x)["id"]
            with self.assertRaises(RpcError) as caught:
                self.node.request(identity, "measure_latency", timeout=0.2)
            self.assertEqual(caught.exception.code, -102)
            entry = self.entry(port)
            self.assertGreaterEqual(entry["pingwait"], 0.2)
            for _ in range(20):
                self.node.rpc("ping")
            self.assertEqual(self.entry(port)["bytessent_per_msg"]["ping"], 2 * 32)
            peer.send("pong", nonce=peer.expect("ping")["nonce"])
            self.entry_when(port, lambda x: "pingwait" not in x)

    def test_whoever_is_too_old_for_pongs_is_asked_for_none(self):
        with Peer(self.node).handshake(protocol=60000) as peer:
            port = port_of(peer)
            self.assertEqual(peer.expect("ping").payload, b"")
            identity = self.entry(port)["id"]
            for asked in (identity, "any"):
                with self.assertRaises(RpcError) as caught:
                    self.node.request(asked, "measure_latency")
                self.assertEqual(caught.exception.code, -101 if asked == identity else -106)
            with self.assertRaisesRegex(RpcError, "too old to answer pings"):
                self.node.request(identity, "measure_latency")
            self.assertNotIn("pingwait", self.entry(port))

    def test_bytes_of_half_a_message_are_seen_to_have_come(self):
        with connect(self.node.p2p) as slow:
            port = slow.getsockname()[1]
            slow.sendall(frame("version", bytes(90))[:60])
            entry = self.entry_when(port, lambda x: x["bytesrecv"] == 60)
            self.assertLess(abs(entry["lastrecv"] - time.time()), 5)

    def test_what_ends_peers_ends_them(self):
        for end in ("ban", "network", "id", "address"):
            with self.subTest(end), connect(self.node.p2p, source="127.0.0.7") as silent:
                port = silent.getsockname()[1]
                entry = self.entry_when(port, lambda x: True)
                if end == "ban":
                    self.node.rpc("setban", "127.0.0.7", "add")
                elif end == "network":
                    self.node.rpc("setnetworkactive", False)
                elif end == "id":
                    self.node.rpc("disconnectnode", "", entry["id"])
                else:
                    self.node.rpc("disconnectnode", entry["addr"])
                self.assertTrue(self.ended(silent))
                self.assertIsNone(self.entry(port))
                self.node.rpc("clearbanned")
                self.node.rpc("setnetworkactive", True)
        with self.assertRaises(RpcError) as caught:
            self.node.rpc("disconnectnode", "127.0.0.7:1")
        self.assertEqual(caught.exception.code, -29)

    def test_a_dial_is_listed_and_ended(self):
        with Peer() as somebody:
            at = somebody.address
            self.node.rpc("addnode", at, "add")
            somebody.expect("version")
            entry = self.entry_when(port_of(somebody), lambda x: True)
            self.assertIn("version", entry["bytessent_per_msg"])
            self.assertEqual((entry["inbound"], entry["connection_type"], entry["addr"]),
                             (False, "manual", at))
            self.assertEqual(entry["startingheight"], -1)
            self.node.rpc("addnode", at, "remove")
            self.assertEqual(somebody.expect_end(), "closed")
            wait_until(lambda: self.entry(port_of(somebody)) is None)

    def test_we_do_not_dial_ourselves_again(self):
        at = self.node.p2p
        with self.node.events() as events:
            self.node.rpc("addnode", at, "add")
            event = events.until(type="dial_failed", address=at)
            self.assertEqual(event["reason"], "self_connection")
        self.node.rpc("addnode", at, "onetry")
        obstacles = [x["kind"] for x in self.node.rpc("whynot", at)["dial"]["obstacles"]]
        self.assertIn("own_address", obstacles)
        time.sleep(2.5)  # pauses of a manual peer begin with a second
        with self.node.events(from_=1) as events:
            dials = 0
            for event in events:
                dials += event["type"] == "dial_started" and event.get("address") == at
                if event["seq"] >= self.node.get("/status")["events"]["next"] - 1:
                    break
        self.assertEqual(dials, 1)
        self.node.rpc("addnode", at, "remove")


class Paused(NodeCase):
    options = ("--handshake-timeout", "0.5")

    def test_what_came_in_time_is_read_though_we_were_late(self):
        for _ in range(5):
            with Peer(self.node) as peer:
                peer.send("version")
                peer.expect("verack")  # its handshake is under way
                self.node.send_signal(signal.SIGSTOP)
                peer.send("verack")
                time.sleep(0.8)  # the deadline passes meanwhile
                self.node.send_signal(signal.SIGCONT)
                peer.round_trip()


if __name__ == "__main__":
    unittest.main()
