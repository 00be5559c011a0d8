#!/usr/bin/env python3
"""Starts a peerage node for a test, drives it, waits for it, stops it.

One file, Python 3.10 or later, nothing but the standard library: copy it, or put scripts/
on PYTHONPATH. `python3 peerage_harness.py --help` shows how to use it.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import secrets
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
from typing import Any, Iterable, Iterator

__all__ = ["Node", "RpcError", "HarnessError", "NotStarted", "NotStopped", "EventStream",
           "WebSocket", "find_program"]

READY_SECONDS = 30.0
STOP_SECONDS = 5.0  # what `peerage run` promises
HTTP_SECONDS = 10.0
FRAME_BYTES = 1 << 20  # an event is far smaller
HEADER_BYTES = 16 << 10

EXAMPLE = '''\
from peerage_harness import Node

def test_a_lost_peer_comes_back():
    with Node() as ours, Node("--connect", ours.p2p) as theirs:
        ours.wait_for({"peers_ready": 1}, timeout=10)
        peer = ours.get("/peers")[0]
        assert peer["user_agent"] == theirs.get("/status")["node"]["user_agent"]
        assert ours.request(peer["id"], "measure_latency")["round_trip"] < 1
        since = ours.get("/status")["events"]["next"]
        ours.rpc("disconnectnode", nodeid=peer["id"])
        left = ours.wait_for({"peer_gone": {"id": peer["id"]}})
        assert left["reason"] == "disconnect_requested"
        back = ours.wait_for({"event": {"type": "peer_ready", "since": since}})
        assert back["peer"] != peer["id"]
'''

HELP = f"""\
A node for a test. What somebody might write:

{"".join("    " + line for line in EXAMPLE.splitlines(keepends=True))}
With pytest, `from peerage_harness import peerage_node` (in conftest.py, say) gives the
fixture `peerage_node`: call it with options of `peerage run` to start nodes; they are
stopped after the test, and the test fails if one does not stop as it should.

    def test_it(peerage_node):
        node = peerage_node("--swarm", "5")
        node.wait_for({{"peers_ready": 5}})

What a node offers
  Node(*options)              starts `peerage run` on regtest, free ports, a temporary
                              data directory; returns when everything listens
  node.rpc(method, ...)       JSON-RPC, with the cookie; parameters by place or by name
  node.get(path)              a document: /status, /peers, /peers/3, /addresses, /bans
  node.wait_for(condition)    returns what made it true; no polling
  node.events(from_, types)   the events as they happen, each a dict
  node.request(peer, type)    a typed request to peer 3, or to "any"
  node.stop()                 SIGTERM; the node has 5 s and must exit 0
  node.log()                  what it has logged

The program is $PEERAGE, else build/peerage beside this file's repository, else peerage on
the PATH. When a `with` block fails, the node's log is kept and its path printed.
"""


class HarnessError(Exception):
    """The node did something else than it should."""


class NotStarted(HarnessError):
    """The node ended, or said nothing, instead of its ready line."""


class NotStopped(HarnessError):
    """The node did not stop in time, or not with exit status 0."""


class RpcError(HarnessError):
    """What a call was refused with. `data` is None unless the error has some: a `wait_for`
    that timed out says in it how far it was."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})" + (f": {json.dumps(data)}" if data else ""))
        self.code = code
        self.message = message
        self.data = data


def find_program() -> str:
    """The executable to start. Raises NotStarted if there is none."""
    named = os.environ.get("PEERAGE")
    if named:
        return named
    built = pathlib.Path(__file__).resolve().parent.parent / "build" / "peerage"
    found = str(built) if built.is_file() else shutil.which("peerage")
    if not found:
        raise NotStarted(f"no program: $PEERAGE is not set, there is no {built}, and no "
                         "peerage on the PATH")
    return found


# -- connections ------------------------------------------------------------------------


