#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The events for readers without WebSocket: lines of JSON, and server-sent events."""

import json
import select
import shutil
import socket
import subprocess
import time
import unittest

from app_events_test import HISTORY, dial_and_fail, knock, make_events, next_seq
from cases import FolderCase, NodeCase, ask, wait_until
from peerage_harness import Node, connect
from process import open_descriptors, resident_bytes, settled_descriptors
from raw_http import status_of

SERVER_SENT = "Accept: text/event-stream"


class Reader:
    """An answer without end, read as bytes. `more` as in `connect`."""

    def __init__(self, url, path="/events", *fields, version="1.1", **more):
        self.socket = connect(url, **{"timeout": 10, **more})
        lines = [f"GET {path} HTTP/{version}", "Host: localhost", *fields, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.rest = b""
        self.body = b""
        self.ended = False
        head = self._until(b"\r\n\r\n")
        self.status = status_of(head)
        self.headers = {name.lower(): value.strip() for name, value in (
            line.split(":", 1) for line in head.decode().split("\r\n")[1:] if line)}
        self.chunked = self.headers.get("transfer-encoding") == "chunked"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _more(self):
        part = self.socket.recv(65536)
        if not part:
            raise EOFError
        self.rest += part

    def _until(self, end):
        while end not in self.rest:
            self._more()
        result, self.rest = self.rest.split(end, 1)
        return result + end

    def _read_body(self):
        """Adds the next chunk, or what there is, to the body; at the end sets `ended`."""
        if not self.chunked:
            if not self.rest:
                try:
                    self._more()
                except EOFError:
                    self.ended = True
            self.body += self.rest
            self.rest = b""
            return
        size = int(self._until(b"\r\n"), 16)
        while len(self.rest) < size + 2:
            self._more()
        if self.rest[size:size + 2] != b"\r\n":
            raise AssertionError(f"a broken chunk: {self.rest[:size + 2]}")
        self.body += self.rest[:size]
        self.rest = self.rest[size + 2:]
        self.ended = size == 0

    def part(self, end):
        """The body up to and including `end`; None when the answer is over."""
        while end not in self.body:
            if self.ended:
                if self.body:
                    raise AssertionError(f"it ends in the middle: {self.body}")
                return None
            self._read_body()
        result, self.body = self.body.split(end, 1)
        return result

    def receive(self):
        """The next line's JSON; None when the answer is over."""
        line = self.part(b"\n")
        return None if line is None else json.loads(line)

    def receive_until(self, condition):
        result = [self.receive()]
        while not condition(result[-1]):
            result.append(self.receive())
        return result

    def server_sent(self):
        """(id, JSON) of the next event, or the text of a comment; None at the end."""
        block = self.part(b"\n\n")
        if block is None:
            return None
        if block.startswith(b":"):
            return block.decode()
        names, values = zip(*(line.split(b": ", 1) for line in block.split(b"\n")))
        if names != (b"id", b"data"):
            raise AssertionError(f"not an id and data: {block}")
        return int(values[0]), json.loads(values[1])

    def silent(self, seconds):
        """Whether nothing comes for so long."""
        return not (self.body or self.rest) and not select.select([self.socket], [], [], seconds)[0]


class Answers(NodeCase):
    options = ("--log-level", "error")

    def assert_without_holes(self, numbers):
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))

    def test_lines(self):
        for url in self.node.urls:
            with Reader(url, "/events?from=1") as reader:
                self.assertEqual((reader.status, reader.headers["content-type"],
                                  reader.headers["cache-control"], reader.chunked),
                                 (200, "application/x-ndjson", "no-store", True))
                first = reader.receive()
                self.assertEqual((first["seq"], first["type"]), (1, "node_started"))
                until = make_events(self.node, 300)
                rest = reader.receive_until(lambda x: x["seq"] == until - 1)
                self.assert_without_holes([x["seq"] for x in (first, *rest)])

    def test_before_http_1_1(self):
        with Reader(self.tcp, "/events?from=1", version="1.0") as reader:
            self.assertFalse(reader.chunked)
            self.assertNotIn("connection", reader.headers) # its end ends the answer
            self.assertEqual(reader.receive()["type"], "node_started")

    def test_from_now_on(self):
        before = make_events(self.node, 2)
        with Reader(self.tcp) as reader:
            while reader.silent(0.1):
                knock(self.node)
            self.assertGreaterEqual(reader.receive()["seq"], before)

    def test_filters_and_resuming(self):
        make_events(self.node, 6)
        with Reader(self.tcp, "/events?from=1&types=handshake_failed") as reader:
            some = [reader.receive() for _ in range(2)]
            self.assertEqual({x["type"] for x in some}, {"handshake_failed"})
        with Reader(self.tcp, f"/events?from={some[0]['seq'] + 1}&types=handshake_failed") as again:
            self.assertEqual(again.receive(), some[1])
        with Reader(self.tcp, "/events?from=1000000000") as lost:
            self.assertEqual(lost.receive(), {"type": "gap", "from": 1, "to": 0, "reset": True})
            self.assertEqual(lost.receive()["seq"], self.node.get("/status")["events"]["first"])

    def test_server_sent_events(self):
        for accept in (SERVER_SENT, "Accept: text/html, TEXT/Event-Stream;q=0.9",
                       "Accept: */*\r\n" + SERVER_SENT):
            with Reader(self.tcp, "/events?from=1", accept) as reader:
                self.assertEqual(reader.headers["content-type"], "text/event-stream")
                self.assertEqual(reader.server_sent()[1]["type"], "node_started")
        until = make_events(self.node, 20)
        with Reader(self.unix, "/events?from=1", SERVER_SENT) as reader:
            found = [reader.server_sent() for _ in range(until - 1)]
            self.assert_without_holes([number for number, _ in found])
            for number, event in found:
                self.assertEqual(number, event["seq"])
        # A browser asks with the same query, and tells the last id.
        with Reader(self.tcp, "/events?from=1", SERVER_SENT, f"Last-Event-ID: {until - 5}") as reader:
            self.assertEqual(reader.server_sent(), found[until - 5])
        with Reader(self.tcp, "/events?from=2", SERVER_SENT, "Last-Event-ID: no number") as reader:
            self.assertEqual(reader.server_sent(), found[1])
        with Reader(self.tcp, "/events", SERVER_SENT, "Last-Event-ID: 1000000000") as reader:
            number, gap = reader.server_sent()
            self.assertEqual((number, gap["type"], gap["reset"]), (0, "gap", True))

    def test_comments_in_silence(self):
        with Reader(self.tcp, "/events", SERVER_SENT, timeout=30) as reader, \
                Reader(self.tcp) as lines:
            began = time.monotonic()
            self.assertEqual(reader.server_sent(), ":")
            self.assertGreater(time.monotonic() - began, 10)
            self.assertTrue(lines.silent(0.1)) # a blank line is no JSON
            knock(self.node)
            self.assertEqual(reader.server_sent()[1], lines.receive())

    def test_what_is_refused(self):
        for expected, path, fields in (
                (400, "/events?from=0", ()), (400, "/events?types=nothing", ()),
                (400, "/events?since=1", ()), (400, "/events?from=1&from", ()),
                (403, "/events", ("Origin: http://evil.example", )),
                (403, "/events", (SERVER_SENT, "Origin: null")),
                (404, "/events/", ())):
            with Reader(self.tcp, path, *fields) as reader:
                self.assertEqual(reader.status, expected, (path, fields))
        self.assertEqual(self.node.http("POST", "/events").status, 405)
        status, _, body = self.node.http("HEAD", "/events")
        self.assertEqual((status, body), (200, b""))

    def test_pages_of_the_node(self):
        host = "127.0.0.1:" + self.tcp.rsplit(":", 1)[1]
        with connect(self.tcp, 10) as client:
            client.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\r\n"
                           .encode())
            self.assertEqual(status_of(client.recv(1000)), 200)

    def test_places(self):
        readers = []

        def all_are_taken(): # those of readers that have gone may still be held
            reader = Reader(self.tcp)
            if reader.status == 200:
                readers.append(reader)
            else:
                reader.socket.close()
            return len(readers) == 64

        try:
            wait_until(all_are_taken, what="64 readers")
            with Reader(self.tcp) as another:
                self.assertEqual(another.status, 503)
            # Requests have other places.
            self.assertEqual(ask(self.node, "/status")[0], 200)
        finally:
            for reader in readers:
                reader.socket.close()

        def has_room():
            with Reader(self.tcp) as another:
                return another.status == 200

        wait_until(has_room, what="room for another")

    def test_who_only_stops_sending_reads_on(self):
        for url in self.node.urls:
            with Reader(url) as reader:
                reader.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(reader.silent(0.6)) # two looks at its socket
                knock(self.node)
                self.assertTrue(reader.receive()["seq"])

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl(self):
        make_events(self.node, 3)
        shown = subprocess.Popen(["curl", "-sN", f"{self.tcp}/events?from=1"],
                                 stdout=subprocess.PIPE)
        try:
            lines = [json.loads(shown.stdout.readline()) for _ in range(3)]
            self.assertEqual([x["seq"] for x in lines], [1, 2, 3])
        finally:
            shown.kill()
            shown.wait()
            shown.stdout.close()

    @unittest.skipUnless(shutil.which("curl") and shutil.which("jq"), "no curl, or no jq")
    def test_curl_and_jq(self):
        done = subprocess.run(
            f"curl -sN --max-time 2 '{self.tcp}/events?from=1' | jq -r .type",
            shell=True, capture_output=True, text=True, timeout=20)
        self.assertEqual(done.stdout.split("\n")[0], "node_started")


