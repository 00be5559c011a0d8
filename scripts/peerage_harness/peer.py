# SPDX-License-Identifier: MIT
"""A peer that is played by the test."""

from __future__ import annotations

import collections
import contextlib
import os
import select
import socket
import struct
import sys
import threading
import time
from typing import Any, Callable, Sequence

from .chain import Chain
from .connections import connect
from .errors import PeerError
from .forks import hold_alone
from .messages import MAGIC, Message, double_sha256, encode, frame, in_words
from .node import Node

PEER_SECONDS = 10.0
SHOWN_MESSAGES = 200  # of a conversation: the last ones
SHOWN_BYTES = 2000  # of longer ones only the size is kept
UNREAD_BYTES = 64 << 20  # that `expect` has not come to; beyond, the oldest are dropped
UNSENT_BYTES = 64 << 20  # of answers that the node does not read
PAYLOAD_BYTES = 32 << 20  # more is no message
PARTS = ("magic", "command", "length", "checksum", "payload")


class Peer:
    """One side of one connection of the P2P protocol. It says what the test tells it to, right
    or wrong, and answers pings; everything else is up to the test.

    Peer(node)        dials a node, a `Node` or an "ip:port", from the IP address `source`
    Peer()            waits to be dialed at `address`, on a free port of `source`. The first
                      call that needs the connection accepts it; `accept` takes the next one

    `timeout` is for everything that waits and is not told otherwise, in seconds. A small
    `receive_buffer`, in bytes, is for peers that read slowly.

    A thread receives, and answers as `on` and `serve` say, also while the test waits for
    something else. Every PeerError shows the conversation; a `with` block that fails prints
    it. A peer belongs to the process that has made it: forked children have no part in the
    connection.
    """

    def __init__(self, to: Node | str | None = None, *, source: str | None = None,
                 network: str = "regtest", timeout: float = PEER_SECONDS,
                 receive_buffer: int | None = None) -> None:
        #: What the node calls us, as in wait_for({"peer": {"address": peer.address}}).
        self.address = "a peer that could not connect"
        self.version: Message | None = None  #: what the node has said of itself
        self._timeout = timeout
        self._owner = os.getpid()
        self._began = time.monotonic()
        # Of each (seconds, arrow, text or command, payload of a message).
        self._conversation: collections.deque[tuple[float, str, str, bytes | None]] = (
            collections.deque(maxlen=SHOWN_MESSAGES))
        self._handlers: dict[str, Callable[[Message], object]] = {"ping": self._pong}
        self._start_height = 0
        self._listener: socket.socket | None = None
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._news = threading.Condition()  # of everything that the thread changes
        self._using = threading.Lock()  # the socket; held by the thread while it does
        self._reset_state()
        if to is None:
            place = source or "127.0.0.1"
            self._listener = socket.create_server(
                (place, 0), family=socket.AF_INET6 if ":" in place else socket.AF_INET)
            hold_alone(self._listener)
            self.address = _name_of(self._listener)
        else:
            address = to.p2p if isinstance(to, Node) else to
            network = to.ready["network"] if isinstance(to, Node) else network
            dialed = connect(address, timeout, source, receive_buffer)
            self.address = _name_of(dialed)
        self._magic = MAGIC[network]
        if to is not None:
            self._begin(dialed)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if os.getpid() != self._owner:
            return
        if kind is not None and not issubclass(kind, PeerError):
            self.print_conversation()
        self.close()
        if kind is None:
            self._tell_failure()

    # -- what it says -------------------------------------------------------------------

    def handshake(self, timeout: float | None = None,
                  features: Sequence[str] = ("wtxidrelay", "sendaddrv2"),
                  **fields: Any) -> Peer:
        """Does what is left of the handshake; then the node's version message is `version`.
        `fields` are of ours: protocol, services, time, receiver, sender, nonce, user_agent,
        start_height, relay. `features` are sent before verack, by protocols that have them.
        Returns this peer, as in `with Peer(node).handshake() as peer`."""
        self._connected()
        fields.setdefault("start_height", self._start_height)
        if self._listener is None and "version" not in self._said:
            self.send("version", **fields)
        if self.version is None:
            self.expect("version", timeout)
        if "version" not in self._said:
            self.send("version", **fields)
        if fields.get("protocol", 70016) >= 70016:
            for feature in features:
                self.send(feature)
        self.send("verack")
        if "verack" not in self._heard:
            self.expect("verack", timeout)
        return self

    def send(self, command: str, raw: bytes | None = None, **fields: Any) -> None:
        """Sends a message with these fields, or with the payload `raw`. Fields that are not
        given have usual values; `messages.encode` tells more. Raises PeerError if the
        connection is gone, or takes nothing for `timeout` seconds."""
        if raw is not None and fields:
            raise TypeError("a payload or its fields, not both")
        payload = encode(command, **fields) if raw is None else raw
        self._send(frame(command, payload, self._magic), command, payload)
        self._said.add(command)

    def send_bytes(self, data: bytes) -> None:
        """Sends these bytes as they are: half a message, or none. A pong may come between two
        halves, unless on("ping", None)."""
        self._send(data, f"{len(data)} bytes: {data[:40].hex()}")

    def garble(self, part: str = "checksum", command: str = "ping", **fields: Any) -> None:
        """Sends a message of which one part is wrong: its "magic", its "command" (a zero in
        the midst), its "length" (more than any message has), its "checksum", or its
        "payload" (the second half is missing, and the rest of the envelope fits that)."""
        payload = encode(command, **fields)
        if part == "magic":
            data = frame(command, payload, bytes(x ^ 0xff for x in self._magic))
        elif part == "command":
            data = frame(command[:1] + "\0" + command[1:], payload, self._magic)
        elif part == "length":
            data = frame(command, payload, self._magic, length=0xffffffff)
        elif part == "checksum":
            wrong = bytes(x ^ 0xff for x in double_sha256(payload)[:4])
            data = frame(command, payload, self._magic, checksum=wrong)
        elif part == "payload":
            payload = payload[:len(payload) // 2]
            data = frame(command, payload, self._magic)
        else:
            raise ValueError(f"there is no part {part!r}; there is {', '.join(PARTS)}")
        self._send(data, f"{command} with a wrong {part}: {data[:40].hex()}")

    def round_trip(self, timeout: float | None = None) -> list[Message]:
        """Sends a ping and waits for its pong: by then the node has read all that was sent
        before. What getheaders or getdata ask for may still come. Returns what it has said
        meanwhile, and was not yet expected."""
        nonce = int.from_bytes(os.urandom(8), "little")
        self.send("ping", nonce=nonce)
        passed: list[Message] = []
        self._wait_for("pong", timeout, {"nonce": nonce}, passed)
        return passed

    # -- what it hears ------------------------------------------------------------------

    def expect(self, command: str, timeout: float | None = None, **fields: Any) -> Message:
        """The next message with this command and these fields, as in
        expect("inv", entries=[...]); those before it are passed over. Raises PeerError if the
        connection ends before, or none comes within `timeout` seconds."""
        return self._wait_for(command, timeout, fields, [])

    def expect_end(self, timeout: float | None = None) -> str:
        """Waits until the node ends the connection. Returns how: "closed", or "reset", which
        it also is if the node closes it without having read all. Raises PeerError after
        `timeout` seconds."""
        self._connected()
        limit = self._timeout if timeout is None else timeout
        with self._news:
            if not self._news.wait_for(lambda: self._end or self._failure, limit):
                raise self._error(f"the node has not ended the connection within {limit} s")
            if self._failure is not None:
                raise self._has_failed()
            return self._end

    def on(self, command: str, handler: Callable[[Message], object] | None) -> None:
        """Calls `handler` with each such message that comes from now on, before `expect` sees
        it; None: not any more. It runs in the peer's thread, may send, and must not wait.
        From the start there is one for ping, which answers it."""
        if handler is None:
            self._handlers.pop(command, None)
        else:
            self._handlers[command] = handler

    def serve(self, chain: Chain) -> None:
        """From now on answers getheaders, getblocks and getdata from this chain. Before the
        handshake: its height is told in our version."""
        def found(question: Message, limit: int) -> range:
            return chain.after(question["locator"], question["stop"], limit)

        def give(question: Message) -> None:
            missing = []
            for item in question["entries"]:
                block = chain.block(item["hash"])
                if block is None or item["type"] not in ("block", "witness_block"):
                    missing.append(item)
                else:
                    self.send("block", raw=block)
            if missing:
                self.send("notfound", entries=missing)

        self._start_height = chain.height
        self.on("getheaders", lambda question: self.send("headers", entries=[
            chain.blocks[height][:80] for height in found(question, 2000)]))
        self.on("getblocks", lambda question: self.send("inv", entries=[
            {"type": "block", "hash": chain.hashes[height]} for height in found(question, 500)]))
        self.on("getdata", give)

    # -- what it does to the connection -------------------------------------------------

    def accept(self, timeout: float | None = None) -> None:
        """Takes the next connection, instead of the one there was. Raises PeerError if nobody
        dials us within `timeout` seconds."""
        if self._listener is None:
            raise TypeError("this peer dials; one that is dialed is Peer()")
        self._drop()
        self._tell_failure()
        limit = self._timeout if timeout is None else timeout
        self._listener.settimeout(limit)
        try:
            accepted, _ = self._listener.accept()
        except TimeoutError:
            raise self._error(f"nobody has dialed {self.address} within {limit} s") from None
        self._begin(accepted)

    def stall(self) -> None:
        """Reads nothing more, until `resume`: what the node sends fills its buffers. Sending
        still works; pings have no answer."""
        with self._using:
            self._stalled = True
        self._record("--", "reads nothing more")
        self._wake()

    def resume(self) -> None:
        """Reads again."""
        with self._using:
            self._stalled = False
        self._record("--", "reads again")
        self._wake()

    def half_close(self) -> None:
        """Sends the end of the stream; still reads."""
        connection = self._connected()
        self._record("--", "sends nothing more")
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Ends the connection at once, with a reset."""
        self._connected()
        self._record("--", "resets the connection")
        self._drop(with_reset=True)

    def close(self) -> None:
        """Ends the connection, if there is one, and listens no more."""
        if os.getpid() != self._owner:
            return
        if self._socket is not None:
            self._record("--", "closes the connection")
        self._drop()
        if self._listener is not None:
            self._listener.close()

    # -- what was said ------------------------------------------------------------------

    def conversation(self) -> str:
        """What was said, both ways, with the seconds since the start: the last 200 messages."""
        lines = [f"{at:9.3f} {arrow} "
                 f"{text if payload is None else in_words(text, payload, 400)}\n"
                 for at, arrow, text, payload in list(self._conversation)]
        return (f"the conversation of {self.address} (-> to the node, <- from it):\n"
                + "".join(lines))

    def print_conversation(self) -> None:
        """On stderr."""
        print(self.conversation(), file=sys.stderr, end="")

    # -- inside -------------------------------------------------------------------------

    def _reset_state(self) -> None:
        self.version = None
        self._said: set[str] = set()
        self._heard: set[str] = set()
        self._unread: collections.deque[Message] = collections.deque()
        self._unread_bytes = 0
        self._end = ""  # how the node has ended the connection
        self._stalled = False
        self._unsent = bytearray()
        self._bytes_sent = 0
        self._failure: Exception | None = None  # of the thread, which has ended by it
        self._failure_is_told = False

    def _begin(self, socket_: socket.socket) -> None:
        hold_alone(socket_)
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        socket_.setblocking(False)
        self._reset_state()
        self._wakes, self._wakened = socket.socketpair()
        self._socket = socket_
        self._thread = threading.Thread(target=self._run, args=(socket_, self._wakened),
                                        name="peer", daemon=True)
        self._thread.start()

    def _drop(self, with_reset: bool = False) -> None:
        """Closes the connection; only then, as the thread might use its descriptor."""
        with self._using:
            dropped, self._socket = self._socket, None
        if dropped is None:
            return
        self._wake()
        assert self._thread is not None, "there was a connection"
        if threading.current_thread() is not self._thread:
            self._thread.join()
        if with_reset:
            dropped.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        dropped.close()
        self._wakes.close()
        self._wakened.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._wakes.send(b"x")

    def _connected(self) -> socket.socket:
        if os.getpid() != self._owner:
            raise PeerError(f"this peer belongs to the process that has made it, {self._owner}")
        if self._listener is not None and self._thread is None:
            self.accept()
        if self._socket is None:
            raise self._error("this peer has ended the connection")
        return self._socket

    def _record(self, arrow: str, text: str, payload: bytes | None = None) -> None:
        if payload is not None and len(payload) > SHOWN_BYTES:
            text, payload = f"{text} ({len(payload)} bytes)", None
        self._conversation.append((time.monotonic() - self._began, arrow, text, payload))

    def _error(self, text: str) -> PeerError:
        return PeerError(f"{text}; {self.conversation()}")

    def _tell_failure(self) -> None:
        if self._failure is not None and not self._failure_is_told:
            raise self._has_failed()

    def _has_failed(self) -> PeerError:
        what = type(self._failure).__name__ + ": " + str(self._failure).partition(";")[0]
        error = self._error(f"this peer has failed: {what}")
        error.__cause__, self._failure_is_told = self._failure, True
        return error

    def _send(self, data: bytes, what: str, payload: bytes | None = None) -> None:
        self._connected()
        with self._news:
            self._record("->", what, payload)
            self._unsent += data
            end = self._bytes_sent + len(self._unsent)
            self._wake()
            if threading.current_thread() is self._thread:  # which sends it
                if len(self._unsent) > UNSENT_BYTES:
                    raise self._error(f"the node reads no answers, such as {what}")
                return
            self._news.wait_for(lambda: self._bytes_sent >= end or self._end == "reset"
                                or self._failure, self._timeout)
            if self._failure is not None:
                raise self._has_failed()
            if self._bytes_sent < end:
                raise self._error(
                    f"could not send {what}: the connection is reset" if self._end else
                    f"the node has not read {what} within {self._timeout} s")

    def _pong(self, ping: Message) -> None:
        self.send("pong", raw=ping.payload)

    def _wait_for(self, command: str, timeout: float | None, fields: dict[str, Any],
                  passed: list[Message]) -> Message:
        self._connected()
        if threading.current_thread() is self._thread:
            raise self._error("what answers must not wait")
        what = command + "".join(f" {name}={value}" for name, value in fields.items())
        limit = self._timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        with self._news:
            while True:
                while self._unread:
                    message = self._unread.popleft()
                    self._unread_bytes -= _cost(message)
                    if message.command == command and _has(message, fields):
                        return message
                    passed.append(message)
                if self._failure is not None:
                    raise self._has_failed()
                if self._end:
                    raise self._error(f"the node has {self._end} the connection before {what}")
                if not self._news.wait(max(0.0, deadline - time.monotonic())):
                    raise self._error(f"no {what} within {limit} s")

    # -- the thread ---------------------------------------------------------------------

    def _run(self, socket_: socket.socket, wakened: socket.socket) -> None:
        buffer = bytearray()
        while True:
            poll = select.poll()
            poll.register(wakened, select.POLLIN)
            wanted = ((select.POLLIN if not self._stalled and not self._end else 0)
                      | (select.POLLOUT if self._unsent and self._end != "reset" else 0))
            if wanted:
                poll.register(socket_, wanted)
            ready = dict(poll.poll())
            with self._using:
                if self._socket is not socket_:
                    return
                if wakened.fileno() in ready:
                    wakened.recv(4096)
                events = ready.get(socket_.fileno(), 0)
                if events & select.POLLOUT:
                    self._write(socket_)
                some: bytes | None = None
                if events & ~select.POLLOUT and not self._stalled and not self._end:
                    some = self._read(socket_)
            if not some:
                continue
            buffer += some
            try:
                while (message := self._take_from(buffer)) is not None:
                    self._take(message)
            except Exception as error:  # pylint: disable=broad-exception-caught
                with self._news:
                    self._failure = error
                    self._news.notify_all()
                return

    def _read(self, from_: socket.socket) -> bytes:
        try:
            some = from_.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            self._ended("reset")
            return b""
        if not some:
            self._ended("closed")
        return some

    def _write(self, to: socket.socket) -> None:
        with self._news:
            try:
                sent = to.send(self._unsent[:65536])
            except BlockingIOError:
                return
            except OSError:
                self._ended("reset")
                return
            del self._unsent[:sent]
            self._bytes_sent += sent
            self._news.notify_all()

    def _take_from(self, buffer: bytearray) -> Message | None:
        """The first message, if it is whole."""
        if len(buffer) < 24:
            return None
        magic, command, size, checksum = struct.unpack("<4s12sI4s", buffer[:24])
        if magic != self._magic or size > PAYLOAD_BYTES:
            raise ValueError(f"this is no message: {bytes(buffer[:60])!r}")
        if len(buffer) < 24 + size:
            return None
        payload = bytes(buffer[24:24 + size])
        if checksum != double_sha256(payload)[:4]:
            raise ValueError(f"a wrong checksum: {bytes(buffer[:60])!r}")
        del buffer[:24 + size]
        return Message(command.rstrip(b"\0").decode("latin-1"), payload)

    def _take(self, message: Message) -> None:
        self._record("<-", message.command, message.payload)
        if message.command == "version" and self.version is None:
            self.version = message
        handler = self._handlers.get(message.command)
        if handler is not None:
            try:
                handler(message)
            except PeerError:
                if self._socket is not None:  # else the test has ended the connection
                    raise
        with self._news:
            self._heard.add(message.command)
            self._unread.append(message)
            self._unread_bytes += _cost(message)
            while self._unread_bytes > UNREAD_BYTES:
                self._unread_bytes -= _cost(self._unread.popleft())
            self._news.notify_all()

    def _ended(self, how: str) -> None:
        with self._news:
            self._record("<-", f"the connection is {how}")
            self._end = how
            self._news.notify_all()


def _name_of(socket_: socket.socket) -> str:
    host, port = socket_.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _cost(message: Message) -> int:
    return 1000 + len(message.payload)


def _has(message: Message, wanted: dict[str, Any]) -> bool:
    try:
        return not wanted or wanted.items() <= message.fields.items()
    except ValueError:
        return False
