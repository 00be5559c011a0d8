# SPDX-License-Identifier: MIT
"""The node of chaos.py and its peers, all of them processes, and whether all is well."""

import base64
import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

from chaos_ledger import Ledger
from peerage_harness import Node, RpcError
from peerage_harness.connections import HttpConnection
from process import open_descriptors, threads

CROWDS = 4  # processes
DIALING = 20  # peers in each of them that dial the node
CANDIDATES = 100  # and addresses where peers wait: a lost one is left alone for minutes
DIALED_NODES, DIALING_NODES = 2, 2  # that are peers
INBOUND = CROWDS * DIALING + DIALING_NODES
MANUAL = CROWDS + DIALED_NODES
OUTBOUND = 18  # at least: a manual peer that was replaced comes back on top of them

# The node ends a connection that is idle for longer; ours is when a busy machine takes its
# time to start peers.
IDLE_SECONDS = 8
ANSWER_SECONDS = 5  # for any answer of the node, however busy the machine
# After a connection of at least this long a manual peer is dialed again within 2 s; after
# each shorter one, or a failed dial, the pause is twice as long.
SETTLED_SECONDS = 10
WELL_SECONDS = 25  # with four of them
SAVE_SECONDS = 0.5
PING_SECONDS = 1

# Nothing outlives us, stopped or not.
WITH_US = ("setpriv", "--pdeathsig", "KILL")


class Wrong(Exception):
    """What must not be."""


class Late(Wrong):
    """What did not happen in time."""


