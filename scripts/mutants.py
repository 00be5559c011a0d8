#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Switches on one deliberate defect after the other, and names the tests that notice.

Started by scripts/mutants.sh, which builds; needs nothing but the standard library.
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
HEADER = REPOSITORY / "messages/checks/mutant.hpp"
MUTANT = re.compile(r"^  (\w+), +///< (.*)$", re.MULTILINE)
NO_SUCH_MUTANT = "there is no such mutant"

FEW = 3  # names of tests that the table shows
MEMORY_BYTES = 4 << 30  # a defect must not take the machine along


@dataclasses.dataclass(frozen=True)
class Suite:
    """A program that runs tests, and fails if one of them does."""

    name: str
    program: str  # under the build directory; its last part is the target to build
    arguments: tuple = ()
    to_the_end: tuple | None = None  # instead, when nothing is to be left out
    failure: re.Pattern = re.compile(r"^FAILED: (.*)$", re.MULTILINE)  # names a test

    def failures(self, output):
        return list(dict.fromkeys(x.strip() for x in self.failure.findall(output)))


class Doctest(Suite):
    """Prints a block for each test that has something to say; be it that it failed."""

    def failures(self, output):
        blocks = (x for x in output.split("=" * 79) if "ERROR: " in x)
        return super().failures("".join(blocks))


def doctest(name, program):
    """A failure is enough for a defect; five name more of the tests that notice."""
    always = ("--no-intro", "--no-colors")
    return Doctest(name, program, (*always, "--abort-after=5"), always,
                   re.compile(r"^TEST CASE:  (.*)$", re.MULTILINE))


# The quick ones first: a defect goes on to the next suite only if this one misses it. A
# program of another kind is one line here: its exit status counts, `failure` finds names.
SUITES = (
    doctest("messages", "tests/unit/messages/messages_tests"),
    doctest("simulation", "tests/simulation/simulation_tests"),
    doctest("decisions", "tests/unit/decisions_tests"),
    Suite("nights", "tests/simulation/internet/peerage_sim",
          ("--seeds", "3", "--duration", "0.01", "--nodes", "0.25")),
)

EXPLANATION = """\
What it does
  Builds the tests with all mutants in them (build/mutants; the shipped program has none),
  runs them with no mutant on, which must be clean, and then once for each mutant: the
  suites in this order, until one fails. A suite that takes much longer than it did without
  a mutant is ended, and has noticed, too.

  A mutant that no suite notices has survived: a mistake of that kind could come into the
  program unseen. Write the test that is missing. tests/README.md says how to add a mutant.

  suites: {suites}

Exit status
  0 if every mutant was noticed; 1 if one survived, or if the tests fail without any; 2 for
  a mistake in the call.

Examples
  scripts/mutants.sh                          all of them, some minutes
  scripts/mutants.sh --list                   what each of them does wrong
  scripts/mutants.sh ping_sent_twice          one, while its test is being written
  scripts/mutants.sh --all ping_sent_twice    all tests that notice, of all suites
  PEERAGE_MUTANT=ping_sent_twice build/mutants/tests/simulation/simulation_tests
"""


@dataclasses.dataclass
class Run:
    """What came of one suite."""

    suite: Suite
    passed: bool
    seconds: float
    names: list  # of tests that failed
    output: str = ""

    def says(self):
        shown = "; ".join(self.names[:FEW])
        more = len(self.names) - FEW
        return f"{self.suite.name}: {shown}" + (f"; and {more} more" if more > 0 else "")


