#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures peerage against a bare responder and prints one table.

Started by scripts/bench.sh; needs nothing but the standard library.
"""

import argparse
import json
import math
import pathlib
import selectors
import signal
import statistics
import subprocess
import sys
import tempfile
import time

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
ROUNDS = 3
READY_SECONDS = 30
STOP_SECONDS = 15
NOISY = 1.25  # the same program should not differ by more from round to round
SERVERS = ("bare", "peerage")

EXPLANATION = """\
What it does
  Each measure runs 3 rounds; in each round the bare responder and peerage take turns,
  so that a busy machine slows both. The table shows the median of each.

    bare      tests/bench/bare_responder.cpp: one thread, epoll, checksums verified,
              pings answered, nothing else. No peer manager can be much faster.
    peerage   DIR/peerage run --network regtest, with its actors and all its rules.
    ratio     how near peerage comes to that; 1 is the same. Ratios travel between
              machines, absolute numbers do not.
    wanted    what we aim for; "short" says that this run has missed it.

What it measures (the load is tests/bench/load_client.cpp)
  pings/s, window W   100 connections keep W pings outstanding each: the cost of a
                      message. Window 1 is mostly system calls, 100 mostly our own work.
  handshakes/s        32 in flight: connect, version to verack, one ping, close.
  MB/s                blocks of 1 MB on one connection, confirmed by pongs.
  bytes per peer      growth of the resident memory by one idle peer.

  The next two compare peerage with itself (tests/bench/routing_bench.cpp, a node that
  dials bare responders), so "bare" is something else there:
  requests/s through the set
                      32 pings outstanding, as requests of 8 peers. Bare: each sent
                      straight to a client. Peerage: all sent to the peer set, which
                      chooses a peer for each. The cost of routing.
  s until all peers   a node that starts with 250 known addresses, of which 225 refuse,
                      until it has the other 25 (--quick: 80, 72 and 8). Bare: 100 ms,
                      the pause that a polite node makes, times the dials it took.
                      Measured once: most of it is waiting.

  p99 under flood, times calm
                      tests/bench/flood_bench.cpp: 50 honest peers of peerage measure
                      ping to pong, a thousand times a second at most; then the same
                      while one more peer floods (getdata of unknown transactions, inv,
                      ping, as fast as it is read). Shown is by how much that lengthens
                      the slowest hundredth; "bare" is the calm one, so 1.

  /status p99 in ms; pings/s with pollers to without
                      tests/bench/status_load.cpp beside 5,000 peers: 50 pollers that
                      each ask once a second, for /status and /peers in turn, and 20
                      followers of /events from the first event on, of which 5 never
                      read. First on an otherwise calm node; nothing is "bare" there.
                      Then 100 of the peers keep 10 pings outstanding each: without
                      ("bare") and with all these readers.

Reading the result
  Run it twice before you believe a difference below 10 %, and close the browser.
  It builds what is missing, listens on loopback only, and leaves no files behind.
  Exit status: 0 when everything was measured, fast or slow; 1 when something broke.

Examples
  scripts/bench.sh                       all of it, about 5 minutes
  scripts/bench.sh --quick               a first impression, about 1 minute
  scripts/bench.sh --build build-release --json now.json
