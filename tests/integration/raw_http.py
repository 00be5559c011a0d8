"""HTTP as bytes, right or wrong: what http.client would not send, and what came back."""

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

