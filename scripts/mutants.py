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
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
HEADER = REPOSITORY / "messages/checks/mutant.hpp"
MUTANT = re.compile(r"^  (\w+), +///< (.*)$", re.MULTILINE)
NO_SUCH_MUTANT = "there is no such mutant"

FEW = 3  # names of tests that the table shows
MEMORY_BYTES = 4 << 30  # a defect must not take the machine along
WORK_S = 600  # of a suite without a mutant, as processor time
IDLE_S = 10  # until a suite that does nothing is ended: all time is virtual
AT_NIGHT_AT_LEAST = 15  # of all mutants, so many must fall to whole nodes alone


@dataclasses.dataclass(frozen=True)
class Suite:
    """A program that runs tests, and fails if one of them does."""

    name: str
    program: str  # under the build directory; its last part is the target to build
    arguments: tuple = ()
    to_the_end: tuple | None = None  # instead, when nothing is to be left out
    failure: re.Pattern = re.compile(r"^FAILED: (.*)$", re.MULTILINE)  # names a test
    is_simulation: bool = False  # of tests/simulation

    def failures(self, output):
        return list(dict.fromkeys(x.strip() for x in self.failure.findall(output)))


class Doctest(Suite):
    """Prints a block for each test that has something to say; be it that it failed."""

    def failures(self, output):
        blocks = (x for x in output.split("=" * 79) if "ERROR: " in x)
        return super().failures("".join(blocks))


def doctest(name, program, **more):
    """A failure is enough for a defect; a second one tells more of what it does."""
    always = ("--no-intro", "--no-colors")
    return Doctest(name, program, (*always, "--abort-after=2"), always,
                   re.compile(r"^TEST CASE:  (.*)$", re.MULTILINE), **more)


NIGHTS = "tests/simulation/internet/peerage_sim"


def nights(name, *arguments):
    """Ends with the first that goes wrong; it names the invariant."""
    return Suite(name, NIGHTS, ("--duration", "0.01", "--nodes", "0.25", *arguments),
                 failure=re.compile(r"^FAILED: scenario (.*)$", re.MULTILINE),
                 is_simulation=True)


# Those that are no simulation come last: they are asked only of what it misses. A program
# of another kind is one line here: its exit status counts, `failure` finds names.
SUITES = (
    doctest("simulation", "tests/simulation/simulation_tests", is_simulation=True),
    nights("nights", "--seeds", "2", "--without", "strangers_everywhere"),
    nights("strangers", "--scenario", "strangers_everywhere"),
    doctest("messages", "tests/unit/messages/messages_tests"),
    doctest("decisions", "tests/unit/decisions_tests"),
)

