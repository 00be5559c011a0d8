#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/peerage_harness, with nodes as its users start them, and with programs that are
none."""

import contextlib
import http.server
import io
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import unittest

import peerage_harness.node
from cases import FolderCase, NodeCase
from peerage_harness import (HarnessError, Node, NotStarted, NotStopped, RpcError, connect,
                             run_to_end)
from peerage_harness.__main__ import EXAMPLE

SCRIPTS = pathlib.Path(peerage_harness.__file__).resolve().parent.parent


def script(folder, text):
    """A program to start in the place of a node."""
    path = folder / "program"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def ready_line(*status):
    line = {"event": "ready", "version": "0", "network": "regtest", "p2p": [],
            "status": status}
    return f"echo '{json.dumps(line)}'\n"


READY = ready_line()


class StartAndStop(FolderCase):
    """Programs that misbehave where a node should not."""

    def test_ends_instead_of_getting_ready(self):
        with self.assertRaises(NotStarted) as caught:
            Node(program=script(self.folder, "echo 'port in use' >&2; exit 2"))
        self.assertEqual(str(caught.exception), "exit status 2:\nport in use\n")

    def test_the_last_it_logged_is_shown(self):
        program = script(self.folder, "seq 1000 1099 >&2; exit 3")
        with self.assertRaises(NotStarted) as caught:
            Node(program=program)
        self.assertRegex(str(caught.exception), r"(?s)\Aexit status 3:\n.*1098\n1099\n\Z")
        self.assertNotIn("1050", str(caught.exception))

    def test_says_nothing_or_nonsense(self):
        with self.assertRaises(NotStarted) as caught:
            Node(program=script(self.folder, "exec sleep 60"), ready_timeout=0.2)
        self.assertIn("no ready line in 0.2 s", str(caught.exception))
        for line in ("hello", "7", "[1]"):
            with self.assertRaisesRegex(NotStarted, re.escape(f"not a ready line: b'{line}'")):
                Node(program=script(self.folder, f"echo '{line}'; exec sleep 60"))

    def test_is_not_there(self):
        with self.assertRaises(NotStarted):
            Node(program=str(self.folder / "missing"))

    def test_does_not_stop(self):
        node = Node(program=script(self.folder, "trap '' TERM\n" + READY + "exec sleep 60"))
        folder = node.folder
        with contextlib.redirect_stderr(io.StringIO()) as said:
            with self.assertRaises(NotStopped), node:
                node.stop(timeout=0.2)
        self.assertFalse(node.running)
        self.assertFalse(folder.exists())
        self.assertIn(str(node.log_path), said.getvalue())
        node.log_path.unlink()

    def test_stops_with_another_status(self):
        text = "trap 'echo broken >&2; exit 3' TERM\n" + READY + "while :; do sleep 0.01; done"
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(NotStopped) as caught:
            with Node(program=script(self.folder, text)) as node:
                pass
        self.assertRegex(str(caught.exception), "exit status 3:\nbroken")
        self.assertEqual(node.log(), "broken\n")
        node.log_path.unlink()

    def test_an_end_that_nobody_asked_for(self):
        for status in (3, 0):
            program = script(self.folder, READY + f"echo gone >&2; exit {status}")
            with self.subTest(status=status), contextlib.ExitStack() as expected:
                if status:
                    expected.enter_context(contextlib.redirect_stderr(io.StringIO()))
                    expected.enter_context(self.assertRaises(NotStopped))
                with Node(program=program) as node:
                    self.assertEqual(json.loads(node.output())["event"], "ready")
            self.assertEqual(node.log_path.exists(), status != 0)
            node.log_path.unlink(missing_ok=True)
        with Node(program=script(self.folder, READY + "exit 3")) as node:
            self.assertEqual(node.wait(), 3)  # a seen exit status is no failure

    def test_a_run_that_ends(self):
        done = run_to_end("run", "--network", "moon")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("--network", done.stderr)
        with self.assertRaises(subprocess.TimeoutExpired):
            run_to_end("run", "--network", "regtest", "--listen", "none", "--data-dir",
                       self.folder, timeout=0.2)

    def test_answers_that_are_no_json_rpc(self):
        (self.folder / "regtest").mkdir()
        (self.folder / "regtest" / ".cookie").write_text("__cookie__:0")
        good = {"jsonrpc": "2.0", "id": 1, "result": 7}
        for status, body, right in ((200, good, True), (200, {**good, "id": 2}, False),
                                    (200, {**good, "jsonrpc": "1.0"}, False),
                                    (500, good, False), (200, [good], False)):
            with self.subTest(status=status, body=body), AnsweringServer(status, body) as url:
                program = script(self.folder, ready_line(url) + "exec sleep 60")
                node = Node("--data-dir", self.folder, program=program)
                self.addCleanup(node.close)
                if right:
                    self.assertEqual(node.rpc("anything"), 7)
                else:
                    with self.assertRaisesRegex(HarnessError, f"anything: HTTP {status}"):
                        node.rpc("anything")

    def test_ctrl_c_leaves_no_node(self):
        pipe = self.folder / "pid"
        os.mkfifo(pipe)
        starting = script(self.folder, f"echo $$ >'{pipe}'; exec sleep 60")
        tell = f"open('{pipe}', 'w').write(str(node.pid)); node.wait_for({{'peers_ready': 1}})"
        at_the_worst_moment = f"""
