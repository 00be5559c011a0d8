# SPDX-License-Identifier: MIT
"""A WebSocket client (RFC 6455) that is strict with the server, and shows all that it says:
refusals, frames, closing codes. To follow events there is `Node.events`."""

import base64
import hashlib
import json
import os
import select
import struct

from peerage_harness import connect

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Refused(Exception):
    """The server did not upgrade: its HTTP answer."""

    def __init__(self, answer):
        super().__init__(answer)
        self.status = int(answer.split(b" ", 2)[1]) if answer else None
        self.body = answer.partition(b"\r\n\r\n")[2]


class Closed(Exception):
    """The server closed; `code` is None if it said nothing."""

    def __init__(self, code, reason=""):
        super().__init__(code, reason)
        self.code = code


class WebSocket:
    """To a status address as the ready line has it; `more` as in `connect`."""

    def __init__(self, url, path, headers=None, **more):
        self.socket = connect(url, **more)
        key = base64.b64encode(os.urandom(16))
        fields = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
                  "Sec-WebSocket-Key": key.decode(), "Sec-WebSocket-Version": "13",
                  **(headers or {})}
        request = f"GET {path} HTTP/1.1\r\n"
        request += "".join(f"{k}: {v}\r\n" for k, v in fields.items() if v is not None)
        self.rest = b""
        try:
            self.socket.sendall(request.encode() + b"\r\n")
            head = self._head()
            if not head.startswith(b"HTTP/1.1 101 "):
                raise Refused(head + b"\r\n\r\n" + self._body(head))
            wanted = base64.b64encode(hashlib.sha1(key + MAGIC).digest())
            if b"sec-websocket-accept: " + wanted.lower() not in head.lower():
                raise AssertionError(f"not the accept key: {head}")
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def _head(self):
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        return head

    def _body(self, head):
        lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
                   if line.lower().startswith(b"content-length:")]
        return self._take(lengths[0]) if lengths else b""

    def _more(self):
        part = self.socket.recv(65536)
        if not part:
            raise Closed(None)
        self.rest += part

    def _take(self, size):
        while len(self.rest) < size:
            self._more()
        result, self.rest = self.rest[:size], self.rest[size:]
        return result

    def frame(self):
        """(opcode, payload) of the next frame, whatever it is."""
        first, length = self._take(2)
        if not first & 0x80 or first & 0x70 or length & 0x80:
            raise AssertionError(f"not a whole, plain, unmasked frame: {first} {length}")
        if length == 126:
            length, = struct.unpack(">H", self._take(2))
        elif length == 127:
            length, = struct.unpack(">Q", self._take(8))
        return first & 0x0F, self._take(length)

    def receive(self):
        """The next JSON object. Answers pings, and the closing, which it raises."""
        while True:
            opcode, payload = self.frame()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == PING:
                self.send(PONG, payload)
            if opcode == CLOSE:
                try:
                    self.send(CLOSE, payload)
                except OSError:
                    pass  # it did not wait for that
                code = struct.unpack(">H", payload[:2])[0] if payload else None
                raise Closed(code, payload[2:].decode())

    def receive_until(self, condition):
        """All up to and including the first for which `condition(event)` is true."""
        result = [self.receive()]
        while not condition(result[-1]):
            result.append(self.receive())
        return result

    def silent(self, seconds):
        """Whether nothing comes for so long."""
        return not self.rest and not select.select([self.socket], [], [], seconds)[0]

    def send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        length = (bytes([0x80 | size]) if size < 126 else
                  b"\xfe" + struct.pack(">H", size) if size < 1 << 16 else
                  b"\xff" + struct.pack(">Q", size))
        masked = bytes(x ^ mask[i % 4] for i, x in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)
