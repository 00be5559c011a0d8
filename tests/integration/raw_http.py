# SPDX-License-Identifier: MIT
"""HTTP as bytes, right or wrong: what http.client would not send, and what came back."""

import base64
import json
import re
import socket

from peerage_harness import connect


def http_exchange(url, data, timeout=5, half_close=False):
    """Sends raw bytes to a status address; all that comes back until EOF."""
    with connect(url, timeout) as client:
        try:
            client.sendall(data)
            if half_close:
                client.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before all was sent
        return read_to_end(client)


def head(line, *fields):
    """A whole head, of the last request of its connection."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", "Connection: close", *fields,
                        "", ""]).encode()


def post(body, cookie=None, *fields):
    """A call as the only request of its connection; without a body (None), its head."""
    token = base64.b64encode((cookie or "").encode()).decode()
    fields = [*fields, *([f"Authorization: Basic {token}"] if cookie else [])]
    if body is None:
        return head("POST /", *fields)
    body = body.encode() if isinstance(body, str) else body
    return head("POST /", f"Content-Length: {len(body)}", *fields) + body


def read_to_end(client):
    result = b""
    try:
        while part := client.recv(65536):
            result += part
    except ConnectionResetError:
        pass
    return result


def status_of(answer):
    match = re.match(rb"HTTP/1\.[01] (\d{3}) ", answer)
    return int(match[1]) if match else None


def json_of(answer):
    return json.loads(answer.split(b"\r\n\r\n", 1)[1])

