#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options of the executable, on the command line and in a file."""

import json
import os
import subprocess
import time
import unittest

from cases import FolderCase
from peerage_harness import Node, find_program, run_to_end


class CommandLine(FolderCase):
    """Each mistake is refused by a line that names the option and the value."""

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
            "--max-per-subnet": ["-1", "10001", "all"],
            "--status": ["nonsense", "0.0.0.0:8645", "192.0.2.1:8645", "[::]:8645", "unix:",
                         "unix:" + "x" * 200, "localhost:8645", "", "http://127.0.0.1:80",
                         "127.0.0.1"],
            "--handshake-timeout": ["0", "0.049", "-1", "3601", "nan", "inf", "1s", "", "1,5"],
            "--connect-timeout": ["0", "3600.1", "x"],
            "--request-timeout": ["0", "3601", "x"],
            "--ping-interval": ["0", "86401", "x"],
            "--save-interval": ["0", "0.049", "3601", "x"],
            "--seed": ["-1", "18446744073709551616", "x", "1.0"],
            "--swarm": ["-1", "2001", "x"],
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
                              ("--save-interval", "3600"), ("--save-interval", "0.05"),
                              ("--max-per-subnet", "0"),
                              ("--handshake-timeout", "1e1"),
                              ("--seed", "18446744073709551615")):
            with self.subTest(option=option, value=value), Node(option, value) as node:
                node.stop()

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
        self.refuse("run", "--network", "regtest", "--listen", "none", names=["--data-dir"],
                    env=env)

    def test_the_last_one_counts(self):
        with Node("--network", "signet", "--network", "regtest", "--max-inbound=3",
                  "--max-inbound", "4") as node:
            self.assertEqual(node.ready["network"], "regtest")

    def test_help_and_version(self):
        for arguments in (["--help"], ["-h"], ["run", "--help"], ["run", "-h"]):
            done = run_to_end(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)
        for option in ("network", "listen", "connect", "add-peer", "max-outbound",
                       "max-inbound", "max-per-ip", "max-per-subnet", "data-dir",
                       "status", "no-dns-seeds", "allow-public",
                       "handshake-timeout", "connect-timeout", "request-timeout",
                       "ping-interval", "save-interval", "seed", "swarm", "log-level",
                       "log-format", "config"):
            self.assertIn(f"--{option}", done.stdout)
        self.assertIn("Examples", done.stdout)
        done = run_to_end("--version")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^peerage \d+\.\d+\.\d+\n$")

    def test_nowhere_to_print(self):
        for arguments in (["--version"], ["--help"], ["run", "--help"], ["status", "--help"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([find_program(), *arguments], stdout=full,
                                      stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(
                (done.returncode, done.stderr),
                (1, "peerage: cannot write to standard output: No space left on device\n"))


class ConfigFile(FolderCase):
    def write(self, text):
        path = self.folder / "node.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def test_an_option_under_its_old_name(self):
        path = self.write('max-per-neighbourhood = 6')
        for given in (["--max-per-neighbourhood", "6"], ["--config", path]):
            with self.subTest(given), Node(*given) as node:
                self.assertIn("--max-per-neighbourhood is called --max-per-subnet today",
                              node.log())

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
            max-per-subnet = 6
            data-dir = "{self.folder}/data"
            status = ["127.0.0.1:0", "unix:{unix}"]
            metrics = ["127.0.0.1:0"]
            allow-host = ["node", "node.example"]
            no-dns-seeds = true
            handshake-timeout = 1.5
            connect-timeout = 2
            request-timeout = 3
            ping-interval = 4
            save-interval = 0.5
            seed = 5
            swarm = 2
            log-level = "debug"
            log-format = "json"
            """)
        with Node("--config", path, defaults=False) as node:
            self.assertEqual(node.ready["network"], "regtest")
            self.assertEqual(len(node.ready["p2p"]), 2)
            self.assertEqual(len(node.ready["status"]), 2)
            self.assertEqual(len(node.ready["metrics"]), 1)
            self.assertEqual(node.http("GET", "/", headers={"Host": "node:1"}).status, 200)
            self.assertTrue((self.folder / "data" / "regtest" / ".lock").exists())
            node.stop()
            levels = set()
            for line in node.log().splitlines():
                entry = json.loads(line)
                self.assertEqual(list(entry)[:4], ["time", "level", "message", "part"])
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
        with Node("--config", path, "--data-dir", self.folder / "data",
                  defaults=False) as node:
            self.assertEqual((node.ready["network"], node.ready["p2p"]), ("regtest", []))

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
                self.refuse("run", "--config", path, "--data-dir", str(self.folder / "data"),
                            names=names)

    def test_unreadable(self):
        plain = self.folder / "plain"
        plain.write_text("")
        for path in (self.folder / "missing", self.folder, plain / "below", "/dev/zero", "",
                     "/proc/self/mem"):
            with self.subTest(path=path):
                self.refuse("run", "--config", str(path), names=["--config", str(path)])


if __name__ == "__main__":
    unittest.main()
