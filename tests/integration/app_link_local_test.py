#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Link-local addresses, whose zone says on which link they are."""

import ctypes
import socket
import subprocess
import unittest

from cases import FolderCase
from peerage_harness import Node, Peer, RpcError

CLONE_NEWNET = 0x40000000
PLACE = "fe80::77%lo"


def has_address():
    """Whether loopback has a link-local address; it gets one where that is allowed."""
    subprocess.run(["ip", "addr", "add", "fe80::77/64", "dev", "lo", "nodad"],
                   stderr=subprocess.DEVNULL, check=False)
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("fe80::77", 0, 0, socket.if_nametoindex("lo")))
        except OSError:
            return False
    return True


def setUpModule():
    """A network of its own, so that nothing of the machine's is changed."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        made = libc.unshare(CLONE_NEWNET) == 0
        if made:
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            subprocess.run(["ip", "link", "add", "other0", "type", "veth", "peer",
                            "name", "other1"], check=True)
        if not made or not has_address():
            raise unittest.SkipTest("no network of our own")
    except (OSError, subprocess.CalledProcessError) as error:
        raise unittest.SkipTest(str(error)) from error


class LinkLocal(FolderCase):
    def test_everywhere(self):
        with Node("--listen", f"[{PLACE}]:0") as theirs, \
                Node("--connect", theirs.p2p) as ours:
            self.assertRegex(theirs.p2p, r"^\[fe80::77%lo\]:\d+$")
            ours.wait_for({"peers_ready": 1}, timeout=10)
            theirs.wait_for({"peers_ready": 1}, timeout=10)
            [peer] = ours.get("/peers")
            self.assertEqual(peer["address"], theirs.p2p)
            [there] = theirs.rpc("getpeerinfo")
            self.assertRegex(there["addr"], r"^\[fe80::77%lo\]:\d+$")
            self.assertEqual(there["addrbind"], theirs.p2p)
            ours.wait_for({"peer": {"address": theirs.p2p}}, timeout=5)
            ours.wait_for({"peer": {"address": PLACE}}, timeout=5)
            why = ours.rpc("why", theirs.p2p)
            self.assertIn("peer_ready", [x["type"] for x in why["history"]])
            kinds = [x["kind"] for x in ours.rpc("whynot", theirs.p2p)["dial"]["obstacles"]]
            self.assertIn("already_connected", kinds)
            # By address; and it comes back, as it is manual.
            since = ours.get("/status")["events"]["next"]
            for address in (theirs.p2p, theirs.p2p.replace("%lo", "")):
                [peer] = ours.get("/peers")
                ours.rpc("disconnectnode", address)
                ours.wait_for({"peer_gone": {"id": peer["id"]}}, timeout=5)
                ours.wait_for({"peers_ready": 1}, timeout=10)
            # With a zone, or without while there is one link only: everywhere.
            port = theirs.p2p.rsplit(":", 1)[1]
            [peer] = ours.get("/peers")
            for text in (PLACE, f"[{PLACE}]", theirs.p2p, "fe80::77", "[fe80::77]",
                         f"[fe80::77]:{port}"):
                ours.wait_for({"peer": {"address": text}}, timeout=5)
                ours.wait_for({"event": {"type": "peer_ready", "since": since,
                                         "address": text}}, timeout=5)
                why = ours.rpc("why", text)
                self.assertIn("peer_ready", [x["type"] for x in why["history"]], text)
                if text.endswith(port):
                    self.assertEqual(why["peer"]["id"], peer["id"])
                    found = ours.rpc("whynot", text)
                    self.assertEqual(found["address"], theirs.p2p)
                    self.assertIn("already_connected",
                                  [x["kind"] for x in found["dial"]["obstacles"]])
            # Another link is another place.
            other = socket.if_nametoindex("other0")
            for text in (f"[fe80::77%other0]:{port}", f"[fe80::77%{other}]:{port}"):
                self.assertIsNone(ours.rpc("why", text)["peer"])
                for call in (("disconnectnode", text),
                             ("waitfor", {"peer": {"address": text}}, 0),
                             ("waitfor", {"event": {"type": "peer_ready", "since": since,
                                                    "address": text}}, 0)):
                    with self.assertRaises(RpcError) as caught:
                        ours.rpc(*call)
                    self.assertIn(caught.exception.code, (-29, -110), call)

    def test_added(self):
        with Node("--listen", f"[{PLACE}]:0") as theirs, Node() as ours:
            ours.rpc("addnode", theirs.p2p, "add")
            ours.wait_for({"peers_ready": 1}, timeout=10)
            [entry] = ours.rpc("getaddednodeinfo")
            self.assertEqual(entry, {"addednode": theirs.p2p, "connected": True, "addresses":
                                     [{"address": theirs.p2p, "connected": "outbound"}]})
            number = theirs.p2p.replace("%lo", "%%%d" % socket.if_nametoindex("lo"))
            with self.assertRaises(RpcError) as caught:
                ours.rpc("addnode", number, "add")
            self.assertEqual(caught.exception.code, -23)
            ours.rpc("addnode", theirs.p2p, "remove")
            theirs.wait_for({"peers_ready": 1}, timeout=5)
            [peer], [there] = ours.get("/peers"), theirs.get("/peers")
            ours.rpc("disconnectnode", nodeid=peer["id"])
            ours.wait_for({"peer_gone": {"id": peer["id"]}}, timeout=5)
            # One try meets an address that is free again.
            theirs.wait_for({"peer_gone": {"id": there["id"]}}, timeout=5)
            ours.rpc("addnode", theirs.p2p, "onetry")
            ours.wait_for({"peers_ready": 1}, timeout=10)
            # One ban for one link, and one for all.
            for text in (PLACE, "fe80::/64"):
                ours.rpc("setban", text, "add")
                ours.wait_for({"banned": PLACE}, timeout=5)
                if text == PLACE:
                    self.assertEqual(ours.rpc("listbanned")[0]["address"], PLACE + "/128")
                    self.assertEqual(ours.get("/status")["peers"]["total"], 0)
                ours.rpc("setban", text, "remove")

    def test_told_to_nobody(self):
        with Node("--listen", "127.0.0.1:0", "--listen", f"[{PLACE}]:0") as node:
            self.assertFalse(node.rpc("addpeeraddress", PLACE, 8333)["success"])
            self.assertEqual(node.get("/addresses"), [])
            with Peer(node) as peer:
                peer.handshake()
                node.wait_for({"peers_ready": 1}, timeout=10)
                with self.assertRaises(RpcError):
                    node.request("any", "announce_addresses",
                                 addresses=[f"[{PLACE}]:8333"])

    def test_refused(self):
        for option, value, why in (
                ("--connect", "[fe80::1%nosuchlink0]:1", "no interface 'nosuchlink0'"),
                ("--listen", "[fe80::1%nosuchlink0]:1", "no interface 'nosuchlink0'"),
                ("--add-peer", "[2001:db8::1%lo]:1", "link-local"),
                ("--connect", "127.0.0.1%lo:1", "link-local")):
            self.refuse("run", "--network", "regtest", "--data-dir", self.folder, option,
                        value, names=(option, value, why))


if __name__ == "__main__":
    unittest.main()
