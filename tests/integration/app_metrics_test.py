#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /metrics: well-formed, bounded, and what it counts."""

import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import time
import unittest

from cases import NodeCase, wait_until
from peerage_harness import Node, Peer, RpcError, connect

# What others may rely on: these names, types and labels.
PROMISED = {
    "peerage_build_info": ("gauge", {"version", "compiler"}),
    "peerage_node_info": ("gauge", {"chain"}),
    "peerage_peers": ("gauge", set()),
    "peerage_peers_by_state": ("gauge", {"direction", "state"}),
    "peerage_peers_limit": ("gauge", {"direction"}),
    "peerage_outbound_requests_total": ("counter", {"type"}),
    "peerage_peer_exits_total": ("counter", {"reason"}),
    "peerage_handshakes_total": ("counter", {"direction", "outcome"}),
    "peerage_dials_in_flight": ("gauge", set()),
    "peerage_dials_in_flight_limit": ("gauge", set()),
    "peerage_dials_total": ("counter", {"outcome"}),
    "peerage_accepts_in_flight": ("gauge", set()),
    "peerage_accepts_in_flight_limit": ("gauge", set()),
    "peerage_accepts_total": ("counter", set()),
    "peerage_accepts_refused_total": ("counter", {"reason"}),
    "peerage_received_messages_total": ("counter", {"command"}),
    "peerage_sent_messages_total": ("counter", {"command"}),
    "peerage_received_bytes_total": ("counter", set()),
    "peerage_sent_bytes_total": ("counter", set()),
    "peerage_handshake_duration_seconds": ("histogram", {"le"}),
    "peerage_request_duration_seconds": ("histogram", {"le"}),
    "peerage_ping_duration_seconds": ("histogram", {"le"}),
    "peerage_addresses": ("gauge", {"network", "table"}),
    "peerage_addresses_limit": ("gauge", {"table"}),
    "peerage_bans": ("gauge", set()),
    "peerage_bans_limit": ("gauge", set()),
    "peerage_scored_hosts": ("gauge", set()),
    "peerage_misbehaviours_total": ("counter", {"cause"}),
    "peerage_saves_total": ("counter", {"file"}),
    "peerage_save_failures_total": ("counter", {"file"}),
    "peerage_event_loop_lag_seconds": ("histogram", {"le"}),
    "peerage_mailbox_lag_seconds": ("histogram", {"le"}),
    "process_cpu_seconds_total": ("counter", set()),
    "process_virtual_memory_bytes": ("gauge", set()),
    "process_resident_memory_bytes": ("gauge", set()),
    "process_start_time_seconds": ("gauge", set()),
    "process_open_fds": ("gauge", set()),
    "process_max_fds": ("gauge", set()),
}
# One meaning for each label, whatever the metric: the values that there may be.
VALUES = {
    "direction": {"inbound", "outbound"}, "state": {"ready", "unready"},
    "table": {"new", "tried"}, "file": {"addresses", "bans", "dials"},
    "network": {"ipv4", "ipv6", "onion", "i2p", "cjdns"},
}

SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z]+)="([^"]*)"')


def read(node):
    """(text, {(name, ((label, value), ...)): number})"""
    status, headers, body = node.http("GET", "/metrics")
    assert status == 200 and headers["Content-Type"].startswith("text/plain"), headers
    text = body.decode()
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, tuple(sorted(LABEL.findall(labels or ""))))
            assert key not in found, line
            found[key] = float(value)
    return text, found


def total(samples, name, **labels):
    """The sum of all samples of a name that have these labels."""
    wanted = set(labels.items())
    return sum(value for (found, of), value in samples.items()
               if found == name and wanted <= set(of))


