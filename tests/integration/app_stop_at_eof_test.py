#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`peerage run --stop-at-eof`: the end of standard input, of each kind that there is, is like a
SIGTERM; nothing is read."""

import fcntl
import os
import pty
import socket
import struct
import subprocess
import termios
import time
import unittest

from cases import FolderCase
from peerage_harness import find_program

SECONDS = 5  # a stop in order takes less
SAID = " standard input has ended\n"


def unread_bytes(descriptor):
    return struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0]


class StopAtEof(FolderCase):
    def start(self, stdin, *options, launcher=()):
        process = subprocess.Popen(
            [*launcher, find_program(), "run", "--network=regtest", "--listen=none",
             "--data-dir", self.folder / "data", *(options or ("--stop-at-eof",))],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def started(self, *arguments, **more):
        """One that is ready."""
        process = self.start(*arguments, **more)
        self.assertIn('"ready"', process.stdout.readline())
        return process

    def check_stop(self, process):
        began = time.monotonic()
        _, log = process.communicate(timeout=SECONDS)
        self.assertEqual(process.returncode, 0, log)
        self.assertEqual(log.count(SAID), 1, log)
        self.assertTrue(log.endswith(" stopped\n"), log)
        return time.monotonic() - began

    def test_pipe(self):
        process = self.started(subprocess.PIPE)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.stdin.close()
        process.stdin = None  # communicate() would close it once more
        self.assertLess(self.check_stop(process), SECONDS)

    def test_pipe_with_several_writers(self):
        reading, writing = os.pipe()
        other = os.dup(writing)
        process = self.started(reading)
        os.close(writing)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        os.close(other)
        self.check_stop(process)
        os.close(reading)

    def test_what_is_in_the_pipe_is_left_to_others(self):
        reading, writing = os.pipe()
        os.write(writing, bytes(1000))
        process = self.started(reading)
        os.write(writing, bytes(1000))
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        self.assertEqual(unread_bytes(reading), 2000)
        os.close(writing)
        self.check_stop(process)
        self.assertEqual(unread_bytes(reading), 2000)
        os.close(reading)

    def test_named_pipe(self):
        path = self.folder / "fifo"
        os.mkfifo(path)
        with open(path, "rb+", buffering=0), open(path, "rb", buffering=0) as reading:
            process = self.started(reading)
        self.check_stop(process)

    def test_socket(self):
        for end in ("close", "half"):
            with self.subTest(end=end):
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    process = self.started(theirs)
                    theirs.close()
                    ours.send(b"for nobody")
                    if end == "half":
                        ours.shutdown(socket.SHUT_WR)
                    else:
                        ours.close()
                    self.check_stop(process)

    def test_terminal(self):
        ours, theirs = pty.openpty()
        process = self.started(theirs)
        os.write(ours, b"typed\n\x04")  # and Ctrl-D
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        self.assertEqual(os.read(theirs, 100), b"typed\n")
        os.close(theirs)
        os.close(ours)
        self.check_stop(process)

    def test_what_has_no_other_side_has_ended(self):
        path = self.folder / "file"
        path.write_bytes(bytes(1000))
        with open(path, "rb") as file, open(path, "ab") as write_only:
            for name, stdin in (("null", subprocess.DEVNULL), ("file", file),
                                ("write-only", write_only)):
                with self.subTest(name=name):
                    self.check_stop(self.start(stdin))
            self.assertEqual(file.tell(), 0)
        with self.subTest(name="closed"):
            self.check_stop(self.start(None, launcher=("sh", "-c", 'exec "$@" <&-', "sh")))

    def test_only_where_it_is_asked_for(self):
        process = self.started(subprocess.DEVNULL, "--no-dns-seeds")
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.terminate()
        _, log = process.communicate(timeout=SECONDS)
        self.assertEqual((process.returncode, log.count(SAID)), (0, 0), log)

    def test_from_a_file(self):
        path = self.folder / "node.toml"
        path.write_text("stop-at-eof = true\n")
        self.check_stop(self.start(subprocess.DEVNULL, "--config", path))

    def test_together_with_a_signal(self):
        for _ in range(3):
            process = self.started(subprocess.PIPE)
            process.terminate()
            process.stdin.close()
            process.stdin = None
            _, log = process.communicate(timeout=SECONDS)
            self.assertEqual(process.returncode, 0, log)
            self.assertTrue(log.endswith(" stopped\n"), log)

    def test_bash_coprocess(self):
        """As --help shows it: bash is killed, and the node stops."""
        script = ('coproc "$@"; read -r ready <&"${COPROC[0]}"; echo "$ready"; '
                  'kill -9 $$')
        done = subprocess.run(
            ["bash", "-c", script, "bash", find_program(), "run", "--network=regtest",
             "--listen=none", "--data-dir", self.folder / "data", "--stop-at-eof"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, -9)
        self.assertIn('"ready"', done.stdout)
        self.assertTrue(done.stderr.endswith(" stopped\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
