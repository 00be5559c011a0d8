#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""I17: a regtest node stays on loopback and private networks: it neither dials nor tells
of anything else, wherever the address comes from. The addresses here are never dialed: no
test has a node with --allow-public, or on another network, that could."""

import struct
import time
import unittest

from cases import FolderCase, NodeCase
from peerage_harness import Node, Peer, RpcError
from state_files import write_body

STRANGERS = ("8.9.10.11", "203.0.113.7", "2a00::1", "2001:db8::1")
NOBODY = ("0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1")
HOME = "127.9.10.11"  # nothing listens there


def with_port(host):
    return f"[{host}]:8333" if ":" in host else f"{host}:8333"


def addr(*hosts):
    """The payload of an addr message about IPv4 hosts."""
    entries = b"".join(struct.pack("<IQ", int(time.time()), 9) + bytes(10) + b"\xff\xff"
                       + bytes(map(int, host.split("."))) + struct.pack(">H", 8333)
                       for host in hosts)
    return bytes([len(hosts)]) + entries


def addresses_in(payload):
    """The hosts of an addr message about IPv4 hosts."""
    return [".".join(map(str, payload[1 + 30 * i + 24:1 + 30 * i + 28]))
            for i in range(payload[0])]


def dialed(node):
    """The addresses of all dials so far."""
    node.get("/status")
    with node.events(from_=1, types=["dial_started"], timeout=1) as events:
        seen = node.get("/status")["events"]["next"]
        result = set()
        try:
            for event in events:
                result.add(event["address"])
                if event["seq"] >= seen - 1:
                    break
        except TimeoutError:
            pass
        return result


class Reach(NodeCase):
    options = ("--max-per-ip", "100")

    def test_named_by_a_person(self):
        for host in STRANGERS:
            for how in ("add", "onetry"):
                with self.assertRaises(RpcError) as raised:
                    self.node.rpc("addnode", with_port(host), how)
                self.assertEqual(raised.exception.code, -1)
                self.assertIn("is not dialed", str(raised.exception))
                self.assertIn("--allow-public", str(raised.exception))
            answer = self.node.rpc("addpeeraddress", host, 8333)
            self.assertIs(answer["success"], False)
            self.assertIn("--allow-public", answer["error"])
            found = self.node.rpc("whynot", with_port(host))["dial"]
            self.assertIs(found["possible"], False)
            obstacle = {x["kind"]: x["detail"] for x in found["obstacles"]}["out_of_reach"]
            self.assertIn("--allow-public", obstacle)
        self.assertEqual(self.node.rpc("getaddednodeinfo"), [])

    def test_no_host_at_all(self):
        for host in NOBODY:
            for how in ("add", "onetry"):
                with self.assertRaises(RpcError) as raised:
                    self.node.rpc("addnode", with_port(host), how)
                self.assertIn("names no single host", str(raised.exception))
            for found in ("dial", "accept"):
                obstacles = self.node.rpc("whynot", with_port(host))[found]["obstacles"]
                self.assertIn("no_host", [x["kind"] for x in obstacles])
            self.assertIs(self.node.rpc("addpeeraddress", host, 8333)["success"], False)

    def test_told_on_for_a_person(self):
        with Peer(self.node.p2p).handshake(features=()) as peer:
            self.node.wait_for({"peers_ready": 1}, timeout=10)
            for hosts, why in ((STRANGERS, "--allow-public"), (NOBODY, "names no single host")):
                for host in hosts:
                    with self.assertRaises(RpcError) as raised:
                        self.node.request("any", "announce_addresses",
                                          addresses=[HOME + ":8333", with_port(host)])
                    self.assertEqual(raised.exception.code, -8)
                    self.assertIn(f'"{with_port(host)}" is not told', str(raised.exception))
                    self.assertIn(why, str(raised.exception))
            self.node.request("any", "announce_addresses", addresses=[HOME + ":8333"])
            self.assertEqual(addresses_in(peer.expect("addr").payload), [HOME])

    def test_told_by_peers(self):
        with Peer(self.node.p2p).handshake() as teller, \
                Peer(self.node.p2p).handshake(features=()) as asker:
            self.node.wait_for({"peers_ready": 2}, timeout=10)
            teller.send("addr", raw=addr("8.9.10.11", HOME, "203.0.113.7"))
            teller.round_trip()
            self.node.wait_for({"address_known": HOME + ":8333"}, timeout=10)
            self.assertEqual([x["address"] for x in self.node.rpc("getnodeaddresses", 0)],
                             [HOME])
            asker.send("getaddr")
            self.assertEqual(addresses_in(asker.expect("addr").payload), [HOME])
        # The one that may be dialed was, and so all that were to be dialed have been.
        self.node.wait_for({"event": {"type": "dial_failed", "since": 1,
                                      "address": HOME + ":8333"}}, timeout=20)
        self.assertEqual(dialed(self.node), {HOME + ":8333"})


class Starts(FolderCase):
    def test_options(self):
        here = ("run", "--network", "regtest", "--listen", "none", "--data-dir",
                str(self.folder))
        for option in ("--connect", "--add-peer"):
            for host in STRANGERS:
                self.refuse(*here, option, with_port(host),
                            names=[f"{option} {with_port(host)}", "--allow-public"])
            for host in NOBODY:
                for network in ("regtest", "main", "signet"):
                    self.refuse("run", "--network", network, option, with_port(host),
                                "--data-dir", str(self.folder), "--no-dns-seeds",
                                names=[f"{option} {with_port(host)}", "names no single host"])
        for network in ("main", "testnet", "testnet4", "signet"):
            self.refuse("run", "--network", network, "--allow-public", "--data-dir",
                        str(self.folder), names=["--allow-public", network])

    def test_state_of_earlier_runs(self):
        """Addresses, anchors and added peers of a run that was allowed more."""
        folder = self.folder / "regtest"
        folder.mkdir()
        entries = [{"network": "ipv4", "address": bytes(host).hex(), "port": 8333,
                    "time": int(time.time()), "services": 9, "last_attempt": 0,
                    "last_success": int(time.time()) - 60, "failures": 0, "tried": tried}
                   for host in ((8, 9, 10, 11), (8, 9, 10, 12), (127, 9, 10, 11))
                   for tried in (host[3] == 12,)]
        write_body(folder / "addresses.json", b"addresses",
                   {"secret": "00" * 16, "addresses": entries})
        write_body(folder / "dials.json", b"dials",
                   {"anchors": ["8.9.10.11:8333", "127.9.10.13:8333"], "pauses": [],
                    "added": ["8.9.10.14:8333"]})
        with Node("--data-dir", self.folder, "--max-outbound", "8") as node:
            for host in (HOME, "127.9.10.13"):
                node.wait_for({"event": {"type": "dial_failed", "since": 1,
                                         "address": host + ":8333"}}, timeout=20)
            self.assertEqual(dialed(node), {HOME + ":8333", "127.9.10.13:8333"})
            self.assertEqual([x["address"] for x in node.rpc("getnodeaddresses", 0)], [HOME])
            # It is listed, so that it can be removed.
            self.assertEqual([x["addednode"] for x in node.rpc("getaddednodeinfo")],
                             ["8.9.10.14:8333"])
            self.assertIsNone(node.rpc("addnode", "8.9.10.14:8333", "remove"))
            node.stop()
            self.assertIn("2 saved addresses are forgotten", node.log())
            self.assertIn("8.9.10.14:8333 is not dialed", node.log())

    def test_connect_means_these_and_no_others(self):
        """Neither known addresses, nor those that peers tell, nor anchors of an earlier run."""
        with Node() as wanted, Node() as unwanted:
            folder = self.folder / "regtest"
            folder.mkdir()
            write_body(folder / "dials.json", b"dials",
                       {"anchors": [unwanted.p2p], "pauses": [], "added": []})
            with Node("--data-dir", self.folder, "--connect", wanted.p2p) as node:
                node.wait_for({"peers_ready": 1}, timeout=10)
                host, port = unwanted.p2p.rsplit(":", 1)
                self.assertTrue(node.rpc("addpeeraddress", host, int(port))["success"])
                with Peer(node.p2p).handshake() as teller:
                    node.wait_for({"peers_ready": 2}, timeout=10)
                    teller.send("addr", raw=addr(HOME))
                    teller.round_trip()
                    node.wait_for({"address_known": HOME + ":8333"}, timeout=10)
                    # A dial would have begun at once: places are free, addresses known.
                    teller.round_trip()
                self.assertEqual(dialed(node), {wanted.p2p})

    def test_only_net_means_no_peers_elsewhere(self):
        """Of the address book and of an earlier run; one that is named is dialed all the
        same."""
        with Node() as four, Node("--listen", "[::1]:0") as six, Node() as named:
            folder = self.folder / "regtest"
            folder.mkdir()
            write_body(folder / "dials.json", b"dials",
                       {"anchors": [four.p2p], "pauses": [], "added": []})
            with Node("--data-dir", self.folder, "--only-net", "ipv6",
                      "--add-peer", named.p2p) as node:
                node.wait_for({"peers_ready": 1}, timeout=10)
                for other in (four, six):
                    host, port = other.p2p.rsplit(":", 1)
                    self.assertTrue(node.rpc("addpeeraddress", host.strip("[]"),
                                             int(port))["success"])
                node.wait_for({"peers_ready": 2}, timeout=20)
                obstacles = node.rpc("whynot", four.p2p)["dial"]["obstacles"]
                self.assertIn("network_excluded", [x["kind"] for x in obstacles])
                self.assertEqual(dialed(node), {six.p2p, named.p2p})
        for value in ("onion", "IPv4", "all"):
            self.refuse("run", "--network", "regtest", "--only-net", value,
                        names=[f"--only-net {value}", "ipv4", "ipv6"])


if __name__ == "__main__":
    unittest.main()
