#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""JSON-RPC: Bitcoin Core's calls, our own, and what is none of them."""

import base64
import json
import stat
import subprocess
import unittest

from cases import NodeCase
from peerage_harness import Node, Peer, RpcError

SHAPES = {  # the fields that a client of Bitcoin Core 28 may look for, and their types
    "getpeerinfo": {
        "id": int, "addr": str, "addrbind": str, "network": str, "services": str,
        "servicesnames": list, "relaytxes": bool, "lastsend": int, "lastrecv": int,
        "last_transaction": int, "last_block": int, "bytessent": int, "bytesrecv": int,
        "conntime": int, "timeoffset": int, "pingtime": float, "minping": float,
        "version": int, "subver": str, "inbound": bool, "bip152_hb_to": bool,
        "bip152_hb_from": bool, "startingheight": int, "presynced_headers": int,
        "synced_headers": int, "synced_blocks": int, "inflight": list,
        "addr_relay_enabled": bool, "addr_processed": int, "addr_rate_limited": int,
        "permissions": list, "minfeefilter": float, "bytessent_per_msg": dict,
        "bytesrecv_per_msg": dict, "connection_type": str, "transport_protocol_type": str,
        "session_id": str},
    "getnetworkinfo": {
        "version": int, "subversion": str, "protocolversion": int, "localservices": str,
        "localservicesnames": list, "localrelay": bool, "timeoffset": int,
        "networkactive": bool, "connections": int, "connections_in": int,
        "connections_out": int, "networks": list, "relayfee": float,
        "incrementalfee": float, "localaddresses": list, "warnings": list},
    "getnettotals": {"totalbytesrecv": int, "totalbytessent": int, "timemillis": int,
                     "uploadtarget": dict},
}
PEERS = 4


