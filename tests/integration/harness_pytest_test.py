#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The harness's fixtures, in pytest and pytest-xdist as their users run them."""

import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import unittest

import peerage_harness
from cases import FolderCase

SCRIPTS = pathlib.Path(peerage_harness.__file__).resolve().parent.parent

PASSING = '''
import os, pathlib, time
import peerage_harness
import pytest

def note(*nodes):
    for x in nodes:
        at = pathlib.Path(os.environ["NOTES"], str(x.pid))
        at.write_text("\\n".join([x.p2p, *x.urls, str(x.folder)]))

@pytest.mark.parametrize("turn", range(4))
def test_peer(node, peer, turn):
    mine = peer(node).handshake(user_agent=f"/test{turn}/")
    found = node.wait_for({"peer": {"address": mine.address}})
    assert found["user_agent"] == f"/test{turn}/"
    assert node.get("/status")["peers"]["ready"] == 1
    note(node)

@pytest.mark.parametrize("turn", range(4))
def test_nodes(nodes, node, turn):
    swarm = nodes("--swarm", "2")
    swarm.wait_for({"peers_ready": 2})
    node.connect_to(swarm)
    note(node, swarm)

@pytest.mark.parametrize("shape,edges", [("line", 2), ("ring", 3), ("mesh", 3)])
def test_topology(topology, shape, edges):
    a, b, c = three = getattr(topology, shape)(3)
    assert len(three.edges()) == edges
    three.split([a])
    assert a.get("/status")["peers"]["ready"] == 0
    three.heal()
    note(*three)

def test_dialed(node, peer):
    mine = peer()
    node.rpc("addnode", mine.address, "onetry")
    mine.handshake()
    note(node)
'''
PASSED = 12

FAILING = '''
import os
from peerage_harness import Node

def test_that_fails(nodes, peer):
    mine = peer(nodes()).handshake(user_agent="/fails/")
    assert nodes().urls == []

def test_that_fails_with_a_topology(topology):
    assert topology.line(2).nodes == []

def test_that_passes(nodes, peer):
    peer(nodes()).handshake(user_agent="/passes/")

def test_that_loses_its_node(node):
    os.kill(node.pid, 9)
'''

KILLED = '''
import os, pathlib, signal

def test_whose_worker_is_killed(nodes, topology):
    pids = [x.pid for x in (nodes(), nodes("--swarm", "3"), *topology.line(2))]
    told = pathlib.Path(os.environ["NOTES"], "pids")
    told.with_suffix(".new").write_text(" ".join(map(str, pids)))
    told.with_suffix(".new").rename(told)
    os.kill(os.getpid(), signal.SIGKILL)

def test_other(node):
    assert node.running
'''


class Pytest(FolderCase):
    def run_tests(self, text, *arguments, conftest='pytest_plugins = "peerage_harness"\n'):
        (self.folder / "conftest.py").write_text(conftest)
        (self.folder / "test_it.py").write_text(text)
        for name in ("notes", "temporary"):
            (self.folder / name).mkdir(exist_ok=True)
        return subprocess.run(
            [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "-W", "error", *arguments, "test_it.py"],
            cwd=self.folder, capture_output=True, text=True, timeout=100, check=False,
            env={**os.environ, "PYTHONPATH": str(SCRIPTS), "NOTES": str(self.folder / "notes"),
                 "TMPDIR": str(self.folder / "temporary")})

    def check_passed(self, done, count):
        self.assertRegex(done.stdout, rf"\n{count} passed in ", done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout)
        notes = {x.name: x.read_text().split() for x in (self.folder / "notes").iterdir()}
        for pid, places in notes.items():
            self.assertFalse(os.path.exists(f"/proc/{pid}"), "a node lives on")
            self.assertFalse(os.path.exists(places[-1]), "a folder is left")
        folders = [places[-1] for places in notes.values()]
        self.assertEqual(len(folders), 4 + 8 + 9 + 1)
        self.assertEqual(len(set(folders)), len(folders))
        self.assertEqual(list((self.folder / "temporary").glob("peerage-*")), [])

    def test_alone(self):
        self.check_passed(self.run_tests(PASSING), PASSED)

    def test_side_by_side(self):
        self.check_passed(self.run_tests(PASSING, "-n", "4"), PASSED)

    def test_where_the_harness_is_imported_before(self):
        done = self.run_tests("def test_it(node):\n    assert node.running\n", conftest=(
            'from peerage_harness import Node\npytest_plugins = "peerage_harness"\n'))
        self.assertIn("1 passed", done.stdout)

    def test_failures(self):
        for arguments in ((), ("-n", "2")):
            with self.subTest(arguments=arguments):
                done = self.run_tests(FAILING, *arguments)
                self.assertIn("2 failed, 2 passed, 1 error", done.stdout)
                self.assertIn("NotStopped: exit status -9", done.stdout)
                self.assertRegex(done.stdout, "-> version .*user_agent=/fails/")
                self.assertNotIn("/passes/", done.stdout)
                logs = sorted(map(str, (self.folder / "temporary").glob("peerage-*.log")))
                self.assertEqual(sorted(re.findall("the node's log: (.*)", done.stdout)), logs)
                self.assertEqual(len(logs), 2 + 2 + 1)
                for log in logs:
                    os.unlink(log)

    def test_a_killed_worker_leaves_no_node(self):
        done = self.run_tests(KILLED, "-n", "2")
        self.assertRegex(done.stdout, "1 failed, 1 passed")
        self.assertIn("crashed", done.stdout)
        for pid in (self.folder / "notes" / "pids").read_text().split():
            try:
                node = os.pidfd_open(int(pid))
            except ProcessLookupError:
                continue
            try:
                ended = select.select([node], [], [], 10)[0]
                if not ended:
                    signal.pidfd_send_signal(node, signal.SIGKILL)
                self.assertTrue(ended, "a node lives on")
            finally:
                os.close(node)

    def test_without_pytest(self):
        """It is no part of the harness, and not looked for."""
        done = subprocess.run(
            [sys.executable, "-B", "-c", "import sys, peerage_harness\n"
             "assert 'pytest' not in sys.modules"],
            env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, check=False)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    unittest.main()
