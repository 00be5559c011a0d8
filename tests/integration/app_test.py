#!/usr/bin/env python3
"""The peerage executable as its users meet it: command line, ready line, status socket,
signals, bad input."""

import fcntl
import json
import os
import pathlib
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from node import (PROGRAM, STOP_SECONDS, Node, NotReady, UnixConnection, run_to_end,
                  wait_until)

CONNECTION_LIMIT = 64
HEADER_LIMIT = 8 << 10
BODY_LIMIT = 4 << 20
REQUEST_SECONDS = 10


class FolderCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="peerage-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)


def http_exchange(address, data, timeout=5, half_close=False):
    """Sends raw bytes to a TCP address or a Unix path; all that comes back until EOF."""
    if isinstance(address, str):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(timeout)
        client.connect(address)
    else:
        client = socket.create_connection(address, timeout=timeout)
    with client:
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


class ReadyLine(FolderCase):
    def test_its_exact_shape(self):
        unix = str(self.folder / "status.sock")
        with Node("--status", f"unix:{unix}", "--listen", "[::1]:0") as node:
            self.assertEqual(list(node.ready),
                             ["event", "version", "network", "p2p", "status", "pid"])
            self.assertEqual(node.ready["event"], "ready")
            self.assertRegex(node.ready["version"], r"^\d+\.\d+\.\d+$")
            self.assertEqual(node.ready["network"], "regtest")
            self.assertEqual(node.ready["pid"], node.pid)
            self.assertRegex(node.ready["p2p"][0], r"^127\.0\.0\.1:[1-9]\d*$")
            self.assertRegex(node.ready["p2p"][1], r"^\[::1\]:[1-9]\d*$")
            self.assertRegex(node.ready["status"][0], r"^http://127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual(node.ready["status"][1], f"unix:{unix}")
            # Everything listens already.
            for address in (node.p2p, node.http):
                socket.create_connection(address, timeout=5).close()
            status, _ = node.stop()
            self.assertEqual(status, 0)
            self.assertEqual(node.process.stdout.read(), b"", "one line and no more")

    def test_listening_nowhere(self):
        with Node("--connect", "127.0.0.1:1", listen=None, status=None) as node:
            self.assertEqual((node.ready["p2p"], node.ready["status"]), ([], []))
            self.assertEqual(node.stop()[0], 0)
        with Node(listen="none") as node:
            self.assertEqual(node.ready["p2p"], [])

    def test_the_default_port(self):
        try:
            with Node(listen=None) as node:
                self.assertEqual(node.ready["p2p"], ["127.0.0.1:18444"])
        except NotReady as problem:
            if "--listen 127.0.0.1:18444" in str(problem):
                self.skipTest("somebody else uses port 18444")
            raise

    def test_main_has_no_sub_folder(self):
        data = self.folder / "data"
        for network, place in (("main", data), ("signet", data / "signet")):
            with Node("--network", network, "--data-dir", str(data), "--listen", "none",
                      defaults=False) as node:
                self.assertEqual(node.ready["network"], network)
                self.assertTrue((place / ".lock").exists())

    def test_the_default_data_directory(self):
        env = {**os.environ, "HOME": str(self.folder)}
        with subprocess.Popen([PROGRAM, "run", "--network", "regtest", "--listen", "none"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              env=env) as process:
            process.stdout.readline()
            self.assertTrue((self.folder / ".peerage" / "regtest" / ".lock").exists())
            process.terminate()
            self.assertEqual(process.wait(STOP_SECONDS), 0)


class Status(FolderCase):
    @classmethod
    def setUpClass(cls):
        cls.sockets = tempfile.TemporaryDirectory(prefix="peerage-test-")
        cls.addClassCleanup(cls.sockets.cleanup)
        cls.unix = os.path.join(cls.sockets.name, "status.sock")
        cls.node = Node("--status", f"unix:{cls.unix}")
        cls.addClassCleanup(cls.node.clean_up)

    def both(self):
        return ({}, {"unix": self.unix})

    def test_status(self):
        for where in self.both():
            status, found = self.node.get("/status", **where)
            self.assertEqual(status, 200)
            self.assertEqual(found["network"], "regtest")
            self.assertEqual(found["node"]["pid"], self.node.pid)
            self.assertEqual(found["node"]["version"], self.node.ready["version"])
            self.assertEqual(found["node"]["listening"], self.node.ready["p2p"])
            self.assertGreater(found["node"]["uptime"], 0)
            self.assertEqual(found["peers"], {"total": 0, "ready": 0, "unready": 0,
                                              "inbound": 0, "outbound": 0})
            self.assertEqual(found["dialing"], 0)
            self.assertEqual(found["traffic"], {"bytes_received": 0, "bytes_sent": 0})
            self.assertGreater(found["actors"], 3)

    def test_peers_and_health_without_peers(self):
        for where in self.both():
            self.assertEqual(self.node.get("/peers", **where), (200, []))
            status, found = self.node.get("/health", **where)
            self.assertEqual((status, found["healthy"]), (503, False))
            for name in ("7", "0", "-1", "x", "18446744073709551616", "7x", ""):
                status, found = self.node.get(f"/peers/{name}", **where)
                self.assertEqual((status, list(found)), (404, ["error"]), name)

    def test_what_is_not_there(self):
        for path in ("/", "/nothing", "/status/", "/status/x", "/Peers", "//status"):
            self.assertEqual(self.node.get(path)[0], 404, path)
        self.assertEqual(self.node.get("/status?pretty=1")[0], 200)

    def test_methods(self):
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            status, headers, body = self.node.request("/status", method=method)
            self.assertEqual((status, headers["Allow"]), (405, "GET, HEAD"), method)
            self.assertEqual(list(json.loads(body)), ["error"])

    def test_head(self):
        for path, expected in (("/status", 200), ("/nothing", 404)):
            status, headers, body = self.node.request(path, method="HEAD")
            self.assertEqual((status, body), (expected, b""))
            self.assertGreater(int(headers["Content-Length"]), 10)

    def test_headers(self):
        _, headers, _ = self.node.request("/status")
        self.assertEqual(headers["Content-Type"], "application/json")
        self.assertEqual(headers["Cache-Control"], "no-store")
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")

    def test_keep_alive_and_pipelining(self):
        one = b"GET /peers HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        answers = http_exchange(self.node.http, 9 * one + last)
        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 10)
        self.assertEqual(answers.count(b"Connection: close"), 1)
        # HTTP/1.0 closes unless asked not to, and needs no Host.
        old = http_exchange(self.node.http, b"GET /peers HTTP/1.0\r\n\r\n")
        self.assertEqual(status_of(old), 200)

    def test_host(self):
        port = self.node.http[1]
        good = ["localhost", f"localhost:{port}", "LOCALHOST", "127.0.0.1",
                f"127.0.0.1:{port}", "127.9.9.9:1", "[::1]", f"[::1]:{port}"]
        bad = ["example.com", f"example.com:{port}", "localhost.example.com", "127.0.0.1.nip.io",
               "192.0.2.1", f"192.0.2.1:{port}", "0.0.0.0", "[2001:db8::1]", "::1", "",
               "localhost:", "localhost:x", "localhost:1:2", "[::1", "127.0.0.1:99999",
               "localhost@evil", "127.1"]
        for host in good:
            self.assertEqual(self.node.get("/peers", headers={"Host": host})[0], 200, host)
        for host in bad:
            status, found = self.node.get("/peers", headers={"Host": host})
            self.assertEqual((status, list(found)), (403, ["error"]), host)
            # No browser gets at a Unix socket; its clients send any Host.
            self.assertEqual(
                self.node.get("/peers", headers={"Host": host}, unix=self.unix)[0], 200)
        for head in (b"", b"Host: localhost\r\nHost: localhost\r\n"):
            answer = http_exchange(self.node.http, b"GET /peers HTTP/1.1\r\n" + head +
                                   b"Connection: close\r\n\r\n")
            self.assertEqual(status_of(answer), 400, head)

    def test_header_limit(self):
        def sized(size):
            start = b"GET /peers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: "
            return start + (size - len(start) - 4) * b"a" + b"\r\n\r\n"
        for address in (self.node.http, self.unix):
            self.assertEqual(status_of(http_exchange(address, sized(HEADER_LIMIT - 9))), 200)
            # Beast does not count the first line and every line's end.
            for size in (HEADER_LIMIT + 1000, 100_000, 2_000_000):
                answer = http_exchange(address, sized(size))
                self.assertEqual(status_of(answer), 431, size)
                self.assertIn("error", json_of(answer))
        # Without an end, and as very many short ones.
        self.assertEqual(status_of(http_exchange(self.node.http, b"GET /" + b"a" * 9000)), 431)
        many = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000
        self.assertEqual(status_of(http_exchange(self.node.http, many)), 431)

    def test_body_limit(self):
        def post(size, length=None):
            return (b"POST /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    b"Content-Length: %d\r\n\r\n" % (length or size) + bytes(size))
        for address in (self.node.http, self.unix):
            self.assertEqual(status_of(http_exchange(address, post(BODY_LIMIT))), 405)
            answer = http_exchange(address, post(BODY_LIMIT + 1))
            self.assertEqual(status_of(answer), 413)
            self.assertIn("error", json_of(answer))
            # Refused because it was announced, not after it has come.
            self.assertEqual(status_of(http_exchange(address, post(0, 1 << 62))), 413)
        chunk = b"100000\r\n" + bytes(1 << 20) + b"\r\n"
        chunked = (b"POST /status HTTP/1.1\r\nHost: localhost\r\n"
                   b"Transfer-Encoding: chunked\r\n\r\n" + 5 * chunk)
        self.assertEqual(status_of(http_exchange(self.node.http, chunked)), 413)

    def test_garbage(self):
        draw = random.Random(1)
        cases = [b"hello\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
                 b"GET /status\r\n\r\n", b"GET /status HTTP/3.0\r\n\r\n",
                 b"GET /a b HTTP/1.1\r\n\r\n", b"\x00" * 50, b"\r\n" * 5 + b"x\r\n\r\n",
                 b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
                 b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                 b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                 b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"]
        cases += [draw.randbytes(draw.randrange(1, 400)) + b"\r\n\r\n" for _ in range(50)]
        for data in cases:
            answer = http_exchange(self.node.http, data, half_close=True)
            if answer:  # or nothing, where no request ever came to its end
                self.assertEqual(status_of(answer), 400, data[:60])
                self.assertIn("error", json_of(answer))
        for target in (b"http://example.com/status", b"*", b"status"):
            answer = http_exchange(
                self.node.http, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n"
                b"Connection: close\r\n\r\n")
            self.assertEqual(status_of(answer), 400, target)
        half = http_exchange(self.node.http, b"GET /sta", half_close=True)
        self.assertEqual(half, b"")
        self.assertEqual(self.node.get("/status")[0], 200)

    def test_one_byte_at_a_time(self):
        with socket.create_connection(self.node.http, timeout=5) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in b"GET /peers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n":
                client.sendall(bytes([byte]))
            self.assertEqual(status_of(read_to_end(client)), 200)

    def test_unix_socket_is_private(self):
        self.assertEqual(os.stat(self.unix).st_mode & 0o777, 0o600)


class StatusLoad(FolderCase):
    """What would disturb the other tests of status: a node for each."""

    def test_the_65th_connection(self):
        unix = str(self.folder / "status.sock")
        with Node("--status", f"unix:{unix}") as node:
            node.status()
            before = node.settled_descriptors()
            held = [socket.create_connection(node.http, timeout=5)
                    for _ in range(CONNECTION_LIMIT)]
            try:
                wait_until(lambda: node.open_descriptors() >= before + CONNECTION_LIMIT,
                           what="accepting them")
                # Over all addresses, and before anything is asked.
                for address in (node.http, unix):
                    answer = http_exchange(address, b"")
                    self.assertEqual(status_of(answer), 503)
                    self.assertIn("error", json_of(answer))
                held.pop().close()
                wait_until(lambda: node.request("/status")[0] == 200,
                           what="a free place after one is gone")
                # Those that were there first are served.
                held[0].sendall(b"GET /peers HTTP/1.1\r\nHost: localhost\r\n"
                                b"Connection: close\r\n\r\n")
                self.assertEqual(status_of(read_to_end(held[0])), 200)
                # A flood beyond the limit is closed without growing anything.
                flood = [socket.create_connection(node.http, timeout=5) for _ in range(300)]
                time.sleep(0.3)
                self.assertLess(node.open_descriptors(), before + CONNECTION_LIMIT + 40)
                held += flood
            finally:
                for client in held:
                    client.close()
            wait_until(lambda: node.request("/status")[0] == 200, what="service as before")
            wait_until(lambda: node.open_descriptors() <= before, what="closing them")

    def test_slow_clients(self):
        with Node() as node:
            node.status()
            before = node.settled_descriptors()
            # One sends half a request and stops, one nothing, one a byte a second.
            half = socket.create_connection(node.http)
            half.sendall(b"GET /status HT")
            idle = socket.create_connection(node.http)
            dripping = socket.create_connection(node.http)
            began = time.monotonic()
            ends = {}

            def drip():
                try:
                    for byte in b"GET /" + b"a" * 100:
                        dripping.sendall(bytes([byte]))
                        time.sleep(0.5)
                except OSError:
                    ends["dripping"] = time.monotonic() - began

            def listen(name, client):
                self.assertEqual(read_to_end(client), b"")
                ends[name] = time.monotonic() - began

            threads = [threading.Thread(target=drip),
                       threading.Thread(target=listen, args=("half", half)),
                       threading.Thread(target=listen, args=("idle", idle))]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                asked = time.monotonic()
                self.assertEqual(node.request("/status")[0], 200)
                self.assertLess(time.monotonic() - asked, 1)
                time.sleep(0.1)
            for client in (half, idle, dripping):
                client.close()
            self.assertEqual(sorted(ends), ["dripping", "half", "idle"])
            for name, seconds in ends.items():
                self.assertGreater(seconds, REQUEST_SECONDS - 1, name)
                self.assertLess(seconds, REQUEST_SECONDS + 3, name)
            wait_until(lambda: node.open_descriptors() <= before, what="closing them")

    def test_clients_that_do_not_read(self):
        with Node("--swarm", "24") as node:
            wait_until(lambda: node.status()["peers"]["ready"] == 24, 20, "24 peers")
            ask = b"GET /peers HTTP/1.1\r\nHost: localhost\r\n\r\n"
            deaf = []
            for _ in range(20):
                client = socket.socket()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.settimeout(5)
                client.connect(node.http)
                client.setblocking(False)
                deaf.append(client)
                try:
                    for _ in range(2000):  # many answers of 15 kB, none of them read
                        client.send(ask)
                except BlockingIOError:
                    pass
            for _ in range(20):
                asked = time.monotonic()
                self.assertEqual(len(node.get("/peers")[1]), 24)
                self.assertLess(time.monotonic() - asked, 1)
            status, seconds = node.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, STOP_SECONDS)
            for client in deaf:
                client.close()

    def test_many_requests_leave_nothing_behind(self):
        with Node() as node:
            for _ in range(20):
                node.status()
            descriptors, threads = node.settled_descriptors(), node.threads()
            actors = node.status()["actors"]
            for _ in range(300):
                node.status()
            wait_until(lambda: node.open_descriptors() <= descriptors, what="closing them")
            self.assertEqual(node.threads(), threads)
            self.assertEqual(node.status()["actors"], actors)


class UnixSocket(FolderCase):
    def setUp(self):
        super().setUp()
        self.path = str(self.folder / "status.sock")

    def test_removed_at_stop(self):
        with Node(status=f"unix:{self.path}") as node:
            self.assertEqual(node.get("/peers", unix=self.path), (200, []))
            self.assertEqual(node.stop()[0], 0)
            self.assertFalse(os.path.exists(self.path))

    def test_left_by_a_dead_process(self):
        for _ in range(2):
            with Node(status=f"unix:{self.path}") as node:
                self.assertEqual(node.get("/peers", unix=self.path), (200, []))
                node.process.kill()
                node.process.wait()
            self.assertTrue(os.path.exists(self.path))

    def test_in_use(self):
        with Node(status=f"unix:{self.path}") as node:
            with self.assertRaisesRegex(NotReady, "ended with 2:\npeerage: .*another process"):
                Node(status=f"unix:{self.path}")
            self.assertEqual(node.get("/peers", unix=self.path), (200, []))

    def test_somebody_elses_file_is_left_alone(self):
        pathlib.Path(self.path).write_text("precious")
        with self.assertRaisesRegex(NotReady, "ended with 2:\npeerage: .*no socket"):
            Node(status=f"unix:{self.path}")
        self.assertEqual(pathlib.Path(self.path).read_text(), "precious")

    def test_replaced_while_running(self):
        """At stop, only the file that is still ours is removed."""
        with Node(status=f"unix:{self.path}") as node:
            os.unlink(self.path)
            pathlib.Path(self.path).write_text("precious")
            self.assertEqual(node.stop()[0], 0)
            self.assertEqual(pathlib.Path(self.path).read_text(), "precious")


class Stop(FolderCase):
    def check_stop(self, node, how):
        status, seconds = node.stop(how)
        self.assertEqual(status, 0, node.stderr())
        self.assertLess(seconds, STOP_SECONDS)
        self.assertNotRegex(node.stderr(), r" (error|critical|warning) ")

    def test_idle(self):
        for how in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(how=how.name), Node() as node:
                self.check_stop(node, how)

    def test_with_a_swarm(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(how=how.name), Node("--swarm", "24") as node:
                wait_until(lambda: node.status()["peers"]["ready"] == 24, 20, "24 peers")
                self.check_stop(node, how)

    def test_with_strangers(self):
        """Silent inbound connections, a dial that hangs, a dial that is refused."""
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            with Node("--add-peer", "127.0.0.1:%d" % silent.getsockname()[1],
                      "--add-peer", "127.0.0.1:1", "--add-peer", "192.0.2.1:18444",
                      "--handshake-timeout", "3600", "--connect-timeout", "3600") as node:
                held = [socket.create_connection(node.p2p) for _ in range(20)]
                wait_until(lambda: node.status()["handshaking"] == 20, what="handshakes")
                self.check_stop(node, signal.SIGTERM)
                for client in held:
                    self.assertEqual(read_to_end(client), b"")
                    client.close()

    def test_during_start_up(self):
        draw = random.Random(1)
        for _ in range(15):
            with Node("--swarm", "24", wait=False) as node:
                wait_until(lambda pid=node.pid: blocks_sigterm(pid), what="starting")
                time.sleep(draw.uniform(0, 0.1))
                self.check_stop(node, signal.SIGTERM)
                out = node.process.stdout.read()
                self.assertLessEqual(out.count(b"\n"), 1)

    def test_an_echo_is_no_second_interrupt(self):
        """`timeout -s INT` sends the signal to the process, and then to its group."""
        for _ in range(5):
            with Node("--swarm", "24") as node:
                # Both wait for it when it goes on; the first one is the hangup.
                for how in (signal.SIGSTOP, signal.SIGHUP, signal.SIGINT, signal.SIGCONT):
                    node.process.send_signal(how)
                self.assertEqual(node.process.wait(STOP_SECONDS), 0)

    def stuck_node(self):
        """A node whose stop hangs, because nobody reads the log it writes."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)
        process = subprocess.Popen(
            [PROGRAM, "run", "--network", "regtest", "--listen", "none", "--data-dir",
             str(self.folder)], stdout=subprocess.PIPE, stderr=writer)
        self.addCleanup(process.stdout.close)
        process.stdout.readline()
        # Not by O_NONBLOCK, which the node would share.
        free = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
        while free > 0 and select.select([], [writer], [], 0)[1]:
            free -= os.write(writer, bytes(4096))
        return process

    def test_interrupted_again(self):
        process = self.stuck_node()
        process.send_signal(signal.SIGINT)
        time.sleep(0.6)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(1), 130)

    def test_a_stop_that_hangs_is_ended(self):
        process = self.stuck_node()
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(2 * STOP_SECONDS), 1)
        self.assertLess(time.monotonic() - began, STOP_SECONDS)

    def test_told_again_and_again(self):
        with Node("--swarm", "24") as node:
            for _ in range(5):
                node.process.send_signal(signal.SIGTERM)
            self.assertEqual(node.process.wait(STOP_SECONDS), 0)

    def test_stdout_closed(self):
        process = subprocess.Popen(
            [PROGRAM, "run", "--network", "regtest", "--listen", "none", "--data-dir",
             str(self.folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        process.stderr.readline()
        time.sleep(0.3)
        process.terminate()
        process.stderr.read()
        process.stderr.close()
        self.assertEqual(process.wait(STOP_SECONDS), 0)

    def test_start_again_at_once(self):
        """The same ports and data directory, three times, with connections in between."""
        address = "127.0.0.1:%d" % free_port()
        for _ in range(3):
            with Node(listen=address, status="127.0.0.1:0",
                      data_dir=self.folder / "data") as node:
                client = socket.create_connection(node.p2p)
                self.check_stop(node, signal.SIGTERM)
                client.close()


def blocks_sigterm(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    mask = int(re.search(r"^SigBlk:\s*([0-9a-f]+)", text, re.MULTILINE)[1], 16)
    return mask & (1 << (signal.SIGTERM - 1))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Swarm(FolderCase):
    def test_all_of_24_get_ready_and_leave_nothing_behind(self):
        with Node("--swarm", "24", "--log-level", "warning") as node:
            found = wait_until(
                lambda: (x := node.status())["peers"]["ready"] == 24 and x, 20, "24 peers")
            self.assertEqual(found["peers"], {"total": 24, "ready": 24, "unready": 0,
                                              "inbound": 0, "outbound": 24})
            self.assertEqual(node.get("/health")[0], 200)
            peers = node.get("/peers")[1]
            self.assertEqual(len({peer["address"] for peer in peers}), 24)
            for peer in peers:
                self.assertTrue(peer["address"].startswith("127.1.0."), peer["address"])
                self.assertEqual(peer["direction"], "outbound")
                self.assertRegex(peer["user_agent"], r"^/peerage-swarm:[0-9.]+/$")
                self.assertEqual(peer["ignored"], {})
                self.assertGreater(peer["start_height"], 0)
                self.assertEqual(node.get(f"/peers/{peer['id']}")[1]["id"], peer["id"])
            time.sleep(0.5)
            self.assertEqual(node.status()["exits"], {})
            status, seconds = node.stop()
            self.assertEqual(status, 0)
            self.assertLess(seconds, STOP_SECONDS)
            self.assertEqual(node.stderr(), "", "nothing worth a warning")

    def test_two_at_once(self):
        """The second finds the usual addresses taken and uses others."""
        with Node("--swarm", "5") as first, Node("--swarm", "5") as second:
            for node in (first, second):
                wait_until(lambda n=node: n.status()["peers"]["ready"] == 5, 20, "5 peers")

    def test_more_than_the_usual_limit(self):
        with Node("--swarm", "60", "--log-level", "warning") as node:
            wait_until(lambda: node.status()["peers"]["ready"] == 60, 20, "60 peers")
            self.assertEqual(node.stop()[0], 0)

    def test_swarm_and_connect(self):
        with Node() as other, Node("--swarm", "3", "--connect", "%s:%d" % other.p2p,
                                   "--seed", "7") as node:
            wait_until(lambda: node.status()["peers"]["ready"] == 4, 20, "4 peers")
            wait_until(lambda: other.status()["peers"]["inbound"] == 1, 20, "the inbound one")


class CommandLine(FolderCase):
    """Each mistake: exit 2, nothing on stdout, one line on stderr that names the option and
    the value."""

    def refuse(self, *arguments, names):
        status, out, err = run_to_end(*arguments)
        what = f"{arguments}: {status} {err!r}"
        self.assertEqual((status, out), (2, ""), what)
        self.assertEqual(err.count("\n"), 1, what)
        self.assertTrue(err.startswith("peerage: "), what)
        for name in names:
            self.assertIn(name, err, what)

    def refuse_run(self, option, value):
        data = ["--network", "regtest", "--listen", "none", "--data-dir",
                str(self.folder / "data")]
        if option in data:
            at = data.index(option)
            del data[at:at + 2]
        self.refuse("run", *data, option, value, names=[option, value or "''"])

    def test_values(self):
        bad = {
            "--network": ["mainnet", "MAIN", "", "0"],
            "--listen": ["nonsense", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1",
                         "1.2.3.4:x", "localhost:18444", "[::1]", "::1:18444", ":18444", "",
                         "18444", "1.2.3:80", "[1.2.3.4:80", "None", "--status"],
            "--connect": ["nonsense", "127.0.0.1:0", "seed.example.com:8333", "none"],
            "--add-peer": ["nonsense", "127.0.0.1:0", "[::1]"],
            "--max-outbound": ["-1", "10001", "x", "", "1.5", "1e3", "0x10", " 5", "5 ", "+5",
                               "99999999999999999999999"],
            "--max-inbound": ["-1", "10001", "many"],
            "--max-per-ip": ["-1", "10001", "1,000"],
            "--status": ["nonsense", "0.0.0.0:8645", "192.0.2.1:8645", "[::]:8645", "unix:",
                         "unix:" + "x" * 200, "localhost:8645", "", "http://127.0.0.1:80",
                         "127.0.0.1"],
            "--handshake-timeout": ["0", "0.049", "-1", "3601", "nan", "inf", "1s", "", "1,5"],
            "--connect-timeout": ["0", "3600.1", "x"],
            "--request-timeout": ["0", "3601", "x"],
            "--ping-interval": ["0", "86401", "x"],
            "--seed": ["-1", "18446744073709551616", "x", "1.0"],
            "--swarm": ["-1", "1001", "x"],
            "--log-level": ["loud", "warn", "off", "INFO"],
            "--log-format": ["xml", ""],
            "--data-dir": [""],
        }
        for option, values in bad.items():
            for value in values:
                with self.subTest(option=option, value=value):
                    self.refuse_run(option, value)

    def test_the_limits_themselves_are_fine(self):
        for option, value in (("--max-outbound", "0"), ("--max-inbound", "10000"),
                              ("--ping-interval", "86400"), ("--ping-interval", "0.05"),
                              ("--connect-timeout", "3600"), ("--swarm", "0"),
                              ("--handshake-timeout", "1e1"),
                              ("--seed", "18446744073709551615")):
            with self.subTest(option=option, value=value), Node(option, value) as node:
                self.assertEqual(node.stop()[0], 0)

    def test_shape(self):
        for arguments, names in (
            ((), []),
            (("stroll",), ["stroll"]),
            (("run", "--bogus"), ["--bogus"]),
            (("run", "--bogus", "3"), ["--bogus"]),
            (("run", "--maxinbound=3"), ["--maxinbound"]),
            (("run", "extra"), ["extra"]),
            (("run", "--network"), ["--network"]),
            (("run", "--network", "regtest", "--listen"), ["--listen"]),
            (("run", "--config"), ["--config"]),
            (("run", "--max-inbound=",), ["--max-inbound"]),
            (("run", "--no-dns-seeds=maybe"), ["--no-dns-seeds"]),
            (("run", "line\nbreak"), ["line"]),
            (("run", "--network", "two\nlines"), ["--network"]),
            (("run", "--swarm", "3"), ["--swarm 3", "main"]),
            (("run", "--network", "signet", "--swarm", "3"), ["--swarm 3", "signet"]),
            (("run", "--listen", "none", "--listen", "127.0.0.1:0"), ["--listen none"]),
            (("run", "--listen", "127.0.0.1:0", "--listen", "none"), ["--listen none"]),
        ):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, names=names)

    def test_no_home(self):
        env = {k: v for k, v in os.environ.items() if k != "HOME"}
        status, _, err = run_to_end("run", "--network", "regtest", "--listen", "none", env=env)
        self.assertEqual((status, err.count("\n")), (2, 1))
        self.assertIn("--data-dir", err)

    def test_the_last_one_counts(self):
        with Node("--network", "signet", "--network", "regtest", "--max-inbound=3",
                  "--max-inbound", "4") as node:
            self.assertEqual(node.ready["network"], "regtest")

    def test_help_and_version(self):
        for arguments in (["--help"], ["-h"], ["run", "--help"], ["run", "-h"]):
            status, out, err = run_to_end(*arguments)
            self.assertEqual((status, err), (0, ""))
            self.assertLessEqual(max(map(len, out.splitlines())), 100)
        for option in ("network", "listen", "connect", "add-peer", "max-outbound",
                       "max-inbound", "max-per-ip", "data-dir", "status", "no-dns-seeds",
                       "handshake-timeout", "connect-timeout", "request-timeout",
                       "ping-interval", "seed", "swarm", "log-level", "log-format", "config"):
            self.assertIn(f"--{option}", out)
        self.assertIn("Examples", out)
        status, out, err = run_to_end("--version")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r"^peerage \d+\.\d+\.\d+\n$")


class CannotStart(FolderCase):
    """Exit 2 and one line for what only shows when it starts."""

    def refuse(self, *arguments, names, defaults=True):
        base = (["--network", "regtest", "--listen", "none", "--data-dir",
                 str(self.folder / "own-data")] if defaults else [])
        status, out, err = run_to_end("run", *base, *arguments)
        what = f"{arguments}: {status} {err!r}"
        self.assertEqual((status, out), (2, ""), what)
        self.assertEqual(err.count("\n"), 1, what)
        for name in names:
            self.assertIn(name, err, what)

    def test_ports_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = "127.0.0.1:%d" % taken.getsockname()[1]
            self.refuse("--status", address, names=["--status", address, "in use"])
            data = ["--network", "regtest", "--data-dir", str(self.folder / "d")]
            self.refuse(*data, "--listen", address, defaults=False,
                        names=["--listen", address, "in use"])
            # The second of two: the first must not keep it up.
            self.refuse(*data, "--listen", "127.0.0.1:0", "--listen", address,
                        "--status", "127.0.0.1:0", "--swarm", "3", defaults=False,
                        names=["--listen", address, "in use"])

    def test_not_our_address(self):
        data = ["--network", "regtest", "--data-dir", str(self.folder / "d")]
        self.refuse(*data, "--listen", "192.0.2.1:18444", defaults=False,
                    names=["--listen", "192.0.2.1:18444"])

    def test_status_socket_in_no_folder(self):
        path = f"unix:{self.folder}/missing/status.sock"
        self.refuse("--status", path, names=["--status", path])

    def test_data_directories(self):
        plain = self.folder / "plain"
        plain.write_text("")
        (self.folder / "taken").mkdir()
        (self.folder / "taken" / "regtest").write_text("")
        (self.folder / "lock" / "regtest" / ".lock").mkdir(parents=True)
        (self.folder / "loop").symlink_to("loop")
        for path in (plain, plain / "below", "/proc/peerage", "/dev/null",
                     self.folder / "taken", self.folder / "lock", self.folder / "loop",
                     self.folder / ("x" * 300)):
            with self.subTest(path=path):
                self.refuse("--data-dir", str(path), names=["--data-dir", str(path)])

    @unittest.skipIf(os.geteuid() == 0, "root may read everything")
    def test_without_permission(self):
        folder = self.folder / "closed"
        (folder / "regtest").mkdir(parents=True)
        (folder / "regtest").chmod(0o500)
        self.refuse("--data-dir", str(folder), names=["--data-dir", str(folder)])

    def test_locked_data_directory(self):
        data = self.folder / "data"
        with Node(data_dir=data) as node:
            self.refuse("--data-dir", str(data), names=["--data-dir", "in use", str(node.pid)])
            self.assertEqual(node.stop()[0], 0)
        with Node(data_dir=data) as node:  # a dead process holds no lock
            node.process.kill()
            node.process.wait()
        with Node(data_dir=data) as node:
            self.assertEqual((data / "regtest" / ".lock").stat().st_mode & 0o777, 0o600)
            self.assertEqual((data / "regtest").stat().st_mode & 0o777, 0o700)


class ConfigFile(FolderCase):
    def write(self, text):
        path = self.folder / "node.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def test_every_key(self):
        unix = self.folder / "status.sock"
        path = self.write(f"""
            # comment
            network = "regtest"
            listen = ["127.0.0.1:0", "[::1]:0"]
            add-peer = "127.0.0.1:1"
            connect = ["127.0.0.1:2"]
            max-outbound = 3
            max-inbound = 4
            max-per-ip = 5
            data-dir = "{self.folder}/data"
            status = ["127.0.0.1:0", "unix:{unix}"]
            no-dns-seeds = true
            handshake-timeout = 1.5
            connect-timeout = 2
            request-timeout = 3
            ping-interval = 4
            seed = 5
            swarm = 2
            log-level = "debug"
            log-format = "json"
            """)
        with Node("--config", path, defaults=False) as node:
            self.assertEqual(node.ready["network"], "regtest")
            self.assertEqual(len(node.ready["p2p"]), 2)
            self.assertEqual(len(node.ready["status"]), 2)
            self.assertTrue((self.folder / "data" / "regtest" / ".lock").exists())
            self.assertEqual(node.stop()[0], 0)
            levels = set()
            for line in node.stderr().splitlines():
                entry = json.loads(line)
                self.assertEqual(list(entry), ["time", "level", "message"])
                self.assertAlmostEqual(entry["time"], time.time(), delta=60)
                levels.add(entry["level"])
            self.assertIn("info", levels)

    def test_the_command_line_wins(self):
        path = self.write('network = "signet"\nlisten = "192.0.2.1:1"\nmax-inbound = 7\n')
        with Node("--config", path) as node:
            self.assertEqual(node.ready["network"], "regtest")
            self.assertEqual(len(node.ready["p2p"]), 1)

    def test_section_and_ini(self):
        path = self.write("[run]\nnetwork=regtest\nlisten=none\n\n; comment\nswarm=2\n")
        with Node("--config", path, listen=None) as node:
            self.assertEqual(node.ready["p2p"], [])

    def test_mistakes(self):
        for text, names in (
            ("max-inbound = lots\n", ["--max-inbound", "lots"]),
            ("network = 'moon'\n", ["--network", "moon"]),
            ("listen = ['127.0.0.1:0', 'nowhere']\n", ["--listen", "nowhere"]),
            ("listen = \n", ["--listen"]),
            ("colour = 'red'\n", ["colour"]),
            ("[swarm]\npeers = 3\n", ["peers"]),
            ("[other]\nnetwork = 'regtest'\n", ["network"]),
            ("config = 'other.toml'\n", ["config"]),
            ("just words\n", ["just words"]),
            ("no-dns-seeds = perhaps\n", ["--no-dns-seeds", "perhaps"]),
            ("network = [\n", ["--network"]),
            (b"\xff\xfe\x00binary\x00", []),
            (b"\x7fELF" * 100, []),
            ("swarm = 3\nnetwork = 'main'\n", ["--swarm", "3"]),
        ):
            with self.subTest(text=text):
                path = self.write(text)
                status, out, err = run_to_end("run", "--config", path, "--data-dir",
                                              str(self.folder / "data"))
                self.assertEqual((status, out, err.count("\n")), (2, "", 1), err)
                for name in names:
                    self.assertIn(name, err)

    def test_unreadable(self):
        plain = self.folder / "plain"
        plain.write_text("")
        for path in (self.folder / "missing", self.folder, plain / "below", "/dev/zero", "",
                     "/proc/self/mem"):
            with self.subTest(path=path):
                status, out, err = run_to_end("run", "--config", str(path))
                self.assertEqual((status, out, err.count("\n")), (2, "", 1), err)
                self.assertIn("--config", err)
                self.assertIn(str(path), err)


if __name__ == "__main__":
    unittest.main()
