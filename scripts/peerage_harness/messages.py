# SPDX-License-Identifier: MIT
"""Messages of the P2P protocol, between bytes and dicts."""

from __future__ import annotations

import functools
import hashlib
import ipaddress
import secrets
import struct
import time
from typing import Any, Sequence

MAGIC = {"main": bytes.fromhex("f9beb4d9"), "testnet": bytes.fromhex("0b110907"),
         "testnet4": bytes.fromhex("1c163f28"), "signet": bytes.fromhex("0a03cf40"),
         "regtest": bytes.fromhex("fabfb5da")}
INVENTORY = {"tx": 1, "block": 2, "filtered_block": 3, "compact_block": 4, "wtx": 5,
             "witness_tx": 0x40000001, "witness_block": 0x40000002}
_INVENTORY_NAMES = {number: name for name, number in INVENTORY.items()}


def double_sha256(data: bytes) -> bytes:
    """The hash of blocks and transactions, in the order of the wire."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def frame(command: str, payload: bytes = b"", magic: bytes = MAGIC["regtest"],
          length: int | None = None, checksum: bytes | None = None) -> bytes:
    """A message as it stands on the wire. `length` and `checksum` are the right ones unless
    they are given."""
    return magic + struct.pack(
        "<12sI4s", command.encode("latin-1"), len(payload) if length is None else length,
        double_sha256(payload)[:4] if checksum is None else checksum) + payload


def encode(command: str, **fields: Any) -> bytes:
    """The payload of a message. Fields that are not given have usual values; those of each
    command are in `decode`'s result. Hashes are hex as people write them, entries are dicts
    or bytes that are taken as they are. Raises TypeError for a field that there is not."""
    if command not in _PAYLOADS:
        raise TypeError(f"the fields of {command} are not known here: give its payload as raw=")
    return _PAYLOADS[command].put(fields)


def decode(command: str, payload: bytes) -> dict[str, Any]:
    """The fields of a payload. Of block and tx only their hash and size; of commands that
    are not known here none. Raises ValueError if it is malformed."""
    if command == "block":
        return {"hash": double_sha256(payload[:80])[::-1].hex(), "size": len(payload)}
    if command == "tx":
        return {"wtxid": double_sha256(payload)[::-1].hex(), "size": len(payload)}
    fields: dict[str, Any] = {}
    if command in _PAYLOADS:
        fields = _PAYLOADS[command].take(_Cursor(payload))
    return fields


class _Cursor:
    """Bytes that are taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise ValueError(f"it ends after {len(self._data)} bytes")
        self._at += size
        return self._data[self._at - size:self._at]

    @property
    def at_end(self) -> bool:
        return self._at == len(self._data)


# Each kind of field has both directions: put() makes bytes of a value, take() a value of
# bytes.


class _Number:
    def __init__(self, form: str) -> None:
        self._form = struct.Struct(form)

    def put(self, value: Any) -> bytes:
        return self._form.pack(value)

    def take(self, data: _Cursor) -> Any:
        return self._form.unpack(data.take(self._form.size))[0]


class _CompactSize:
    def put(self, value: int) -> bytes:
        for limit, first, form in ((0xfd, b"", "<B"), (1 << 16, b"\xfd", "<H"),
                                   (1 << 32, b"\xfe", "<I")):
            if value < limit:
                return first + struct.pack(form, value)
        return b"\xff" + struct.pack("<Q", value)

    def take(self, data: _Cursor) -> int:
        first = data.take(1)[0]
        size = {0xfd: 2, 0xfe: 4, 0xff: 8}.get(first)
        return first if size is None else int.from_bytes(data.take(size), "little")


class _Hash:
    def put(self, value: str) -> bytes:
        result = bytes.fromhex(value)[::-1]
        if len(result) != 32:
            raise ValueError(f"a hash has 64 digits: {value!r}")
        return result

    def take(self, data: _Cursor) -> str:
        return data.take(32)[::-1].hex()


