# SPDX-License-Identifier: MIT
"""A program on a terminal, and what a person sees there."""

import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time

from peerage_harness import find_program

_PIECES = re.compile(rb"\x1b\[(\??)([0-9;]*)([A-Za-z])|(\r)|(\n)|([\x20-\x7e]+)", re.DOTALL)
_ALTERNATE, _CURSOR = b"1049", b"25"


class Screen:
    """As much of a terminal as a program may expect everywhere. What it does not know, and
    whatever would scroll or wrap a screen that is redrawn, is an AssertionError."""

    def __init__(self, columns, rows):
        self.resize(columns, rows)
        self.on_alternate = False
        self.cursor_shown = True
        self.redraws = 0
        self._unread = b""

    @property
    def is_complete(self):
        """A whole picture has been drawn since the last resize, and no other begun."""
        return self._complete

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.row = self.column = 0
        self.lines = [""] * rows
        self._erased_below = self._complete = False
        self.printed = ""  # what went to the normal screen, as it came

    def text(self):
        return "\n".join(self.lines)

    def feed(self, data):
        data = self._unread + data
        at = 0
        while at < len(data):
            found = _PIECES.match(data, at)
            if not found:
                assert len(data) - at < 16 and data[at:at + 1] == b"\x1b", data[at:at + 40]
                break  # the rest of the sequence is still to come
            at = found.end()
            self._take(*found.groups())
        self._unread = data[at:]

    def _take(self, private, number, final, carriage_return, line_feed, text):
        if final:
            self._sequence(private, number, final)
        elif not self.on_alternate:
            self.printed += (text or carriage_return or line_feed).decode()
        elif carriage_return:
            self.column = 0
        elif line_feed:
            self.row += 1
            assert self.row < self.rows, f"scrolls: {self.text()}"
        else:
            line = self.lines[self.row].ljust(self.column)[:self.column]
            rest = self.lines[self.row][self.column + len(text):]
            self.lines[self.row] = line + text.decode() + rest
            self.column += len(text)
            assert self.column <= self.columns, f"wraps: {self.lines[self.row]}"

    def _sequence(self, private, number, final):
        if private:
            assert number in (_ALTERNATE, _CURSOR) and final in b"hl", (number, final)
            if number == _CURSOR:
                self.cursor_shown = final == b"h"
            else:
                self.on_alternate = final == b"h"
            return
        assert self.on_alternate, "escape sequences on the normal screen"
        if final == b"H":
            assert number == b""
            self.row = self.column = 0
            self._complete, self._erased_below = self._erased_below, False
            self.redraws += self._complete
            return
        assert final in b"KJ" and number == b"", (number, final)
        self.lines[self.row] = self.lines[self.row][:self.column]
        if final == b"J":
            self._erased_below = True
            self.lines[self.row + 1:] = [""] * (self.rows - self.row - 1)


class OnTerminal:
    """`peerage` with these arguments on a terminal of its own. Use it in a `with`."""

    def __init__(self, *arguments, columns=80, rows=24, kind="xterm"):
        self.screen = Screen(columns, rows)
        self._master, slave = os.openpty()
        self._set_size()
        self.process = subprocess.Popen(
            [find_program(), *map(str, arguments)], preexec_fn=lambda: os.login_tty(slave),
            pass_fds=[slave], env={**os.environ, "TERM": kind})
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master is not None:
            os.close(self._master)

    def until(self, condition, seconds=15, what="it"):
        """Shows what the program writes, until `condition(screen)` is true."""
        deadline = time.monotonic() + seconds
        while not condition(self.screen):
            left = deadline - time.monotonic()
            assert left > 0, (f"{what} did not happen within {seconds} s:\n"
                              f"{self.screen.text()}\n{self.screen.printed}")
            if not self._read(left):
                assert condition(self.screen), (
                    f"ended before {what}: {self.screen.text()}\n{self.screen.printed}")
                return

    def end(self, seconds=5):
        """Its exit status, once it has ended by itself and all it wrote is shown."""
        deadline = time.monotonic() + seconds
        while self._read(max(deadline - time.monotonic(), 0)):
            pass
        return self.process.wait(max(deadline - time.monotonic(), 0.1))

    def type(self, keys):
        os.write(self._master, keys)

    def resize(self, columns, rows):
        self.screen.resize(columns, rows)
        self._set_size()

    def _set_size(self):
        fcntl.ioctl(self._master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", self.screen.rows, self.screen.columns, 0, 0))

    def hang_up(self):
        """As when the window is closed."""
        os.close(self._master)
        self._master = None

    def send_signal(self, how):
        self.process.send_signal(how)

    def is_stopped(self):
        """Suspended, as by Ctrl-Z."""
        found = os.waitid(os.P_PID, self.process.pid,
                          os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
        return found is not None and found.si_status == signal.SIGSTOP

    def _read(self, seconds):
        """False at the end, or if nothing came."""
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:  # the other side is closed
                raise
            data = b""
        self.screen.feed(data)
        return bool(data)