class Rpc(NodeCase):
    swarm = PEERS

    def call(self, method, *positional, **named):
        return self.node.rpc(method, *positional, **named)

    def fails(self, code, method, *positional, **named):
        with self.assertRaises(RpcError, msg=(method, positional, named)) as caught:
            self.call(method, *positional, **named)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception

    # -- authentication -----------------------------------------------------------------

    def test_cookie(self):
        place, cookie = self.node.cookie_path, self.node.cookie
        self.assertEqual(place, self.node.data_dir / "regtest" / ".cookie")
        self.assertRegex(place.read_text(), r"\A__cookie__:[0-9a-f]{64}\Z")
        self.assertEqual(stat.S_IMODE(place.stat().st_mode), 0o600)
        body = '{"method":"setban","params":["10.9.9.9","add"]}'
        for wrong in ("__cookie__:" + "0" * 64, "x", cookie[:-1], cookie + "0",
                      "user:password"):
            status, headers, text = self.post(body, cookie=wrong)
            self.assertEqual((status, text), (401, b""), wrong)
            self.assertIn("Basic", headers["WWW-Authenticate"])
        self.assertEqual(self.node.http("POST", "/", body).status, 401)
        for origin in ("http://example.com", "null", self.tcp.replace("http:", "https:")):
            self.assertEqual(self.post(body, headers={"Origin": origin}).status, 403, origin)
        self.assertEqual(self.call("listbanned"), [])

    def test_cookie_goes_with_the_node(self):
        with Node() as node:
            place, first = node.cookie_path, node.cookie
            node.kill()
            self.assertTrue(place.exists())  # left behind, and of no use
            node.restart()
            self.assertNotEqual(node.cookie, first)
            node.stop()
            self.assertFalse(place.exists())

    def test_stop(self):
        with Node() as node:
            self.assertEqual(node.rpc("stop"), "peerage stopping")
            self.assertEqual(node.wait(), 0)

    # -- the protocol -------------------------------------------------------------------

    def test_what_is_no_call(self):
        for body, status, code in (
                ("", 500, -32700), ("{", 500, -32700), ('"x"', 500, -32700),
                ("7", 500, -32700), (b'{"method":"\xff"}', 500, -32700),
                ('{"method":"uptime","method":"stop"}', 500, -32700),
                ("[" * 1000 + "]" * 1000, 500, -32700),
                ('{"method":"uptime","id":' + "{\"a\":" * 200 + "1" + "}" * 201, 500, -32700),
                ('{"method":"uptime","id":1e999}', 500, -32700),
                ("{}", 400, -32600), ('{"method":7}', 400, -32600),
                ('{"method":"uptime","params":3}', 400, -32600),
                ('{"method":"uptime","id":[]}', 400, -32600),
                ('{"method":"uptime","jsonrpc":"3.0"}', 400, -32600),
                ('{"method":"nope"}', 404, -32601),
                ('{"method":"setnetworkactive","params":["yes"]}', 500, -3),
                ('{"method":"setnetworkactive"}', 500, -1),
                ('{"method":"uptime","params":[1]}', 500, -1),
                ('{"method":"uptime","params":{"x":1}}', 500, -8)):
            found, _, text = self.post(body)
            answer = json.loads(text)
            self.assertEqual((found, answer["error"]["code"], answer["result"]),
                             (status, code, None), body[:80])
        self.assertEqual(len(self.call("getpeerinfo")), PEERS)

    def test_versions_and_batches(self):
        status, _, text = self.post('{"method":"getconnectioncount","id":"x"}')
        self.assertEqual((status, json.loads(text)),
                         (200, {"result": PEERS, "error": None, "id": "x"}))
        self.assertEqual(self.post('{"jsonrpc":"2.0","method":"nope","id":1}')[0], 200)
        self.assertEqual(self.post('{"jsonrpc":"2.0","method":"ping"}')[::2], (204, b""))
        status, _, text = self.post(
            '[{"method":"getconnectioncount","id":1},{"jsonrpc":"2.0","method":"ping"},'
            '{"jsonrpc":"2.0","method":"nope","id":2},7]')
        self.assertEqual(status, 200)
        self.assertEqual([x["id"] for x in json.loads(text)], [1, 2, None])
        self.assertEqual(json.loads(self.post("[]")[2]), [])
        self.assertEqual(self.post('[{"jsonrpc":"2.0","method":"ping"}]')[0], 204)
        many = json.dumps(1000 * [{"method": "getconnectioncount", "id": 1}])
        self.assertEqual(len(json.loads(self.post(many)[2])), 1000)
        more = json.dumps(1001 * [{"method": "getconnectioncount", "id": 1}])
        self.assertEqual(json.loads(self.post(more)[2])["error"]["code"], -32600)

    # -- Core's calls -------------------------------------------------------------------

    def check_shape(self, found, shape):
        for field, kind in shape.items():
            # A number without a fraction is no integer to everybody: 1.0 would break them.
            self.assertIs(type(found[field]), kind, field)
        self.assertLessEqual(set(found), set(shape) | {"pingwait"})

    def test_shapes(self):
        peers = self.call("getpeerinfo")
        self.assertEqual(len(peers), PEERS)
        for peer in peers:
            self.check_shape(peer, SHAPES["getpeerinfo"])
            self.assertEqual(peer["services"], "0000000000000009")
            self.assertEqual(peer["servicesnames"], ["NETWORK", "WITNESS"])
            self.assertEqual(peer["connection_type"], "manual")
            self.assertEqual(sum(peer["bytessent_per_msg"].values()), peer["bytessent"])
            self.assertEqual(sum(peer["bytesrecv_per_msg"].values()), peer["bytesrecv"])
        network = self.call("getnetworkinfo")
        self.check_shape(network, SHAPES["getnetworkinfo"])
        self.assertGreaterEqual(network["version"], 209900)
        self.assertEqual(network["connections_out"], PEERS)
        self.check_shape(self.call("getnettotals"), SHAPES["getnettotals"])
        self.assertEqual(list(self.call("getaddrmaninfo")),
                         ["ipv4", "ipv6", "onion", "i2p", "cjdns", "all_networks"])
        self.assertIs(type(self.call("uptime")), int)
        chain = self.call("getblockchaininfo")
        self.assertEqual((chain["chain"], chain["blocks"]), ("regtest", 1200))
        commands = self.call("help").split("\n")
        self.assertEqual(commands, sorted(commands))
        for line in commands:
            self.assertTrue(self.call("help", line.split(" ")[0]).startswith(line), line)

    def test_bans(self):
        self.assertIsNone(self.call("setban", "10.1.0.0/16", "add", 100))
        self.assertIsNone(self.call("setban", "2001:db8::1", "add"))
        first, second = self.call("listbanned")
        self.assertEqual((first["address"], first["ban_duration"]), ("10.1.0.0/16", 100))
        self.assertEqual((second["address"], second["ban_duration"]),
                         ("2001:db8::1/128", 86400))
        self.assertLessEqual(first["time_remaining"], 100)
        self.fails(-23, "setban", "10.1.0.0/16", "add")
        self.fails(-30, "setban", "10.2.0.0/16", "remove")
        self.fails(-30, "setban", "example.com", "add")
        self.fails(-8, "setban", "10.3.0.0/16", "add", 1000, True)
        self.fails(-1, "setban", "10.3.0.0/16", "forgive")
        found = self.node.wait_for({"event": {"type": "ban_added", "since": 1}}, timeout=0)
        self.assertRegex(found["evidence"], "^asked for")
        found = self.node.wait_for({"banned": "10.1.2.3"}, timeout=0)
        self.assertEqual(found["range"], "10.1.0.0/16")
        self.assertIsNone(self.call("setban", "10.1.0.0/16", "remove"))
        self.assertIsNone(self.call("clearbanned"))
        self.assertEqual(self.call("listbanned"), [])

    def test_bans_of_one_family(self):
        """All of IPv6 is none of IPv4, and the other way round."""
        ids = [x["id"] for x in self.call("getpeerinfo")]
        with Peer(self.node, source="127.0.0.8").handshake() as peer:
            self.node.wait_for({"peer": {"address": "127.0.0.8"}}, timeout=10)
            for text, listed in (("::/0", "::/0"), ("::/80", "::/80"), ("8000::/1",) * 2):
                self.assertIsNone(self.call("setban", text, "add"))
                self.assertEqual([x["address"] for x in self.call("listbanned")], [listed])
                with self.assertRaises(RpcError):
                    self.node.wait_for({"banned": "127.0.0.8"}, timeout=0)
                with self.assertRaises(RpcError):
                    self.node.wait_for({"banned": "0.0.0.0/0"}, timeout=0)
                for obstacles in self.call("whynot", "127.0.0.8:1").values():
                    self.assertNotIn("banned", str(obstacles))
                peer.round_trip()
                self.assertIsNone(self.call("setban", text, "remove"))
            self.assertEqual([x["id"] for x in self.call("getpeerinfo")][:PEERS], ids)
            # However it is written, a range of IPv4 is one.
            for text in ("127.0.0.8/31", "::ffff:127.0.0.8/127"):
                self.assertIsNone(self.call("setban", text, "add"))
                self.node.wait_for({"banned": "::ffff:127.0.0.8"}, timeout=0)
                with self.assertRaises(RpcError):
                    self.node.wait_for({"banned": "::1"}, timeout=0)
                self.assertIsNone(self.call("setban", "127.0.0.8/31", "remove"))
            self.assertEqual(peer.expect_end(), "closed")

    def test_added_nodes(self):
        nobody = "127.9.9.9:1"  # refused at once
        self.assertIsNone(self.call("addnode", nobody, "add"))
        self.fails(-23, "addnode", nobody, "add")
        self.assertEqual(self.call("getaddednodeinfo", nobody),
                         [{"addednode": nobody, "connected": False, "addresses": []}])
        found = self.node.wait_for({"event": {"type": "dial_failed", "since": 1,
                                              "address": nobody}}, timeout=10)
        self.assertEqual(found["reason"], "connect_refused")
        self.assertGreater(found["deadline"], found["time"])
        kinds = [x["kind"] for x in self.call("whynot", nobody)["dial"]["obstacles"]]
        self.assertEqual(kinds, ["backoff"])
        kinds = [x["kind"] for x in self.call("whynot", self.node.p2p)["dial"]["obstacles"]]
        self.assertIn("own_address", kinds)
        self.assertIsNone(self.call("addnode", nobody, "remove"))
        self.fails(-24, "addnode", nobody, "remove")
        self.fails(-24, "getaddednodeinfo", nobody)
        self.fails(-1, "addnode", nobody, "love")
        self.fails(-8, "addnode", nobody, "add", True)
        self.fails(-30, "addnode", "no where.example", "add")
        self.assertEqual(self.call("getaddednodeinfo"), [])  # the swarm was not added

    def test_added_nodes_have_the_words_they_were_added_with(self):
        listed = lambda: [x["addednode"] for x in self.call("getaddednodeinfo")]
        port = 18444  # the network's
        for text in ("127.9.9.8", "127.9.9.7:1", "::ffff:127.9.9.6", "[::ffff:127.9.9.5]:2"):
            self.assertIsNone(self.call("addnode", text, "add"))
        self.assertEqual(listed(), ["127.9.9.8", "127.9.9.7:1", "::ffff:127.9.9.6",
                                    "[::ffff:127.9.9.5]:2"])
        for same in ("127.9.9.8", f"127.9.9.8:{port}", f"127.9.9.6:{port}", "127.9.9.5:2"):
            self.fails(-23, "addnode", same, "add")
        for other in (f"127.9.9.8:{port}", "127.9.9.6", " 127.9.9.7:1"):
            self.fails(-24, "addnode", other, "remove")
            self.fails(-24, "getaddednodeinfo", other)
        self.assertIsNone(self.call("addnode", "127.9.9.4:1", "onetry"))
        for text in listed():
            self.assertEqual([x["addednode"] for x in self.call("getaddednodeinfo", text)],
                             [text])
            self.assertIsNone(self.call("addnode", text, "remove"))
        self.assertEqual(listed(), [])
        # One that is a peer already, as it is connected to.
        peer = self.call("getpeerinfo")[0]["addr"]
        self.assertIsNone(self.call("addnode", peer, "add"))
        self.assertEqual(self.call("getaddednodeinfo", peer), [
            {"addednode": peer, "connected": True,
             "addresses": [{"address": peer, "connected": "outbound"}]}])
        self.assertIsNone(self.call("addnode", peer, "remove"))

    def test_a_peer_is_ended_and_dialed_again(self):
        peer = self.call("getpeerinfo")[0]
        self.fails(-32602, "disconnectnode")
        self.fails(-32602, "disconnectnode", peer["addr"], peer["id"])
        self.fails(-29, "disconnectnode", "", 999)
        self.fails(-29, "disconnectnode", "127.8.8.8:1")
        self.assertIsNone(self.call("disconnectnode", nodeid=peer["id"]))
        gone = self.node.wait_for({"peer_gone": {"id": peer["id"]}}, timeout=10)
        self.assertEqual(gone["reason"], "disconnect_requested")
        back = self.node.wait_for({"peer": {"address": peer["addr"]}}, timeout=20)
        self.assertGreater(back["id"], peer["id"])
        explained = self.call("why", peer["id"])
        history = explained["history"]
        self.assertEqual([x["type"] for x in history],
                         ["dial_started", "peer_ready", "peer_left"])
        self.assertEqual(history[-1]["reason"], "disconnect_requested")
        # Though it is gone: of where it was.
        self.assertEqual(explained["score"], 0)
        self.assertIsNone(explained["peer"])
        self.assertEqual(self.call("why", back["id"])["peer"]["address"], peer["addr"])
        self.assertEqual([x["started_by"] for x in history if "started_by" in x],
                         ["user", "user"])
        of_address = [x["type"] for x in self.call("why", peer["addr"])["history"]]
        self.assertEqual(of_address[-2:], ["dial_started", "peer_ready"])
        self.node.wait_for({"peers_ready": PEERS}, timeout=20)

    def test_network_inactive(self):
        with Node("--swarm", "2") as node:
            node.wait_for({"peers_ready": 2}, timeout=20)
            self.assertIs(node.rpc("setnetworkactive", False), False)
            node.wait_for({"peer_gone": {"id": 1, "reason": "network_inactive"}}, timeout=10)
            self.assertFalse(node.rpc("getnetworkinfo")["networkactive"])
            kinds = [x["kind"] for x in
                     node.rpc("whynot", "127.1.0.1:18444")["accept"]["obstacles"]]
            self.assertIn("network_inactive", kinds)
            self.assertIs(node.rpc("setnetworkactive", True), True)
            self.assertIsNotNone(node.wait_for({"peers_ready": 2}, timeout=20))

    # -- waitfor, request ---------------------------------------------------------------

    def test_waitfor_mistakes_and_time(self):
        late = self.fails(-110, "waitfor", {"peers_ready": 99}, 0.2)
        self.assertEqual(late.data["progress"], {"ready": PEERS, "total": PEERS})
        self.assertGreaterEqual(late.data["waited"], 0.2)
        self.fails(-110, "waitfor", {"address_known": "127.3.3.3:1"}, 0)
        self.fails(-110, "waitfor", {"banned": "127.3.3.3"}, 0.1)
        self.fails(-110, "waitfor", {"event": {"type": "peer_left", "peer": 99}}, 0.1)
        for wrong in ({}, {"a": 1}, {"peers_ready": 1, "peer": {}}, {"peers_ready": "1"},
                      {"peers_ready": -1}, {"peer": {}}, {"peer": {"id": 1, "stat": "x"}},
                      {"peer": {"id": 1, "state": "x"}}, {"peer": {"address": "x"}},
                      {"peer_gone": {"id": 1, "reason": "x"}}, {"event": {"type": "x"}},
                      {"banned": 1}, {"address_known": 1}):
            self.fails(-8, "waitfor", wrong, 0)
        for wrong in (7, None, [], "x"):
            self.fails(-3, "waitfor", wrong, 0)
        for seconds in (-1, 3601, 1e300):
            self.fails(-8, "waitfor", {"peers_ready": 0}, seconds)
        self.fails(-3, "waitfor", {"peers_ready": 0}, "x")

    def test_requests(self):
        hashes = self.call("request", peer="any", type="get_block_hashes")["hashes"]
        self.assertEqual(len(hashes), 500)
        headers = self.call("request", {"peer": "any", "type": "get_headers"})["headers"]
        self.assertEqual([x["hash"] for x in headers[:500]], hashes)
        for before, after in zip(headers, headers[1:]):
            self.assertEqual(after["previous"], before["hash"])
        missing = "00" * 32
        found = self.call("request", type="get_blocks", hashes=[hashes[0], missing])["blocks"]
        self.assertEqual([x["available"] for x in found], [True, False])
        self.assertEqual(2 * found[0]["size"], len(found[0]["body"]))
        as_base64 = self.call("request", type="get_blocks", hashes=hashes[:1],
                              body="base64")["blocks"][0]["body"]
        self.assertEqual(base64.b64decode(as_base64).hex(), found[0]["body"])
        self.assertNotIn("body", self.call("request", type="get_blocks", hashes=hashes[:1],
                                           body=False)["blocks"][0])
        peer = self.call("getpeerinfo")[0]["id"]
        self.assertGreater(
            self.call("request", peer=peer, type="measure_latency")["round_trip"], 0)
        self.assertEqual(self.fails(-101, "request", type="get_transactions",
                                    ids=[missing]).data["outcome"], "not_found")
        self.fails(-106, "request", type="get_mempool", wait_for_peer=False)
        self.fails(-105, "request", peer=999, type="measure_latency")
        self.assertIsNone(self.call("request", type="announce_block", hash=missing))
        for wrong in ({"type": "x"}, {}, {"type": "get_blocks"},
                      {"type": "get_blocks", "hashes": ["x"]},
                      {"type": "get_blocks", "hashes": 1001 * [missing]},
                      {"type": "get_headers", "timeout": 0},
                      {"type": "get_blocks", "hashes": [], "body": "x"},
                      {"type": "send_transaction", "body": "0"},
                      {"type": "send_transaction", "body": "zz"},
                      {"type": "announce_block"}, {"peer": "x", "type": "get_headers"}):
            self.fails(-8, "request", wrong)

    # -- foreign clients ----------------------------------------------------------------

    def test_bitcoinlib(self):
        """python3-bitcoinlib, with its own way of finding and sending the cookie."""
        script = (
            "import bitcoin, bitcoin.rpc, sys\n"
            "bitcoin.SelectParams('regtest')\n"
            "rpc = bitcoin.rpc.RawProxy(service_url=sys.argv[1])\n"
            "assert rpc.getconnectioncount() == int(sys.argv[2])\n"
            "assert len(rpc.getpeerinfo()) == int(sys.argv[2])\n"
            "rpc.setban('10.7.7.7', 'add', 60)\n"
            "assert [x['address'] for x in rpc.listbanned()] == ['10.7.7.7/32']\n"
            "rpc.setban('10.7.7.7', 'remove')\n"
            "try:\n"
            "    rpc.nope()\n"
            "except bitcoin.rpc.JSONRPCError as error:\n"
            "    print(error.error['code'])\n")
        url = self.tcp.replace("http://", f"http://{self.node.cookie}@")
        done = subprocess.run(
            ["/usr/bin/python3", "-c", script, url, str(PEERS)], capture_output=True,
            timeout=30, check=False, cwd=self.node.cookie_path.parent)
        self.assertEqual((done.returncode, done.stdout), (0, b"-32601\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