EXPLANATION = """\
What it does
  Builds the tests with all mutants in them (build/mutants; the shipped program has none),
  runs them with no mutant on, which must be clean, and then once for each mutant: the
  simulation of one node and that of many, each until something fails, and the other suites
  if these miss it. A suite that works much longer than it did without a mutant is ended,
  and has noticed, too.

  A mutant that no suite notices has survived: a mistake of that kind could come into the
  program unseen. Write the test that is missing. tests/README.md says how to add a mutant.

  suites: {suites}
  The first three are the simulation; the nights, of nodes alone and of strangers, are that
  of many whole nodes. Of all mutants, {least} must fall to these alone.

Exit status
  0 if every mutant was noticed, and enough of them by the nights; 1 if not, or if the tests
  fail without any; 2 for a mistake in the call.

Examples
  scripts/mutants.sh                          all of them, 15 minutes on two processors
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
    seconds: float  # of processor time
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


def end_of(process):
    """Waits for it, and lets it be a zombie; false if it hangs."""
    worked, since = None, time.monotonic()
    while True:
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return True
        stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
        now_worked = stat.rsplit(")", 1)[1].split()[11:13]  # in user and kernel mode
        if now_worked != worked:
            worked, since = now_worked, time.monotonic()
        elif time.monotonic() - since > IDLE_S:
            return False
        time.sleep(0.1)


def run(build, suite, mutant, limit, to_the_end):
    """Runs one suite to its end, or until it has worked for `limit` seconds.

    Of processor time: how busy the machine is must not decide what a mutant has done.
    """
    def set_limits():
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))

    environment = {k: v for k, v in os.environ.items() if k != "PEERAGE_MUTANT"}
    if mutant:
        environment["PEERAGE_MUTANT"] = mutant
    # Lines, not blocks: of a suite that hangs we want to know where.
    command = ["stdbuf", "-oL", str(build / suite.program)]
    whole = to_the_end and suite.to_the_end is not None
    command += suite.to_the_end if whole else suite.arguments
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        # A group of its own, of which nothing is left behind.
        process = subprocess.Popen(command, env=environment, stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=set_limits)
        is_idle = not end_of(process)
        if is_idle:
            os.killpg(process.pid, signal.SIGKILL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        output = log.read()
    if NO_SUCH_MUTANT in output:
        raise RuntimeError(f"{suite.program}: {output.splitlines()[0]}")
    names = suite.failures(output)
    if is_idle:
        names.append("hangs")
    elif process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        names.append(f"still at work after {limit} s")
    passed = process.returncode == 0
    if not passed and not names:
        names.append(f"ended with status {process.returncode}")
    return Run(suite, passed, used.ru_utime + used.ru_stime, names, output)


def check_baseline(build):
    """Runs everything without a mutant; returns how long each suite may work, in seconds."""
    limits = {}
    for suite in SUITES:
        result = run(build, suite, None, WORK_S, True)
        print(f"    {suite.name}: {result.seconds:.0f} s", flush=True)
        if not result.passed:
            shown = [x for x in result.output.split("=" * 79) if "ERROR: " in x]
            print("".join(shown)[:3000] or result.output[-3000:], file=sys.stderr)
            print(f"mutants.py: {suite.name} fails without a mutant (see above): "
                  + result.says(), file=sys.stderr)
            return None
        limits[suite.name] = 10 + int(3 * result.seconds)
    return limits


def check_all(build, wanted, limits, given):
    """Returns, for each mutant, the runs of the suites that noticed it."""
    def check(mutant):
        noticed, seconds = [], 0
        for suite in SUITES:
            if noticed and not suite.is_simulation and not given.all:
                continue
            result = run(build, suite, mutant, limits[suite.name], given.all)
            seconds += result.seconds
            if not result.passed:
                noticed.append(result)
        return noticed, seconds

    results = {}
    with concurrent.futures.ThreadPoolExecutor(max(1, given.jobs)) as workers:
        asked = {workers.submit(check, x): x for x in wanted}
        for done in concurrent.futures.as_completed(asked):
            name = asked[done]
            results[name], seconds = done.result()
            verdict = ", ".join(x.suite.name for x in results[name]) or "SURVIVED"
            print(f"    {len(results):3} of {len(wanted)}: {name}: {verdict} "
                  f"({seconds:.0f} s)", flush=True)
    return results


def fallen_to(results, suites):
    return sum(any(x.suite in suites for x in runs) for runs in results.values())


def print_table(wanted, results, width):
    print("\nmutant" + " " * (width - 4) + "noticed by")
    for name in wanted:
        for i, noticed in enumerate(results[name] or [None]):
            says = noticed.says() if noticed else "nothing: SURVIVED"
            print(f"{name if i == 0 else '':{width}}  {says}")


def conclude(wanted, results, are_all):
    """Says what came of it; returns the exit status."""
    survived = [x for x in wanted if not results[x]]
    simulated = fallen_to(results, [x for x in SUITES if x.is_simulation])
    at_night = fallen_to(results, [x for x in SUITES if x.program == NIGHTS])
    print(f"\n{len(wanted) - len(survived)} of {len(wanted)} mutants were noticed"
          + (f"; survived: {', '.join(survived)}" if survived else ""))
    print(f"{simulated} of {len(wanted)} fall to the simulation, {at_night} to nights alone")
    too_few = are_all and at_night < AT_NIGHT_AT_LEAST
    if too_few:
        print(f"mutants.py: nights must notice {AT_NIGHT_AT_LEAST}", file=sys.stderr)
    return 1 if survived or too_few else 0


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # as of `--list | head`
    parser = argparse.ArgumentParser(
        prog="scripts/mutants.sh", description=__doc__.splitlines()[0],
        epilog=EXPLANATION.format(suites=", ".join(x.name for x in SUITES),
                                  least=AT_NIGHT_AT_LEAST),
        formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these mutants")
    parser.add_argument("--list", action="store_true", help="tell what each of them does")
    parser.add_argument("--all", action="store_true",
                        help="run every suite, and to its end")
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
    wanted = list(dict.fromkeys(given.names)) or list(known)
    print(f"==> running them with each of {len(wanted)} mutants", flush=True)
    results = check_all(given.build, wanted, limits, given)
    print_table(wanted, results, width)
    return conclude(wanted, results, set(wanted) == set(known))


if __name__ == "__main__":
    sys.exit(main())
