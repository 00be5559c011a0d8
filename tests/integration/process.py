"""What the kernel tells of a process in /proc: what it holds, and its signals."""

import os
import pathlib
import re
import signal
import time


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def settled_descriptors(pid):
    """Once connections that were just closed are closed on its side too."""
    least, last_change = open_descriptors(pid), time.monotonic()
    while time.monotonic() < last_change + 0.3:
        now = open_descriptors(pid)
        if now != least:
            least, last_change = now, time.monotonic()
        time.sleep(0.01)
    return least


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def resident_bytes(pid):
    pages = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def blocks_sigterm(pid):
    return _signals(pid, "SigBlk") & (1 << (signal.SIGTERM - 1))


def has_pending_signals(pid):
    """Signals to the process that none of its threads has taken yet."""
    return _signals(pid, "ShdPnd") != 0


def _signals(pid, which):
    """A set of signals as the kernel shows it, as bits."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"^{which}:\s*([0-9a-f]+)", text, re.MULTILINE)[1], 16)
