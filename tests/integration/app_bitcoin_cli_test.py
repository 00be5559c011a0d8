#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests as Bitcoin Core's bitcoin-cli makes them, byte by byte, and what it reads of the
answers. The program itself is in no Debian package."""

import base64
import json
import socket
import unittest

from cases import FolderCase, NodeCase
from peerage_harness import Node, Peer
from raw_http import http_exchange, json_of, status_of
from rpc_shapes import parse

PEERS = 2


def cli_request(body, cookie, host="127.0.0.1", more=""):
    """A POST as libevent writes it for bitcoin-cli: no Accept, no User-Agent, and before
    version 22 no Content-Type."""
    token = base64.b64encode(cookie.encode()).decode()
    return (f"POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}"
            f"Authorization: Basic {token}\r\nContent-Length: {len(body)}\r\n\r\n"
            f"{body}").encode()


def call_body(method, params, version_2=True):
    return json.dumps({"method": method, "params": params, "id": 1,
                       **({"jsonrpc": "2.0"} if version_2 else {})}) + "\n"


class BitcoinCli(NodeCase):
    swarm = PEERS

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbound = cls.enterClassContext(Peer(cls.node).handshake())

    def exchange(self, body, cookie=None, **more):
        """(status, raw answer)"""
        answer = http_exchange(self.tcp, cli_request(body, cookie or self.node.cookie, **more))
        return status_of(answer), answer

    def reply(self, method, params, **more):
        status, answer = self.exchange(call_body(method, params, **more))
        self.assertEqual(status, 200, answer)
        return json_of(answer)

    def result(self, method, *params):
        """As `bitcoin-cli method params`; or with one dict, as `-named` sends it."""
        named = len(params) == 1 and isinstance(params[0], dict)
        found = self.reply(method, params[0] if named else list(params))
        self.assertNotIn("error", found)
        return found["result"]

    def batch(self, *methods):
        """As it sends them for its own commands: numbered, and with null for params."""
        body = json.dumps([{"method": method, "params": None, "id": i, "jsonrpc": "2.0"}
                           for i, method in enumerate(methods)]) + "\n"
        status, answer = self.exchange(body)
        self.assertEqual(status, 200, answer)
        found = parse(answer.split(b"\r\n\r\n", 1)[1])
        self.assertEqual([x["id"] for x in found], list(range(len(methods))))
        return found

    # -- the request --------------------------------------------------------------------

    def test_versions_of_the_request(self):
        for version_2 in (True, False):
            for more in ("", "Content-Type: application/json\r\n", "Content-Type: text/plain\r\n"):
                status, answer = self.exchange(
                    call_body("getconnectioncount", [], version_2), more=more)
                self.assertEqual(status, 200)
                found = json_of(answer)
                self.assertEqual((found["result"], found["id"]), (PEERS + 1, 1))
                self.assertEqual("error" in found, not version_2)

    def test_wrong_cookie(self):
        status, answer = self.exchange(call_body("clearbanned", []), "__cookie__:" + "0" * 64)
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertEqual((status, body), (401, b""))
        self.assertIn(b'WWW-Authenticate: Basic realm="jsonrpc"', head)
        self.assertNotIn(b"\r\nContent-Type:", head)

    def test_codes_that_it_prints(self):
        for code, method, params in ((-32601, "getwalletinfo", []), (-1, "setban", ["10.0.0.1"]),
                                     (-24, "addnode", ["127.1.1.1:1", "remove"])):
            found = self.reply(method, params)
            self.assertEqual((found["error"]["code"], found["id"]), (code, 1))
            self.assertIsInstance(found["error"]["message"], str)

    def test_named_parameters(self):
        # bitcoin-cli -named setban 10.5.0.0/16 command=add bantime=60
        self.assertIsNone(self.result("setban", {"command": "add", "bantime": 60,
                                                 "args": ["10.5.0.0/16"]}))
        [ban] = self.result("listbanned")
        self.assertEqual((ban["address"], ban["ban_duration"]), ("10.5.0.0/16", 60))
        self.assertIsNone(self.result("clearbanned", {"args": []}))
        for params, text in (
                ({"args": ["10.5.0.0/16"], "subnet": "10.6.0.0/16", "command": "add"},
                 "Parameter subnet specified twice both as positional and named argument"),
                ({"args": ["10.5.0.0/16", "add"], "bantim": 1},
                 "Unknown named parameter bantim")):
            error = self.reply("setban", params)["error"]
            self.assertEqual((error["code"], error["message"]), (-8, text))
        self.assertEqual(self.reply("setban", {"args": 5 * ["10.5.0.0/16"]})["error"]["code"],
                         -1)

    # -- what it calls for its own commands ----------------------------------------------

    def test_netinfo(self):
        peers, network = (x["result"] for x in self.batch("getpeerinfo", "getnetworkinfo"))
        self.assertEqual(len(peers), PEERS + 1)
        needed = {int: ["id", "version", "conntime", "last_block", "lastrecv", "lastsend",
                        "last_transaction"],
                  bool: ["inbound", "bip152_hb_from", "bip152_hb_to"],
                  str: ["network", "connection_type", "addr", "subver"]}
        if_there = {int: ["mapped_as", "addr_processed", "addr_rate_limited"],
                    bool: ["relaytxes", "addr_relay_enabled"],
                    str: ["transport_protocol_type"], list: ["servicesnames"]}
        for peer in peers:
            for kind, names in needed.items():
                for name in names:
                    self.assertIs(type(peer[name]), kind, name)
            for kind, names in if_there.items():
                for name in names:
                    self.assertIn(type(peer.get(name)), (kind, type(None)), name)
            for name in ("id", "version", "addr_processed"):  # it reads these into an int
                self.assertLess(peer[name], 2**31)
        self.assertGreaterEqual(network["version"], 209900)
        for name in ("version", "protocolversion"):
            self.assertIs(type(network[name]), int)
        self.assertIs(type(network["subversion"]), str)
        for entry in network["networks"]:
            self.assertEqual((type(entry["name"]), type(entry["reachable"])), (str, bool))
        self.assertEqual(network["localaddresses"], [])

    def test_getinfo(self):
        network, chain, wallet, balances = self.batch(
            "getnetworkinfo", "getblockchaininfo", "getwalletinfo", "getbalances")
        for found in (wallet, balances):
            self.assertEqual(found["error"]["code"], -32601)
            self.assertNotIn("result", found)
        for name in ("chain", "blocks", "headers", "verificationprogress", "difficulty"):
            self.assertIn(name, chain["result"])
        for name in ("version", "timeoffset", "connections_in", "connections_out", "networks",
                     "relayfee", "warnings"):
            self.assertIn(name, network["result"])
        for entry in network["result"]["networks"]:
            self.assertIs(type(entry["proxy"]), str)
        self.assertEqual(self.reply("listwallets", [])["error"]["code"], -32601)

    def test_addrinfo(self):
        self.assertEqual(self.result("addpeeraddress", "127.9.10.11", 8333), {"success": True})
        self.assertIn("ipv4", {x["network"] for x in self.result("getnodeaddresses", 0)})
        counts = self.result("getaddrmaninfo")
        self.assertGreaterEqual(counts["ipv4"]["total"], 1)
        self.assertEqual(list(counts)[-1], "all_networks")

    # -- our own calls: it does not know them, so all comes as text -----------------------

    def test_our_calls_as_text(self):
        self.assertEqual(self.result("why", "1")["peer"]["id"], 1)
        self.assertEqual(self.result("why", "127.9.9.9")["history"], [])
        self.assertEqual(self.result("waitfor", f'{{"peers_ready":{PEERS}}}', "10")["condition"],
                         {"peers_ready": PEERS})
        latency = self.result("request", '{"peer":1,"type":"measure_latency","timeout":9.5}')
        self.assertGreater(latency["round_trip"], 0)
        for wrong, code in (("{", -3), ("[]", -3), ('{"a":1,"a":2}', -3), ("{}", -8)):
            self.assertEqual(self.reply("waitfor", [wrong])["error"]["code"], code, wrong)
        self.assertEqual(self.reply("waitfor", ['{"peers_ready":0}', "soon"])["error"]["code"],
                         -3)

    def test_our_calls_as_named_text(self):
        self.assertEqual(self.result("why", {"subject": "1"})["peer"]["id"], 1)
        hashes = self.result("request", {"peer": "1", "type": "get_block_hashes",
                                         "timeout": "10"})["hashes"]
        # A hash is a text, also one that could be read as a number.
        self.assertEqual(self.result("request", {"peer": "1", "type": "get_headers",
                                                 "stop": "1" * 64, "locator": "[]"})
                         ["headers"][0]["hash"], hashes[0])
        found = self.result("request", {"peer": "1", "type": "get_blocks", "body": "false",
                                        "hashes": json.dumps(hashes[:2])})["blocks"]
        self.assertEqual([x["hash"] for x in found], hashes[:2])
        self.assertNotIn("body", found[0])
        self.assertIsNotNone(self.result("waitfor", {"timeout": "5",
                                                     "args": ['{"peers_ready":1}']}))

    def test_text_is_only_read_where_it_is_ours(self):
        error = self.reply("setnetworkactive", ["true"])["error"]
        self.assertEqual((error["code"], error["message"]), (
            -3, 'Wrong type passed:\n{\n    "Position 1 (state)": "JSON value of type string '
                'is not of expected type bool"\n}'))


class Places(FolderCase):
    def test_cookie_of_each_network(self):
        for network, place in (("main", ".cookie"), ("testnet", "testnet3/.cookie"),
                               ("testnet4", "testnet4/.cookie"), ("signet", "signet/.cookie"),
                               ("regtest", "regtest/.cookie")):
            data = self.folder / network
            with Node("--network", network, "--listen", "none", "--no-dns-seeds", "--connect",
                      "127.0.0.1:1", "--data-dir", data) as node:
                self.assertEqual(node.cookie_path, data / place)
                answer = http_exchange(node.urls[0], cli_request(
                    call_body("getblockchaininfo", []), (data / place).read_text()))
                chain = json_of(answer)["result"]["chain"]
                self.assertEqual(chain, "test" if network == "testnet" else network)

    def test_ipv6(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("this machine has no IPv6")
        with Node("--status", "[::1]:0") as node:
            # -rpcconnect=::1 names it so, a browser in brackets.
            for host in ("::1", "[::1]"):
                answer = http_exchange(node.urls[0], cli_request(
                    call_body("uptime", []), node.cookie, host))
                self.assertEqual(status_of(answer), 200, answer)


if __name__ == "__main__":
    unittest.main()
