#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The executable's data directory, and that it has only one user."""

import os
import unittest

from cases import FolderCase
from peerage_harness import Node


class DataDirectory(FolderCase):
    def refuse_directory(self, path, *more_names, launcher=()):
        self.refuse("run", "--network", "regtest", "--listen", "none", "--data-dir", str(path),
                    names=["--data-dir", *more_names], launcher=launcher)

    def test_main_has_no_sub_folder(self):
        data = self.folder / "data"
        for network, place in (("main", data), ("signet", data / "signet")):
            with Node("--network", network, "--data-dir", data, "--listen", "none",
                      "--no-dns-seeds", "--connect", "127.0.0.1:1",
                      defaults=False) as node:
                self.assertEqual(node.ready["network"], network)
                self.assertTrue((place / ".lock").exists())

    def test_the_default(self):
        env = {**os.environ, "HOME": str(self.folder)}
        with Node("--network", "regtest", "--listen", "none", defaults=False,
                  env=env) as node:
            self.assertTrue((self.folder / ".peerage" / "regtest" / ".lock").exists())
            node.stop()

    def test_what_is_none(self):
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
                self.refuse_directory(path, str(path))

    def test_without_permission(self):
        folder = self.folder / "closed"
        (folder / "regtest").mkdir(parents=True)
        launcher = self.as_nobody(folder, folder / "regtest")
        for path, mode in ((folder / "regtest", 0o500), (folder, 0o000)):
            with self.subTest(path=path):
                path.chmod(mode)
                self.refuse_directory(folder, str(folder), "Permission denied",
                                      launcher=launcher)
        folder.chmod(0o700)  # to be removed

    def test_a_name_of_several_lines(self):
        self.refuse_directory(f"{self.folder}/one\ntwo/{'x' * 300}", "one two")

    def test_locked(self):
        data = self.folder / "data"
        with Node("--data-dir", data) as node:
            self.refuse_directory(data, "in use", str(node.pid))
            node.stop()
            node.restart()
            node.kill()  # a dead process holds no lock
            node.restart()
            self.assertEqual((data / "regtest" / ".lock").stat().st_mode & 0o777, 0o600)
            self.assertEqual((data / "regtest").stat().st_mode & 0o777, 0o700)


if __name__ == "__main__":
    unittest.main()
