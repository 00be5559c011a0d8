#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The places at the status socket: clients that have gone, that idle, that drip, that do
not read, that wait for long, and the honest ones among them."""

import json
import resource
import select
import socket
import struct
import time
import unittest
from contextlib import ExitStack

from cases import FolderCase, NodeCase, wait_until
from peerage_harness import Node, Peer, RpcError, connect
from process import open_descriptors, resident_bytes, settled_descriptors
from raw_http import head, post, read_to_end, status_of
from websocket import Refused, WebSocket

IDLE_LIMIT = 64
STREAM_LIMIT = 64
OWNERS_LIMIT = 1_024  # waiters for one thing
MISSING = "11" * 32
GET = head("GET /status")


def call(method, **params):
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def wait_call(seconds=600, **condition):
    return call("waitfor", condition=condition, timeout=seconds)


def request_call(**what):
    return call("request", **{"timeout": 600, **what})


def kept(request):
    """The same request, with others behind it."""
    return request.replace(b"Connection: close\r\n", b"")


def unread_bytes(url):
    """That the kernel has for the TCP sockets at this address."""
    port = "%04X" % int(url.rsplit(":", 1)[1])
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table][1:]
    return sum(int(row[4].split(":")[1], 16) for row in rows
               if row[1].endswith(":" + port) and row[3] == "01")


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class Places(NodeCase):
    def setUp(self):
        super().setUp()
        self.stack = ExitStack()
        self.addCleanup(self.stack.close)
        self.baseline = settled_descriptors(self.node.pid)

    def open(self, url, data=b"", **more):
        client = self.stack.enter_context(connect(url, timeout=20, **more))
        client.sendall(data)
        return client

    def post(self, *calls, cookie=True):
        return post(json.dumps(calls[0] if len(calls) == 1 else calls),
                    self.node.cookie if cookie else None)

    def served(self, url=None):
        """/health and a call are answered at once."""
        for url in [url] if url else self.node.urls:
            began = time.monotonic()
            self.assertIn("healthy", self.node.http("GET", "/health", url=url).json())
            with connect(url, timeout=5) as client:
                client.sendall(self.post(call("getconnectioncount")))
                client.shutdown(socket.SHUT_WR)
                self.assertEqual(status_of(read_to_end(client)), 200)
            self.assertLess(time.monotonic() - began, 2)

    def settles(self, extra=0):
        wait_until(lambda: open_descriptors(self.node.pid) <= self.baseline + extra,
                   what="closing them")

    # -- clients that have gone

    def test_who_has_gone_ends_what_it_waits_for(self):
        """In any way, and more of them than any owner has places for waiters."""
        silent = self.stack.enter_context(Peer(self.node, source="127.70.0.1"))
        silent.on("ping", None)
        silent.handshake()
        peer = self.node.wait_for({"peer": {"address": "127.70.0.1"}})["id"]
        self.baseline = settled_descriptors(self.node.pid)
        waits = [wait_call(peers_ready=9), wait_call(event={"type": "ban_added"}),
                 wait_call(address_known="127.70.0.9:1"), wait_call(banned="127.70.0.9"),
                 wait_call(peer_gone={"id": peer}),
                 request_call(peer=peer, type="get_blocks", hashes=[MISSING]),
                 request_call(peer=peer, type="get_headers"),
                 request_call(peer="any", type="get_blocks", hashes=[MISSING]),
                 request_call(peer="any", type="get_transactions", ids=[MISSING])]
        for number in range(10 * len(waits)):
            url = self.node.urls[number % 2]
            what = waits[number % len(waits)]
            data = self.post(what) if number % 3 else self.post(call("uptime"), what)
            client = connect(url)
            client.sendall(data)
            (reset if number % 4 == 0 else socket.socket.close)(client)
        self.settles()
        self.served()
        # Nor does anybody wait for them inside: such a request finds the peer at leisure.
        for what in waits[5:]:
            with self.assertRaises(RpcError) as caught:
                self.node.rpc("request", **{**what["params"], "timeout": 0.2})
            self.assertEqual(caught.exception.code, -102, what)
        silent.close()

    def test_owners_forget_who_has_gone(self):
        for wave in range(5):
            clients = [self.open(self.unix, self.post(wait_call(peers_ready=9)))
                       for _ in range(OWNERS_LIMIT // 4)]
            wait_until(lambda: open_descriptors(self.node.pid) >=
                       self.baseline + len(clients), what="accepting them")
            self.served()
            for client in clients:
                client.close()
            self.settles()
        with self.assertRaises(RpcError) as caught:
            self.node.wait_for({"peers_ready": 9}, timeout=0)
        self.assertEqual(caught.exception.code, -110)

    def test_who_only_stops_to_send_gets_an_answer(self):
        """As `nc -N` does; also to what was sent behind it, and when it takes a while."""
        for url in self.node.urls:
            client = self.open(url, kept(self.post(wait_call(0.6, peers_ready=9))) + GET)
            client.shutdown(socket.SHUT_WR)
            answers = read_to_end(client)
            self.assertIn(b'"code":-110', answers)
            self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 2)
        # It closes later on, without a notice.
        for url in self.node.urls:
            client = self.open(url, self.post(wait_call(peers_ready=9)))
            client.shutdown(socket.SHUT_WR)
            self.assertFalse(select.select([client], [], [], 0.6)[0])
            client.close()
        self.settles()

    def test_who_has_gone_with_more_on_its_way(self):
        client = self.open(self.tcp, kept(self.post(wait_call(peers_ready=9))) +
                           20 * GET)
        self.assertFalse(select.select([client], [], [], 0.3)[0])
        client.close()
        self.settles()

    def test_what_was_sent_is_done(self):
        """Although its sender does not wait for the answer."""
        for url in self.node.urls:
            with connect(url) as client:
                client.sendall(self.post(call("setban", subnet="10.70.0.0/16", command="add")))
            self.node.wait_for({"banned": "10.70.0.0/16"}, timeout=5)
            self.node.rpc("setban", "10.70.0.0/16", "remove")

    def test_event_streams_of_who_has_gone(self):
        for _ in range(2 * STREAM_LIMIT):
            stream = WebSocket(self.tcp, "/events")
            reset(stream.socket)
        self.settles()

    # -- clients that wait

    def test_who_waits_takes_no_place_of_others(self):
        waiting = [self.open(url, self.post(wait_call(peers_ready=9)))
                   for url in self.node.urls for _ in range(150)]
        self.served()
        self.assertEqual(select.select(waiting, [], [], 0)[0], [])
        more = [self.open(self.tcp, self.post(wait_call(peers_ready=9))) for _ in range(150)]
        wait_until(lambda: select.select(more, [], [], 0)[0], what="the end of the places")
        refused = select.select(more, [], [], 0)[0][0].recv(65536)
        self.assertEqual(status_of(refused), 200)
        self.assertIn(b'"code":-103', refused)
        self.served()
        for client in waiting + more:
            client.close()
        self.settles()

    # -- clients that idle

    def test_idle_clients_make_room(self):
        for first in (b"", b"GET /sta", head("POST /", "Content-Length: 1000")):
            idle = [self.open(self.tcp, first) for _ in range(3 * IDLE_LIMIT)]
            self.served()
            # The first to come went first.
            ended = select.select(idle, [], [], 0)[0]
            self.assertIn(idle[0], ended)
            self.assertNotIn(idle[-1], ended)
            self.assertLess(open_descriptors(self.node.pid), self.baseline + IDLE_LIMIT + 40)
            idle[-1].close()
            for client in idle:
                client.close()
            self.settles()

    def test_dripping_clients_make_room(self):
        dripping = [self.open(url) for url in self.node.urls for _ in range(40)]
        text = iter(head("GET /status"))
        for _ in range(6):
            byte = bytes([next(text)])
            for client in dripping:
                try:
                    client.sendall(byte)
                except OSError:
                    pass
            fresh = [self.open(self.tcp) for _ in range(30)]
            self.served()
            for client in fresh:
                client.close()

    def test_each_address_has_its_own_places(self):
        for url, other in ((self.tcp, self.unix), (self.unix, self.tcp)):
            client = self.open(other, kept(GET))
            self.assertEqual(status_of(client.recv(65536)), 200)
            for idle in [self.open(url) for _ in range(3 * IDLE_LIMIT)]:
                idle.close()
            client.sendall(GET)
            self.assertEqual(status_of(read_to_end(client)), 200)

    def test_streams_without_the_cookie_do_not_keep_out_those_with_it(self):
        streams = [self.stack.enter_context(WebSocket(self.tcp, "/events"))
                   for _ in range(STREAM_LIMIT)]
        with self.assertRaises(Refused):
            WebSocket(self.tcp, "/events")
        self.stack.enter_context(
            WebSocket(self.tcp, "/events", {"Authorization": self.basic()}))
        self.stack.enter_context(WebSocket(self.unix, "/events"))
        self.assertEqual(select.select([x.socket for x in streams], [], [], 0)[0], [])
        self.served()

    def test_clients_that_do_not_read_make_room(self):
        pipelined = 2_000 * kept(head("GET /schema/status"))
        for _ in range(2 * IDLE_LIMIT):
            deaf = self.open(self.tcp, receive_buffer=4096)
            deaf.setblocking(False)
            try:
                deaf.send(pipelined)
            except BlockingIOError:
                pass
        self.served()
        wait_until(lambda: self.node.http("GET", "/status").status == 200,
                   what="a place of a client that does not read")

    def crowd(self, count, data):
        """So many clients that send this at once, read nothing, and come again and again."""
        clients = []
        for _ in range(count):
            client = self.open(self.tcp, receive_buffer=4096)
            client.setblocking(False)
            try:
                client.send(data)
            except BlockingIOError:
                pass
            clients.append(client)
        return clients

    def health_is_found(self):
        # Without peers it is none the less well.
        self.assertIn("healthy", self.node.http("GET", "/health", timeout=5).json())

    def call_is_found(self):
        for url in self.node.urls:
            with connect(url, timeout=5) as client:
                client.sendall(self.post(call("getconnectioncount")))
                answer = read_to_end(client)
                self.assertEqual(status_of(answer), 200, answer[:300])

    def test_hasty_clients_of_health(self):
        """They send request upon request, and read no answer."""
        for _ in range(8):
            clients = self.crowd(100, 300 * kept(head("GET /health")))
            for _ in range(4):
                self.health_is_found()
            self.call_is_found()
            for client in clients:
                client.close()
        self.settles()

    def test_calls_that_are_never_complete(self):
        data = post(None, self.node.cookie, "Content-Length: 1000") + b"["
        clients = []
        for _ in range(3):
            clients += self.crowd(100, data)
            self.call_is_found()
            self.health_is_found()
        # One that goes on in time is served although more came after it.
        body = json.dumps(call("getconnectioncount"))
        whole = post(body, self.node.cookie)
        honest = self.open(self.tcp, whole[:-10])
        clients += self.crowd(60, data)
        honest.sendall(whole[-10:])
        self.assertEqual(status_of(read_to_end(honest)), 200)
        for client in clients:
            client.close()
        self.settles()

    def test_calls_whose_answers_nobody_reads(self):
        many = json.dumps(500 * [call("help"), call("getpeerinfo")])
        for data in (kept(post(many, self.node.cookie)),
                     300 * kept(self.post(call("help", command="waitfor")))):
            clients = self.crowd(260, data)
            for _ in range(5):
                self.call_is_found()
                self.health_is_found()
            for client in clients:
                client.close()
        self.settles()

    def basic(self):
        line = post("", self.node.cookie).split(b"Authorization: ")[1]
        return line.split(b"\r\n")[0].decode()


class Memory(FolderCase):
    """The memory of requests and answers is bounded; beyond, they are refused."""

    def test_nothing_of_a_request_is_endless(self):
        parts = {
            "extension": (b"5;", b"a" * 65536), "size": (b"", b"0" * 65536),
            "trailers": (b"0\r\n", b"A: b\r\n" * 10_000), "trailer": (b"0\r\nA:", b"b" * 65536),
            "chunks": (b"", b"1;aaaaaaaaaaaaaaaa\r\na\r\n" * 3_000),
            "spaces": (b"1", b" " * 65536)}
        with Node() as node:
            url = node.urls[0]
            node.get("/status")
            before = resident_bytes(node.pid)
            for cookie in (None, node.cookie):
                for name, (begin, more) in parts.items():
                    self.flood(url, post(None, cookie, "Transfer-Encoding: chunked") + begin,
                               more, name)
            for name, begin, more in (("line", b"GET /", b"a" * 65536),
                                      ("empty lines", b"", b"\r\n" * 32768),
                                      ("fields", b"GET / HTTP/1.1\r\n", b"A: b\r\n" * 10_000),
                                      ("field", b"GET / HTTP/1.1\r\nA:", b"b" * 65536)):
                self.flood(url, begin, more, name)
            self.assertLess(resident_bytes(node.pid) - before, 32 << 20)

    def flood(self, url, begin, more, name):
        """Is answered with an error, within a few megabytes."""
        with connect(url, timeout=5) as client:
            sent = 0
            try:
                client.sendall(begin)
                while sent < 64 << 20 and not select.select([client], [], [], 0)[0]:
                    client.sendall(more)
                    sent += len(more)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertLess(sent, 24 << 20, name)
            try:
                answer = client.recv(65536)
            except ConnectionResetError:
                return
            self.assertIn(status_of(answer), (400, 401, 413, 431), name)

    def test_bodies_of_who_has_no_cookie_are_not_kept(self):
        with Node() as node, ExitStack() as stack:
            node.get("/status")
            before = resident_bytes(node.pid)
            clients = []
            for _ in range(60):
                client = stack.enter_context(connect(node.urls[0], timeout=5))
                client.sendall(post(None, None, f"Content-Length: {4 << 20}") +
                               bytes((4 << 20) - 1))
                clients.append(client)
            self.assertLess(resident_bytes(node.pid) - before, 48 << 20)
            clients[-1].sendall(b"x")
            self.assertEqual(status_of(clients[-1].recv(65536)), 401)

    def test_what_calls_hold_is_bounded(self):
        """Bodies that come, of known and of unknown length, and calls that take a while."""
        text = b'"' + b"a" * (3 << 20) + b'"'
        wait = b'{"method":"waitfor","params":[{"peers_ready":9},600]}'
        long_call = b'[' + wait + b',{"method":"uptime","params":[' + text + b']}]'
        for name, bodies in (
                ("length", lambda cookie: post(None, cookie, f"Content-Length: {4 << 20}") + text),
                ("chunks", lambda cookie: post(None, cookie, "Transfer-Encoding: chunked") +
                 b"%x\r\n" % len(text) + text),
                ("waiting", lambda cookie: post(long_call, cookie))):
            with self.subTest(name=name), Node() as node, ExitStack() as stack:
                node.get("/status")
                node.rpc("uptime")
                before = resident_bytes(node.pid)
                clients = []
                for _ in range(60):
                    client = stack.enter_context(connect(node.urls[0], timeout=5))
                    try:
                        client.sendall(bodies(node.cookie))
                    except OSError:
                        pass  # refused before all was sent
                    clients.append(client)
                wait_until(lambda: unread_bytes(node.urls[0]) == 0, what="reading them")
                held = resident_bytes(node.pid) - before
                print(f"\n{name}: {held >> 20} MiB")
                self.assertLess(held, 90 << 20)

    def test_long_calls_leave_room_for_short_ones(self):
        """Though their bodies have come up to the last byte that is kept of all."""
        with Node() as node, ExitStack() as stack:
            for size in 16 * [(4 << 20) - 4096] + [65536]:
                client = stack.enter_context(connect(node.urls[0], timeout=5))
                client.sendall(post(None, node.cookie, f"Content-Length: {4 << 20}") +
                               bytes(size))
            wait_until(lambda: unread_bytes(node.urls[0]) == 0, what="reading them")
            self.assertGreaterEqual(node.rpc("uptime"), 0)

    def test_out_of_memory(self):
        """Ends sessions, not the thread, and leaves nothing of them behind."""
        with Node("--log-level", "error") as node:
            body = b"[" + b'{"method":"uptime","params":[0,0,0,0]},' * 90_000 + b"0]"
            data = post(body, node.cookie)
            for _ in range(3):
                node.get("/status")
            before = settled_descriptors(node.pid)
            with open(f"/proc/{node.pid}/statm", encoding="ascii") as statm:
                size = int(statm.read().split()[0]) * resource.getpagesize()
            limits = resource.prlimit(node.pid, resource.RLIMIT_AS)
            try:
                for spare in (0, 1 << 20, 4 << 20, 8 << 20, 16 << 20):
                    resource.prlimit(node.pid, resource.RLIMIT_AS, (size + spare, limits[1]))
                    with ExitStack() as stack:
                        clients = [stack.enter_context(connect(node.urls[0], timeout=5))
                                   for _ in range(40)]
                        for client in clients:
                            try:
                                client.sendall(data)
                            except OSError:
                                pass  # it was ended meanwhile
                        answers = [read_to_end(client)[:100] for client in clients]
            finally:
                resource.prlimit(node.pid, resource.RLIMIT_AS, limits)
            self.assertLess(sum(status_of(x) == 200 for x in answers), len(answers))
            wait_until(lambda: open_descriptors(node.pid) <= before, what="closing them")
            self.assertEqual(node.get("/status")["peers"]["total"], 0)
            self.assertGreaterEqual(node.rpc("uptime"), 0)


if __name__ == "__main__":
    unittest.main()