class Line:
    """One connection to the status socket, kept open: a node that lacks descriptors cannot
    take another."""

    def __init__(self, node):
        self._connection = HttpConnection(node.urls[0], ANSWER_SECONDS)
        self._connect()
        self._cookie = base64.b64encode(node.cookie.encode()).decode()
        self.slowest = 0.0

    def _connect(self):
        self._connection.connect()
        # Else the second part of a request waits for the acknowledgement of the first.
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._used = time.monotonic()

    def close(self):
        self._connection.close()

    def get(self, path):
        """The document, decoded if it is JSON."""
        body = self._ask("GET", path, None, {})
        return body.decode() if path == "/metrics" else json.loads(body)

    def rpc(self, method, *params):
        """As `Node.rpc`."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        answer = json.loads(self._ask("POST", "/", body.encode(), {
            "Content-Type": "application/json", "Authorization": "Basic " + self._cookie}))
        if "error" in answer:
            raise RpcError(answer["error"]["code"], answer["error"]["message"])
        return answer["result"]

    def metrics(self):
        """Of each series its value."""
        lines = (line.rpartition(" ") for line in self.get("/metrics").splitlines()
                 if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def _ask(self, method, path, body, headers):
        if time.monotonic() - self._used > IDLE_SECONDS:
            self._connection.close()
            self._connect()
        began = self._used = time.monotonic()
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except TimeoutError:
            raise Wrong(f"no answer to {method} {path} within {ANSWER_SECONDS} s") from None
        self.slowest = max(self.slowest, time.monotonic() - began)
        if answer.status != 200:
            raise Wrong(f"{method} {path}: HTTP {answer.status}, {text[:200]!r}")
        return text


class Crowd:
    """A process with many peers, at addresses of its own."""

    def __init__(self, number, to):
        self._command = [*WITH_US, sys.executable, "-B",
                         os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                      "chaos_crowd.py"), to]
        hosts = [f"127.{30 + number}.{i}.1" for i in range(CANDIDATES + 1)]
        with socket.create_server((hosts[0], 0)) as any_port:
            self.port = any_port.getsockname()[1]
        self.sources = [f"127.{40 + number}.{i}.1" for i in range(DIALING)]
        self._command += ["--port", str(self.port), "--dial-from", *self.sources,
                          "--listen", *hosts]
        self.name = f"crowd {number}"
        self.manual = f"{hosts[0]}:{self.port}"
        self.candidates = hosts[1:]
        self._process = None
        self.start()

    def start(self):
        """Returns when all of its addresses listen."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        if self._process.stdout.readline() != b"ready\n":
            raise Wrong(f"{self.name} could not start: see above")

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process.poll() is None

    def end(self):
        """At once."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()

    def is_mine(self, peer):
        """Whether an entry of /peers is one of its peers."""
        host, _, port = peer["address"].rpartition(":")
        return host in self.sources if peer["direction"] == "inbound" else (
            port == str(self.port))


class PeerNode:
    """A peer that is a node of its own."""

    def __init__(self, number, *options):
        self.node = Node("--max-outbound", "0", *options, launcher=WITH_US)
        self.name = f"peer node {number}"

    def start(self):
        self.node.restart(same_ports=True)

    @property
    def pid(self):
        return self.node.pid

    def end(self):
        """At once."""
        self.node.kill()


class World:
    """Node, peers, disk and ledger. Meant for a `with` block, which leaves nothing behind."""

    def __init__(self, program, disk):
        self.disk, self.ledger = disk, Ledger()
        self.least, self.most = 1_000_000, 0  # peers, of a node that had all of them
        self._had_all, self._had_all_at = False, 0.0
        self.starts, self.slowest = 1, 0.0
        self._line, self._log_from = None, 0
        self.peers = []  # the processes
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            stack.callback(self._close)
            os.environ["PEERAGE"] = program  # for all nodes
            self.node = Node(
                "--data-dir", disk.data, "--max-outbound", str(OUTBOUND),
                "--save-interval", str(SAVE_SECONDS), "--ping-interval", str(PING_SECONDS),
                launcher=(*WITH_US, *disk.launcher))
            stack.callback(self.node.close)
            self._line = Line(self.node)
            self.baseline = self.measure()
            for number in range(CROWDS):
                self.peers.append(Crowd(number, self.node.p2p))
            for number in range(DIALED_NODES + DIALING_NODES):
                more = ("--connect", self.node.p2p) if number >= DIALED_NODES else ()
                self.peers.append(PeerNode(number, *more))
            self.manual = {peer.manual for peer in self.crowds} | {
                peer.node.p2p for peer in self.peer_nodes[:DIALED_NODES]}
            for place in sorted(self.manual):
                self.ledger.add_peer(self.call, place)
            for crowd in self.crowds:
                for host in crowd.candidates:
                    self.ledger.add_address(self.call, host, crowd.port)
            self._stack = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for node in (self.node, *(peer.node for peer in self.peer_nodes)):
                node.keep_log()
        self._stack.close()

    @property
    def crowds(self):
        return self.peers[:CROWDS]

    @property
    def peer_nodes(self):
        return self.peers[CROWDS:]

    # -- the node ----------------------------------------------------------------------

    def ask(self, what, *parameters):
        """A method of `Line`. Raises Wrong if the node is gone."""
        try:
            return getattr(self._line, what)(*parameters)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Wrong(f"the node does not answer {parameters}: {error!r}; "
                        f"it is {'still running' if self.node.running else 'gone'}:\n"
                        f"{self.node.end_of_log()}") from None

    def call(self, method, *parameters):
        """As `Node.rpc`."""
        return self.ask("rpc", method, *parameters)

    def settle(self):
        """Before the node is lost: its peers that are nodes dial it again soon, then."""
        self.watch(max(0, self._had_all_at + SETTLED_SECONDS + 0.5 - time.monotonic()))

    def hang_up(self):
        """Ends our connection, before the node ends."""
        if self._line is not None:
            self.slowest = max(self.slowest, self._line.slowest)
            self._line.close()
            self._line = None

    def restart(self):
        """The node, when it has ended; it has to know what it knew."""
        self.hang_up()
        self._log_from, self._had_all = len(self.node.log()), False
        self.node.restart(same_ports=True)
        self.starts += 1
        self._line = Line(self.node)
        self.check_ledger(restarted=True)

    def check_ledger(self, restarted=False):
        found = self.ledger.check(self.call, self.ask("get", "/addresses"), restarted)
        if found:
            raise Wrong("the node does not know what it was told: " + "; ".join(found))

    def measure(self):
        """What has to be at the baseline in the end (I16)."""
        actors = self.ask("get", "/status")["actors"]  # first: our own connection counts
        return {"descriptors": open_descriptors(self.node.pid),
                "threads": threads(self.node.pid), "actors": actors}

    def log(self):
        """Of this run of the node."""
        return self.node.log()[self._log_from:]

    def unsaved_files(self):
        """Those that could not be saved, and were not since."""
        result = set()
        for line in self.log().splitlines():
            name = re.search(r"/(\w+)\.json", line)
            if "cannot save" in line and name:
                result.add(name[1])
            elif "is saved again" in line and name:
                result.discard(name[1])
        return result

    def save_counts(self):
        """(saves, failures), of all files."""
        metrics = self.ask("metrics")
        return tuple(sum(value for name, value in metrics.items() if name.startswith(prefix))
                     for prefix in ("peerage_saves_total", "peerage_save_failures_total"))

    # -- all of it ---------------------------------------------------------------------

    def freeze(self, what):
        """A process that does nothing, until `thaw`."""
        os.kill(what.pid, signal.SIGSTOP)

    def thaw(self, what):
        os.kill(what.pid, signal.SIGCONT)

    def look(self):
        """/status, whose counts have to add up."""
        status = self.ask("get", "/status")
        peers = status["peers"]
        if not (peers["total"] == peers["inbound"] + peers["outbound"]
                == peers["ready"] + peers["unready"]):
            raise Wrong(f"counts that do not add up: {peers}")
        if self._had_all:
            self.least = min(self.least, peers["total"])
        self.most = max(self.most, peers["total"])
        return status

    def wait(self, condition, what, seconds=WELL_SECONDS, meanwhile=None):
        """Looks until the condition, of a /status, is true; returns that."""
        deadline = time.monotonic() + seconds
        while True:
            found = condition(self.look())
            if found:
                return found
            if time.monotonic() > deadline:
                raise Late(f"{what} did not happen within {seconds} s")
            if meanwhile:
                meanwhile()
            time.sleep(0.03)

    def watch(self, seconds, meanwhile=None):
        """Looks for so long."""
        until = time.monotonic() + seconds
        self.wait(lambda _: time.monotonic() > until, "time", 2 * seconds + 10, meanwhile)

    def wait_well(self):
        """Until there are as many peers as there should be, each of them once, and everything
        is saved. Returns how many seconds that took."""
        began = time.monotonic()
        missing = ["everything"]

        def is_well(status):
            missing[:] = self._missing(status)
            return not missing

        try:
            self.wait(is_well, "being well")
        except Late as late:
            raise Wrong(f"{late}: {'; '.join(missing)}") from None
        if not self._had_all:
            self._had_all, self._had_all_at = True, time.monotonic()
        return time.monotonic() - began

    def _missing(self, status):
        """Sentences; none if all is well."""
        counts = status["peers"]
        if counts["unready"] or counts["inbound"] != INBOUND or not (
                OUTBOUND <= counts["outbound"] <= OUTBOUND + MANUAL):
            return [f"{counts} instead of {INBOUND} inbound and {OUTBOUND} outbound"]
        peers = self.ask("get", "/peers")
        after = self.ask("get", "/status")
        if status["events"]["next"] != after["events"]["next"]:
            return ["quiet, to be compared"]
        # On a busy machine peers do not answer within a second, and are left out.
        if len(peers) != counts["total"]:
            return [f"/peers has {len(peers)} of {counts['total']} peers"]
        return [*self._double_or_missing(peers), *(
            f"unsaved: {x}" for x in sorted(self.unsaved_files()))]

    def _double_or_missing(self, peers):
        dialed = [x["address"] for x in peers if x["direction"] == "outbound"]
        manual = {x["address"] for x in peers if x["connection_type"] == "manual"}
        hosts = [x["address"].rpartition(":")[0] for x in peers
                 if x["direction"] == "inbound"]
        if len(set(dialed)) != len(dialed):
            yield f"an address is dialed twice: {sorted(dialed)}"
        if manual != self.manual:
            yield f"manual peers {sorted(manual)} instead of {sorted(self.manual)}"
        sources = sorted(source for crowd in self.crowds for source in crowd.sources)
        if sorted(x for x in hosts if x != "127.0.0.1") != sources:
            yield f"inbound peers from {sorted(hosts)} instead of each of {sources}"

    def end_peers(self):
        """All of them leave, for good."""
        self._had_all = False
        for crowd in self.crowds:
            crowd.end()
        for peer in self.peer_nodes:
            peer.node.stop()
        self.wait(lambda x: x["peers"]["total"] == 0, "the end of all peers")

    def peer_ids(self):
        return {x["id"] for x in self.ask("get", "/peers")}

    # -- inside ------------------------------------------------------------------------

    def _close(self):
        self.hang_up()
        for crowd in self.crowds:
            if crowd.running:
                crowd.end()
        for peer in self.peer_nodes:
            peer.node.close()