class _Text:
    def put(self, value: str) -> bytes:
        encoded = value.encode("utf-8", "surrogateescape")
        return _SIZE.put(len(encoded)) + encoded

    def take(self, data: _Cursor) -> str:
        return data.take(_SIZE.take(data)).decode("utf-8", "surrogateescape")


class _Ip:
    """16 bytes; IPv4 stands in the last four."""

    def put(self, value: str) -> bytes:
        address = ipaddress.ip_address(value)
        mapped = bytes(10) + b"\xff\xff" if address.version == 4 else b""
        return mapped + address.packed

    def take(self, data: _Cursor) -> str:
        address = ipaddress.IPv6Address(data.take(16))
        return str(address.ipv4_mapped or address)


class _InventoryType:
    """A name of INVENTORY, or a number."""

    def put(self, value: str | int) -> bytes:
        return struct.pack("<I", INVENTORY[value] if isinstance(value, str) else value)

    def take(self, data: _Cursor) -> str | int:
        number: int = struct.unpack("<I", data.take(4))[0]
        return _INVENTORY_NAMES.get(number, number)


class _Struct:
    """A dict of fields, each given as (kind, value where it is missing, or what makes one).
    Where `may_end` and the data ends before a field, the rest is left out."""

    def __init__(self, may_end: bool = False, **fields: tuple[Any, Any]) -> None:
        self._may_end = may_end
        self._fields = fields

    def put(self, value: dict[str, Any] | bytes) -> bytes:
        if isinstance(value, bytes):
            return value
        for name in value.keys() - self._fields.keys():
            raise TypeError(f"there is no field {name!r}; there is {', '.join(self._fields)}")
        return b"".join(
            kind.put(value[name] if name in value else usual() if callable(usual) else usual)
            for name, (kind, usual) in self._fields.items())

    def take(self, data: _Cursor) -> dict[str, Any]:
        result = {}
        for name, (kind, _) in self._fields.items():
            if self._may_end and data.at_end:
                break
            result[name] = kind.take(data)
        return result


class _List:
    def __init__(self, kind: Any) -> None:
        self._kind = kind

    def put(self, value: Sequence[Any]) -> bytes:
        return _SIZE.put(len(value)) + b"".join(map(self._kind.put, value))

    def take(self, data: _Cursor) -> list[Any]:
        return [self._kind.take(data) for _ in range(_SIZE.take(data))]


class _ListedHeader:
    """80 bytes and a count of transactions, which is always 0. Has its hash when taken."""

    def put(self, value: dict[str, Any] | bytes) -> bytes:
        if isinstance(value, dict):
            value = {name: x for name, x in value.items() if name != "hash"}
        return HEADER.put(value) + b"\0"

    def take(self, data: _Cursor) -> dict[str, Any]:
        header = data.take(80)
        _SIZE.take(data)
        return {"hash": double_sha256(header)[::-1].hex(), **HEADER.take(_Cursor(header))}


class _NetworkAddress:
    """An entry of addrv2 (BIP 155): `ip`, or `network_id` and the hex `bytes` of others."""

    _IPS = {1: 4, 2: 16}

    def put(self, value: dict[str, Any] | bytes) -> bytes:
        if isinstance(value, bytes):
            return value
        if "ip" in value:
            packed = ipaddress.ip_address(value["ip"]).packed
            network = 1 if len(packed) == 4 else 2
        else:
            packed, network = bytes.fromhex(value["bytes"]), value["network_id"]
        return (struct.pack("<I", value.get("time", _now()))
                + _SIZE.put(value.get("services", 9)) + bytes([network])
                + _SIZE.put(len(packed)) + packed + struct.pack(">H", value.get("port", 0)))

    def take(self, data: _Cursor) -> dict[str, Any]:
        result: dict[str, Any] = {"time": struct.unpack("<I", data.take(4))[0],
                                  "services": _SIZE.take(data), "network_id": data.take(1)[0]}
        packed = data.take(_SIZE.take(data))
        if len(packed) == self._IPS.get(result["network_id"]):
            result["ip"] = str(ipaddress.ip_address(packed))
        else:
            result["bytes"] = packed.hex()
        return {**result, "port": struct.unpack(">H", data.take(2))[0]}