class Metrics(NodeCase):
    swarm = 4
    options = ("--add-peer", "127.0.0.1:1", "--ping-interval", "0.2", "--log-level", "error")

    def test_promtool_has_nothing_to_say(self):
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool: it comes with Debian's package prometheus")
        text, _ = read(self.node)
        done = subprocess.run([promtool, "check", "metrics"], input=text.encode(),
                              capture_output=True, timeout=20, check=False)
        self.assertEqual((done.returncode, done.stderr, done.stdout), (0, b"", b""))

    def test_names_types_and_labels(self):
        text, found = read(self.node)
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
        self.assertEqual(types, {name: of[0] for name, of in PROMISED.items()})
        for name, labels in found:
            family = name if name in types else re.sub("_(bucket|sum|count)$", "", name)
            self.assertLessEqual({x for x, _ in labels}, PROMISED[family][1], name)
            if not name.endswith(("_sum", "_count")):
                self.assertEqual({x for x, _ in labels}, PROMISED[family][1], name)

    def test_peers_are_counted_at_one_moment(self):
        for _ in range(50):
            _, found = read(self.node)
            self.assertEqual(found["peerage_peers", ()], 4)
            self.assertEqual(total(found, "peerage_peers_by_state"), 4)
            self.assertEqual(total(found, "peerage_peers_by_state", direction="outbound"), 4)

    def test_labels_are_bounded(self):
        _, before = read(self.node)
        for name, labels in before:
            for label, value in labels:
                if name not in ("peerage_build_info", "peerage_node_info"):
                    self.assertRegex(value, r"^[a-z0-9_]+$" if label != "le" else
                                     r"^([0-9.e-]+|\+Inf)$")
                self.assertIn(value, VALUES.get(label, {value}))
        self.assertLess(len(before), 500)
        # More of everything makes no more series.
        wait_until(lambda: total(read(self.node)[1], "peerage_ping_duration_seconds_count") >
                   total(before, "peerage_ping_duration_seconds_count"), what="a ping")
        self.assertEqual(set(read(self.node)[1]), set(before))

    def test_what_has_happened(self):
        self.node.wait_for({"event": {"type": "dial_failed", "since": 1}})
        _, found = read(self.node)
        self.assertGreater(total(found, "peerage_dials_total", outcome="connect_refused"), 0)
        self.assertEqual(total(found, "peerage_dials_total", outcome="ready"), 4)
        self.assertEqual(total(found, "peerage_handshakes_total", direction="outbound"), 4)
        self.assertEqual(total(found, "peerage_handshakes_total", direction="inbound"), 0)
        self.assertEqual(total(found, "peerage_handshake_duration_seconds_count"), 4)
        for way in ("received", "sent"):
            for command in ("version", "verack"):
                self.assertEqual(total(found, f"peerage_{way}_messages_total",
                                       command=command), 4, (way, command))
            self.assertGreater(total(found, f"peerage_{way}_bytes_total"), 4 * 150)
        self.assertGreater(total(found, "peerage_handshake_duration_seconds_sum"), 0)
        self.assertEqual(total(found, "peerage_peer_exits_total"), 0)

    def test_pings_and_bytes_rise(self):
        names = ("peerage_ping_duration_seconds_count", "peerage_received_bytes_total")
        _, before = read(self.node)

        def risen():  # by heartbeats, which are no events
            _, now = read(self.node)
            self.assertTrue(all(now[key] >= value for key, value in before.items()
                                if key[0].endswith(("_total", "_count", "_bucket"))))
            return all(total(now, name) > total(before, name) for name in names) and all(
                total(now, name, command=command) > total(before, name, command=command)
                for name, command in (("peerage_sent_messages_total", "ping"),
                                      ("peerage_received_messages_total", "pong")))
        wait_until(risen, what="counters that rise")


    def test_the_process(self):
        _, found = read(self.node)
        status = pathlib.Path(f"/proc/{self.node.pid}/status").read_text("ascii")
        resident = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024
        self.assertAlmostEqual(found["process_resident_memory_bytes", ()] / resident, 1,
                               delta=0.2)
        self.assertGreater(found["process_virtual_memory_bytes", ()], resident)
        self.assertAlmostEqual(found["process_open_fds", ()],
                               len(os.listdir(f"/proc/{self.node.pid}/fd")), delta=3)
        limit = resource.prlimit(self.node.pid, resource.RLIMIT_NOFILE)[0]
        self.assertEqual(found["process_max_fds", ()], limit)
        self.assertLess(abs(time.time() - found["process_start_time_seconds", ()]), 120)
        uptime = self.node.get("/status")["node"]["uptime"]
        self.assertAlmostEqual(time.time() - uptime,
                               found["process_start_time_seconds", ()], delta=3)
        before = found["process_cpu_seconds_total", ()]
        self.assertGreater(before, 0)
        wait_until(lambda: read(self.node)[1]["process_cpu_seconds_total", ()] > before,
                   what="work")

    def test_limits_and_infos(self):
        _, found = read(self.node)
        version = self.node.get("/status")["node"]["version"]
        self.assertEqual(total(found, "peerage_build_info", version=version), 1)
        self.assertEqual(total(found, "peerage_node_info", chain="regtest"), 1)
        self.assertEqual(total(found, "peerage_peers_limit", direction="inbound"), 125)
        self.assertEqual(total(found, "peerage_peers_limit", direction="outbound"), 25)
        self.assertEqual(found["peerage_dials_in_flight_limit", ()], 50)
        self.assertGreater(found["peerage_accepts_in_flight_limit", ()], 125)
        self.assertEqual(total(found, "peerage_addresses_limit", table="new"), 16384)
        self.assertEqual(total(found, "peerage_addresses_limit", table="tried"), 4096)
        self.assertEqual(found["peerage_bans_limit", ()], 20000)

    def test_lags_are_measured(self):
        names = ("peerage_event_loop_lag_seconds", "peerage_mailbox_lag_seconds")
        wait_until(lambda: all(total(read(self.node)[1], x + "_count") >= 2 for x in names),
                   what="two looks at each")
        _, found = read(self.node)
        for name in names:
            self.assertLess(total(found, name + "_sum"), 5 * total(found, name + "_count"))

    def test_an_event_loop_and_a_mailbox_that_are_late(self):
        names = ("peerage_event_loop_lag_seconds", "peerage_mailbox_lag_seconds")

        def late():
            _, found = read(self.node)
            return [total(found, x + "_count") - total(found, x + "_bucket", le="0.5")
                    for x in names]
        before = late()
        self.node.send_signal(signal.SIGSTOP)
        time.sleep(2.2)  # so long nothing runs
        self.node.send_signal(signal.SIGCONT)
        wait_until(lambda: late()[0] > before[0], what="a late look")

    def test_addresses_and_bans(self):
        _, before = read(self.node)
        self.node.rpc("addpeeraddress", "127.3.4.5", 18444, False)
        self.node.rpc("addpeeraddress", "127.3.4.6", 18444, True)
        self.node.rpc("setban", "192.0.2.9", "add")
        _, found = read(self.node)
        for table in ("new", "tried"):
            self.assertEqual(total(found, "peerage_addresses", network="ipv4", table=table) -
                             total(before, "peerage_addresses", network="ipv4", table=table),
                             1, table)
        self.assertEqual(found["peerage_bans", ()] - before["peerage_bans", ()], 1)
        for file in ("addresses", "bans"):
            self.assertGreater(total(found, "peerage_saves_total", file=file),
                               total(before, "peerage_saves_total", file=file), file)
        self.assertEqual(total(found, "peerage_save_failures_total"), 0)


