#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Results of JSON-RPC against the shapes of Bitcoin Core's, in rpc_shapes.json."""

import json
import re
import unittest

from cases import NodeCase
from peerage_harness import Peer
from rpc_shapes import SHAPES, difference, parse

PEERS = 2


class Shapes(NodeCase):
    swarm = PEERS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # One inbound peer, which has told of a fee filter; a ban; an added node; an address.
        cls.inbound = cls.enterClassContext(Peer(cls.node).handshake())
        for rate in (1000, 2**64 - 1):  # the second is more than there is, and ignored
            cls.inbound.send("feefilter", rate=rate)
        cls.inbound.expect("ping")  # and is answered before the next
        cls.inbound.round_trip()
        cls.node.rpc("addnode", cls.node.rpc("getpeerinfo")[0]["addr"], "add")
        cls.node.rpc("addnode", "127.9.9.9:1", "add")
        cls.node.rpc("addpeeraddress", "127.9.10.11", 8333)
        cls.node.wait_for({"address_known": "127.9.10.11:8333"}, timeout=10)
        for peer in cls.node.get("/peers"):
            if peer["direction"] == "outbound":
                cls.node.request(peer["id"], "measure_latency")

    def raw(self, method, params=()):
        """The answer, undecoded."""
        body = json.dumps({"method": method, "params": list(params), "id": 1})
        answer = self.post(body)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.body.decode()

    def test_shapes(self):
        self.node.rpc("setban", "10.1.0.0/16", "add")
        filled = set()
        for method, shape in SHAPES.items():
            if method == "//":
                continue
            result = parse(self.raw(method, shape["params"]))["result"]
            self.assertIsNone(difference(result, shape["result"], method))
            if result:
                filled.add(method)
        # Empty lists prove little.
        self.assertLessEqual({"getpeerinfo", "getaddednodeinfo", "getnodeaddresses",
                              "listbanned", "getrawaddrman", "getmemoryinfo"}, filled)

    def test_peers_of_both_directions(self):
        peers = parse(self.raw("getpeerinfo"))["result"]
        self.assertEqual([x["connection_type"] for x in peers],
                         PEERS * ["manual"] + ["inbound"])
        for peer in peers:
            self.assertLessEqual({"pingtime", "minping", "addrbind"}, peer.keys())
            self.assertEqual(peer["bytessent"], sum(peer["bytessent_per_msg"].values()))
            self.assertEqual(peer["bytesrecv"], sum(peer["bytesrecv_per_msg"].values()))
        connected = self.node.rpc("getaddednodeinfo")[0]["addresses"]
        self.assertEqual([x["connected"] for x in connected], ["outbound"])

    def test_amounts_are_written_as_core_writes_them(self):
        network = self.raw("getnetworkinfo")
        for name in ("relayfee", "incrementalfee"):
            self.assertIn(f'"{name}":0.00001000,', network)
        fees = re.findall(r'"minfeefilter":([^,]*),', self.raw("getpeerinfo"))
        self.assertEqual(fees, PEERS * ["0.00000000"] + ["0.00001000"])
        everything = "".join(self.raw(method, shape["params"]) for method, shape in
                             SHAPES.items() if method != "//")
        self.assertEqual(re.findall(r"[:,\[]-?[0-9.]+[eE][^,}\]]*", everything), [])


if __name__ == "__main__":
    unittest.main()
