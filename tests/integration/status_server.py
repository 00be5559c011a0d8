# SPDX-License-Identifier: MIT
"""A status socket that says what a test wants, where a node would not."""

import http.server
import json
import threading

PEER = {
    "id": 1, "address": "192.0.2.1:8333", "direction": "outbound", "state": "ready",
    "connection_type": "outbound-full-relay", "user_agent": "/it/", "protocol_version": 70016,
}
STATUS = {
    "node": {"name": "peerage", "version": "9.9.9", "user_agent": "/us/", "pid": 1,
             "uptime": 1, "listening": []},
    "network": "regtest",
    "peers": {"total": 1, "ready": 1, "unready": 0, "inbound": 0, "outbound": 1},
}


class StatusServer:
    """Answers GET on a free port of loopback with `answers`: path -> (status, body), where a
    body that is no bytes goes out as JSON. Paths that it lacks are never answered. Use it in
    a `with`; `address` is ADDR:PORT, `asked` how many requests have come."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.asked = 0
        self._stopping = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                outer.asked += 1
                found = outer.answers.get(self.path)
                if not found:
                    outer._stopping.wait(60)
                    self.close_connection = True
                    return
                status, body = found
                if not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
