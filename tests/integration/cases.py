# SPDX-License-Identifier: MIT
"""The bases of the tests here: a folder for each test, a node for each class of tests."""

import base64
import os
import pathlib
import tempfile
import time
import unittest

from peerage_harness import Node, run_to_end

NOBODY = 65534


def wait_until(condition, seconds=10, what="it"):
    """Polls until `condition()` is true and returns that; fails with `what` if it stays
    false. For what the node does not tell: the state of its process, a connection that was
    turned away. Everything else is for `Node.wait_for` and `Node.events`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


def ask(node, path, **more):
    """(status, decoded JSON) of a GET; `more` as in `Node.http`."""
    answer = node.http("GET", path, **more)
    return answer.status, answer.json()


class FolderCase(unittest.TestCase):
    """Tests with a folder of their own, each."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.enterContext(
            tempfile.TemporaryDirectory(prefix="peerage-test-")))

    def as_nobody(self, *paths):
        """A launcher for a program that file modes stop, as they do not stop root, and whose
        own `paths` in the folder are."""
        if os.geteuid() != 0:
            return ()
        for path in (self.folder, *paths):
            os.chown(path, NOBODY, NOBODY)
        return ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")

    def refuse(self, *arguments, names, env=None, launcher=()):
        """Exit 2, nothing on stdout, and one line on stderr, with all of `names` in it."""
        done = run_to_end(*arguments, env=env, launcher=launcher)
        what = f"{arguments}: {done.returncode} {done.stderr!r}"
        self.assertEqual((done.returncode, done.stdout), (2, ""), what)
        self.assertEqual(done.stderr.count("\n"), 1, what)
        self.assertTrue(done.stderr.startswith("peerage: "), what)
        for name in names:
            self.assertIn(name, done.stderr, what)


class NodeCase(unittest.TestCase):
    """Tests that share one node, whose status is on TCP, the URL `tcp`, and on a Unix socket,
    the URL `unix`. It has to stop in order when they are through; if one of them fails, its
    log is kept."""

    options = ()  # more options for it
    swarm = 0  # so many peers are ready before the first test

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="peerage-test-"))
        cls.node = cls.enterClassContext(
            Node("--swarm", str(cls.swarm), "--status", "127.0.0.1:0",
                 "--status", f"unix:{folder}/status.sock", *cls.options))
        cls.tcp, cls.unix = cls.node.urls
        cls.node.wait_for({"peers_ready": cls.swarm}, timeout=20)

    def post(self, body, cookie=None, headers=None):
        """The answer to a call as it stands, with the node's cookie or another."""
        token = base64.b64encode((cookie or self.node.cookie).encode()).decode()
        return self.node.http("POST", "/", body, timeout=30,
                              headers={"Authorization": "Basic " + token} | (headers or {}))

    def run(self, result=None):
        before = failures_in(result)
        result = super().run(result)
        if failures_in(result) > before:
            self.node.keep_log()
        return result


def failures_in(result):
    """Of a unittest.TestResult; 0 of what other runners have instead."""
    return len(getattr(result, "failures", ())) + len(getattr(result, "errors", ()))
