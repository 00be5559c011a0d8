#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that dependencies between folders point one way.

The folders of actors/ stand in the table of actors/README.md, from the ground up. A source
may include what is in its own folder, and in folders before it: messages/, then these, then
app/. The folders of messages/ and app/ are ordered here. Tests may include everything.

  scripts/check_folders.py     names every include that points upwards; exit status 1 then
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE_ROW = re.compile(r"^\| `([a-z_/]+)` \|", re.MULTILINE)
INCLUDE = re.compile(r'^#include "((?:messages|actors|app|tests)/[^"]+)"', re.MULTILINE)


def order():
    table = (ROOT / "actors/README.md").read_text(encoding="utf-8")
    rooms = ["actors/" + name for name in TABLE_ROW.findall(table)]
    return ["messages/checks", "messages/wire", "messages/caf", "messages", *rooms, "actors", "app", "app/commands",
            "app/examples"]


def main():
    rank = {folder: place for place, folder in enumerate(order())}
    problems = []
    for top in ("messages", "actors", "app"):
        for source in sorted((ROOT / top).rglob("*.[ch]pp")):
            name = source.relative_to(ROOT)
            folder = str(name.parent)
            if folder not in rank:
                problems.append(f"{name}: its folder has no row in the table of actors/README.md")
                continue
            for included in INCLUDE.findall(source.read_text(encoding="utf-8")):
                other = str(pathlib.PurePosixPath(included).parent)
                if rank.get(other, len(rank)) > rank[folder]:
                    problems.append(f"{name}: includes {included}, but {folder} stands before {other}")
    empty = [folder for folder in rank if not any((ROOT / folder).glob("*.[ch]pp"))]
    problems += [f"actors/README.md: {folder} has no sources" for folder in empty]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
