# SPDX-License-Identifier: MIT
"""A peer on regtest, played by hand: as much of the protocol as it takes to be one."""

import hashlib
import os
import struct

from peerage_harness import connect

MAGIC = bytes.fromhex("fabfb5da")


def message(command, payload=b""):
    digest = hashlib.sha256(hashlib.sha256(payload).digest()).digest()
    return MAGIC + struct.pack("<12sI4s", command, len(payload), digest[:4]) + payload


class WirePeer:
    """Comes from `source` to an "ip:port"; all waits end after `seconds`."""

    def __init__(self, to, source="127.0.0.1", seconds=10, version=70016):
        self.socket = connect(to, seconds, source)
        self.received = b""
        nobody = bytes(26)
        self.socket.sendall(message(b"version", struct.pack(
            "<iQq26s26sQB4siB", version, 9, 0, nobody, nobody,
            int.from_bytes(os.urandom(8), "little"), 4, b"/py/", 0, 1)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def read(self):
        """The next message, as (command, payload); EOFError at the end of the stream."""
        while True:
            if len(self.received) >= 24:
                command, size, _ = struct.unpack("<12sI4s", self.received[4:24])
                if len(self.received) >= 24 + size:
                    payload = self.received[24:24 + size]
                    self.received = self.received[24 + size:]
                    return command.rstrip(b"\0"), payload
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self.received += more

    def wait_for(self, command):
        while True:
            found, payload = self.read()
            if found == b"ping":
                self.socket.sendall(message(b"pong", payload))
            if found == command:
                return payload

    def shake_hands(self):
        self.wait_for(b"version")
        self.socket.sendall(message(b"verack"))
        self.wait_for(b"verack")
        return self

    def round_trip(self):
        """All that was sent before has been acted upon."""
        nonce = os.urandom(8)
        self.socket.sendall(message(b"ping", nonce))
        while self.wait_for(b"pong") != nonce:
            pass