import signal, subprocess
popen = subprocess.Popen
def start(*arguments, **more):
    result = popen(*arguments, **more)
    open('{pipe}', 'w').write(str(result.pid))
    signal.raise_signal(signal.SIGINT)
    return result
subprocess.Popen = start
Node()"""
        for text, logs in ((f"with Node() as node: {tell}", 1), (f"node = Node(); {tell}", 0),
                           (f"node = Node(program='{starting}')", 0),
                           (at_the_worst_moment, 0)):
            temporary = self.folder / "temporary"
            temporary.mkdir()
            with self.subTest(text=text), subprocess.Popen(
                    [sys.executable, "-B", "-c", "from peerage_harness import Node\n" + text],
                    stderr=subprocess.PIPE, text=True,
                    env={**os.environ, "TMPDIR": str(temporary)}) as user:
                self.addCleanup(user.kill)
                node = int(pipe.read_text())
                if text != at_the_worst_moment:
                    user.send_signal(signal.SIGINT)
                _, said = user.communicate(timeout=20)
                self.assertEqual(user.returncode, -signal.SIGINT)
                self.assertIn("KeyboardInterrupt", said)
                with self.assertRaises(ProcessLookupError):
                    os.kill(node, 0)
                left = list(temporary.iterdir())
                self.assertEqual(len(left), logs)
                for path in left:
                    self.assertIn(f"the node's log: {path}", said)
                    path.unlink()
            temporary.rmdir()

    def test_help(self):
        shown = subprocess.run([sys.executable, "-B", "-m", "peerage_harness", "--help"],
                               capture_output=True, text=True, timeout=20, check=True).stdout
        for line in EXAMPLE.splitlines():
            self.assertIn(line, shown)
        self.assertLessEqual(len(EXAMPLE.splitlines()), 15)
        self.assertIn(EXAMPLE, (SCRIPTS.parent / "README.md").read_text())


class AnsweringServer(http.server.HTTPServer):
    """Gives everybody the same answer."""

    def __init__(self, status, document):
        class Handler(http.server.BaseHTTPRequestHandler):
            """One request."""

            def do_POST(self):  # pylint: disable=invalid-name
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self):
        self._thread.start()
        return f"http://127.0.0.1:{self.server_port}"

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()


class OneNode(unittest.TestCase):
    """From its start to its end, and again."""

    def test_leaves_nothing_behind(self):
        with Node() as node:
            self.assertIn("127.0.0.1", node.log())
        self.assertFalse(node.running)
        self.assertFalse(node.folder.exists())
        node.stop()  # again

    def test_killed_and_restarted(self):
        with Node() as node:
            first, data = node.pid, node.data_dir
            with self.assertRaises(HarnessError):
                node.restart()
            self.assertTrue(node.running)
            self.assertEqual(node.kill(), -signal.SIGKILL)
            self.assertEqual(node.wait(), -signal.SIGKILL)
            log = node.log()
            node.restart()
            self.assertNotEqual(node.pid, first)
            self.assertEqual(node.ready["pid"], node.pid)
            self.assertEqual(node.data_dir, data)
            self.assertEqual(node.rpc("getconnectioncount"), 0)
            self.assertGreater(len(node.log()), len(log))
            self.assertTrue(node.log().startswith(log))

    def test_signals(self):
        with Node() as node:
            with self.assertRaises(TimeoutError):
                node.wait(0.1)
            with self.assertRaises(TimeoutError):
                node.output(0.1)
            node.send_signal(signal.SIGINT)
            self.assertEqual(node.wait(), 0)
            self.assertEqual(json.loads(node.output()), node.ready)
            node.send_signal(signal.SIGINT)  # to no process
        with Node() as node:
            self.assertLess(node.stop(how=signal.SIGINT), peerage_harness.node.STOP_SECONDS)

    def test_started_and_not_waited_for(self):
        with Node(wait=False) as node:
            with self.assertRaises(HarnessError):
                node.get("/status")
            node.wait_ready()
            self.assertEqual(node.get("/status")["node"]["pid"], node.pid)

    def test_without_defaults(self):
        with Node() as any_node:
            with Node("--network=regtest", "--listen", "none", "--add-peer", any_node.p2p,
                      defaults=False, env={"HOME": str(any_node.folder)}) as node:
                any_node.wait_for({"peers_ready": 1})
                self.assertEqual((node.urls, node.ready["p2p"]), ([], []))
                for missing in ("data_dir", "cookie", "p2p"):
                    with self.assertRaises(HarnessError):
                        getattr(node, missing)
                with self.assertRaises(HarnessError):
                    node.rpc("uptime")

    def test_two_at_once(self):
        with Node() as one, Node() as other:
            self.assertEqual(len({one.p2p, other.p2p, *one.urls, *other.urls}), 4)
            for node in (one, other):
                self.assertEqual(node.get("/status")["node"]["pid"], node.pid)

    def test_sockets(self):
        with Node("--listen", "[::1]:0", "--listen", "127.0.0.1:0") as node:
            connect(node.p2p).close()  # of IPv6
            with node.events(types=["connection_accepted"]) as events, \
                    connect(node.ready["p2p"][1], source="127.0.0.9") as peer:
                address = "%s:%d" % peer.getsockname()
                self.assertTrue(address.startswith("127.0.0.9:"))
                events.until(10, address=address)
            with connect(node.urls[0], timeout=7) as usual, \
                    connect(node.urls[0], receive_buffer=4096) as slow:
                self.assertEqual(usual.gettimeout(), 7)
                size = (socket.SOL_SOCKET, socket.SO_RCVBUF)
                self.assertLess(slow.getsockopt(*size), usual.getsockopt(*size))


class ForkedChildren(NodeCase):
    """A node belongs to the process that has started it, and to none that is forked off."""

    def in_child(self, what):
        """Runs `what` in a forked child, which then ends as a program does."""
        child = os.fork()
        if child == 0:
            status = 70
            try:
                what()
                status = 0
            finally:
                peerage_harness.node._close_nodes()  # pylint: disable=protected-access
                os._exit(status)
        _, how = os.waitpid(child, 0)
        self.assertEqual(os.waitstatus_to_exitcode(how), 0)
        self.assertTrue(self.node.running)
        self.assertTrue(self.node.data_dir.is_dir())
        self.assertEqual(self.node.get("/status")["node"]["pid"], self.node.pid)

    def test_ends(self):
        def use_in_a_block():
            with self.node as node:
                assert node.get("/status")["node"]["pid"] == node.pid

        def fail_in_a_block():
            with contextlib.suppress(ZeroDivisionError), self.node:
                raise ZeroDivisionError

        self.in_child(lambda: None)
        self.in_child(use_in_a_block)
        self.in_child(fail_in_a_block)
        self.in_child(self.node.close)

    def test_what_ends_it(self):
        def refused():
            for end in (self.node.stop, self.node.kill, self.node.wait, self.node.restart,
                        lambda: self.node.send_signal(signal.SIGTERM)):
                with self.assertRaisesRegex(HarnessError, "belongs to"):
                    end()
            self.assertTrue(self.node.running)

        self.in_child(refused)

    def test_events_go_on(self):
        with self.node.events(types=["ban_added"]) as events:
            self.in_child(events.close)
            self.node.rpc("setban", "192.0.2.0/24", "add")
            self.assertEqual(next(events)["range"], "192.0.2.0/24")

    def test_programs(self):
        """With all that Python does at the end of one."""
        done = self.run_program("""