class Failures(unittest.TestCase):
    def test_what_strangers_do(self):
        with Node("--max-inbound", "1", "--log-level", "error") as node:
            node.rpc("setban", "127.0.0.9", "add")
            connect(node.p2p, source="127.0.0.9").close()
            node.wait_for({"event": {"type": "connection_refused", "since": 1}})
            with Peer(node.p2p, source="127.0.0.8") as peer:
                peer.handshake().send_bytes(bytes(24))  # wrong magic
                node.wait_for({"event": {"type": "misbehaviour", "since": 1}})
            _, found = read(node)
            self.assertEqual(total(found, "peerage_accepts_refused_total"), 1)
            self.assertEqual(total(found, "peerage_accepts_refused_total", reason="banned"), 1)
            self.assertEqual(found["peerage_accepts_total", ()], 1)
            self.assertEqual(total(found, "peerage_misbehaviours_total"), 1)
            self.assertEqual(total(found, "peerage_misbehaviours_total",
                                   cause="broken_rule"), 1)

    def test_saves_that_fail(self):
        with Node("--save-interval", "3600", "--log-level", "error") as node:
            _, most = resource.prlimit(node.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (0, most))
            with self.assertRaises(RpcError):
                node.rpc("setban", "10.0.0.1", "add")
            _, found = read(node)
            self.assertEqual(total(found, "peerage_save_failures_total", file="bans"), 1)
            self.assertEqual(total(found, "peerage_save_failures_total"), 1)
            resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (most, most))
            node.rpc("setban", "10.0.0.2", "add")
            _, found = read(node)
            self.assertGreaterEqual(total(found, "peerage_saves_total", file="bans"), 1)
            self.assertEqual(total(found, "peerage_save_failures_total"), 1)

    def test_who_fails_and_who_leaves(self):
        with Node("--log-level", "error") as node:
            with Node("--connect", node.p2p, "--log-level", "error") as other:
                for one in (node, other):
                    one.wait_for({"peers_ready": 1})
                    # Closing with unread bytes is a reset.
                    one.request("any", "measure_latency")
            node.wait_for({"event": {"type": "peer_left", "since": 1}})
            connect(node.p2p).close()
            node.wait_for({"event": {"type": "handshake_failed", "since": 1}})
            _, found = read(node)
            self.assertEqual(total(found, "peerage_peer_exits_total",
                                   reason="remote_closed"), 1)
            self.assertEqual(total(found, "peerage_handshakes_total", direction="inbound",
                                   outcome="remote_closed"), 1)
            self.assertEqual(total(found, "peerage_handshakes_total", outcome="ready"), 1)
            self.assertEqual(found["peerage_peers", ()], 0)


if __name__ == "__main__":
    unittest.main()
