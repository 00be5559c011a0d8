#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Mistakes in calls, with the codes, statuses and words of Bitcoin Core 28."""

import json
import time
import unittest

from cases import NodeCase
from peerage_harness import RpcError

PEERS = 1
USAGE = "usage"  # the error's text is the help of the method


class Errors(NodeCase):
    swarm = PEERS

    def exchange(self, body):
        """(status, decoded answer); None for an empty one."""
        answer = self.post(body)
        return answer.status, json.loads(answer.body) if answer.body else None

    def check(self, code, text, method, params):
        """The same code in both versions, with the status of each."""
        call = {"method": method, "params": params, "id": 1}
        status, found = self.exchange(json.dumps(call))
        error = found["error"]
        self.assertEqual(error["code"], code, (call, error))
        self.assertEqual(status, {-32601: 404, -32600: 400}.get(code, 500), call)
        if text == USAGE:
            text = self.node.rpc("help", method)
        if text is not None:
            self.assertEqual(error["message"], text, call)
        self.assertEqual(found, {"result": None, "error": error, "id": 1})
        self.assertEqual(self.exchange(json.dumps(call | {"jsonrpc": "2.0"})),
                         (200, {"jsonrpc": "2.0", "error": error, "id": 1}))

    def test_of_each_method(self):
        peer = self.node.rpc("getpeerinfo")[0]
        added = peer["addr"]
        self.node.rpc("addnode", added, "add")
        self.node.rpc("setban", "10.1.0.0/16", "add")
        soon = int(time.time()) - 1
        nobody = "127.1.1.1:1"
        for code, text, method, params in (
                (-32601, "Method not found", "nope", []),
                (-32601, "Method not found", "", []),
                (-32601, "Method not found", "GetPeerInfo", []),
                (-1, USAGE, "getpeerinfo", [1]),
                (-1, USAGE, "addnode", []),
                (-1, USAGE, "addnode", [nobody]),
                (-1, USAGE, "addnode", [nobody, "love"]),
                (-3, None, "addnode", [nobody, None]),
                (-3, None, "addnode", [7, "add"]),
                (-3, None, "addnode", [nobody, "add", 1]),
                (-8, None, "addnode", [nobody, "add", True]),
                (-23, "Error: Node already added", "addnode", [added, "add"]),
                (-24, "Error: Node could not be removed. It has not been added previously.",
                 "addnode", [nobody, "remove"]),
                (-30, None, "addnode", ["no where.example", "add"]),
                (-30, None, "addnode", ["127.0.0.1:0", "add"]),
                (-24, None, "addnode", ["nowhere.example", "remove"]),
                (-24, None, "addnode", [added + " ", "remove"]),
                (-30, "Error: Invalid IP address: fe80::1%nosuchlink0 (this machine has no "
                      "interface 'nosuchlink0')", "addnode", ["fe80::1%nosuchlink0", "add"]),
                (-30, "Error: Invalid IP address: 127.0.0.1%lo (only link-local addresses "
                      "(fe80::/10) have a zone)", "addnode", ["127.0.0.1%lo", "onetry"]),
                (-24, None, "getaddednodeinfo", [added + " "]),
                (-24, None, "getaddednodeinfo", [""]),
                (-30, None, "setban", ["fe80::1%nosuchlink0", "add"]),
                (-24, "Error: Node has not been added.", "getaddednodeinfo", [nobody]),
                (-3, None, "getaddednodeinfo", [True]),
                (-29, "Node not found in connected nodes", "disconnectnode", [nobody]),
                (-29, None, "disconnectnode", [""]),
                (-29, None, "disconnectnode", ["x"]),
                (-29, None, "disconnectnode", ["", 999]),
                (-29, None, "disconnectnode", {"nodeid": 999}),
                (-29, None, "disconnectnode", {"nodeid": -1}),
                (-1, None, "disconnectnode", {"nodeid": 1.5}),
                (-1, None, "disconnectnode", {"nodeid": 2**63}),
                (-3, None, "disconnectnode", {"nodeid": "1"}),
                (-32602, "Only one of address and nodeid should be provided.",
                 "disconnectnode", [peer["addr"], peer["id"]]),
                (-32602, None, "disconnectnode", []),
                (-23, "Error: IP/Subnet already banned", "setban", ["10.1.0.0/16", "add"]),
                (-23, None, "setban", ["10.1.0.0/255.255.0.0", "add"]),
                (-23, None, "setban", ["::ffff:10.1.0.0/112", "add"]),
                (-23, None, "setban", ["10.1.2.3", "add"]),  # an address, not a range
                (-30, "Error: Unban failed. Requested address/subnet was not previously "
                      "manually banned.", "setban", ["10.1.2.3", "remove"]),
                (-30, "Error: Invalid IP/Subnet", "setban", ["127.0.0.1/42", "add"]),
                (-30, None, "setban", ["", "add"]),
                (-30, None, "setban", ["1.2.3.4:8333", "add"]),
                (-30, None, "setban", ["example.com", "add"]),
                (-8, "Error: Absolute timestamp is in the past", "setban",
                 ["10.3.0.0/16", "add", soon, True]),
                (-8, None, "setban", {"subnet": "10.3.0.0/16", "command": "add",
                                      "absolute": True}),
                (-1, USAGE, "setban", ["example.com", "forgive"]),
                (-1, USAGE, "setban", ["10.3.0.0/16"]),
                (-3, None, "setban", ["10.3.0.0/16", "add", "60"]),
                (-3, None, "setban", ["10.3.0.0/16", "add", 60, 1]),
                (-1, None, "setban", ["10.3.0.0/16", "add", 1e30]),
                (-8, "Address count out of range", "getnodeaddresses", [-1]),
                (-1, None, "getnodeaddresses", [2**31]),
                (-1, None, "getnodeaddresses", [0.5]),
                (-8, "Network not recognized: ether", "getnodeaddresses", [1, "ether"]),
                (-1, None, "addpeeraddress", ["1.2.3.4", -1]),
                (-1, None, "addpeeraddress", ["1.2.3.4", 65536]),
                (-1, USAGE, "addpeeraddress", ["1.2.3.4"]),
                (-3, None, "setnetworkactive", ["yes"]),
                (-3, None, "setnetworkactive", [None]),
                (-1, USAGE, "setnetworkactive", []),
                (-8, "Unknown named parameter x", "uptime", {"x": 1}),
                (-8, "Unknown named parameter args", "uptime", {"args": 1}),
                (-3, None, "help", [7])):
            with self.subTest(method=method, params=params):
                self.check(code, text, method, params)
        self.assertEqual([x["address"] for x in self.node.rpc("listbanned")], ["10.1.0.0/16"])
        self.assertEqual(self.node.rpc("getconnectioncount"), PEERS)

    def test_bans_within_bans(self):
        """Each range has a ban of its own; only the very same one is there already."""
        call = self.node.rpc
        listed = lambda: [x["address"] for x in call("listbanned")
                          if x["address"].startswith("10.6")]
        call("setban", "10.6.0.0/24", "add", 100)
        for text in ("10.6.0.7/32", "10.6.0.16/28", "10.6.0.9/16"):
            self.assertIsNone(call("setban", text, "add", 50))
        self.assertEqual(listed(), ["10.6.0.0/16", "10.6.0.0/24", "10.6.0.7/32",
                                    "10.6.0.16/28"])
        for text in ("10.6.0.7/32", "10.6.0.7", "10.6.0.99/255.255.255.0",
                     "::ffff:10.6.0.0/112"):
            with self.assertRaises(RpcError) as caught:
                call("setban", text, "add")
            self.assertEqual(caught.exception.code, -23, text)
        self.assertIsNone(call("setban", "10.6.0.1/24", "remove"))
        self.assertEqual(listed(), ["10.6.0.0/16", "10.6.0.7/32", "10.6.0.16/28"])
        for text in ("10.6.0.7", "10.6.0.16/28", "10.6.0.0/16"):
            self.assertIsNone(call("setban", text, "remove"))
        self.assertEqual(listed(), [])

    def test_what_is_no_error(self):
        call = self.node.rpc
        self.assertEqual(call("addpeeraddress", "1.2.3.4.5", 8333), {"success": False})
        self.assertEqual(call("help", "nope"), "help: unknown command: nope")
        self.assertIsInstance(call("getnodeaddresses", None, "IPV4"), list)
        self.assertIsNone(call("setban", "10.8.0.0/16", "add", -5))
        self.assertEqual(call("listbanned")[-1]["ban_duration"], 86400)
        until = int(time.time()) + 1000
        self.assertIsNone(call("setban", "2001:db8::/32", "add", until, True))
        self.assertEqual(call("listbanned")[-1]["banned_until"], until)
        self.assertIsNone(call("setban", "10.8.0.0/255.255.0.0", "remove"))
        self.assertIsNone(call("setban", "2001:db8::/32", "remove"))

    def test_what_is_no_call(self):
        for status, answer, body in (
                (500, {"result": None, "id": None}, ""),
                (500, {"result": None, "id": None}, "{"),
                (500, {"result": None, "id": None}, "7"),
                (500, {"result": None, "id": None}, '{"method":"uptime"}\0{'),
                # It would come back as another number.
                (400, {"result": None, "id": None}, '{"method":"uptime","id":1' + 30 * "0" + "}"),
                (500, {"result": None, "id": None}, '{"method":"stop","method":"stop"}'),
                (400, {"result": None}, "{}"),
                (400, {"result": None, "id": 5}, '{"method":7,"id":5}'),
                (400, {"result": None}, '{"jsonrpc":2,"method":"stop"}'),
                (400, {"result": None, "id": 5}, '{"jsonrpc":"3.0","method":"stop","id":5}'),
                (400, {"result": None, "id": 5}, '{"method":"stop","params":3,"id":5}'),
                # Not understood as a call: an HTTP error also in version 2.0.
                (400, {"jsonrpc": "2.0", "id": 5}, '{"jsonrpc":"2.0","id":5}'),
                (400, {"jsonrpc": "2.0"}, '{"jsonrpc":"2.0","method":"stop","params":3}')):
            found, document = self.exchange(body)
            code = document.pop("error")["code"]
            self.assertEqual((found, code, document),
                             (status, -32700 if status == 500 else -32600, answer), body)

    def test_dear_documents(self):
        """Each is refused within seconds, and no other client has waited for longer."""
        wide = "[" + "{}," * 1_300_000 + "{}]"
        for body in (wide, "[" * (4 << 20), '{"a":' * 800_000, "[" + "0," * 2_000_000 + "0]",
                     json.dumps({"method": "uptime", "params": [0] * 1_000_000}),
                     json.dumps({str(i): 0 for i in range(300_000)}),
                     json.dumps({"a": [{str(i): 0 for i in range(1000)} for _ in range(400)]})):
            began = time.monotonic()
            status, found = self.exchange(body)
            self.assertEqual((status, found["error"]["code"]), (500, -32700), body[:20])
            self.assertLess(time.monotonic() - began, 10, body[:20])
        # The same in a text that we read as JSON.
        status, found = self.exchange(json.dumps({"method": "waitfor", "params": [wide]}))
        self.assertEqual(found["error"]["code"], -3)
        self.assertEqual(self.exchange('{"method":"uptime"}')[0], 200)

    def test_ids_come_back(self):
        for text in ('"x"', "7", "-7", "null", "true", "18446744073709551615", "1.5", '"\\u00e9"'):
            status, found = self.exchange(f'{{"method":"uptime","id":{text}}}')
            self.assertEqual((status, found["id"]), (200, json.loads(text)))
        self.assertNotIn("id", self.exchange('{"method":"uptime"}')[1])
        # Version 2.0 without an id is a notification, with null it is none.
        self.assertEqual(self.exchange('{"jsonrpc":"2.0","method":"uptime"}'), (204, None))
        self.assertEqual(self.exchange('{"jsonrpc":"2.0","method":"uptime","id":null}')[0], 200)
        self.assertEqual(self.exchange('{"jsonrpc":"2.0","method":"nope"}'), (204, None))

    def test_batches(self):
        status, found = self.exchange('[{"method":"nope","id":1},{"method":"setban","params":'
                                  '["x","add"],"id":2},{},7,{"jsonrpc":"2.0"},'
                                  '{"jsonrpc":"2.0","method":"nope"},'
                                  '{"jsonrpc":"2.0","method":"getconnectioncount","id":3}]')
        self.assertEqual(status, 200)
        self.assertEqual([(x.get("id"), x.get("error", {"code": 0})["code"]) for x in found],
                         [(1, -32601), (2, -30), (None, -32600), (None, -32600), (3, 0)])
        self.assertEqual(["id" in x for x in found], [True, True, False, True, True])
        self.assertEqual(found[-1], {"jsonrpc": "2.0", "result": PEERS, "id": 3})

    def test_other_methods_and_places(self):
        for method in ("PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = self.node.http(method, "/")
            self.assertEqual((answer.status, "POST" in answer.headers["Allow"]), (405, True))
        for place in ("/wallet/x", "/wallet/", "//"):
            self.assertEqual(self.node.http("POST", place, "{}").status, 404)

    def test_help_of_all(self):
        lines = self.node.rpc("help").split("\n")
        names = {line.split(" ")[0] for line in lines}
        self.assertLessEqual(
            {"getpeerinfo", "getnetworkinfo", "getnettotals", "getconnectioncount", "addnode",
             "disconnectnode", "setban", "listbanned", "clearbanned", "getnodeaddresses",
             "getaddednodeinfo", "getaddrmaninfo", "setnetworkactive", "ping", "uptime",
             "getrpcinfo", "getblockchaininfo", "getblockcount", "getbestblockhash",
             "getindexinfo", "getmemoryinfo", "help", "stop", "why", "whynot", "waitfor",
             "request"}, names)
        for name in names | {"addpeeraddress", "getrawaddrman"}:
            text = self.node.rpc("help", name)
            self.assertTrue(text.startswith(name), text)
            self.assertGreater(text.count("\n"), 0, name)


if __name__ == "__main__":
    unittest.main()
