# SPDX-License-Identifier: MIT
"""A node: its start, its questions, its end."""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import pathlib
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from typing import IO, Any, Iterable, Iterator, Sequence

from .connections import HTTP_SECONDS, Answer, HttpConnection, host_of
from .errors import HarnessError, NotStarted, NotStopped, RpcError
from .events import EventStream, WebSocket
from .forks import fork_lock, hold_alone

READY_SECONDS = 30.0
STOP_SECONDS = 5.0  # what `peerage run` promises


def find_program() -> str:
    """The executable to start. Raises NotStarted if there is none."""
    named = os.environ.get("PEERAGE")
    if named:
        return named
    built = pathlib.Path(__file__).resolve().parent.parent.parent / "build" / "peerage"
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
    defaults  False: `options` are all there is, beside --stop-at-eof; what they do not say is
              the program's choice
    wait      False: does not wait for the ready line; call `wait_ready` before anything else

    The `with` block stops the node at its end and raises NotStopped unless that goes well,
    also if the node has ended before without being told to by `stop`, `kill` or `wait`. If
    the block fails, it kills the node and keeps its log.

    The node belongs to the process that has started it, and stops when that is gone, however
    it ended: it watches a pipe that nobody else holds. A forked child may ask it things, but
    neither ends it nor removes its folder, however the child ends, nor does it keep it alive:
    what is about the node's end raises HarnessError there, and `with` and `close` do nothing
    to it.
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
        self._lifeline: IO[bytes] | None = None  # the node stops when nobody holds it
        self._program = program
        self._launcher = launcher
        _open_nodes.add(self)
        _close_nodes_of_a_worker()
        try:
            if defaults:
                self._add_defaults()
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
            raise NotStarted(f"no ready line in {timeout} s:\n{self.end_of_log()}")
        line, newline, _ = self._output.partition(b"\n")
        if not newline:
            with contextlib.suppress(TimeoutError):
                raise NotStarted(f"exit status {self.wait()}:\n{self.end_of_log()}")
            raise NotStarted(f"it has closed its stdout without one:\n{self.end_of_log()}")
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
        connection = HttpConnection(url, timeout)
        try:
            connection.request(method, path, body.encode() if isinstance(body, str) else body,
                               {"Host": host_of(url), **(headers or {})})
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

    # -- its peers ----------------------------------------------------------------------

    def find_peer(self, address: str) -> dict[str, Any] | None:
        """The entry of getpeerinfo for the peer at this "ip:port", if there is one."""
        found: list[dict[str, Any]] = self.rpc("getpeerinfo")
        return next((peer for peer in found if peer["addr"] == address), None)

    def connect_to(self, other: Node, timeout: float = 30.0) -> int:
        """Dials another node and stays connected to it, as with `addnode add`. Returns our id
        of it, once the connection is ready at both ends. Raises RpcError if our end is not
        ready within `timeout` seconds, HarnessError if the other end is not."""
        deadline = time.monotonic() + timeout
        with contextlib.suppress(RpcError):  # it has been added before
            self.rpc("addnode", other.p2p, "add")
        while True:
            left = max(0.1, deadline - time.monotonic())
            peer: int = self.wait_for({"peer": {"address": other.p2p}}, left)["id"]
            ours = self.find_peer(other.p2p)
            if ours is not None and ours["id"] == peer:
                # If the connection is lost and made anew, it comes from another port.
                with contextlib.suppress(RpcError):
                    other.wait_for({"peer": {"address": ours["addrbind"]}}, min(left, 1.0))
                    return peer
            if deadline < time.monotonic():
                raise HarnessError(f"the connection to {other.p2p} is not ready at that end "
                                   f"within {timeout} s:\n{other.end_of_log()}")

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
                             + self.end_of_log()) from None
        if status != 0:
            self.keep_log()
            raise NotStopped(f"exit status {status}:\n{self.end_of_log()}")
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

    def restart(self, ready_timeout: float = READY_SECONDS, *,
                same_ports: bool = False) -> None:
        """Starts it again when it has ended: with the same options, on the same data
        directory. Where any free port was asked for it may be another one, unless
        `same_ports`: then the peers that knew it find it again. The log goes on. Raises
        NotStarted, also if somebody else has taken a port meanwhile."""
        self._started_by_us()
        if self.running:
            raise HarnessError("it still runs: stop() or kill() it first")
        if same_ports:
            self._fix_ports()
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
        self._let_go_of_pipe()
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
        self._let_go_of_pipe()
        self.ready, self._output, self._end_is_known = {}, b"", False
        command = [*self._launcher, self._program or find_program(), "run", "--stop-at-eof",
                   *self._options]
        with open(self.log_path, "ab") as log, fork_lock, _interrupt_put_off():
            stdin, lifeline = os.pipe()
            self._lifeline = open(lifeline, "wb", buffering=0)
            hold_alone(self._lifeline)
            try:
                self._process = subprocess.Popen(command, stdin=stdin, env=self._env,
                                                 stdout=subprocess.PIPE, stderr=log)
            except OSError as error:
                raise NotStarted(f"cannot start {command[0]}: {error}") from error
            finally:
                os.close(stdin)

    def _let_go_of_pipe(self) -> None:
        if self._lifeline is not None:
            self._lifeline.close()

    def _fix_ports(self) -> None:
        """From now on it listens where it has listened, not on any free port."""
        for name, places in (("--listen", self.ready.get("p2p")),
                             ("--status", self.ready.get("status"))):
            if not places:
                continue
            options = iter(self._options)
            self._options = []
            for option in options:
                if option == name:
                    next(options, None)
                elif not option.startswith(name + "="):
                    self._options.append(option)
            for place in places:
                self._options += [name, place.removeprefix("http://")]

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

    def end_of_log(self) -> str:
        """The last lines of its log."""
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
