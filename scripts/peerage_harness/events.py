# SPDX-License-Identifier: MIT
"""Events of a node, as they happen."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import struct
import time
from typing import Any

from .connections import HTTP_SECONDS, connect, host_of
from .errors import HarnessError

FRAME_BYTES = 1 << 20  # an event is far smaller
HEADER_BYTES = 16 << 10


class WebSocket:
    """A client for one WebSocket (RFC 6455) that reads text. It answers pings, joins
    fragments, and refuses what is longer than 1 MiB.

    `url` is a status address as the ready line has it; `path` begins with a slash. Raises
    HarnessError if the server does not upgrade. `timeout`, in seconds, is for the opening.
    """

    _MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    def __init__(self, url: str, path: str, timeout: float = HTTP_SECONDS) -> None:
        self._buffer = bytearray()
        self._closed = False
        self._owner = os.getpid()
        self.close_code: int | None = None  #: 1001 when the node stops
        self._socket = connect(url, timeout)
        try:
            self._upgrade(host_of(url), path, time.monotonic() + timeout)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def receive(self, timeout: float | None = None) -> str | None:
        """The next text; None when the server has closed the stream. Raises TimeoutError
        if it does not come within `timeout` seconds (None: waits for ever); a message that
        was half there is not lost."""
        deadline = None if timeout is None else time.monotonic() + timeout
        text = bytearray()
        while not self._closed:
            try:
                kind, final, payload = self._frame(deadline, len(text))
            except TimeoutError:
                self._buffer[:0] = self._unread(text)
                raise
            if kind == 8:
                self.close_code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                self.close()
            elif kind == 9:
                self._send(10, payload)
            elif kind in (0, 1, 2):
                text += payload
                if final:
                    return text.decode()
        return None

    def close(self) -> None:
        """Says goodbye, if the other side still listens, and closes the socket. A forked
        child closes its copy only: the connection is its parent's."""
        if not self._closed:
            self._closed = True
            if os.getpid() == self._owner:
                with contextlib.suppress(OSError):
                    self._send(8, struct.pack(">H", 1000))
            self._socket.close()

    def _upgrade(self, host: str, path: str, deadline: float) -> None:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self._socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                              f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > HEADER_BYTES or not self._read_some(deadline):
                raise HarnessError(f"no answer to the upgrade of {path}")
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[:end + 4]
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in lines[1:])}
        accept = base64.b64encode(hashlib.sha1((key + self._MAGIC).encode()).digest())
        if lines[0].split(" ")[1:2] != ["101"]:
            raise HarnessError(f"{path} was not upgraded: {lines[0]}")
        if headers.get("sec-websocket-accept") != accept.decode():
            raise HarnessError(f"{path}: the upgrade's answer is not for our key")

    def _frame(self, deadline: float | None, already: int) -> tuple[int, bool, bytes]:
        """(opcode, final, payload) of the next frame, taken from the buffer when whole."""
        self._need(2, deadline)
        final, kind = bool(self._buffer[0] & 0x80), self._buffer[0] & 0x0f
        size, begin = self._buffer[1] & 0x7f, 2
        if self._buffer[1] & 0x80:
            raise HarnessError("a frame of the server is masked")
        if size == 126:
            self._need(4, deadline)
            size, begin = struct.unpack(">H", self._buffer[2:4])[0], 4
        elif size == 127:
            self._need(10, deadline)
            size, begin = struct.unpack(">Q", self._buffer[2:10])[0], 10
        if size + already > FRAME_BYTES:
            raise HarnessError(f"a message of {size + already} bytes")
        self._need(begin + size, deadline)
        payload = bytes(self._buffer[begin:begin + size])
        del self._buffer[:begin + size]
        return kind, final, payload

    @staticmethod
    def _unread(text: bytearray) -> bytes:
        """Fragments that were read, as one frame to be read again."""
        return b"" if not text else b"\x01\x7f" + struct.pack(">Q", len(text)) + bytes(text)

    def _need(self, size: int, deadline: float | None) -> None:
        while len(self._buffer) < size:
            if not self._read_some(deadline):
                raise HarnessError("the event stream broke off")

    def _read_some(self, deadline: float | None) -> bool:
        if deadline is not None and deadline <= time.monotonic():
            raise TimeoutError("nothing came in time")
        self._socket.settimeout(None if deadline is None else deadline - time.monotonic())
        some = self._socket.recv(65536)
        self._buffer += some
        return bool(some)

    def _send(self, kind: int, payload: bytes) -> None:
        """One control frame, masked as a client's must be; at most 125 bytes."""
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.settimeout(HTTP_SECONDS)
        self._socket.sendall(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + masked)


class EventStream:
    """The result of `Node.events`: an iterator of events, to be closed."""

    def __init__(self, socket_: WebSocket, timeout: float) -> None:
        self._socket = socket_
        self._timeout = timeout

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> dict[str, Any]:
        text = self._socket.receive(self._timeout)
        if text is None:
            raise StopIteration
        event: dict[str, Any] = json.loads(text)
        return event

    def until(self, timeout: float = 30.0, **fields: Any) -> dict[str, Any]:
        """The next event that has all these fields, as in until(type="peer_left", peer=3);
        those before it are passed over. Raises TimeoutError, which tells of the last that
        came, if there is none within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        last: dict[str, Any] | None = None
        while True:
            try:
                text = self._socket.receive(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise TimeoutError(f"no event with {fields} within {timeout} s; "
                                   f"the last was {last}") from None
            if text is None:
                raise HarnessError(f"the node stopped before an event with {fields}; "
                                   f"the last was {last}")
            event: dict[str, Any] = json.loads(text)
            if fields.items() <= event.items():
                return event
            last = event

    def close(self) -> None:
        """Closes the connection. Closing twice is fine."""
        self._socket.close()