def _now() -> int:
    return int(time.time())


def _nonce() -> int:
    return secrets.randbits(64)


_SIZE, _HASH, _TEXT = _CompactSize(), _Hash(), _Text()
_I32, _U32, _I64, _U64 = (_Number(form) for form in ("<i", "<I", "<q", "<Q"))
_BOOL, _PORT = _Number("<?"), _Number(">H")
NO_HASH = "0" * 64
_ADDRESS = {"services": (_U64, 0), "ip": (_Ip(), "0.0.0.0"), "port": (_PORT, 0)}
HEADER = _Struct(version=(_I32, 0x20000000), previous=(_HASH, NO_HASH),
                  merkle_root=(_HASH, NO_HASH), time=(_U32, _now), bits=(_U32, 0x207fffff),
                  nonce=(_U32, 0))
_ITEMS = _Struct(entries=(_List(_Struct(type=(_InventoryType(), "block"),
                                        hash=(_HASH, NO_HASH))), ()))
_LOCATOR = _Struct(protocol=(_U32, 70016), locator=(_List(_HASH), ()), stop=(_HASH, NO_HASH))
_NOTHING = _Struct()
_PAYLOADS = {
    "version": _Struct(
        may_end=True, protocol=(_I32, 70016), services=(_U64, 9), time=(_I64, _now),
        receiver=(_Struct(**_ADDRESS), {}), sender=(_Struct(**_ADDRESS), {}),
        nonce=(_U64, _nonce), user_agent=(_TEXT, "/peerage-harness/"), start_height=(_I32, 0),
        relay=(_BOOL, True)),
    "verack": _NOTHING, "getaddr": _NOTHING, "mempool": _NOTHING, "sendheaders": _NOTHING,
    "wtxidrelay": _NOTHING, "sendaddrv2": _NOTHING,
    "ping": _Struct(nonce=(_U64, _nonce)), "pong": _Struct(nonce=(_U64, 0)),
    "addr": _Struct(entries=(_List(_Struct(time=(_U32, _now), **{**_ADDRESS,
                                                                "services": (_U64, 9)})), ())),
    "addrv2": _Struct(entries=(_List(_NetworkAddress()), ())),
    "inv": _ITEMS, "getdata": _ITEMS, "notfound": _ITEMS,
    "getheaders": _LOCATOR, "getblocks": _LOCATOR,
    "headers": _Struct(entries=(_List(_ListedHeader()), ())),
    "sendcmpct": _Struct(announce=(_BOOL, False), version=(_U64, 2)),
    "feefilter": _Struct(rate=(_U64, 1000)),
}


class Message:
    """What a peer has received. `message["nonce"]` is a field of it."""

    def __init__(self, command: str, payload: bytes) -> None:
        self.command = command
        self.payload = payload

    @functools.cached_property
    def fields(self) -> dict[str, Any]:
        """As `decode` gives them. Raises ValueError if it is malformed."""
        return decode(self.command, self.payload)

    def __getitem__(self, name: str) -> Any:
        return self.fields[name]

    def __repr__(self) -> str:
        return in_words(self.command, self.payload, 120)


def in_words(command: str, payload: bytes, longest: int) -> str:
    """A message for people."""
    try:
        fields = decode(command, payload)
        text = ", ".join(f"{name}={value}" for name, value in fields.items())
        if not fields and payload:
            text = payload.hex()
    except ValueError as error:
        text = f"malformed, {error}: {payload.hex()}"
    return f"{command} {text}".rstrip() if len(text) <= longest else (
        f"{command} {text[:longest]}… ({len(payload)} bytes)")
