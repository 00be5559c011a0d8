#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that each source of the product compiles by itself.

The builds compile several sources at a time, where one may live by what its neighbours
include. This parses each of them alone, with the compiler and the precompiled headers of a
build that exists, and makes nothing.

  scripts/compile_alone.py BUILD             all of them; exit status 1 if one does not
  scripts/compile_alone.py BUILD FILE...     these, which may be tests, too
"""
import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRODUCT = [ROOT / "messages", ROOT / "actors", ROOT / "app"]


def configure(build, alone):
    """The commands of a build like that in `build`, but with each source by itself."""
    done = subprocess.run(["cmake", "-S", ROOT, "-B", alone, "--preset", "dev"],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compile_alone.py: could not configure {alone}:\n{done.stdout}{done.stderr}")
    text = (alone / "compile_commands.json").read_text()
    # Precompiled headers, and sources that are made, are those of the other build.
    return json.loads(text.replace(f"{alone}/", f"{build}/"))


def parse_command(entry):
    words = shlex.split(entry["command"])
    if pathlib.Path(words[0]).name == "ccache":
        del words[0]
    where = words.index("-o")
    del words[where:where + 2]
    words.remove("-c")
    return [*words, "-fsyntax-only"]


def compile_one(entry, build):
    done = subprocess.run(parse_command(entry), cwd=build, capture_output=True, text=True,
                          check=False)
    return done.stderr if done.returncode != 0 else ""


def is_wanted(source, named):
    path = pathlib.Path(source)
    if path.suffix != ".cpp":
        return False
    return path in named if named else any(x in path.parents for x in PRODUCT)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = pathlib.Path(sys.argv[1]).resolve()
    named = {pathlib.Path(x).resolve() for x in sys.argv[2:]}
    entries = [x for x in configure(build, build / "alone") if is_wanted(x["file"], named)]
    print(f"    {len(entries)} sources", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, problem in zip(entries, pool.map(lambda x: compile_one(x, build), entries)):
            if problem:
                failed += 1
                print(f"{entry['file']} does not compile by itself:\n{problem}", file=sys.stderr)
    print(f"    {len(entries) - failed} of {len(entries)} sources compile by themselves")
    sys.exit(1 if failed else 0)


main()
