#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bitcoin Core's calls that a peer manager meets on the way to others: about the chain, the
memory, the indexes, and the table of addresses."""

import unittest

from cases import NodeCase
from peerage_harness import Node, RpcError

GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"


class Calls(NodeCase):
    swarm = 2
    options = ("--connect", "127.9.9.9:1")  # addresses are known, and not dialed

    def test_the_chain_is_the_one_that_peers_are_told(self):
        peer = self.node.get("/peers")[0]
        headers = self.node.request(peer["id"], "get_headers")["headers"]
        chain = self.node.rpc("getblockchaininfo")
        self.assertEqual(self.node.rpc("getblockcount"), len(headers))
        self.assertEqual(chain["blocks"], len(headers))
        self.assertEqual(self.node.rpc("getbestblockhash"), headers[-1]["hash"])
        self.assertEqual(chain["bestblockhash"], headers[-1]["hash"])

    def test_without_a_chain_there_is_the_first_block(self):
        with Node() as node:
            self.assertEqual(node.rpc("getblockcount"), 0)
            self.assertEqual(node.rpc("getbestblockhash"), GENESIS)

    def test_memory_and_indexes(self):
        self.assertEqual(self.node.rpc("getmemoryinfo"), self.node.rpc("getmemoryinfo", "stats"))
        self.assertEqual(set(self.node.rpc("getmemoryinfo")["locked"].values()), {0})
        self.assertRegex(self.node.rpc("getmemoryinfo", "mallocinfo"), r"(?s)^<malloc .*</malloc>")
        with self.assertRaises(RpcError) as raised:
            self.node.rpc("getmemoryinfo", "more")
        self.assertEqual((raised.exception.code, raised.exception.message),
                         (-8, "unknown mode more"))
        self.assertEqual(self.node.rpc("getindexinfo"), {})
        self.assertEqual(self.node.rpc("getindexinfo", "txindex"), {})

    def test_the_table_of_addresses(self):
        before = self.node.rpc("getrawaddrman")
        # More than one piece of the answer. Places are drawn by a secret key: now and then
        # one is taken already.
        added = sum(self.node.rpc("addpeeraddress", f"127.20.{i}.1", 18444,
                                  i % 2 == 1)["success"] for i in range(100))
        self.assertGreater(added, 90)
        table = self.node.rpc("getrawaddrman")
        counts = self.node.rpc("getaddrmaninfo")["all_networks"]
        self.assertEqual(list(table), ["new", "tried"])
        for name in table:
            self.assertEqual(len(table[name]), counts[name])
            self.assertGreater(counts[name], len(before[name]) + 40)
            for place, entry in table[name].items():
                self.assertRegex(place, r"^\d+/\d+$")
                self.assertLess(int(place.split("/")[1]), 64)
                self.assertEqual((entry["network"], entry["source_network"]),
                                 ("ipv4", "not_publicly_routable"))
        known = {x["address"] for side in table.values() for x in side.values()}
        self.assertEqual(known, {x["address"] for x in self.node.rpc("getnodeaddresses", 0)})


if __name__ == "__main__":
    unittest.main()
