# SPDX-License-Identifier: MIT
"""The shapes of results in rpc_shapes.json, and how a result is checked against one."""

import json
import pathlib
import re
from decimal import Decimal

NETWORKS = {"ipv4", "ipv6", "onion", "i2p", "cjdns"}
WORDS = {
    "network": NETWORKS, "network+": NETWORKS | {"not_publicly_routable"},
    "conntype": {"inbound", "outbound-full-relay", "block-relay-only", "manual", "feeler",
                 "addr-fetch"},
    "transport": {"detecting", "v1", "v2"}}
PATTERNS = {"hex16": "[0-9a-f]{16}", "hex64": "[0-9a-f]{64}", "session": "([0-9a-f]{64})?"}
TYPES = {"int": (int,), "num": (int, Decimal), "str": (str,), "bool": (bool,),
         "null": (type(None),)}

SHAPES = json.loads(
    (pathlib.Path(__file__).parent / "rpc_shapes.json").read_text(encoding="utf-8"))


def parse(text):
    """JSON in which 1 is an int and 1.0 is none: there are clients that know a difference."""
    return json.loads(text, parse_float=Decimal)


def difference(found, shape, path="result"):
    """The first part of `found` that has a wrong shape, in words; None if there is none."""
    if isinstance(shape, list):
        if not isinstance(found, list):
            return f"{path} is no list: {found!r}"
        parts = ((x, shape[0], f"{path}[{i}]") for i, x in enumerate(found))
    elif isinstance(shape, dict):
        if not isinstance(found, dict):
            return f"{path} is no object: {found!r}"
        if "*" not in shape:
            known = {key.rstrip("?") for key in shape}
            needed = {key for key in shape if not key.endswith("?")}
            if not needed <= found.keys() <= known:
                return (f"{path} lacks {sorted(needed - found.keys())}, "
                        f"has no business with {sorted(found.keys() - known)}")
            order = [key.rstrip("?") for key in shape if key.rstrip("?") in found]
            if order != list(found):
                return f"{path} is in another order: {list(found)}"
        of = {key.rstrip("?"): x for key, x in shape.items()}
        parts = ((x, of.get(key, of.get("*")), f"{path}.{key}") for key, x in found.items())
    else:
        return None if is_a(found, shape) else f"{path} is no {shape}: {found!r}"
    return next((wrong for part in parts if (wrong := difference(*part))), None)


def is_a(found, name):
    if name in WORDS:
        return isinstance(found, str) and found in WORDS[name]
    if name in PATTERNS:
        return isinstance(found, str) and re.fullmatch(PATTERNS[name], found) is not None
    return type(found) in TYPES[name]
