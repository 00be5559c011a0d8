#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The status socket's answers, to what is asked well and to what is not."""

import json
import os
import random
import socket
import unittest

from cases import NodeCase, ask
from peerage_harness import connect
from raw_http import http_exchange, json_of, read_to_end, status_of

HEADER_LIMIT = 8 << 10
BODY_LIMIT = 4 << 20


class Status(NodeCase):
    def test_status(self):
        for url in self.node.urls:
            status, found = ask(self.node, "/status", url=url)
            self.assertEqual(status, 200)
            self.assertEqual(found["network"], "regtest")
            self.assertEqual(found["node"]["pid"], self.node.pid)
            self.assertEqual(found["node"]["version"], self.node.ready["version"])
            self.assertEqual(found["node"]["listening"], self.node.ready["p2p"])
            self.assertGreater(found["node"]["uptime"], 0)
            self.assertEqual(found["peers"], {"total": 0, "ready": 0, "unready": 0,
                                              "inbound": 0, "outbound": 0})
            self.assertEqual(found["dialing"], 0)
            self.assertEqual(found["traffic"], {"bytes_received": 0, "bytes_sent": 0})
            self.assertGreater(found["actors"], 3)

    def test_peers_and_health_without_peers(self):
        for url in self.node.urls:
            self.assertEqual(ask(self.node, "/peers", url=url), (200, []))
            status, found = ask(self.node, "/health", url=url)
            self.assertEqual((status, found["healthy"]), (503, False))
            for name in ("7", "0", "-1", "x", "18446744073709551616", "7x", ""):
                status, found = ask(self.node, f"/peers/{name}", url=url)
                self.assertEqual((status, list(found)), (404, ["error"]), name)

    def test_what_is_not_there(self):
        for path in ("/nothing", "/status/", "/status/x", "/Peers", "//status"):
            self.assertEqual(ask(self.node, path)[0], 404, path)
        self.assertEqual(ask(self.node, "/status?pretty=1")[0], 200)

    def test_page(self):
        for url in self.node.urls:
            status, headers, body = self.node.http("GET", "/", url=url)
            self.assertEqual((status, headers["Content-Type"]),
                             (200, "text/html; charset=utf-8"))
            self.assertTrue(body.lower().startswith(b"<!doctype html>"), body[:40])
            policy = headers["Content-Security-Policy"].split("; ")
            self.assertLessEqual({"default-src 'none'", "connect-src 'self'",
                                  "frame-ancestors 'none'", "base-uri 'none'"}, set(policy))
        self.assertNotIn("Content-Security-Policy", self.node.http("GET", "/status").headers)

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            status, headers, body = self.node.http(method, "/status")
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), method)
            self.assertEqual(list(json.loads(body)), ["error"])

    def test_head(self):
        for path, expected in (("/status", 200), ("/nothing", 404)):
            status, headers, body = self.node.http("HEAD", path)
            self.assertEqual((status, body), (expected, b""))
            self.assertGreater(int(headers["Content-Length"]), 10)

    def test_headers(self):
        headers = self.node.http("GET", "/status").headers
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_keep_alive_and_pipelining(self):
        one = b"GET /peers HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        answers = http_exchange(self.tcp, 9 * one + last)
        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 10)
        self.assertEqual(answers.count(b"Connection: close"), 1)
        # HTTP/1.0 closes unless asked not to, and needs no Host.
        old = http_exchange(self.tcp, b"GET /peers HTTP/1.0\r\n\r\n")
        self.assertEqual(status_of(old), 200)

    def test_host(self):
        port = self.tcp.rsplit(":", 1)[1]
        good = ["localhost", f"localhost:{port}", "LOCALHOST", "127.0.0.1",
                f"127.0.0.1:{port}", "127.9.9.9:1", "[::1]", f"[::1]:{port}", "::1"]
        bad = ["example.com", f"example.com:{port}", "localhost.example.com", "127.0.0.1.nip.io",
               "192.0.2.1", f"192.0.2.1:{port}", "0.0.0.0", "[2001:db8::1]", "2001:db8::1",
               f"::1:{port}", "",
               "localhost:", "localhost:x", "localhost:1:2", "[::1", "127.0.0.1:99999",
               "localhost@evil", "127.1"]
        for host in good:
            self.assertEqual(ask(self.node, "/peers", headers={"Host": host})[0], 200, host)
        for host in bad:
            status, found = ask(self.node, "/peers", headers={"Host": host})
            self.assertEqual((status, list(found)), (403, ["error"]), host)
            # No browser gets at a Unix socket; its clients send any Host.
            self.assertEqual(
                ask(self.node, "/peers", headers={"Host": host}, url=self.unix)[0], 200)
        for head in (b"", b"Host: localhost\r\nHost: localhost\r\n"):
            answer = http_exchange(self.tcp, b"GET /peers HTTP/1.1\r\n" + head +
                                   b"Connection: close\r\n\r\n")
            self.assertEqual(status_of(answer), 400, head)

    def test_header_limit(self):
        def sized(size):
            start = b"GET /peers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: "
            return start + (size - len(start) - 4) * b"a" + b"\r\n\r\n"
        for url in self.node.urls:
            self.assertEqual(status_of(http_exchange(url, sized(HEADER_LIMIT - 9))), 200)
            # Beast does not count the first line and every line's end.
            for size in (HEADER_LIMIT + 1000, 100_000, 2_000_000):
                answer = http_exchange(url, sized(size))
                self.assertEqual(status_of(answer), 431, size)
                self.assertIn("error", json_of(answer))
        # Without an end, and as very many short ones.
        self.assertEqual(status_of(http_exchange(self.tcp, b"GET /" + b"a" * 9000)), 431)
        many = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000
        self.assertEqual(status_of(http_exchange(self.tcp, many)), 431)

    def test_body_limit(self):
        def post(size, length=None):
            return (b"POST /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n" % (length or size) + bytes(size))
        for url in self.node.urls:
            self.assertEqual(status_of(http_exchange(url, post(BODY_LIMIT))), 405)
            answer = http_exchange(url, post(BODY_LIMIT + 1))
            self.assertEqual(status_of(answer), 413)
            self.assertIn("error", json_of(answer))
            # Refused because it was announced, not after it has come.
            self.assertEqual(status_of(http_exchange(url, post(0, 1 << 62))), 413)
        chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        chunked = (b"POST /status HTTP/1.1\r\nHost: localhost\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n" + 5 * chunk)
        self.assertEqual(status_of(http_exchange(self.tcp, chunked)), 413)

    def test_garbage(self):
        draw = random.Random(1)
        cases = [b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
                 b"GET /status\r\n\r\n", b"GET /status HTTP/3.0\r\n\r\n",
                 b"GET /a b HTTP/1.1\r\n\r\n", b"\x00" * 50, b"\r\n" * 5 + b"x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
                 b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                 b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
        cases += [draw.randbytes(draw.randrange(1, 400)) + b"\r\n\r\n" for _ in range(50)]
        for data in cases:
            answer = http_exchange(self.tcp, data, half_close=True)
            if answer:  # or nothing, where no request ever came to its end
                self.assertEqual(status_of(answer), 400, data[:60])
                self.assertIn("error", json_of(answer))
        for target in (b"http://example.com/status", b"*", b"status"):
            answer = http_exchange(
                self.tcp, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n"
                b"Connection: close\r\n\r\n")
            self.assertEqual(status_of(answer), 400, target)
        half = http_exchange(self.tcp, b"GET /sta", half_close=True)
        self.assertEqual(half, b"")
        self.assertEqual(ask(self.node, "/status")[0], 200)

    def test_one_byte_at_a_time(self):
        with connect(self.tcp, timeout=5) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"GET /peers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
                client.sendall(bytes([byte]))
            self.assertEqual(status_of(read_to_end(client)), 200)

    def test_unix_socket_is_private(self):
        self.assertEqual(os.stat(self.unix.removeprefix("unix:")).st_mode & 0o777, 0o600)


if __name__ == "__main__":
    unittest.main()
