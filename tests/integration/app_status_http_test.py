#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""HTTP to the letter: what a client may say, what it is told before it has said all, and
what is no request."""

import unittest

from cases import NodeCase
from peerage_harness import connect
from raw_http import head, http_exchange, json_of, post, read_to_end, status_of
from websocket import Refused, WebSocket

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECT = "Expect: 100-continue"
CALL = '{"method":"uptime","id":1}'


class Http(NodeCase):
    def exchange(self, data, url=None):
        return http_exchange(url or self.tcp, data)

    def test_expect_continue(self):
        """The client sends its body when it is told to, and not before."""
        for url in self.node.urls:
            for fields, body in (((f"Content-Length: {len(CALL)}", ), CALL.encode()),
                                 (("Transfer-Encoding: chunked", ),
                                  b"%x\r\n%s\r\n0\r\n\r\n" % (len(CALL), CALL.encode()))):
                with connect(url, timeout=5) as client:
                    client.sendall(post(None, self.node.cookie, EXPECT, *fields))
                    self.assertEqual(client.recv(65536), CONTINUE)
                    client.sendall(body)
                    answer = read_to_end(client)
                    self.assertEqual(status_of(answer), 200)
                    self.assertEqual(json_of(answer)["error"], None)

    def test_expect_and_be_refused(self):
        """At once, and the connection ends: the body may come or not."""
        length = "Content-Length: 100"
        for expected, data in (
                (401, post(None, None, EXPECT, length)),
                (401, post(None, "__cookie__:wrong", EXPECT, length)),
                (413, post(None, self.node.cookie, EXPECT, "Content-Length: 4194305")),
                (403, post(None, self.node.cookie, EXPECT, length, "Origin: http://a.example")),
                (403, post(None, self.node.cookie, EXPECT, length).replace(b"localhost", b"a.b")),
                (405, head("PUT /status", EXPECT, length)),
                (404, head("POST /nothing", EXPECT, length)),
                (417, post(None, self.node.cookie, "Expect: 200-ok", length))):
            data = data.replace(b"Connection: close\r\n", b"")
            answer = self.exchange(data)
            self.assertEqual(status_of(answer), expected, data)
            self.assertIn(b"\r\nConnection: close\r\n", answer)
            self.assertNotIn(CONTINUE, answer)

    def test_expect_nothing(self):
        for data in (post(CALL, self.node.cookie, EXPECT).replace(b"HTTP/1.1", b"HTTP/1.0"),
                     head("GET /status", EXPECT), head("GET /status", EXPECT,
                                                       "Content-Length: 0")):
            self.assertEqual(status_of(self.exchange(data)), 200, data)
        # The body is there already.
        answer = self.exchange(post(CALL, self.node.cookie, EXPECT))
        self.assertTrue(answer.removeprefix(CONTINUE).startswith(b"HTTP/1.1 200 OK"))

    def test_framing(self):
        body = "5\r\nhello\r\n0\r\n\r\n"
        for expected, fields in (
                (501, ["Transfer-Encoding: gzip, chunked"]),
                (501, ["Transfer-Encoding: gzip"]),
                (501, ["Transfer-Encoding: gzip", "Transfer-Encoding: chunked"]),
                (501, ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]),
                (400, ["Transfer-Encoding: chunked", "Content-Length: 5"]),
                (400, ["Content-Length: 5", "Content-Length: 6"]),
                (400, ["Content-Length: 5", "Content-Length: 5"]),
                (400, ["Content-Length: +5"]), (400, ["Content-Length: 5, 5"]),
                (413, ["Content-Length: 99999999999999999999"]),
                (417, ["Expect: something"]), (417, [EXPECT, EXPECT]),
                (400, ["Name : value"]), (400, ["A: b", " folded"]), (400, ["no colon"])):
            for cookie in (self.node.cookie, None):
                answer = self.exchange(post(None, cookie, *fields) + body.encode())
                self.assertEqual(status_of(answer), expected, fields)
                self.assertIn("error", json_of(answer))
        for data in (b"GET /status HTTP/1.1\nHost: localhost\n\n",
                     b"GET /status HTTP/1.1\r\nHost: localhost\n\r\n\r\n",
                     b"GET /status HTTP/1.1\r\nHost: local\rhost\r\n\r\n",
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01",
                     head("POST /", "Transfer-Encoding: chunked").replace(
                         b"HTTP/1.1", b"HTTP/1.0")):
            self.assertEqual(status_of(self.exchange(data)), 400, data)

    def test_targets(self):
        for target in ("http://localhost/status", "HTTP://127.0.0.1/status?x"):
            self.assertEqual(status_of(self.exchange(head(f"GET {target}"))), 200, target)
        for target in ("http://example.com/status", "https://localhost/status", "http:/status"):
            self.assertEqual(status_of(self.exchange(head(f"GET {target}"))), 400, target)

    def test_a_body_nobody_asked_for(self):
        for body in (b"x" * 100, b"GET /nothing HTTP/1.1\r\n\r\n"):
            data = head("GET /status", f"Content-Length: {len(body)}") + body
            answers = self.exchange(data.replace(b"Connection: close\r\n", b"") +
                                    head("GET /peers"))
            self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 2)
        self.assertEqual(status_of(self.exchange(head("BREW /status"))), 405)

    def test_websocket_handshakes(self):
        key = "Sec-WebSocket-Key"
        for value in ("", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA=",
                      "AAAAAAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAA=",
                      "AAAAAAAAAAAAAAAAAAAAA!==", "AAAAAAAAAAAAAAAAAAAAAB==", None):
            self.refuse(400, {key: value})
        for version in ("8", "12", "14", "", "13, 8", None):
            self.refuse(426, {"Sec-WebSocket-Version": version})
        for fields in ({"Upgrade": None}, {"Connection": None}, {"Connection": "close"},
                       {"Upgrade": "h2c"}):
            self.refuse(426, fields)
        answer = self.exchange(head("GET /events", "Sec-WebSocket-Key: AAAA"))
        self.assertEqual(status_of(answer), 426)
        self.assertIn(b"\r\nSec-WebSocket-Version: 13\r\n", answer)
        WebSocket(self.tcp, "/events").socket.close()

    def refuse(self, status, fields):
        with self.assertRaises(Refused, msg=fields) as caught:
            WebSocket(self.tcp, "/events", fields)
        self.assertEqual(caught.exception.status, status, fields)


if __name__ == "__main__":
    unittest.main()
