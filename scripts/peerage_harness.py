#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Starts a peerage node for a test, drives it, waits for it, stops it.

One file, Python 3.10 or later, nothing but the standard library: copy it, or put scripts/
on PYTHONPATH. `python3 peerage_harness.py --help` shows how to use it.
"""

from __future__ import annotations

import argparse
import atexit
import base64
import contextlib
import email.message
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
import threading
import time
import urllib.parse
from typing import IO, Any, Callable, Iterable, Iterator, NamedTuple, Sequence

__all__ = ["Node", "Answer", "EventStream", "WebSocket", "HarnessError", "NotStarted",
           "NotStopped", "RpcError", "connect", "find_program", "run_to_end"]

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
A node for a test. An example:

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
  node.http(method, path)     one HTTP request, with the status and headers of its answer
  node.stop()                 SIGTERM; the node has 5 s and must exit 0
  node.kill()                 SIGKILL; send_signal(how) and wait(timeout) are there, too
  node.restart()              starts it again, on the same data directory
  node.log()                  what it has logged
Beside it
  run_to_end(*arguments)      a run that ends by itself, such as one that must be refused
  connect(address)            a socket to node.p2p, or to one of node.urls

The program is $PEERAGE, else build/peerage beside this file's repository, else peerage on
the PATH. When a `with` block fails, the node's log is kept and its path printed. No node
outlives the test's process, unless that is killed by a signal it does not handle (Ctrl-C
is handled).
"""


class HarnessError(Exception):
    """The node did not do what it should."""


class NotStarted(HarnessError):
    """The node ended, or said nothing, instead of its ready line. Shows what it logged
    last."""


class NotStopped(HarnessError):
    """The node did not stop in time, or not with exit status 0. Shows what it logged last."""


class RpcError(HarnessError):
    """The error of a refused call. `data` is None unless the error has some: for a
    `wait_for` that timed out, the state by then."""

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


