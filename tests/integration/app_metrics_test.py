#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /metrics: well-formed, bounded, and what it counts."""

import re
import shutil
import subprocess
import unittest

from cases import NodeCase, wait_until
from peerage_harness import Node, connect

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

    def test_peers_are_counted_at_one_moment(self):
        for _ in range(50):
            _, found = read(self.node)
            self.assertEqual(found["peerage_peers", ()], 4)
            self.assertEqual(found["peerage_peers_ready", ()] +
                             found["peerage_peers_unready", ()], 4)

    def test_labels_are_bounded(self):
        _, before = read(self.node)
        allowed = {"type", "direction", "command", "outcome", "reason", "le"}
        for name, labels in before:
            self.assertTrue(name.startswith("peerage_"), name)
            for label, value in labels:
                self.assertIn(label, allowed)
                self.assertRegex(value, r"^[a-z0-9_]+$" if label != "le" else
                                 r"^([0-9.e-]+|\+Inf)$")
        self.assertLess(len(before), 400)
        # More of everything makes no more series.
        wait_until(lambda: total(read(self.node)[1], "peerage_ping_seconds_count") >
                   total(before, "peerage_ping_seconds_count"), what="a ping")
        self.assertEqual(set(read(self.node)[1]), set(before))

    def test_what_has_happened(self):
        self.node.wait_for({"event": {"type": "dial_failed", "since": 1}})
        _, found = read(self.node)
        self.assertGreater(total(found, "peerage_dials_total", outcome="connect_refused"), 0)
        self.assertEqual(total(found, "peerage_dials_total", outcome="ready"), 4)
        self.assertEqual(total(found, "peerage_handshakes_total", direction="outbound"), 4)
        self.assertEqual(total(found, "peerage_handshakes_total", direction="inbound"), 0)
        self.assertEqual(total(found, "peerage_handshake_seconds_count"), 4)
        for way in ("received", "sent"):
            for command in ("version", "verack"):
                self.assertEqual(total(found, "peerage_messages_total", direction=way,
                                       command=command), 4, (way, command))
            self.assertGreater(total(found, "peerage_bytes_total", direction=way), 4 * 150)
        self.assertGreater(total(found, "peerage_handshake_seconds_sum"), 0)
        self.assertEqual(total(found, "peerage_peer_exits_total"), 0)

    def test_pings_and_bytes_rise(self):
        names = ("peerage_ping_seconds_count", "peerage_bytes_total")
        _, before = read(self.node)

        def risen():  # by heartbeats, which are no events
            _, now = read(self.node)
            self.assertTrue(all(now[key] >= value for key, value in before.items()
                                if key[0].endswith(("_total", "_count", "_bucket"))))
            return all(total(now, name) > total(before, name) for name in names) and all(
                total(now, "peerage_messages_total", command=command) >
                total(before, "peerage_messages_total", command=command)
                for command in ("ping", "pong"))
        wait_until(risen, what="counters that rise")


class Failures(unittest.TestCase):
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
