# SPDX-License-Identifier: MIT
"""A small disk that a test may fill and make read-only."""

import contextlib
import ctypes
import errno
import os
import pathlib
import shutil
import subprocess
import tempfile

SIZE_MIB = 4
BLOCK = b"\0" * 4096
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000  # CLONE_NEWNS, CLONE_NEWUSER
PRIVATE_EVERYWHERE = 0x4000 | 0x40000  # MS_REC, MS_PRIVATE


def take_private_mounts():
    """Whatever this process mounts from now on is seen by it and its children only, and gone
    with them. Raises OSError where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(NEW_MOUNTS | (NEW_USER if user != 0 else 0)) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    if user != 0:
        for name, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"),
                           ("gid_map", f"0 {group} 1")):
            pathlib.Path(f"/proc/self/{name}").write_text(line, encoding="ascii")
    if libc.mount(b"none", b"/", None, PRIVATE_EVERYWHERE, None) != 0:
        raise OSError(ctypes.get_errno(), "mount")


class Folder:
    """A data directory for a process that file modes stop: it can be made read-only, and
    nothing can be mounted."""

    can_be_full = False
    # They do not stop root as it is.
    launcher = (("setpriv", "--bounding-set", "-dac_override") if os.geteuid() == 0 else ())

    def __init__(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="peerage-chaos-"))
        self.data = self._folder / "data"
        self.data.mkdir()

    def close(self):
        """Whatever it is, it is writable again, and gone."""
        self.make_writable()
        shutil.rmtree(self._folder, ignore_errors=True)

    def make_read_only(self):
        for path in [*self.data.rglob("*"), self.data]:
            with contextlib.suppress(FileNotFoundError):  # a save is half way through
                path.chmod(path.stat().st_mode & ~0o222)

    def make_writable(self):
        for path in [self.data, *self.data.rglob("*")]:
            with contextlib.suppress(FileNotFoundError):
                path.chmod(path.stat().st_mode | 0o200)


class SmallDisk:
    """The same on a disk of its own, of 4 MiB. Needs `take_private_mounts`."""

    can_be_full = True
    launcher = ()

    def __init__(self):
        self._disk = pathlib.Path(tempfile.mkdtemp(prefix="peerage-chaos-"))
        self._read_only = False
        self.data = self._disk / "data"
        self._filler = self._disk / "filler"
        try:
            self._run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "none", self._disk)
        except OSError:
            self._disk.rmdir()
            raise
        self.data.mkdir()

    def close(self):
        """Leaves nothing behind."""
        self.make_writable()
        self._run("umount", "-l", self._disk)
        self._disk.rmdir()

    def make_read_only(self):
        """By a read-only mount over it: a disk with an open file, such as the node's lock,
        cannot be made read-only as a whole."""
        self._run("mount", "--bind", self.data, self.data)
        self._read_only = True
        self._run("mount", "-o", "remount,bind,ro", self.data)

    def make_writable(self):
        if self._read_only:
            self._run("umount", "-l", self.data)
            self._read_only = False

    def fill(self):
        """Takes what is free, also what was given back since the last time."""
        with open(self._filler, "ab", buffering=0) as file:
            try:
                while True:
                    file.write(BLOCK)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def empty(self):
        self._filler.unlink(missing_ok=True)

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                              encoding="utf-8", errors="replace", check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