def known_mutants():
    found = MUTANT.findall(HEADER.read_text(encoding="utf-8"))
    if not found:
        sys.exit(f"mutants.py: no mutants in {HEADER}")
    return dict(found)


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(build, suite, mutant, limit, to_the_end):
    """Runs one suite to its end, or until `limit` seconds have passed."""
    environment = {k: v for k, v in os.environ.items() if k != "PEERAGE_MUTANT"}
    if mutant:
        environment["PEERAGE_MUTANT"] = mutant
    # Lines, not blocks: of a suite that hangs we want to know where.
    command = ["stdbuf", "-oL", str(build / suite.program)]
    whole = to_the_end and suite.to_the_end is not None
    command += suite.to_the_end if whole else suite.arguments
    started = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True, preexec_fn=limit_memory)
    try:
        output, _ = process.communicate(timeout=limit)
        timed_out = False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        timed_out = True
    if NO_SUCH_MUTANT in output:
        raise RuntimeError(f"{command[-1]}: {output.splitlines()[0]}")
    names = suite.failures(output)
    if timed_out:
        names.append(f"timed out after {limit:.0f} s")
    passed = process.returncode == 0
    if not passed and not names:
        names.append(f"ended with status {process.returncode}")
    return Run(suite, passed, time.monotonic() - started, names, output)


def check(build, mutant, limits, ask_all):
    """Runs the suites with this mutant; returns those that noticed."""
    noticed = []
    for suite in SUITES:
        result = run(build, suite, mutant, limits[suite.name], ask_all)
        if result.passed:
            continue
        noticed.append(result)
        if not ask_all:
            break
    return noticed


def check_baseline(build):
    """Runs everything without a mutant; returns how many seconds to wait for each suite."""
    limits = {}
    for suite in SUITES:
        result = run(build, suite, None, 600, True)
        print(f"    {suite.name}: {result.seconds:.0f} s", flush=True)
        if not result.passed:
            shown = [x for x in result.output.split("=" * 79) if "ERROR: " in x]
            print("".join(shown)[:3000] or result.output[-3000:], file=sys.stderr)
            print(f"mutants.py: {suite.name} fails without a mutant (see above): "
                  + result.says(), file=sys.stderr)
            return None
        # Two at a time, and some defects only make it slow.
        limits[suite.name] = 10 + 4 * result.seconds
    return limits


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as of `--list | head`
    parser = argparse.ArgumentParser(
        prog="scripts/mutants.sh", description=__doc__.splitlines()[0],
        epilog=EXPLANATION.format(suites=", ".join(x.name for x in SUITES)),
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--list", action="store_true", help="tell what each of them does")
    parser.add_argument("--all", action="store_true",
                        help="run every suite to its end, and not only until one fails")
    parser.add_argument("--jobs", type=int, default=2, metavar="N",
                        help="mutants at a time (2)")
    parser.add_argument("--build", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--targets", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()

    if given.targets:
        print(*(pathlib.PurePath(x.program).name for x in SUITES))
        return 0
    known = known_mutants()
    width = max(map(len, known))
    if given.list:
        for name, what in known.items():
            print(f"{name:{width}}  {what}")
        return 0
    if unknown := [x for x in given.names if x not in known]:
        parser.error(f"{unknown[0]}: there is no such mutant (see --list)")
    if given.build is None:
        return 0  # the call is right: scripts/mutants.sh asks before it builds

    print("==> running the tests without a mutant", flush=True)
    limits = check_baseline(given.build)
    if limits is None:
        return 1
    wanted = given.names or list(known)
    print(f"==> running them with each of {len(wanted)} mutants", flush=True)
    results = {}
    with concurrent.futures.ThreadPoolExecutor(max(1, given.jobs)) as workers:
        asked = {workers.submit(check, given.build, x, limits, given.all): x for x in wanted}
        for done in concurrent.futures.as_completed(asked):
            name = asked[done]
            results[name] = done.result()
            seconds = sum(x.seconds for x in results[name])
            verdict = f"noticed after {seconds:.0f} s" if results[name] else "SURVIVED"
            print(f"    {len(results):3} of {len(wanted)}: {name}: {verdict}", flush=True)

    print("\nmutant" + " " * (width - 4) + "noticed by")
    for name in wanted:
        for i, noticed in enumerate(results[name] or [None]):
            says = noticed.says() if noticed else "nothing: SURVIVED"
            print(f"{name if i == 0 else '':{width}}  {says}")
    survived = [x for x in wanted if not results[x]]
    print(f"\n{len(wanted) - len(survived)} of {len(wanted)} mutants were noticed"
          + (f"; survived: {', '.join(survived)}" if survived else ""))
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
