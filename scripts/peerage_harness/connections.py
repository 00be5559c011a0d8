# SPDX-License-Identifier: MIT
"""Sockets to a node, and HTTP on them."""

from __future__ import annotations

import email.message
import http.client
import json
import socket
import urllib.parse
from typing import Any, NamedTuple

from .errors import HarnessError

HTTP_SECONDS = 10.0


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


def host_of(url: str) -> str:
    return "localhost" if url.startswith("unix:") else urllib.parse.urlsplit(url).netloc


class HttpConnection(http.client.HTTPConnection):
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
