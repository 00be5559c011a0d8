#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""No node outlives the process that has started it, however that ends."""

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import sys
import unittest

import peerage_harness
from cases import FolderCase, wait_until

SCRIPTS = pathlib.Path(peerage_harness.__file__).resolve().parent.parent
SECONDS = 10  # to stop in order takes 5 at most

BEGIN = """
import json, multiprocessing, os, signal, subprocess, sys, threading, time
from peerage_harness import Node, Topology
def tell(*nodes, children=()):
    print(json.dumps({"nodes": [node.pid for node in nodes], "children": children,
                      "logs": [str(node.log_path) for node in nodes]}), flush=True)
    signal.pause()
"""


def is_ready(what, seconds):
    """Whether the process of a pidfd has ended, or a pipe has news, within so many seconds."""
    return bool(select.select([what], [], [], seconds)[0])


def end_group(group):
    """The children that live on, and whatever a failed test has left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class Orphans(FolderCase):
    def check_end(self, text, how=signal.SIGKILL, log=True):
        """Ends a program that has started nodes; they end, though its children live on."""
        with subprocess.Popen(
                [sys.executable, "-B", "-c", BEGIN + text], stdout=subprocess.PIPE,
                start_new_session=True, env={**os.environ, "PYTHONPATH": str(SCRIPTS),
                                             "TMPDIR": str(self.folder)}) as program:
            self.addCleanup(end_group, program.pid)
            try:
                self.assertTrue(is_ready(program.stdout, 40), "the program hangs")
                told = json.loads(program.stdout.readline())
                nodes = [os.pidfd_open(pid) for pid in told["nodes"]]
                for node in nodes:
                    self.addCleanup(os.close, node)
                children = [os.pidfd_open(pid) for pid in told["children"]]
                for child in children:
                    self.addCleanup(os.close, child)
                self.assertFalse(any(is_ready(x, 0) for x in nodes + children))
            finally:
                program.send_signal(how)
            self.assertEqual(program.wait(SECONDS), -how)
        for node in nodes:
            self.assertTrue(is_ready(node, SECONDS), "a node lives on")
        self.assertFalse(any(is_ready(child, 0) for child in children))
        for path in told["logs"] if log else ():
            text = pathlib.Path(path).read_text(encoding="utf-8")
            self.assertIn(" standard input has ended\n", text)
            self.assertTrue(text.endswith(" stopped\n"), text)

    def test_killed(self):
        for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(how=how.name):
                self.check_end("tell(Node())", how)

    def test_with_peers(self):
        self.check_end("with Topology(3, edges=[(0, 1), (1, 2)]) as three: tell(*three)")
        self.check_end("tell(Node('--swarm', '10'))")

    def test_without_defaults(self):
        self.check_end("tell(Node('--network=regtest', '--listen=none', '--data-dir', "
                       "os.environ['TMPDIR'] + '/data', defaults=False))")

    def test_killed_while_a_node_starts(self):
        self.check_end("tell(Node('--swarm', '20', wait=False))", log=False)

    def test_restarted(self):
        self.check_end("node = Node()\nnode.kill()\nnode.restart()\ntell(node)")

    def test_through_a_launcher(self):
        self.check_end("""tell(Node(launcher=("sh", "-c", 'exec "$@"', "sh")))""")

    def test_forked_children_live_on(self):
        self.check_end("""
nodes = [Node(), Node()]
child = os.fork()
if child == 0:
    signal.pause()
tell(*nodes, children=[child])
""")

    def test_a_child_of_a_child_lives_on(self):
        self.check_end("""
node = Node()
hears, tells = os.pipe()
if os.fork() == 0:
    child = os.fork()
    if child == 0:
        signal.pause()
    os.write(tells, b"%d" % child)
    os._exit(0)
os.wait()
tell(node, children=[int(os.read(hears, 20))])
""")

    def test_workers_live_on(self):
        self.check_end("""
node = Node()
children = [multiprocessing.get_context(how).Process(target=signal.pause)
            for how in ("fork", "fork", "spawn")]
for child in children:
    child.start()
tell(node, children=[child.pid for child in children])
""")

    def test_programs_live_on(self):
        self.check_end("""
node = Node()
child = subprocess.Popen(["sleep", "600"], close_fds=False, stdout=subprocess.DEVNULL)
tell(node, children=[child.pid])
""")

    def test_forked_while_nodes_start(self):
        """In another thread, again and again: none of these children holds a pipe."""
        self.check_end("""
children, over = [], threading.Event()
def fork_on():
    while not over.is_set() and len(children) < 100:
        child = os.fork()
        if child == 0:
            signal.pause()
        children.append(child)
        time.sleep(0.005)
thread = threading.Thread(target=fork_on)
thread.start()
nodes = [Node() for _ in range(4)]
over.set()
thread.join()
tell(*nodes, children=children)
""")

    def test_a_child_that_ends_ends_no_node(self):
        done = subprocess.run(
            [sys.executable, "-B", "-c", BEGIN + """
node = Node()
for _ in range(3):
    child = os.fork()
    if child == 0:
        sys.exit(0)
    os.waitpid(child, 0)
assert node.get("/status")["node"]["pid"] == node.pid
node.stop()
assert "standard input" not in node.log(), node.log()
"""], env={**os.environ, "PYTHONPATH": str(SCRIPTS)}, capture_output=True, text=True,
            timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_suspended_programs_keep_their_nodes(self):
        with subprocess.Popen([sys.executable, "-B", "-c", BEGIN + "tell(Node())"],
                              stdout=subprocess.PIPE,
                              env={**os.environ, "PYTHONPATH": str(SCRIPTS),
                                   "TMPDIR": str(self.folder)}) as program:
            told = json.loads(program.stdout.readline())
            node = os.pidfd_open(told["nodes"][0])
            self.addCleanup(os.close, node)
            program.send_signal(signal.SIGSTOP)
            wait_until(lambda: "\nState:\tT" in pathlib.Path(
                f"/proc/{program.pid}/status").read_text(encoding="ascii"), what="its stop")
            self.assertFalse(is_ready(node, 0.5))
            program.kill()
        self.assertTrue(is_ready(node, SECONDS))


if __name__ == "__main__":
    unittest.main()
