# SPDX-License-Identifier: MIT
"""A small chain for a `Peer` to serve."""

from __future__ import annotations

import struct
from typing import Sequence

from .messages import HEADER, NO_HASH, double_sha256


class Chain:
    """A valid regtest chain, of blocks that hold nothing but a coinbase: that of
    `peerage run --swarm N --seed SEED`, or a part of it, if it has the same seed."""

    _GENESIS_COINBASE = bytes.fromhex(
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d"
        "04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f"
        "6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2"
        "052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649"
        "f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000")
    _TARGET = 0x7fffff << 8 * (0x20 - 3)  # every other hash meets it

    def __init__(self, height: int = 0, seed: int = 1) -> None:
        self.blocks: list[bytes] = []  #: as on the wire, genesis first
        self.hashes: list[str] = []  #: of each, as people write them
        self._heights: dict[str, int] = {}
        self._seed = seed
        self._append(1, 1296688602, 2, self._GENESIS_COINBASE)
        self.extend(height)

    @property
    def height(self) -> int:
        """Of the last block."""
        return len(self.blocks) - 1

    @property
    def headers(self) -> list[bytes]:
        """80 bytes each; entries for a headers message."""
        return [block[:80] for block in self.blocks]

    def extend(self, count: int = 1) -> None:
        """Mines more blocks."""
        for height in range(len(self.blocks), len(self.blocks) + count):
            if height <= 16:
                number = bytes([0x50 + height])  # OP_1 to OP_16
            else:
                digits = height.to_bytes(height.bit_length() // 8 + 1, "little")
                number = bytes([len(digits)]) + digits
            script = number + b"\x08" + struct.pack("<Q", self._seed)
            self._append(0x20000000, 1296688602 + 600 * height, 0, b"".join((
                struct.pack("<IB", 1, 1), bytes(32), b"\xff" * 4, bytes([len(script)]), script,
                b"\xff" * 4, struct.pack("<BQB", 1, 50_0000_0000 >> height // 150, 1),
                b"\x51", bytes(4))))

    def block(self, hash_: str) -> bytes | None:
        """The block with this hash, if there is one."""
        return self.blocks[self._heights[hash_]] if hash_ in self._heights else None

    def after(self, locator: Sequence[str], stop: str = NO_HASH, limit: int = 2000) -> range:
        """The heights that a getheaders or getblocks asks for: those behind the first hash of
        the locator that is in the chain (else genesis), up to `stop`. With an empty locator
        the block `stop` alone."""
        last = self._heights.get(stop)
        if not locator:
            return range(0) if last is None else range(last, last + 1)
        known = next((self._heights[x] for x in locator if x in self._heights), 0)
        end = last if last is not None and last > known else self.height
        return range(known + 1, min(end, known + limit) + 1)

    def _append(self, version: int, time_: int, nonce: int, coinbase: bytes) -> None:
        previous = self.hashes[-1] if self.hashes else NO_HASH
        head = HEADER.put({"version": version, "previous": previous, "time": time_,
                            "merkle_root": double_sha256(coinbase)[::-1].hex()})[:76]
        while True:
            header = head + struct.pack("<I", nonce)
            hash_ = double_sha256(header)
            if int.from_bytes(hash_, "little") <= self._TARGET:
                break
            nonce += 1
        self._heights[hash_[::-1].hex()] = len(self.blocks)
        self.hashes.append(hash_[::-1].hex())
        self.blocks.append(header + b"\x01" + coinbase)