"""


class Broken(Exception):
    """Something that should have been measured could not be."""


class Measure:
    """One row of the table: a load, and how its result is judged."""

    lower_is_better = False

    def __init__(self, name, key, load, wanted_ratio=None, wanted_at_most=None):
        self.name = name
        self.key = key  # in the JSON of load_client
        self.load = load
        self.wanted_ratio = wanted_ratio
        self.wanted_at_most = wanted_at_most
        self.values = {server: [] for server in SERVERS}
        self.failed = {server: 0 for server in SERVERS}

    def median(self, server):
        values = self.values[server]
        return statistics.median(values) if values else None

    def ratio(self):
        """How near we are to the bare result; None if that is no measure."""
        bare = self.median("bare")
        peerage = self.median("peerage")
        if bare is None or min(bare, peerage) <= 0:
            return None
        return bare / peerage if self.lower_is_better else peerage / bare

    def good(self):
        if self.wanted_at_most is not None:
            return self.median("peerage") <= self.wanted_at_most
        ratio = self.ratio()
        return ratio is not None and ratio >= self.wanted_ratio

    def wanted(self):
        if self.wanted_at_most is not None:
            return f"<= {self.wanted_at_most:,}"
        return f">= {self.wanted_ratio:.2f}"

    def as_json(self):
        return {
            "measure": self.name,
            "unit": self.key,
            "rounds": self.values,
            "failed": self.failed,
            "bare": self.median("bare"),
            "peerage": self.median("peerage"),
            "ratio": self.ratio(),
            "wanted_ratio": self.wanted_ratio,
            "wanted_at_most": self.wanted_at_most,
            "ok": self.good(),
        }


class Comparison(Measure):
    """A row of which one run of routing_bench measures both sides, all rounds of them."""

    def __init__(self, name, keys, responders, load, wanted_ratio, lower_is_better=False):
        super().__init__(name, keys["peerage"], load, wanted_ratio)
        self.keys = keys
        self.responders = responders  # how many it dials
        self.lower_is_better = lower_is_better


class Flood(Measure):
    """How much longer honest peers wait while one floods: a row of peerage alone."""

    def __init__(self, seconds):
        super().__init__("p99 under flood, times calm", "p99_ratio",
                         ["flood", str(seconds)], wanted_at_most=5)

    def ratio(self):
        return None


class StatusLatency(Measure):
    """How long a reader of /status waits beside many others: a row of peerage alone."""

    def __init__(self, peers):
        super().__init__(f"/status p99 in ms, {peers:,} peers", "status_p99_ms", [],
                         wanted_at_most=10)


class PingsBesideReaders(Measure):
    """The cost of all the readers for the peers: without them is "bare"."""

    def __init__(self, peers):
        super().__init__(f"pings/s beside pollers, {peers:,} peers", "pings_per_second",
                         [], wanted_ratio=0.9)


class Server:
    """A running server: started on entry, stopped on exit whatever happens."""

    def __init__(self, command):
        self.command = [str(part) for part in command]
        self.name = pathlib.Path(self.command[0]).name
        self.process = None
        self.log = None
        self.address = None
        self.addresses = []
        self.status = []
        self.pid = None

    def __enter__(self):
        self.log = tempfile.TemporaryFile(mode="w+")
        try:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=self.log, bufsize=0)
            ready = self.read_ready_line()
            self.addresses = ready["p2p"]
            self.address = self.addresses[0]
            self.status = [url.removeprefix("http://") for url in ready.get("status", [])]
            self.pid = ready.get("pid", self.process.pid)
        except OSError as problem:
            self.log.close()
            raise Broken(f"{self.name}: {problem}") from problem
        except (KeyError, IndexError, TypeError, ValueError) as problem:
            text = self.explain("its ready line makes no sense")
            self.kill()
            raise Broken(text) from problem
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, kind, problem, traceback):
        try:
            if kind is None:
                self.stop()
        finally:
            self.kill()

    def read_ready_line(self):
        try:
            return read_json_line(self.process, READY_SECONDS)
        except TimeoutError as problem:
            raise Broken(self.explain(f"not ready after {READY_SECONDS} s")) from problem
        except EOFError as problem:
            raise Broken(self.explain("has closed stdout before it was ready")) from problem

    def stop(self):
        """Asks for an orderly end and insists on getting one."""
        if self.process.poll() is not None:
            raise Broken(self.explain("ended before it was asked to"))
        self.process.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired as problem:
            raise Broken(self.explain(
                f"still there {STOP_SECONDS} s after SIGTERM")) from problem
        if status != 0:
            raise Broken(self.explain("did not end in order"))

    def kill(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
        self.log.close()

    def explain(self, what):
        """Says what is wrong, with the end of what the server has said itself."""
        try:
            status = self.process.wait(0.2)  # what looks like its fault may be its end
        except subprocess.TimeoutExpired:
            status = None
        text = f"{self.name}: {what}"
        if status is not None:
            text += f" (exit status {status})"
        self.log.seek(0)
        tail = self.log.read().splitlines()[-10:]
        return "\n    ".join([text, *tail])


def read_json_line(process, most_seconds):
    """The next line of an unbuffered stdout; TimeoutError, or EOFError if there is none."""
    deadline = time.monotonic() + most_seconds
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(deadline - time.monotonic()):
                raise TimeoutError
            part = process.stdout.read(1)
            if not part:
                raise EOFError
            line += part
    return json.loads(line)


class Client:
    """A load that prints a line of JSON now and then; killed on exit if it still runs."""

    def __init__(self, command, server):
        self.command = [str(part) for part in command]
        self.server = server
        self.process = None

    def __enter__(self):
        try:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, bufsize=0)
        except OSError as problem:
            raise Broken(f"{self.command[0]}: {problem}") from problem
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def next_result(self, most_seconds):
        try:
            return read_json_line(self.process, most_seconds)
        except (TimeoutError, EOFError) as problem:
            self.process.kill()
            name = pathlib.Path(self.command[0]).name
            reason = self.process.communicate()[1].decode().strip() or "no result in time"
            raise Broken(self.server.explain(f"under load: {reason} ({name})")) from problem

    def ask(self, most_seconds):
        """For a load that waits for a line on stdin."""
        self.process.stdin.write(b"\n")
        return self.next_result(most_seconds)


def say(text):
    print(text, file=sys.stderr, flush=True)


def find_program(build, name):
    for place in (build / name, build / "tests" / "bench" / name):
        if place.is_file():
            return place
    raise Broken(f"{build}: the build has not left a program called {name} there")


def run_tool(command):
    try:
        # cmake prints progress, and the result alone belongs on stdout.
        status = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    except OSError as problem:
        raise Broken(f"{command[0]}: {problem}") from problem
    if status != 0:
        raise Broken(f"failed with status {status}: {' '.join(command)}")


def build_programs(build):
    say(f"building in {build}")
    if not (build / "CMakeCache.txt").is_file():
        run_tool(["cmake", "-S", str(REPOSITORY), "-B", str(build), "-G", "Ninja"])
    run_tool(["cmake", "--build", str(build), "--target",
              "peerage", "bare_responder", "load_client", "status_load",
              "routing_bench", "flood_bench"])


def server_command(server, build, data_folder):
    if server == "bare":
        return [find_program(build, "bare_responder"), "0"]
    return [
        find_program(build, "peerage"), "run",
        "--network", "regtest",
        "--listen", "127.0.0.1:0",
        "--max-inbound", "10000",
        "--max-per-ip", "10000",
        "--ping-interval", "600",  # no pings but ours
        "--log-level", "warning",
        "--data-dir", data_folder,
    ]


def run_client(command, server, most_seconds):
    """Runs what puts load on a server, and returns what it prints."""
    command = [str(part) for part in command]
    name = f"{pathlib.Path(command[0]).name} {command[1]}"
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              timeout=most_seconds)
    except subprocess.TimeoutExpired as problem:  # run() has killed it
        raise Broken(f"{name}: no end in sight") from problem
    if done.returncode != 0:
        raise Broken(server.explain(
            f"under load: {done.stderr.strip() or 'no reason given'}"
            f" ({name}: status {done.returncode})"))
    if done.stderr:
        say("    " + done.stderr.strip())
    return json.loads(done.stdout)


def run_load(client, measure, server, most_seconds):
    subcommand, *arguments = [part.replace("PID", str(server.pid))
                              for part in measure.load]
    return run_client([client, subcommand, server.address, *arguments], server,
                      most_seconds)


def run_once(build, client, measure, server_name, most_seconds):
    with tempfile.TemporaryDirectory(prefix="peerage-bench-") as data_folder:
        with Server(server_command(server_name, build, data_folder)) as server:
            result = run_load(client, measure, server, most_seconds)
    value = result[measure.key]
    if not math.isfinite(value):
        raise Broken(f"load_client: {measure.key} is {value}")
    measure.values[server_name].append(value)
    measure.failed[server_name] += result.get("failed", 0)
    return value


def run_comparison(build, comparison, most_seconds):
    with Server([find_program(build, "bare_responder"), "0",
                 comparison.responders]) as responder:
        result = run_client([find_program(build, "routing_bench"), *comparison.load,
                             *responder.addresses], responder, most_seconds)
    for server, key in comparison.keys.items():
        comparison.values[server] = result[key]


def run_flood(build, flood, most_seconds):
    with tempfile.TemporaryDirectory(prefix="peerage-bench-") as data_folder:
        with Server(server_command("peerage", build, data_folder)) as server:
            result = run_client([find_program(build, "flood_bench"), server.address,
                                 flood.load[1]], server, most_seconds)
    flood.values["bare"].append(1.0)
    flood.values["peerage"].append(result[flood.key])
    say(f"{flood.name}: {number(result[flood.key])}, p99 from"
        f" {number(result['calm_p99_us'])} to {number(result['flooded_p99_us'])} us,"
        f" {number(result['flood_messages_per_second'])} messages/s of the flooder")


def run_status_reads(build, latency, pings, peers, seconds, calm_seconds):
    def readers(duration):
        return Client([find_program(build, "status_load"), server.status[0],
                       "--seconds", duration], server)

    with tempfile.TemporaryDirectory(prefix="peerage-bench-") as data_folder:
        command = [*server_command("peerage", build, data_folder),
                   "--status", "127.0.0.1:0"]
        with Server(command) as server, Client(
                [find_program(build, "load_client"), "hold", server.address,
                 "--connections", peers, "--seconds", seconds], server) as holder:
            holder.next_result(60)  # all are connected
            with readers(calm_seconds) as calm:
                calm.next_result(40)  # the followers have caught up
                result = calm.next_result(calm_seconds + 30)
            latency.values["peerage"].append(result[latency.key])
            say(f"{latency.name}: {result}")
            for current_round in range(1, ROUNDS + 1):
                alone = holder.ask(seconds + 30)[pings.key]
                with readers(seconds + 1) as busy:
                    busy.next_result(40)
                    beside = holder.ask(seconds + 30)[pings.key]
                    result = busy.next_result(seconds + 30)
                pings.values["bare"].append(alone)
                pings.values["peerage"].append(beside)
                say(f"{pings.name}: round {current_round}/{ROUNDS}, {number(alone)} and"
                    f" {number(beside)}, /status p99 {result[latency.key]} ms")


def make_comparisons(seconds, dialed_peers):
    return [
        Comparison("requests/s through the set",
                   {"bare": "direct_requests_per_second",
                    "peerage": "routed_requests_per_second"},
                   8, ["requests", seconds], wanted_ratio=0.7),
        Comparison(f"s until all peers, {dialed_peers} of {10 * dialed_peers}",
                   {"bare": "floor_seconds", "peerage": "seconds"},
                   dialed_peers, ["dials"], wanted_ratio=0.7, lower_is_better=True),
    ]


def make_measures(seconds, idle_peers):
    during = ["--seconds", str(seconds)]
    measures = [
        Measure(f"pings/s, window {window}", "pings_per_second",
                ["pings", "--connections", "100", "--window", str(window), *during],
                wanted_ratio=wanted)
        for window, wanted in ((1, 0.6), (10, 0.7), (100, 0.7))
    ]
    measures.append(Measure(
        "handshakes/s", "handshakes_per_second",
        ["handshakes", "--in-flight", "32", *during], wanted_ratio=0.2))
    measures.append(Measure(
        "MB/s, 1 MB messages", "megabytes_per_second",
        ["throughput", "--connections", "1", "--size", "1000000", *during],
        wanted_ratio=0.8))
    measures.append(Measure(
        f"bytes per peer, {idle_peers:,} idle", "resident_bytes_per_peer",
        ["idle", "--connections", str(idle_peers), "--pid", "PID"],
        wanted_at_most=16 * 1024))
    return measures


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def format_table(measures):
    rows = [("measure", "bare", "peerage", "ratio", "wanted", "")]
    for measure in measures:
        ratio = measure.ratio()
        rows.append((
            measure.name,
            number(measure.median("bare")) if measure.values["bare"] else "-",
            number(measure.median("peerage")),
            "-" if ratio is None else f"{ratio:.2f}",
            measure.wanted(),
            "ok" if measure.good() else "short",
        ))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:5], widths[1:5])]
        lines.append("  ".join([*cells, row[5]]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    for measure in measures:
        bare = measure.values["bare"]
        if measure.wanted_ratio is not None and max(bare) > NOISY * min(bare):
            low, high = min(bare), max(bare)
            lines.append(f"noisy: {measure.name}, bare went from {number(low)} to"
                         f" {number(high)}; run it again on a quiet machine")
        for server in SERVERS:
            if measure.failed[server]:
                lines.append(
                    f"{measure.failed[server]:,} handshakes with {server} failed")
    return "\n".join(lines)


def parse_arguments():
    def positive(text):
        value = float(text)
        if not 0.1 <= value <= 3600:
            raise argparse.ArgumentTypeError(f"{text}: expected 0.1 to 3600")
        return value

    parser = argparse.ArgumentParser(
        prog="bench.sh", epilog=EXPLANATION, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares peerage with the least a program can do for its peers.")
    parser.add_argument("--seconds", type=positive, metavar="S",
                        help="how long each load lasts (default: 3)")
    parser.add_argument("--quick", action="store_true",
                        help="1 second each, 500 peers instead of 5,000, 8 to find"
                             " instead of 25")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        default=REPOSITORY / "build",
                        help="the build folder, made if missing (default: build)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE",
                        help="write all results there, too")
    return parser.parse_args()


def measure_all(arguments):
    seconds = arguments.seconds or (1 if arguments.quick else 3)
    idle_peers = 500 if arguments.quick else 5000
    dialed_peers = 8 if arguments.quick else 25
    build = arguments.build.resolve()
    build_programs(build)
    client = find_program(build, "load_client")
    measures = make_measures(seconds, idle_peers)
    for measure in measures:
        for current_round in range(1, ROUNDS + 1):
            for server in SERVERS:
                value = run_once(build, client, measure, server, seconds + 120)
                say(f"{measure.name}: round {current_round}/{ROUNDS}, {server}:"
                    f" {number(value)}")
    for comparison in make_comparisons(seconds, dialed_peers):
        run_comparison(build, comparison, seconds + 120)
        say(f"{comparison.name}: {number(comparison.median('bare'))} and"
            f" {number(comparison.median('peerage'))}")
        measures.append(comparison)
    flood = Flood(seconds)
    for _ in range(ROUNDS):
        run_flood(build, flood, seconds + 120)
    measures.append(flood)
    latency, pings = StatusLatency(idle_peers), PingsBesideReaders(idle_peers)
    run_status_reads(build, latency, pings, idle_peers, seconds,
                     calm_seconds=5 if arguments.quick else 20)
    measures += [latency, pings]
    print(format_table(measures))
    if arguments.json:
        report = {"seconds": seconds, "idle_peers": idle_peers,
                  "dialed_peers": dialed_peers,
                  "measures": [measure.as_json() for measure in measures]}
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


def interrupt(number, frame):
    # An exception, so that the servers are stopped on the way out.
    raise KeyboardInterrupt


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, interrupt)
    try:
        measure_all(arguments)
    except (Broken, OSError) as problem:
        say(f"bench: {problem}")
        return 1
    except KeyboardInterrupt:
        say("bench: interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
