#!/usr/bin/env python3
"""scripts/peerage_harness.py, with nodes as its users start them, and its WebSocket client
against a server that is not polite."""

import base64
import contextlib
import hashlib
import io
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

HARNESS = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "peerage_harness.py"
sys.path.insert(0, str(HARNESS.parent))

import peerage_harness  # noqa: E402
from peerage_harness import HarnessError, Node, NotStarted, NotStopped, RpcError, WebSocket


def script(folder, text):
    """A program to start in the place of a node."""
    path = pathlib.Path(folder) / "program"
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


READY = """echo '{"event":"ready","version":"0","network":"regtest","p2p":[],"status":[]}'\n"""


class StartAndStop(unittest.TestCase):
    """Programs that misbehave where a node should not."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="peerage-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def test_ends_instead_of_getting_ready(self):
        with self.assertRaises(NotStarted) as caught:
            Node(program=script(self.folder, "echo 'port in use' >&2; exit 2"))
        self.assertIn("exit status 2", str(caught.exception))
        self.assertIn("port in use", str(caught.exception))

    def test_says_nothing_or_nonsense(self):
        with self.assertRaises(NotStarted) as caught:
            Node(program=script(self.folder, "exec sleep 60"), ready_timeout=0.2)
        self.assertIn("no ready line in 0.2 s", str(caught.exception))
        with self.assertRaises(NotStarted):
            Node(program=script(self.folder, "echo hello; exec sleep 60"))

    def test_is_not_there(self):
        with self.assertRaises(NotStarted):
            Node(program=self.folder + "/missing")

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

    def test_help(self):
        shown = subprocess.run([sys.executable, "-B", HARNESS, "--help"], capture_output=True,
                               text=True, timeout=20, check=True).stdout
        for line in peerage_harness.EXAMPLE.splitlines():
            self.assertIn(line, shown)
        self.assertLessEqual(len(peerage_harness.EXAMPLE.splitlines()), 15)


class RunningNode(unittest.TestCase):
    """What a node offers, over both kinds of sockets."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="peerage-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.unix = f"unix:{folder.name}/status.sock"
        cls.node = Node("--swarm", "5", "--status", "127.0.0.1:0", "--status", cls.unix)
        cls.addClassCleanup(cls.node.close)
        cls.node.wait_for({"peers_ready": 5}, timeout=20)

    def test_documents(self):
        self.assertEqual(self.node.urls[1], self.unix)
        for url in self.node.urls:
            self.assertEqual(self.node.get("/status", url=url)["node"]["pid"], self.node.pid)
        self.assertTrue(self.node.get("/health")["healthy"])
        self.assertIn("error", self.node.get("/peers/99999"))

    def test_only_a_unix_socket(self):
        with tempfile.TemporaryDirectory(prefix="peerage-test-") as folder:
            with Node("--status", f"unix:{folder}/s") as node:
                self.assertEqual(node.rpc("getconnectioncount"), 0)
                with node.events(from_=1) as events:
                    self.assertEqual(next(events)["type"], "node_started")

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
        self.assertIn("ready", caught.exception.data["progress"])

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

    def test_events_end_with_the_node(self):
        with Node() as node, node.events(from_=1) as events:
            self.assertEqual(next(events)["seq"], 1)
            node.stop()
            for _ in events:
                pass
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
        exec(peerage_harness.EXAMPLE, names)  # pylint: disable=exec-used
        names["test_a_lost_peer_comes_back"]()

    def test_the_pytest_fixture(self):
        pytest = pathlib.Path("test_it.py")
        with tempfile.TemporaryDirectory(prefix="peerage-test-") as folder:
            (folder / pytest).write_text(
                "from peerage_harness import peerage_node\n"
                "def test_it(peerage_node):\n"
                "    peerage_node('--swarm', '2').wait_for({'peers_ready': 2})\n"
                "def test_that_fails(peerage_node):\n"
                "    assert peerage_node().urls == []\n")
            done = subprocess.run(
                [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", pytest],
                cwd=folder, capture_output=True, text=True, timeout=60, check=False,
                env={**os.environ, "PYTHONPATH": str(HARNESS.parent), "TMPDIR": folder})
            if "No module named pytest" in done.stderr:
                self.skipTest("no pytest for this Python")
            self.assertIn("1 failed, 1 passed", done.stdout)
            self.assertRegex(done.stdout, "the node's log: ")
            self.assertEqual(len(list(pathlib.Path(folder).glob("*.log"))), 1)


class Server:
    """Accepts one WebSocket and sends the given bytes on it."""

    def __init__(self, *sends, accept=None):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self.received = b""
        self._sends, self._accept = sends, accept
        self.go_on = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.go_on.release(100)
        self._listener.close()
        self._thread.join(10)

    def _run(self):
        client, _ = self._listener.accept()
        with client:
            client.settimeout(10)
            request = b""
            while not request.endswith(b"\r\n\r\n"):
                request += client.recv(4096)
            key = next(line.split(b": ")[1] for line in request.split(b"\r\n")
                       if line.lower().startswith(b"sec-websocket-key"))
            accept = base64.b64encode(
                hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
            client.sendall(b"HTTP/1.1 101 Go\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
                           b"sec-websocket-accept: " + (self._accept or accept) + b"\r\n\r\n")
            for piece in self._sends:
                if piece is None:
                    self.go_on.acquire(timeout=10)
                else:
                    client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            with contextlib.suppress(OSError):
                while some := client.recv(4096):
                    self.received += some


def frame(kind, payload, final=True):
    size = len(payload)
    length = (bytes([size]) if size < 126 else b"\x7e" + struct.pack(">H", size)
              if size < 65536 else b"\x7f" + struct.pack(">Q", size))
    return bytes([kind | (0x80 if final else 0)]) + length + payload


class Client(unittest.TestCase):
    """The WebSocket client."""

    def test_sizes(self):
        texts = ["", "x" * 125, "y" * 126, "z" * 65536, "Grüße"]
        with Server(b"".join(frame(1, x.encode()) for x in texts),
                    frame(8, b"\x03\xe9away")) as server:
            with WebSocket(server.url, "/events") as client:
                self.assertEqual([client.receive(10) for _ in texts], texts)
                self.assertIsNone(client.receive(10))
                self.assertIsNone(client.receive(10))
                self.assertEqual(client.close_code, 1001)

    def test_fragments_with_a_ping_between_and_a_pause(self):
        with Server(frame(1, b"one ", False), frame(9, b"hello"), frame(0, b"two ", False),
                    frame(0, b"three")[:4], None, frame(0, b"three")[4:]) as server:
            with WebSocket(server.url, "/events") as client:
                with self.assertRaises(TimeoutError):
                    client.receive(0.2)
                server.go_on.release()
                self.assertEqual(client.receive(10), "one two three")
        self.assertEqual(server.received[:2], b"\x8a\x85", "a masked pong of 5 bytes")
        mask, pong = server.received[2:6], server.received[6:11]
        self.assertEqual(bytes(a ^ b for a, b in zip(pong, mask * 2)), b"hello")

    def test_what_is_refused(self):
        for sends in ([b"\x81\x7f" + struct.pack(">Q", 1 << 40)], [b"\x81\x85abcdefghi"],
                      [frame(1, b"cut off")[:5]], [b"\x81"], [frame(1, b"x" * 600000, False),
                                                              frame(0, b"x" * 600000)]):
            with self.subTest(sends=sends[0][:12]), Server(*sends) as server:
                with WebSocket(server.url, "/events") as client:
                    with self.assertRaises((HarnessError, OSError)):
                        client.receive(10)
        with Server(accept=b"bm8=") as server, self.assertRaises(HarnessError):
            WebSocket(server.url, "/events")


if __name__ == "__main__":
    unittest.main()