def _open(url: str, timeout: float) -> socket.socket:
    """Connects to a status address as the ready line has it: http://HOST:PORT, unix:PATH."""
    if not url.startswith("unix:"):
        parts = urllib.parse.urlsplit(url)
        return socket.create_connection((parts.hostname, parts.port), timeout)
    result = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        result.settimeout(timeout)
        result.connect(url[len("unix:"):])
    except BaseException:
        result.close()
        raise
    return result


def _host(url: str) -> str:
    return "localhost" if url.startswith("unix:") else urllib.parse.urlsplit(url).netloc


class _Connection(http.client.HTTPConnection):
    """HTTP to a status address, of either kind."""

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._url = url
        self._timeout = timeout

    def connect(self) -> None:
        self.sock = _open(self._url, self._timeout)


class WebSocket:
    """A client for one WebSocket (RFC 6455) that reads text. It answers pings, joins
    fragments, and refuses what is longer than 1 MiB.

    `url` is a status address as the ready line has it; `path` begins with a slash. Raises
    HarnessError if the server does not upgrade. `timeout`, in seconds, is for the opening.
    """

    _MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    def __init__(self, url: str, path: str, timeout: float = HTTP_SECONDS) -> None:
        self._buffer = bytearray()
        self._closed = False
        self.close_code: int | None = None  #: 1001 when the node stops
        self._socket = _open(url, timeout)
        try:
            self._upgrade(_host(url), path, time.monotonic() + timeout)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def receive(self, timeout: float | None = None) -> str | None:
        """The next text; None when the server has closed the stream. Raises TimeoutError
        if it does not come within `timeout` seconds (None: waits for ever); a message that
        was half there is not lost."""
        deadline = None if timeout is None else time.monotonic() + timeout
        text = bytearray()
        while not self._closed:
            try:
                kind, final, payload = self._frame(deadline, len(text))
            except TimeoutError:
                self._buffer[:0] = self._unread(text)
                raise
            if kind == 8:
                self.close_code = struct.unpack(">H", payload[:2])[0] if payload else 1005
                self.close()
            elif kind == 9:
                self._send(10, payload)
            elif kind in (0, 1, 2):
                text += payload
                if final:
                    return text.decode()
        return None

    def close(self) -> None:
        """Says goodbye, if the other side still listens, and closes the socket."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._send(8, struct.pack(">H", 1000))
            self._socket.close()

    def _upgrade(self, host: str, path: str, deadline: float) -> None:
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self._socket.sendall((f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
                              f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > HEADER_BYTES or not self._read_some(deadline):
                raise HarnessError(f"no answer to the upgrade of {path}")
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[:end + 4]
        headers = {name.strip().lower(): value.strip()
                   for name, _, value in (line.partition(":") for line in lines[1:])}
        accept = base64.b64encode(hashlib.sha1((key + self._MAGIC).encode()).digest())
        if lines[0].split(" ")[1:2] != ["101"]:
            raise HarnessError(f"{path} was not upgraded: {lines[0]}")
        if headers.get("sec-websocket-accept") != accept.decode():
            raise HarnessError(f"{path}: the upgrade's answer is not for our key")

    def _frame(self, deadline: float | None, already: int) -> tuple[int, bool, bytes]:
        """(opcode, final, payload) of the next frame, taken from the buffer when whole."""
        self._need(2, deadline)
        final, kind = bool(self._buffer[0] & 0x80), self._buffer[0] & 0x0f
        size, begin = self._buffer[1] & 0x7f, 2
        if self._buffer[1] & 0x80:
            raise HarnessError("a frame of the server is masked")
        if size == 126:
            self._need(4, deadline)
            size, begin = struct.unpack(">H", self._buffer[2:4])[0], 4
        elif size == 127:
            self._need(10, deadline)
            size, begin = struct.unpack(">Q", self._buffer[2:10])[0], 10
        if size + already > FRAME_BYTES:
            raise HarnessError(f"a message of {size + already} bytes")
        self._need(begin + size, deadline)
        payload = bytes(self._buffer[begin:begin + size])
        del self._buffer[:begin + size]
        return kind, final, payload

    @staticmethod
    def _unread(text: bytearray) -> bytes:
        """Fragments that were read, as one frame to be read again."""
        return b"" if not text else b"\x01\x7f" + struct.pack(">Q", len(text)) + bytes(text)

    def _need(self, size: int, deadline: float | None) -> None:
        while len(self._buffer) < size:
            if not self._read_some(deadline):
                raise HarnessError("the event stream broke off")

    def _read_some(self, deadline: float | None) -> bool:
        if deadline is not None and deadline <= time.monotonic():
            raise TimeoutError("nothing came in time")
        self._socket.settimeout(None if deadline is None else deadline - time.monotonic())
        some = self._socket.recv(65536)
        self._buffer += some
        return bool(some)

    def _send(self, kind: int, payload: bytes) -> None:
        """One control frame, masked as a client's must be; at most 125 bytes."""
        mask = secrets.token_bytes(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        self._socket.settimeout(HTTP_SECONDS)
        self._socket.sendall(bytes([0x80 | kind, 0x80 | len(payload)]) + mask + masked)


class EventStream:
    """What `Node.events` returns: an iterator of events, to be closed."""

    def __init__(self, socket_: WebSocket, timeout: float) -> None:
        self._socket = socket_
        self._timeout = timeout

    def __enter__(self) -> EventStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> dict[str, Any]:
        text = self._socket.receive(self._timeout)
        if text is None:
            raise StopIteration
        event: dict[str, Any] = json.loads(text)
        return event

    def close(self) -> None:
        """Closes the connection. Closing twice is fine."""
        self._socket.close()


# -- the node ---------------------------------------------------------------------------


class Node:
    """One `peerage run`, started by its construction and meant for a `with` block.

    `options` are passed on to `peerage run`. Unless they say otherwise it runs on regtest,
    listens on a free port of 127.0.0.1, has its status socket on another, and keeps its
    data in a temporary directory, removed at the end. `program` is by default what
    `find_program` finds; `env` is its environment. Raises NotStarted, with the end of its
    log, if the ready line does not come within `ready_timeout` seconds.
    """

    def __init__(self, *options: str, program: str | None = None,
                 ready_timeout: float = READY_SECONDS,
                 env: dict[str, str] | None = None) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-"))
        self.log_path = self.folder / "log"
        self.ready: dict[str, Any] = {}  #: the ready line
        self._options = [str(option) for option in options]
        self._keep_log = False
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.data_dir = pathlib.Path(
                self._option("--data-dir") or self.folder / "data")
            defaults = {"--network": "regtest", "--listen": "127.0.0.1:0",
                        "--status": "127.0.0.1:0", "--data-dir": str(self.data_dir)}
            self._command = [program or find_program(), "run", *self._options]
            for name, value in defaults.items():
                if self._option(name) is None:
                    self._command += [name, value]
            with open(self.log_path, "wb") as log:
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=log, env=env)
            self._read_ready(ready_timeout)
        except OSError as error:
            self.close()
            raise NotStarted(f"cannot start {self._command[0]}: {error}") from error
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Node:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stops the node if it still runs, and keeps its log if the block failed."""
        if kind is not None:
            self.keep_log()
        try:
            if kind is None and self.running:
                self.stop()
        finally:
            self.close()

    # -- what it is ---------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running_process().pid

    @property
    def running(self) -> bool:
        """False once it has ended, by itself or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def p2p(self) -> str:
        """The first address on which it listens for peers, as "ip:port"."""
        if not self.ready["p2p"]:
            raise HarnessError("this node does not listen for peers")
        return str(self.ready["p2p"][0])

    @property
    def urls(self) -> list[str]:
        """Its status addresses: http://HOST:PORT and unix:PATH."""
        return list(self.ready["status"])

    @property
    def cookie(self) -> str:
        """User and password for calls, as the node wrote them: "__cookie__:<hex>"."""
        network = self.ready["network"]
        folder = self.data_dir if network == "main" else self.data_dir / network
        return (folder / ".cookie").read_text().strip()

    def log(self) -> str:
        """All that it has logged."""
        return self.log_path.read_text(errors="replace")

    def keep_log(self) -> None:
        """The log will be kept when the node is closed, and its path printed."""
        self._keep_log = True

    # -- what it is asked ---------------------------------------------------------------

    def get(self, path: str, url: str | None = None) -> Any:
        """The JSON document at `path`, whatever the status; text if it is not JSON (as
        /metrics). `url` is the status address to ask, by default the first."""
        _, kind, body = self._exchange("GET", path, url=url)
        return json.loads(body) if "json" in kind else body.decode(errors="replace")

    def rpc(self, method: str, *params: Any, **named: Any) -> Any:
        """The result of a call, with parameters by place or by name, not both. Raises
        RpcError with the code that Bitcoin Core would use, or one of peerage's own."""
        return self._call(method, params, named, HTTP_SECONDS)

    def wait_for(self, condition: dict[str, Any], timeout: float = 30.0) -> Any:
        """Waits in the node, without polling, until `condition` is true, and returns what
        made it so: {"peers_ready": 3}, {"peer": {"address": "127.0.0.1"}},
        {"peer_gone": {"id": 3}}, {"event": {"type": "peer_ready", "since": 17}},
        {"address_known": "1.2.3.4:8333"}, {"banned": "1.2.3.0/24"}. After `timeout`
        seconds: RpcError -110, with how far it was in its data."""
        answer = self._call("waitfor", (), {"condition": condition, "timeout": timeout},
                            timeout + HTTP_SECONDS)
        return answer["found"]

    def request(self, peer: int | str, type: str, timeout: float = 30.0,
                **parameters: Any) -> Any:
        """Sends a typed request to a peer by its id, or to "any", and returns the answer:
        measure_latency, get_addresses, get_headers, get_block_hashes, get_blocks,
        get_transactions, get_mempool, send_transaction, announce_transactions,
        announce_block, announce_addresses. Every other end of it is an RpcError: not_found
        -101, timeout -102, overloaded -103, cancelled -104, peer_gone -105, no_ready_peer
        -106, shutting_down -107."""
        named = {"peer": peer, "type": type, "timeout": timeout, **parameters}
        return self._call("request", (), named, timeout + HTTP_SECONDS)

    def events(self, from_: int | None = None, types: Iterable[str] | None = None,
               timeout: float = 30.0, url: str | None = None) -> EventStream:
        """The events of the node, each a dict with `seq`, `time`, `type`: those from
        number `from_` on, or those that happen from this call on; only of `types`, if
        given. Ends when the node stops; raises TimeoutError when no event came for
        `timeout` seconds, and can be read on after that. The connection is open when this
        returns; close() or a `with` block closes it. A reader that fell behind gets
        {"type": "gap", "from": A, "to": B} for the events it has missed."""
        url = url or self._first_url()
        if from_ is None:
            # Named, because "from now on" would begin when the server has come to it.
            from_ = self.get("/status", url)["events"]["next"]
        query = {"from": str(from_), **({} if types is None else {"types": ",".join(types)})}
        path = "/events?" + urllib.parse.urlencode(query, safe=",")
        return EventStream(WebSocket(url, path), timeout)

    # -- its end ------------------------------------------------------------------------

    def stop(self, timeout: float = STOP_SECONDS) -> None:
        """SIGTERM. Raises NotStopped, and keeps the log, if it is not gone with exit status
        0 after `timeout` seconds. What has been stopped can be stopped again."""
        process = self._running_process()
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.keep_log()
            self.kill()
            raise NotStopped(f"still running {timeout} s after SIGTERM") from None
        if status != 0:
            self.keep_log()
            raise NotStopped(f"exit status {status}:\n{self._end_of_log()}")

    def kill(self) -> None:
        """SIGKILL, for tests of what survives."""
        process = self._running_process()
        process.kill()
        process.wait()

    def close(self) -> None:
        """Leaves nothing behind but a log that is to be kept."""
        if self._process is not None:
            if self._process.poll() is None:
                self.kill()
            if self._process.stdout:
                self._process.stdout.close()
        if self._keep_log and self.log_path.exists():
            kept, name = tempfile.mkstemp(prefix="peerage-", suffix=".log")
            os.close(kept)
            shutil.move(str(self.log_path), name)
            self.log_path = pathlib.Path(name)
            self._keep_log = False
            print(f"the node's log: {name}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- inside -------------------------------------------------------------------------

    def _option(self, name: str) -> str | None:
        """The last value of an option that was given, as `--name value` or `--name=value`."""
        found = None
        for i, option in enumerate(self._options):
            if option == name and i + 1 < len(self._options):
                found = self._options[i + 1]
            elif option.startswith(name + "="):
                found = option[len(name) + 1:]
        return found

    def _running_process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise HarnessError("this node was never started")
        return self._process

    def _first_url(self) -> str:
        if not self.urls:
            raise HarnessError("this node has no status socket")
        return self.urls[0]

    def _end_of_log(self) -> str:
        return "".join(self.log().splitlines(keepends=True)[-15:])

    def _read_ready(self, timeout: float) -> None:
        process = self._running_process()
        assert process.stdout is not None
        deadline = time.monotonic() + timeout
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise NotStarted(f"no ready line in {timeout} s:\n{self._end_of_log()}")
                some = os.read(process.stdout.fileno(), 4096)
                if not some:
                    status = process.wait(STOP_SECONDS)
                    raise NotStarted(f"exit status {status}:\n{self._end_of_log()}")
                line += some
        try:
            self.ready = json.loads(line)
        except ValueError as error:
            raise NotStarted(f"not a ready line: {line!r}") from error

    def _exchange(self, method: str, path: str, body: bytes | None = None,
                  headers: dict[str, str] | None = None, url: str | None = None,
                  timeout: float = HTTP_SECONDS) -> tuple[int, str, bytes]:
        """(status, content type, body) of one request on a connection of its own."""
        url = url or self._first_url()
        connection = _Connection(url, timeout)
        try:
            connection.request(method, path, body, {"Host": _host(url), **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()

    def _call(self, method: str, params: tuple[Any, ...], named: dict[str, Any],
              timeout: float) -> Any:
        if params and named:
            raise TypeError("parameters by place or by name, not both")
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                           "params": named or list(params)}).encode()
        headers = {"Content-Type": "application/json", "Authorization":
                   "Basic " + base64.b64encode(self.cookie.encode()).decode()}
        status, _, answer = self._exchange("POST", "/", body, headers, timeout=timeout)
        try:
            document = json.loads(answer)
            error = document.get("error")
        except (ValueError, AttributeError):
            raise HarnessError(f"{method}: HTTP {status}, and no JSON-RPC") from None
        if isinstance(error, dict):
            raise RpcError(error["code"], error["message"], error.get("data"))
        if "result" not in document:
            raise HarnessError(f"{method}: HTTP {status}, {document}")
        return document["result"]


# -- pytest -----------------------------------------------------------------------------

try:
    import pytest
except ImportError:
    pass
else:
    @pytest.fixture
    def peerage_node(request: Any) -> Iterator[Any]:
        """Starts nodes: `node = peerage_node("--swarm", "5")`. They are stopped after the
        test; one that does not stop as it should fails it. Logs are kept if it failed."""
        nodes: list[Node] = []
        failures_before = request.session.testsfailed

        def start(*options: str, **more: Any) -> Node:
            nodes.append(Node(*options, **more))
            return nodes[-1]

        yield start
        with contextlib.ExitStack() as stack:
            for node in nodes:
                stack.callback(node.close)
                if request.session.testsfailed > failures_before:
                    node.keep_log()
                if node.running:
                    stack.callback(node.stop)
    __all__.append("peerage_node")


def main() -> int:
    """Shows how to use this file; with --check, starts a node and stops it."""
    parser = argparse.ArgumentParser(
        prog="peerage_harness.py", description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true",
                        help="start a node and stop it, to see whether all is in place")
    if not parser.parse_args().check:
        parser.print_help()
        return 0
    try:
        with Node() as node:
            print(f"{node.ready['version']} answers at {node.urls[0]}")
    except HarnessError as error:
        print(f"peerage_harness.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
