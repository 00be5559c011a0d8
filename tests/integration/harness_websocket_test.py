#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The WebSocket client of scripts/peerage_harness, with a server that is not polite."""

import base64
import contextlib
import hashlib
import socket
import struct
import threading
import unittest

from peerage_harness import HarnessError, WebSocket


class Server:
    """Accepts one WebSocket and sends the given bytes on it."""

    def __init__(self, *sends, accept=None):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.received = b""
        self._sends, self._accept = sends, accept
        self.go_on = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on.release(100)
        self._listener.close()
        self._thread.join(10)

    def _run(self):
        client, _ = self._listener.accept()
        with client:
            client.settimeout(10)
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += client.recv(4096)
            key = next(line.split(b": ")[1] for line in request.split(b"\r\n")
                       if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(
                hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            client.sendall(b"HTTP/1.1 101 Go\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                           b"sec-websocket-accept: " + (self._accept or accept) + b"\r\n\r\n")
            for piece in self._sends:
                if piece is None:
                    self.go_on.acquire(timeout=10)
                else:
                    client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while some := client.recv(4096):
                    self.received += some


def frame(kind, payload, final=True):
    size = len(payload)
    length = (bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
              if size < 65536 else b"\x7f" + struct.pack(">Q", size))
    return bytes([kind | (0x80 if final else 0)]) + length + payload


class Client(unittest.TestCase):
    def test_sizes(self):
        texts = ["", "x" * 125, "y" * 126, "z" * 65536, "Grüße"]
        with Server(b"".join(frame(1, x.encode()) for x in texts),
                    frame(8, b"\x03\xe9away")) as server:
            with WebSocket(server.url, "/events") as client:
                self.assertEqual([client.receive(10) for _ in texts], texts)
                self.assertIsNone(client.receive(10))
                self.assertIsNone(client.receive(10))
                self.assertEqual(client.close_code, 1001)

    def test_fragments_with_a_ping_between_and_a_pause(self):
        with Server(frame(1, b"one ", False), frame(9, b"hello"), frame(0, b"two ", False),
                    frame(0, b"three")[:4], None, frame(0, b"three")[4:]) as server:
            with WebSocket(server.url, "/events") as client:
                with self.assertRaises(TimeoutError):
                    client.receive(0.2)
                server.go_on.release()
                self.assertEqual(client.receive(10), "one two three")
        self.assertEqual(server.received[:2], b"\x8a\x85", "a masked pong of 5 bytes")
        mask, pong = server.received[2:6], server.received[6:11]
        self.assertEqual(bytes(a ^ b for a, b in zip(pong, mask * 2)), b"hello")

    def test_what_is_refused(self):
        for sends in ([b"\x81\x7f" + struct.pack(">Q", 1 << 40)], [b"\x81\x85abcdefghi"],
                      [frame(1, b"cut off")[:5]], [b"\x81"], [frame(1, b"x" * 600000, False),
                                                              frame(0, b"x" * 600000)]):
            with self.subTest(sends=sends[0][:12]), Server(*sends) as server:
                with WebSocket(server.url, "/events") as client:
                    with self.assertRaises((HarnessError, OSError)):
                        client.receive(10)
        with Server(accept=b"bm8=") as server, self.assertRaises(HarnessError):
            WebSocket(server.url, "/events")


if __name__ == "__main__":
    unittest.main()
