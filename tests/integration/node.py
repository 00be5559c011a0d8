"""Starts a peerage node, reads its ready line, stops it. Standard library only."""

import http.client
import json
import os
import pathlib
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ.get(
    "PEERAGE", str(pathlib.Path(__file__).resolve().parents[2] / "build" / "peerage"))
READY_SECONDS = 30
STOP_SECONDS = 5  # what the program promises


class NotReady(Exception):
    """The node ended, or said something else than it should."""


class FolderCase(unittest.TestCase):
    """Tests with a folder of their own, each."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="peerage-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def refuse(self, *arguments, names):
        """Exit 2, nothing on stdout, and one line on stderr, with all of `names` in it."""
        status, out, err = run_to_end(*arguments)
        what = f"{arguments}: {status} {err!r}"
        self.assertEqual((status, out), (2, ""), what)
        self.assertEqual(err.count("\n"), 1, what)
        self.assertTrue(err.startswith("peerage: "), what)
        for name in names:
            self.assertIn(name, err, what)


def run_to_end(*arguments, seconds=20, env=None):
    """A run that is expected to end by itself: (status, stdout, stderr)."""
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=seconds, check=False, env=env)
    return (done.returncode, done.stdout.decode(errors="replace"),
            done.stderr.decode(errors="replace"))


def wait_until(condition, seconds=10, what="it"):
    """Polls until `condition()` is true and returns that; fails with `what` if it stays
    false."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(0.02)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, timeout=10):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Node:
    """One `peerage run` on regtest. Unless told otherwise: any free ports, a temporary
    data directory, status on loopback. For use as a context manager. Who gives it a
    `stdout` reads no ready line, so it does not `wait`. A `launcher` is a command that
    runs the command behind it in its own place."""

    def __init__(self, *arguments, listen="127.0.0.1:0", status="127.0.0.1:0",
                 data_dir=None, wait=True, defaults=True,
                 stdout=subprocess.PIPE, launcher=()):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-test-"))
        command = [*launcher, PROGRAM, "run"]
        if defaults:
            command += ["--network", "regtest",
                        "--data-dir", str(data_dir or self.folder / "data")]
            command += ["--listen", listen] if listen else []
            command += ["--status", status] if status else []
        self.stderr_path = self.folder / "stderr"
        with open(self.stderr_path, "wb") as stderr:
            self.process = subprocess.Popen(
                [*command, *arguments], stdin=subprocess.DEVNULL,
                stdout=stdout, stderr=stderr)
        self.pid = self.process.pid
        self.ready_line = None
        self.ready = None
        if wait:
            try:
                self.wait_ready()
            except BaseException:
                self.clean_up()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clean_up()

    def clean_up(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stderr(self):
        return self.stderr_path.read_text(errors="replace")

    def wait_ready(self, seconds=READY_SECONDS):
        deadline = time.monotonic() + seconds
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(max(0, deadline - time.monotonic())):
                    raise NotReady(f"no ready line in {seconds} s:\n{self.stderr()}")
                # One byte: what follows the line is for who reads on.
                byte = os.read(self.process.stdout.fileno(), 1)
                if not byte:
                    status = self.process.wait(10)
                    raise NotReady(f"ended with {status}:\n{self.stderr()}")
                line += byte
        self.ready_line = line.decode()
        self.ready = json.loads(line)

    def stop(self, how=signal.SIGTERM, seconds=STOP_SECONDS):
        """Returns the exit status, and how long it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        status = self.process.wait(seconds + 5)
        return status, time.monotonic() - began

    # -- addresses ----------------------------------------------------------------------

    @property
    def p2p(self):
        host, port = self.ready["p2p"][0].rsplit(":", 1)
        return host.strip("[]"), int(port)

    @property
    def http(self):
        """Host and port of the first status address that is TCP."""
        url = next(x for x in self.ready["status"] if x.startswith("http://"))
        host, port = url[len("http://"):].rsplit(":", 1)
        return host.strip("[]"), int(port)

    # -- status -------------------------------------------------------------------------

    def request(self, path, method="GET", headers=None, body=None, unix=None, timeout=10):
        """(status, headers, body as bytes) of one request on its own connection."""
        connection = (UnixConnection(unix, timeout) if unix else
                      http.client.HTTPConnection(*self.http, timeout=timeout))
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, dict(response.getheaders()), response.read()
        finally:
            connection.close()

    def get(self, path, **more):
        """(status, JSON)."""
        status, _, body = self.request(path, **more)
        return status, json.loads(body)

    def status(self):
        return self.get("/status")[1]

    # -- the process --------------------------------------------------------------------

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def settled_descriptors(self):
        """Once connections that were just closed are closed on its side too."""
        least, last_change = self.open_descriptors(), time.monotonic()
        while time.monotonic() < last_change + 0.3:
            now = self.open_descriptors()
            if now != least:
                least, last_change = now, time.monotonic()
            time.sleep(0.01)
        return least

    def threads(self):
        return len(os.listdir(f"/proc/{self.pid}/task"))