import multiprocessing, os, sys
from peerage_harness import Node
with Node() as node:
    if os.fork() == 0:
        sys.exit(0)
    os.wait()
    worker = multiprocessing.get_context("fork").Process(target=sys.exit)
    worker.start()
    worker.join()
    assert node.get("/status")["node"]["pid"] == node.pid
    assert node.data_dir.is_dir() and node.log_path.is_file()
""")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_worker_closes_its_own(self):
        done = self.run_program("""
import multiprocessing, os
from peerage_harness import Node
def work(told):
    node = Node()
    told.send((node.pid, str(node.folder)))
context = multiprocessing.get_context("fork")
hears, told = context.Pipe()
worker = context.Process(target=work, args=(told,))
worker.start()
pid, folder = hears.recv()
worker.join()
assert not os.path.exists(folder)
assert not os.path.exists(f"/proc/{pid}")
""")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def run_program(self, text):
        return subprocess.run([sys.executable, "-B", "-c", text], capture_output=True,
                              text=True, timeout=60, check=False,
                              env={**os.environ, "PYTHONPATH": str(SCRIPTS)})


class RunningNode(NodeCase):
    """A node's documents and calls, over both kinds of sockets."""

    swarm = 5

    def test_documents(self):
        self.assertEqual(self.node.urls[1], self.unix)
        for url in self.node.urls:
            self.assertEqual(self.node.get("/status", url=url)["node"]["pid"], self.node.pid)
        self.assertTrue(self.node.get("/health")["healthy"])
        self.assertIn("error", self.node.get("/peers/99999"))

    def test_only_a_unix_socket(self):
        with Node("--status", f"{self.unix}2") as node:
            self.assertEqual(node.rpc("getconnectioncount"), 0)
            with node.events(from_=1) as events:
                self.assertEqual(next(events)["type"], "node_started")

    def test_answers(self):
        for url in self.node.urls:
            answer = self.node.http("GET", "/nothing", headers={"X": "y"}, url=url)
            self.assertEqual((answer.status, list(answer.json())), (404, ["error"]))
            self.assertEqual(answer.headers["content-TYPE"], "application/json")
        with self.assertRaisesRegex(HarnessError, "HTTP 200, and no JSON"):
            self.node.http("GET", "/").json()

    def test_calls(self):
        self.assertGreaterEqual(self.node.rpc("getconnectioncount"), 4)
        with self.assertRaises(RpcError) as caught:
            self.node.rpc("nosuchmethod")
        self.assertEqual((caught.exception.code, caught.exception.data), (-32601, None))
        with self.assertRaises(TypeError):
            self.node.rpc("disconnectnode", "127.0.0.1:1", nodeid=3)

    def test_wait_for_times_out(self):
        with self.assertRaises(RpcError) as caught:
            self.node.wait_for({"peers_ready": 500}, timeout=0.2)
        self.assertEqual(caught.exception.code, -110)
        self.assertEqual(caught.exception.data["progress"], {"ready": 5, "total": 5})
        self.assertIn('"progress": {"ready": 5, "total": 5}', str(caught.exception))

    def test_request(self):
        peer = self.node.wait_for({"peer": {"user_agent": "swarm"}})["id"]
        self.assertGreater(self.node.request(peer, "measure_latency")["round_trip"], 0)
        headers = self.node.request("any", "get_headers", locator=[])["headers"]
        self.assertEqual(len(headers[0]["hash"]), 64)
        with self.assertRaises(RpcError) as caught:
            self.node.request(99999, "measure_latency")
        self.assertEqual(caught.exception.code, -105)

    def test_events_tell_of_a_peer_that_leaves_and_returns(self):
        peer = self.node.wait_for({"peer": {"user_agent": "swarm"}})
        with self.node.events(types=["peer_left", "peer_ready"]) as events:
            self.node.rpc("disconnectnode", nodeid=peer["id"])
            left = next(x for x in events if x.get("peer") == peer["id"])
            self.assertEqual((left["type"], left["reason"]),
                             ("peer_left", "disconnect_requested"))
            back = next(x for x in events if x.get("address") == peer["address"])
        self.assertEqual(back["type"], "peer_ready")
        again = self.node.wait_for({"event": {"type": "peer_left", "since": left["seq"]}})
        self.assertEqual(again["seq"], left["seq"])

    def test_quiet_events_time_out_and_go_on(self):
        with self.node.events(types=["ban_added"], timeout=0.2) as events:
            with self.assertRaises(TimeoutError):
                next(events)
            self.node.rpc("setban", "192.0.2.0/24", "add")
            self.assertEqual(next(events)["range"], "192.0.2.0/24")

    def test_the_event_that_is_looked_for(self):
        with self.node.events() as events:
            self.node.rpc("setban", "198.51.100.0/32", "add")
            self.node.rpc("setban", "198.51.100.0/32", "remove")
            found = events.until(10, type="ban_lifted", range="198.51.100.0/32")
            self.assertEqual(found["started_by"], "user")
            self.node.rpc("setban", "198.51.100.1/32", "add")
            with self.assertRaisesRegex(TimeoutError, "ban_lifted.*0.2 s.*'ban_added'"):
                events.until(0.2, type="ban_lifted", range="198.51.100.1/32")

    def test_events_end_with_the_node(self):
        with Node() as node, node.events(from_=1) as events:
            self.assertEqual(next(events)["seq"], 1)
            node.stop()
            with self.assertRaisesRegex(HarnessError, "stopped before.*'node_stopping'"):
                events.until(10, type="peer_ready")
            self.assertEqual(list(events), [])
            self.assertFalse(node.running)
            self.assertFalse((node.data_dir / "regtest" / ".cookie").exists())

    def test_a_failed_test_keeps_the_log(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            with self.assertRaises(ZeroDivisionError), Node() as node:
                raise ZeroDivisionError
        self.assertFalse(node.running)
        self.assertIn(str(node.log_path), said.getvalue())
        self.assertTrue(node.log_path.is_file())
        node.log_path.unlink()

    def test_the_example(self):
        names = {}
        exec(EXAMPLE, names)  # pylint: disable=exec-used
        names["test_a_lost_peer_comes_back"]()


if __name__ == "__main__":
    unittest.main()
