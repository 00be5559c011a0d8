# SPDX-License-Identifier: MIT
"""A process by /proc: its descriptors, memory, threads and signals."""

import contextlib
import ctypes
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


def catches_sigterm(pid):
    return _signals(pid, "SigCgt") & (1 << (signal.SIGTERM - 1))


def has_pending_signals(pid):
    """Signals to the process that none of its threads has taken yet."""
    return _signals(pid, "ShdPnd") != 0


def _signals(pid, which):
    """A set of signals as the kernel shows it, as bits."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(rf"^{which}:\s*([0-9a-f]+)", text, re.MULTILINE)[1], 16)


@contextlib.contextmanager
def held_threads(pid, name):
    """Holds the threads of this name (its beginning) as a debugger does, while the others
    run: what waits for them hangs. Raises PermissionError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt, detach, all_kinds = 0x4206, 0x4207, 17, 0x40000000
    held = []
    for thread in map(int, os.listdir(f"/proc/{pid}/task")):
        comm = pathlib.Path(f"/proc/{pid}/task/{thread}/comm").read_text(encoding="ascii")
        if not comm.startswith(name):
            continue
        for request in (seize, interrupt):
            if libc.ptrace(request, thread, None, None) != 0:
                raise PermissionError(ctypes.get_errno(), "ptrace")
        os.waitpid(thread, all_kinds)
        held.append(thread)
    try:
        yield
    finally:
        for thread in held:
            if libc.ptrace(detach, thread, None, None) != 0:
                os.waitpid(thread, all_kinds)  # ended: its holder has to see that
