#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""npm's bitcoin-core, a client of Bitcoin Core that knows nothing of us, in its own words."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from cases import NodeCase
from peerage_harness import Peer

HERE = pathlib.Path(__file__).parent / "bitcoin_core_client"
PEERS = 2
INSTALL_SECONDS = 120
CALL_SECONDS = 60


def install():
    """The folder where the client is installed, once; $BITCOIN_CORE_CLIENT, or one in /tmp."""
    folder = pathlib.Path(os.environ.get(
        "BITCOIN_CORE_CLIENT",
        pathlib.Path(tempfile.gettempdir()) / f"peerage-bitcoin-core-client-{os.getuid()}"))
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "calls.js", folder)
    # npm writes into package.json's folder; the stamp says which package.json is installed.
    wanted, stamp = (HERE / "package.json").read_bytes(), folder / "node_modules/.installed"
    if not stamp.exists() or stamp.read_bytes() != wanted:
        shutil.rmtree(folder / "node_modules", ignore_errors=True)
        (folder / "package.json").write_bytes(wanted)
        subprocess.run(["npm", "install", "--ignore-scripts", "--no-package-lock", "--no-audit",
                        "--no-fund"], cwd=folder, timeout=INSTALL_SECONDS, check=True)
        stamp.write_bytes(wanted)
    return folder


@unittest.skipUnless(shutil.which("npm") and shutil.which("node"),
                     "npm is not installed, so there is no bitcoin-core client")
