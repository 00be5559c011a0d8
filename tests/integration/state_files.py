# SPDX-License-Identifier: MIT
"""The state files of a node, read and written without any code of it."""

import contextlib
import hashlib
import json
import time

# Of a state file and its format, as the program's docstring of state_file.hpp has it.
FILES = {"addresses.json": b"addresses", "standing.json": b"standing",
         "dials.json": b"dials"}


def body_of(path, kind):
    """The JSON of a complete state file; raises ValueError if it is not complete."""
    digest, _, checked = path.read_bytes().partition(b" ")
    line, _, body = checked.partition(b"\n")
    if digest != hashlib.sha256(checked).hexdigest().encode():
        raise ValueError(f"{path.name} does not match its checksum")
    if line != b"peerage %s 1 %d" % (kind, len(body)):
        raise ValueError(f"{path.name} begins with {line!r}")
    return json.loads(body)


def saved_body(path, kind):
    """The same of a file that may be replaced at this moment, when it has its former name
    only; None if there is none."""
    for place in (path, path.with_name(path.name + ".previous"), path):
        with contextlib.suppress(FileNotFoundError):
            return body_of(place, kind)
    return None


def which_save(path):
    """Something else after every save; None if there is no such file at this moment."""
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def write_body(path, kind, body):
    """A state file as if it had been saved."""
    text = json.dumps(body).encode() + b"\n"
    checked = b"peerage %s 1 %d\n" % (kind, len(text)) + text
    path.write_bytes(hashlib.sha256(checked).hexdigest().encode() + b" " + checked)


def write_bans(path, count):
    """So many bans of single addresses, as a person would set them."""
    now = int(time.time())
    bans = [{"range": f"11.{i >> 16}.{(i >> 8) & 255}.{i & 255}/32", "created": now,
             "until": now + 86400, "cause": "manual"} for i in range(count)]
    write_body(path, b"standing", {"bans": bans, "scores": []})


def write_addresses(path, count, swarm=0):
    """A book of `count` addresses as if it had been saved: those of a swarm's peers, and
    others where no node is."""
    places = [(127, 1, 0, 1 + i, 18444) for i in range(swarm)]
    places += [(127, 2 + i // 250, i % 250, 1, 1) for i in range(count - swarm)]
    entries = [{"network": "ipv4", "address": bytes(place[:4]).hex(), "port": place[4],
                "time": int(time.time()), "services": 9, "last_attempt": 0,
                "last_success": 0, "failures": 0, "tried": False,
                "source": f"127.0.{i % 250}.1:18444"} for i, place in enumerate(places)]
    write_body(path, b"addresses", {"secret": "00" * 16, "addresses": entries})
