#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that a node asks nobody but its context for the time, for chance and for files.

A test can then run whole nodes on a clock, a seed and a disk of its own. Sources of actors/
and messages/ may not reach past these; the few that are the way to the machine, or belong
to the process and its status socket, stand below with the reason.

  scripts/check_sources.py               names every line that does; exit status 1 then
  scripts/check_sources.py FILE...       looks at these files, whatever their folder
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Rule:
    """What is not to be used, and what is there instead."""

    def __init__(self, what, way_out, pattern, allowed):
        self.what = what
        self.way_out = way_out
        self.pattern = re.compile(pattern)
        self.allowed = allowed


RULES = [
    Rule(
        "a clock of the machine",
        "ask node_clock (the context's `wall`) for dates, self->clock() for durations, and "
        "set alarms with ALARM_CLOCK",
        r"clock::now\s*\(|\b(?:std)?::(?:time|clock)\s*\(|\b(?:gettimeofday|clock_gettime|timespec_get)\b"
        r"|\b(?:steady|system|high_resolution)_timer\b|\bsleep_(?:for|until)\b|\b(?:u|nano)sleep\s*\(",
        {
            "actors/base/node_clock.cpp": "the wall clock's one reader",
            "actors/transport/epoll_loop.cpp": "measures how late the thread of real sockets is",
            "actors/transport/asio_sockets.cpp": "lets a full machine's listener rest, as only a real one must",
            "actors/status/status_server.cpp": "the status socket's thread, which is real",
            "actors/status/http/http.cpp": "the same: its timers",
            "actors/status/http/http_sessions.hpp": "the same: deadlines of its clients",
            "actors/status/http/list_reply.hpp": "the same: how long a turn took",
            "actors/status/http/shared_document.cpp": "the same: how long a document took",
        },
    ),
    Rule(
        "chance of the machine",
        "draw from random_source (the context's `random`)",
        r"\brandom_device\b|\bRAND_(?:priv_)?bytes\b|\bget(?:random|entropy)\b|\barc4random|/dev/u?random"
        r"|\b(?:std)?::s?rand\s*\(",
        {
            "actors/base/random_source.cpp": "the one reader of entropy",
            "actors/status/http/rpc_cookie.cpp": "a secret of the process, the same for no seed",
        },
    ),
    Rule(
        "files of the machine",
        "ask disk (the context's `disk`) to read, and SAVER to write",
        r"\b[io]?fstream\b|\bf(?:d)?open\s*\(|\bdirectory_iterator\b"
        r"|\b(?:fs|filesystem)::(?!path\b)\w+"
        r"|\bstd::rename\s*\(|(?<![\w.>:])::(?:open(?:at)?|creat|unlink(?:at)?|rename(?:at2?)?|remove|link|symlink|l?stat"
        r"|access|truncate|mkdir|rmdir|opendir|readlink|mk(?:d|s)temp|chmod)\s*\(|\b(?:f|fdata)sync\s*\(",
        {
            "actors/storage/data_directory.cpp": "makes and locks the folder, before any actor",
            "actors/storage/system_disk.cpp": "the disk of the machine",
            "actors/status/http/rpc_cookie.cpp": "lets the machine's own users in, and goes with the process",
            "actors/status/documents/process_metrics.cpp": "what the system knows of the process, from /proc",
        },
    ),
]

LINE_COMMENT = re.compile(r"//.*")


def problems_in(path, name):
    """Every line that breaks a rule, as a sentence."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        code = LINE_COMMENT.sub("", line)
        for rule in RULES:
            if name not in rule.allowed and (found := rule.pattern.search(code)):
                yield f"{name}:{number}: {found.group().strip()} is {rule.what}: {rule.way_out}"


def unused_exceptions():
    """Exceptions that nothing needs any more."""
    for rule in RULES:
        for name in rule.allowed:
            path = ROOT / name
            if not path.exists():
                yield f"scripts/check_sources.py: there is no {name}"
            elif not any(rule.pattern.search(LINE_COMMENT.sub("", line))
                         for line in path.read_text(encoding="utf-8").splitlines()):
                yield f"scripts/check_sources.py: {name} does not use {rule.what}; take it off the list"


def main():
    files = [pathlib.Path(x) for x in sys.argv[1:]]
    if files:
        problems = [x for path in files for x in problems_in(path, str(path))]
    else:
        problems = list(unused_exceptions())
        for top in ("messages", "actors"):
            for path in sorted((ROOT / top).rglob("*.[ch]pp")):
                problems += problems_in(path, str(path.relative_to(ROOT)))
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