class BitcoinCoreClient(NodeCase):
    swarm = PEERS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = install()
        cls.inbound = cls.enterClassContext(Peer(cls.node).handshake())

    def calls(self, *calls, password=None):
        """The outcome of each call: {"result": ...} or {"error": {"code", "message"}}."""
        username, secret = self.node.cookie.split(":")
        done = subprocess.run(
            ["node", "calls.js"], cwd=self.folder, timeout=CALL_SECONDS, check=False,
            capture_output=True, text=True, input=json.dumps({
                "host": self.tcp, "username": username, "password": password or secret,
                "calls": calls}))
        self.assertEqual(done.returncode, 0, done.stderr)
        answers = json.loads(done.stdout)
        self.assertEqual(len(answers), len(calls))
        return answers

    def results(self, *calls):
        answers = self.calls(*calls)
        for call, answer in zip(calls, answers):
            self.assertIn("result", answer, call)
        return [answer["result"] for answer in answers]

    def test_reads(self):
        names = ["getPeerInfo", "getNetworkInfo", "getNetTotals", "getConnectionCount",
                 "getAddedNodeInfo", "listBanned", "getBlockchainInfo", "getBlockCount",
                 "getBestBlockHash", "getMemoryInfo", "help", "ping"]
        found = dict(zip(names, self.results(*({"function": name} for name in names))))
        self.assertEqual(found["getConnectionCount"], PEERS + 1)
        self.assertEqual(sorted(x["inbound"] for x in found["getPeerInfo"]),
                         PEERS * [False] + [True])
        self.assertEqual(found["getNetworkInfo"]["relayfee"], 0.00001)
        self.assertGreater(found["getNetTotals"]["totalbytesrecv"], 0)
        self.assertEqual(found["getAddedNodeInfo"], [])  # the swarm was not added
        chain = found["getBlockchainInfo"]
        self.assertEqual(chain["chain"], "regtest")
        self.assertEqual((found["getBlockCount"], found["getBestBlockHash"]),
                         (chain["blocks"], chain["bestblockhash"]))
        self.assertEqual(found["getMemoryInfo"]["locked"]["used"], 0)
        self.assertIn("getpeerinfo", found["help"].split("\n"))
        self.assertIsNone(found["ping"])

    def test_calls_that_it_does_not_know(self):
        address = {"method": "addpeeraddress", "parameters": ["127.9.10.11", 8333]}
        added, *found = self.results(
            address, {"method": "getnodeaddresses", "parameters": [0]},
            {"method": "getaddrmaninfo"}, {"method": "getrpcinfo"},
            {"method": "why", "parameters": [1]},
            {"method": "whynot", "parameters": ["127.9.10.11:8333"]},
            {"method": "waitfor", "parameters": [{"peers_ready": PEERS}, 5]},
            {"method": "request", "parameters": [{"peer": 1, "type": "measure_latency"}]},
            {"method": "uptime"})
        known, counts, rpc, why, why_not, waited, latency, uptime = found
        self.assertEqual(added, {"success": True})
        self.assertIn("127.9.10.11", [x["address"] for x in known])
        self.assertEqual(counts["ipv4"]["total"], counts["all_networks"]["total"])
        self.assertEqual(rpc["active_commands"][0]["method"], "getrpcinfo")
        self.assertEqual(why["peer"]["id"], 1)
        self.assertEqual(why_not["address"], "127.9.10.11:8333")
        self.assertGreaterEqual(waited["found"]["ready"], PEERS)
        self.assertGreater(latency["round_trip"], 0)
        self.assertIsInstance(uptime, int)

    def test_writes_by_place_and_by_name(self):
        place = "127.8.7.6:1"
        found = self.results(
            {"function": "setBan", "parameters": ["10.1.0.0/16", "add", 600]},
            {"function": "setBan",
             "parameters": [{"subnet": "10.2.0.1", "command": "add", "bantime": 60}]},
            {"function": "listBanned"},
            {"function": "setBan", "parameters": ["10.1.0.0/16", "remove"]},
            {"function": "clearBanned"}, {"function": "listBanned"},
            {"function": "addNode", "parameters": [place, "add"]},
            {"function": "getAddedNodeInfo", "parameters": [{"node": place}]},
            {"function": "addNode", "parameters": [{"command": "remove", "node": place}]},
            {"function": "addNode", "parameters": [place, "onetry"]})
        self.assertEqual([(x["address"], x["ban_duration"]) for x in found[2]],
                         [("10.1.0.0/16", 600), ("10.2.0.1/32", 60)])
        self.assertEqual(found[5], [])
        self.assertEqual(found[7],
                         [{"addednode": place, "connected": False, "addresses": []}])

    def test_a_peer_is_ended(self):
        for by_id in (True, False):
            with Peer(self.node, source="127.0.0.7").handshake() as peer:
                found = self.node.wait_for({"peer": {"address": "127.0.0.7"}}, timeout=10)
                whom = {"nodeid": found["id"]} if by_id else found["address"]
                self.results({"function": "disconnectNode", "parameters": [whom]})
                gone = self.node.wait_for({"peer_gone": {"id": found["id"]}}, timeout=10)
                self.assertEqual(gone["reason"], "disconnect_requested")
                self.assertEqual(peer.expect_end(), "closed")

    def test_batch(self):
        [found] = self.results({"batch": [
            {"method": "getconnectioncount"},
            {"method": "getwalletinfo"},
            {"method": "setban", "parameters": {"subnet": "x", "command": "add"}},
            {"method": "uptime"}]})
        self.assertEqual([x.get("error", {}).get("code") for x in found],
                         [None, -32601, -30, None])
        self.assertEqual(found[0]["result"], PEERS + 1)

    def test_mistakes(self):
        added = self.node.rpc("getpeerinfo")[0]["addr"]
        self.node.rpc("addnode", added, "add")
        self.addCleanup(self.node.rpc, "addnode", added, "remove")
        for code, call in (
                (-32601, {"function": "getWalletInfo"}),
                (-23, {"function": "addNode", "parameters": [added, "add"]}),
                (-24, {"function": "addNode", "parameters": ["127.1.1.1:1", "remove"]}),
                (-29, {"function": "disconnectNode", "parameters": ["127.1.1.1:1"]}),
                (-30, {"function": "setBan", "parameters": ["x", "add"]}),
                (-30, {"function": "setBan", "parameters": ["10.9.0.0/16", "remove"]}),
                (-3, {"function": "setBan", "parameters": [7, "add"]}),
                (-1, {"function": "setBan", "parameters": ["10.9.0.0/16"]}),
                (-8, {"function": "setBan", "parameters": [{"network": "10.9.0.0/16"}]})):
            [answer] = self.calls(call)
            self.assertEqual(answer.get("error", {}).get("code"), code, (call, answer))

    def test_wrong_password(self):
        [answer] = self.calls({"function": "clearBanned"}, password="0" * 64)
        self.assertEqual(answer, {"error": {"code": 401, "message": "Unauthorized"}})


if __name__ == "__main__":
    unittest.main()