class Slow(unittest.TestCase):
    def test_who_does_not_read_costs_little_and_gets_a_gap(self):
        with Node("--log-level", "error") as node, \
                Reader(node.urls[0], "/events?from=1", receive_buffer=4096) as slow:
            dial_and_fail(node, 1_000)
            before = resident_bytes(node.pid)
            until = 0
            while until < HISTORY + 4_000:
                until = dial_and_fail(node, 1_000)
            self.assertLess(resident_bytes(node.pid) - before, 32 << 20)
            last = next_seq(node) - 1
            seen, gaps = 0, []
            while seen < last:
                event = slow.receive()
                if event["type"] == "gap":
                    gaps.append(event)
                    self.assertEqual(event["from"], seen + 1)
                    seen = event["to"]
                else:
                    seen += 1
                    self.assertEqual(event["seq"], seen)
            self.assertEqual(len(gaps), 1)

    def test_who_never_reads_is_ended(self):
        with Node("--log-level", "error") as node, \
                Reader(node.urls[0], "/events?from=1", receive_buffer=4096, timeout=60) as deaf:
            dial_and_fail(node, 3_000) # more than fits into the kernel
            held = settled_descriptors(node.pid)
            wait_until(lambda: open_descriptors(node.pid) < held, 45, "the end of its socket")
            with self.assertRaises((EOFError, ConnectionResetError)):
                while deaf.receive():
                    pass


class End(FolderCase):
    def test_the_node_stops(self):
        unix = f"unix:{self.folder}/status.sock"
        with Node("--status", "127.0.0.1:0", "--status", unix, "--swarm", "3") as node, \
                Reader(node.urls[0], "/events?from=1") as tcp, \
                Reader(unix, "/events?from=1") as local, \
                Reader(node.urls[0], "/events?from=1", version="1.0") as old:
            for reader in (tcp, local, old):
                reader.receive_until(lambda x: x["type"] == "peer_ready")
            node.stop()
            for reader in (tcp, local, old):
                reader.receive_until(lambda x: x["type"] == "node_stopping")
                while (event := reader.receive()) is not None:
                    self.assertEqual(event["type"], "peer_left")
                self.assertTrue(reader.ended) # by the last chunk, where there are chunks


if __name__ == "__main__":
    unittest.main()