def run_to_end(*arguments: str | os.PathLike[str], timeout: float = 20.0,
               env: dict[str, str] | None = None,
               launcher: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Runs the program with these arguments until it ends by itself, as it does when it
    cannot start: look at `returncode`, `stdout` and `stderr`. Raises
    subprocess.TimeoutExpired, after killing it, if it still runs after `timeout` seconds.
    `launcher` is as in `Node`."""
    return subprocess.run([*launcher, find_program(), *map(str, arguments)],
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          errors="replace", timeout=timeout, check=False, env=env)


# -- connections ------------------------------------------------------------------------


def connect(address: str, timeout: float = HTTP_SECONDS, source: str | None = None,
            receive_buffer: int | None = None) -> socket.socket:
    """Connects to an address in the form of the ready line, "ip:port" (as `Node.p2p`) or
    "http://ip:port" or "unix:PATH" (as in `Node.urls`), and returns the socket.

    `source` is the IP address to come from, such as 127.0.0.9. A small `receive_buffer`, in
    bytes, is for tests that read slowly."""
    path = address[len("unix:"):] if address.startswith("unix:") else None
    host, _, port = address.removeprefix("http://").rpartition(":")
    host = host.strip("[]")
    family = (socket.AF_UNIX if path is not None else
              socket.AF_INET6 if ":" in host else socket.AF_INET)
    result = socket.socket(family, socket.SOCK_STREAM)
    try:
        result.settimeout(timeout)
        if receive_buffer is not None:
            result.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source is not None:
            result.bind((source, 0))
        result.connect(path if path is not None else (host, int(port)))
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
        self.sock = connect(self._url, self._timeout)


class Answer(NamedTuple):
    """The answer to an HTTP request, whatever its status."""

    status: int
    headers: email.message.Message  #: looked up by name, in upper or lower case
    body: bytes

    def json(self) -> Any:
        """The body, decoded. Raises HarnessError if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise HarnessError(
                f"HTTP {self.status}, and no JSON: {self.body[:200]!r}") from None


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
        self._owner = os.getpid()
        self.close_code: int | None = None  #: 1001 when the node stops
        self._socket = connect(url, timeout)
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
        """Says goodbye, if the other side still listens, and closes the socket. A forked
        child closes its copy only: the connection is its parent's."""
        if not self._closed:
            self._closed = True
            if os.getpid() == self._owner:
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
    """The result of `Node.events`: an iterator of events, to be closed."""

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

    def until(self, timeout: float = 30.0, **fields: Any) -> dict[str, Any]:
        """The next event that has all these fields, as in until(type="peer_left", peer=3);
        those before it are passed over. Raises TimeoutError, which tells of the last that
        came, if there is none within `timeout` seconds."""
        deadline = time.monotonic() + timeout
        last: dict[str, Any] | None = None
        while True:
            try:
                text = self._socket.receive(max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise TimeoutError(f"no event with {fields} within {timeout} s; "
                                   f"the last was {last}") from None
            if text is None:
                raise HarnessError(f"the node stopped before an event with {fields}; "
                                   f"the last was {last}")
            event: dict[str, Any] = json.loads(text)
            if fields.items() <= event.items():
                return event
            last = event

    def close(self) -> None:
        """Closes the connection. Closing twice is fine."""
        self._socket.close()


# -- the node ---------------------------------------------------------------------------


class Node:
    """One `peerage run`, started by its construction and meant for a `with` block.

    `options` are passed on to `peerage run`. Unless they say otherwise it runs on regtest,
    listens on a free port of 127.0.0.1, has its status socket on another, and keeps its
    data in a temporary directory, removed at the end. Raises NotStarted, with the end of
    its log, if the ready line does not come within `ready_timeout` seconds.

    program   by default what `find_program` finds
    env       its environment; by default ours
    launcher  a command that ends by executing the one behind it, such as
              ("sh", "-c", 'ulimit -n 99; exec "$@"', "sh") or ("ip", "netns", "exec", "a")
    defaults  False: `options` are all there is; what they do not say is the program's choice
    wait      False: does not wait for the ready line; call `wait_ready` before anything else

    The `with` block stops the node at its end and raises NotStopped unless that goes well,
    also if the node has ended before without being told to by `stop`, `kill` or `wait`. If
    the block fails, it kills the node and keeps its log.

    The node belongs to the process that has started it. A forked child may ask it things,
    but neither ends it nor removes its folder, however the child ends: what is about the
    node's end raises HarnessError there, and `with` and `close` do nothing to it.
    """

    def __init__(self, *options: str | os.PathLike[str], program: str | None = None,
                 env: dict[str, str] | None = None, launcher: Sequence[str] = (),
                 defaults: bool = True, wait: bool = True,
                 ready_timeout: float = READY_SECONDS) -> None:
        self.ready: dict[str, Any] = {}  #: the ready line; empty before it has come
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-"))
        self.log_path = self.folder / "log"
        self._options = [str(option) for option in options]
        self._env = env
        self._output = b""
        self._owner = os.getpid()
        self._end_is_known = False  # and its exit status, as a caller has seen it
        self._keep_log = False
        self._process: subprocess.Popen[bytes] | None = None
        _open_nodes.add(self)
        _close_nodes_of_a_worker()
        try:
            if defaults:
                self._add_defaults()
            self._command = [*launcher, program or find_program(), "run", *self._options]
            self._launch()
            if wait:
                self.wait_ready(ready_timeout)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Node:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self._is_ours():
            return
        if kind is not None:
            self.keep_log()
        try:
            if kind is None and not self._end_is_known:
                self.stop()
        finally:
            self.close()

    def wait_ready(self, timeout: float = READY_SECONDS) -> None:
        """Waits until everything listens, after a start with `wait=False`. Raises
        NotStarted."""
        if not self._read_output(timeout, to=b"\n"):
            raise NotStarted(f"no ready line in {timeout} s:\n{self._end_of_log()}")
        line, newline, _ = self._output.partition(b"\n")
        if not newline:
            with contextlib.suppress(TimeoutError):
                raise NotStarted(f"exit status {self.wait()}:\n{self._end_of_log()}")
            raise NotStarted(f"it has closed its stdout without one:\n{self._end_of_log()}")
        try:
            self.ready = dict(json.loads(line))
        except (ValueError, TypeError):
            raise NotStarted(f"not a ready line: {line!r}") from None

    # -- what it is ---------------------------------------------------------------------

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._started().pid

    @property
    def running(self) -> bool:
        """False once it has ended, by itself or not."""
        if self._process is None:
            return False
        if self._is_ours():
            return self._process.poll() is None
        try:
            os.kill(self._process.pid, 0)  # its end is for its parent to see
        except ProcessLookupError:
            return False
        return True

    @property
    def p2p(self) -> str:
        """The first address on which it listens for peers, as "ip:port"."""
        addresses: list[str] = self._said("p2p")
        if not addresses:
            raise HarnessError("this node does not listen for peers")
        return addresses[0]

    @property
    def urls(self) -> list[str]:
        """Its status addresses: http://HOST:PORT and unix:PATH."""
        return list(self._said("status"))

    @property
    def data_dir(self) -> pathlib.Path:
        """Its data directory, all networks in it."""
        named = self._option("--data-dir")
        if named is None:
            raise HarnessError("this node was not told a --data-dir")
        return pathlib.Path(named)

    @property
    def cookie_path(self) -> pathlib.Path:
        """The file with user and password for calls; there while the node runs."""
        network: str = self._said("network")
        folder = {"main": "", "testnet": "testnet3"}.get(network, network)
        return self.data_dir / folder / ".cookie"

    @property
    def cookie(self) -> str:
        """User and password for calls, as the node wrote them: "__cookie__:<hex>"."""
        return self.cookie_path.read_text().strip()

    def log(self) -> str:
        """All that it has logged, since its first start. Gone when the node is closed,
        unless it is kept."""
        return self.log_path.read_text(errors="replace")

    def keep_log(self) -> None:
        """The log will be kept when the node is closed, and its path printed."""
        self._keep_log = True

    def output(self, timeout: float = STOP_SECONDS) -> str:
        """What it has said on stdout, the ready line included, until it ended. Raises
        TimeoutError if it does not end within `timeout` seconds."""
        if not self._read_output(timeout):
            raise TimeoutError(f"it still runs after {timeout} s")
        return self._output.decode(errors="replace")

    # -- what it is asked ---------------------------------------------------------------

    def get(self, path: str, url: str | None = None) -> Any:
        """The JSON document at `path`, whatever the status; text if it is not JSON (as
        /metrics). `url` is the status address to ask, by default the first."""
        answer = self.http("GET", path, url=url)
        if "json" in answer.headers.get("Content-Type", ""):
            return answer.json()
        return answer.body.decode(errors="replace")

    def http(self, method: str, path: str, body: str | bytes | None = None,
             headers: dict[str, str] | None = None, url: str | None = None,
             timeout: float = HTTP_SECONDS) -> Answer:
        """One HTTP request, on a connection of its own, with `headers` beside those that
        belong to it. `url` is the status address to ask, by default the first."""
        url = url or self._first_url()
        connection = _Connection(url, timeout)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body,
                               {"Host": _host(url), **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def rpc(self, method: str, *params: Any, **named: Any) -> Any:
        """The result of a call, with parameters by place or by name, not both. Raises
        RpcError with the code that Bitcoin Core would use, or one of peerage's own."""
        return self._call(method, params, named, HTTP_SECONDS)

    def wait_for(self, condition: dict[str, Any], timeout: float = 30.0) -> Any:
        """Waits in the node, without polling, until `condition` is true, and returns what
        made it so: {"peers_ready": 3}, {"peer": {"address": "127.0.0.1"}},
        {"peer_gone": {"id": 3}}, {"event": {"type": "peer_ready", "since": 17}},
        {"address_known": "1.2.3.4:8333"}, {"banned": "1.2.3.0/24"}. An event may have
        happened before if `since` is given, the `seq` of the first that counts; without it,
        only one that happens from now on is meant. After `timeout` seconds: RpcError -110,
        which says how far it was. If the dial of a peer at "ip:port" fails, and no other is
        due in time: RpcError -111, at once."""
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
        -106, shutting_down -107, too_many_waiting -108. A request to "any" waits for a peer
        that can take it, unless `wait_for_peer` is False."""
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

    def stop(self, timeout: float = STOP_SECONDS,
             how: signal.Signals = signal.SIGTERM) -> float:
        """Ends it in order, by a signal, and returns how many seconds that took. Raises
        NotStopped, and keeps the log, if it is not gone with exit status 0 after `timeout`
        seconds. What has been stopped can be stopped again."""
        began = time.monotonic()
        self.send_signal(how)
        try:
            status = self.wait(timeout)
        except TimeoutError:
            self.keep_log()
            self.kill()
            raise NotStopped(f"still running {timeout} s after {how.name}:\n"
                             + self._end_of_log()) from None
        if status != 0:
            self.keep_log()
            raise NotStopped(f"exit status {status}:\n{self._end_of_log()}")
        return time.monotonic() - began

    def kill(self) -> int:
        """SIGKILL, for tests of what survives. Returns the exit status: -9, or another if
        the node was faster."""
        process = self._started_by_us()
        process.kill()
        self._end_is_known = True
        return process.wait()

    def send_signal(self, how: int) -> None:
        """Sends it a signal; does nothing once it has ended."""
        self._started_by_us().send_signal(how)

    def wait(self, timeout: float = STOP_SECONDS) -> int:
        """Waits until it has ended and returns its exit status, -15 if it was ended by
        signal 15. Raises TimeoutError if it still runs after `timeout` seconds."""
        process = self._started_by_us()
        deadline = time.monotonic() + timeout
        self._read_output(timeout)  # its end comes at once, Popen.wait only looks for it
        try:
            status = process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"it still runs after {timeout} s") from None
        self._end_is_known = True
        return status

    def restart(self, ready_timeout: float = READY_SECONDS) -> None:
        """Starts it again when it has ended: with the same options, on the same data
        directory. Where any free port was asked for it may be another one. The log goes
        on. Raises NotStarted."""
        self._started_by_us()
        if self.running:
            raise HarnessError("it still runs: stop() or kill() it first")
        self._launch()
        self.wait_ready(ready_timeout)

    def close(self) -> None:
        """Leaves nothing behind but a log that is to be kept."""
        if not self._is_ours():
            _open_nodes.discard(self)
            return
        if self._process is not None:
            self.kill()
            self._stdout().close()
        if self._keep_log and self.log_path.exists():
            kept, name = tempfile.mkstemp(prefix="peerage-", suffix=".log")
            os.close(kept)
            shutil.move(str(self.log_path), name)
            self.log_path = pathlib.Path(name)
            self._keep_log = False
            print(f"the node's log: {name}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)
        _open_nodes.discard(self)

    # -- inside -------------------------------------------------------------------------

    def _add_defaults(self) -> None:
        for name, value in (("--network", "regtest"), ("--listen", "127.0.0.1:0"),
                            ("--status", "127.0.0.1:0"),
                            ("--data-dir", str(self.folder / "data"))):
            if self._option(name) is None:
                self._options += [name, value]

    def _launch(self) -> None:
        if self._process is not None:
            self._stdout().close()
        self.ready, self._output, self._end_is_known = {}, b"", False
        try:
            with open(self.log_path, "ab") as log, _interrupt_put_off():
                self._process = subprocess.Popen(
                    self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=log, env=self._env)
        except OSError as error:
            raise NotStarted(f"cannot start {self._command[0]}: {error}") from error

    def _option(self, name: str) -> str | None:
        """The last value of an option that was given, as `--name value` or `--name=value`."""
        found = None
        for i, option in enumerate(self._options):
            if option == name and i + 1 < len(self._options):
                found = self._options[i + 1]
            elif option.startswith(name + "="):
                found = option[len(name) + 1:]
        return found

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise HarnessError("this node was never started")
        return self._process

    def _is_ours(self) -> bool:
        """Whether this process has started it, not one that we were forked from."""
        return self._owner == os.getpid()

    def _started_by_us(self) -> subprocess.Popen[bytes]:
        if not self._is_ours():
            raise HarnessError("this node belongs to the process that has started it, "
                               f"{self._owner}")
        return self._started()

    def _stdout(self) -> IO[bytes]:
        stdout = self._started().stdout
        assert stdout is not None, "it was started with a pipe"
        return stdout

    def _said(self, name: str) -> Any:
        """A field of the ready line."""
        if name not in self.ready:
            raise HarnessError(f"this node has not said its {name!r}")
        return self.ready[name]

    def _first_url(self) -> str:
        if not self.urls:
            raise HarnessError("this node has no status socket")
        return self.urls[0]

    def _end_of_log(self) -> str:
        return "".join(self.log().splitlines(keepends=True)[-15:])

    def _read_output(self, timeout: float, to: bytes | None = None) -> bool:
        """Collects its output up to its end, or to where `to` has come. False if `timeout`
        seconds have passed before."""
        deadline = time.monotonic() + timeout
        stdout = self._stdout()
        if stdout.closed:
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ)
            while to is None or to not in self._output:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    return False
                some = os.read(stdout.fileno(), 4096)
                if not some:
                    break
                self._output += some
        return True

    def _call(self, method: str, params: tuple[Any, ...], named: dict[str, Any],
              timeout: float) -> Any:
        if params and named:
            raise TypeError("parameters by place or by name, not both")
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                           "params": named or list(params)}).encode()
        headers = {"Content-Type": "application/json", "Authorization":
                   "Basic " + base64.b64encode(self.cookie.encode()).decode()}
        answer = self.http("POST", "/", body, headers, timeout=timeout)
        document = answer.json()
        if (answer.status != 200 or not isinstance(document, dict)
                or (document.get("jsonrpc"), document.get("id")) != ("2.0", 1)):
            raise HarnessError(f"{method}: HTTP {answer.status}, {answer.body[:200]!r}")
        if "error" in document:
            error = document["error"]
            raise RpcError(error["code"], error["message"], error.get("data"))
        return document["result"]


@contextlib.contextmanager
def _interrupt_put_off() -> Iterator[None]:
    """Ctrl-C waits: if it came between the start of a process and the moment when we know
    of it, that process would be left running."""
    if threading.current_thread() is not threading.main_thread():
        yield  # interrupts come to the main thread only
        return
    interrupts: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: interrupts.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if interrupts:
            signal.raise_signal(signal.SIGINT)


_open_nodes: set[Node] = set()
_worker = 0  # the process that multiprocessing was told to close the nodes of


@atexit.register
def _close_nodes() -> None:
    """Ends the nodes that were not closed, as after Ctrl-C outside of a `with` block."""
    for node in list(_open_nodes):
        node.close()


def _close_nodes_of_a_worker() -> None:
    """The same for a worker of multiprocessing that starts nodes: it runs no atexit."""
    global _worker  # pylint: disable=global-statement
    util = sys.modules.get("multiprocessing.util")
    if util is not None and _worker != os.getpid():
        _worker = os.getpid()
        util.Finalize(None, _close_nodes, exitpriority=0)


# -- pytest -----------------------------------------------------------------------------

try:
    import pytest
except ImportError:
    pass
else:
    @pytest.fixture
    def peerage_node(request: Any) -> Iterator[Callable[..., Node]]:
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
                if request.session.testsfailed > failures_before:
                    node.keep_log()
                stack.enter_context(node)
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
