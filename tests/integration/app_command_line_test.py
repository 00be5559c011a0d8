#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The options of the executable, on the command line and in a file."""

import json
import os
import pathlib
import re
import subprocess
import time
import unittest

from cases import FolderCase
from peerage_harness import Node, find_program, run_to_end

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent


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
            "--connect": ["nonsense", "127.0.0.1:0", "seed.example.com", "a b:8333", "1.2.3:80",
                          "none"],
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
            "--seed": ["-1", "9223372036854775808", "x", "1.0"],
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
                              ("--seed", "9223372036854775807")):
            with self.subTest(option=option, value=value), Node(option, value) as node:
                node.stop()

    def test_shape(self):
        for arguments, names in (
            ((), []),
            (("stroll",), ["stroll"]),
            (("run", "--bogus"), ["--bogus"]),
            (("run", "--bogus", "3"), ["--bogus"]),
            (("run", "--maxinbound=3"), ["--maxinbound", "did you mean --max-inbound?"]),
            (("rnu",), ["rnu", "did you mean run?"]),
            (("config", "shwo"), ["shwo", "did you mean show?"]),
            (("config",), ["peerage config --help"]),
            (("config", "check"), ["FILE", "peerage config check --help"]),
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

    def test_a_section(self):
        path = self.write("[run]\nnetwork = 'regtest'\nlisten = 'none'\nswarm = 2\n")
        with Node("--config", path, "--data-dir", self.folder / "data",
                  defaults=False) as node:
            self.assertEqual((node.ready["network"], node.ready["p2p"]), ("regtest", []))

    def test_an_empty_list_of_places_is_nowhere(self):
        with Node("--config", self.write("network = 'regtest'\nlisten = []\n"),
                  "--data-dir", self.folder / "data", defaults=False) as node:
            self.assertEqual(node.ready["p2p"], [])

    def test_mistakes(self):
        """Whatever is wrong is named with its place, and no node starts."""
        for text, names in (
            ("max-inbound = lots\n", [":1:15:"]),
            ("max-inbound = -1\n", [":1:15: max-inbound = -1: must be"]),
            ("max-inbound = '3'\n", [":1:15: max-inbound must be a whole number"]),
            ("\nnetwork = 'moon'\n", [":2:11: network = moon: must be one of"]),
            ("listen = ['127.0.0.1:0',\n  'now here']\n", [":2:3: listen = now here: must be"]),
            ("listen = ['none', '127.0.0.1:0']\n", [":1:11: listen = none: cannot be"]),
            ("listen = \n", [":1:"]),
            ("colour = 'red'\n", [":1:1: unknown key colour"]),
            ("max_inbound = 3\n", ["unknown key max_inbound (did you mean max-inbound?)"]),
            ("[swarms]\npeers = 3\n", [":1:2: unknown section [swarms]"]),
            ("[swarm]\npeers = 3\n", [":1:1: swarm must be a whole number, not a table"]),
            ("config = 'other.toml'\n", [":1:1: config"]),
            ("just words\n", [":1:"]),
            ("no-dns-seeds = 'true'\n", [":1:16: no-dns-seeds must be true or false"]),
            ("network = [\n", [":"]),
            ("listen = ['127.0.0.1:0'\nmax-inbound = 3\n", [":2:"]),
            ("network = 'regtest'\nnetwork = 'main'\n", [":2:", "network"]),
            ("network = 'regtest'\n[run]\nnetwork = 'main'\n", [":3:1: network is given twice"]),
            ("network = regtest\n", [":1:11:"]),
            (b"\xff\xfe\x00binary\x00", ["is not a text file"]),
            (b"\x7fELF" * 100, [":1:"]),
            ("swarm = 3\nnetwork = 'main'\n", ["--swarm 3"]),
            ("seeed = 3\nnetwrok = 'main'\nlog-level = 'loud'\n",
             [":1:1: unknown key seeed", "2 more mistakes", "config check"]),
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


class Environment(FolderCase):
    """PEERAGE_...: between the file and the command line."""

    def environment(self, **variables):
        return {**os.environ, **variables}

    def test_a_node_from_the_environment(self):
        path = self.folder / "node.toml"
        path.write_text("network = 'signet'\nmax-inbound = 7\nlog-level = 'debug'\n")
        with Node("--max-inbound", "9", "--data-dir", self.folder / "data", defaults=False,
                  env=self.environment(PEERAGE_CONFIG=str(path), PEERAGE_NETWORK="regtest",
                                       PEERAGE_LISTEN="127.0.0.1:0,[::1]:0",
                                       PEERAGE_STATUS="127.0.0.1:0",
                                       PEERAGE_BUILD_DIR="/nowhere")) as node:
            self.assertEqual(node.ready["network"], "regtest")
            self.assertEqual(len(node.ready["p2p"]), 2)
            self.assertEqual(node.get("/status")["network"], "regtest")

    def test_mistakes(self):
        for name, value, names in (
            ("PEERAGE_MAX_INBOND", "3", ["PEERAGE_MAX_INBOND", "PEERAGE_MAX_INBOUND?"]),
            ("PEERAGE_max_inbound", "3", ["PEERAGE_max_inbound", "PEERAGE_MAX_INBOUND?"]),
            ("PEERAGE_COLOUR", "red", ["unknown environment variable PEERAGE_COLOUR"]),
            ("PEERAGE_MAX_INBOUND", "lots", ["PEERAGE_MAX_INBOUND=lots: must be"]),
            ("PEERAGE_LISTEN", "127.0.0.1:0,", ["PEERAGE_LISTEN=''"]),
            ("PEERAGE_CONFIG", "/nowhere/x.toml", ["/nowhere/x.toml", "No such file"]),
        ):
            with self.subTest(name=name):
                self.refuse("run", "--network", "regtest", "--data-dir",
                            str(self.folder / "data"), names=names,
                            env=self.environment(**{name: value}))

    def test_what_scripts_export(self):
        """Those that start a node after it: scripts/soak.sh does."""
        exported = {name for path in (REPOSITORY / "scripts").glob("*.sh")
                    for line in re.findall(r"^ *export (.*)$", path.read_text(), re.MULTILINE)
                    for name in re.findall(r"\b[A-Z]\w+(?==|\b)", line)}
        self.assertIn("SOAK_PROGRAM", exported)
        done = run_to_end("config", "show", env=self.environment(**dict.fromkeys(exported, "x")))
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_an_option_under_its_old_name(self):
        with Node(env=self.environment(PEERAGE_MAX_PER_NEIGHBOURHOOD="6")) as node:
            self.assertIn("PEERAGE_MAX_PER_NEIGHBOURHOOD: --max-per-neighbourhood is called "
                          "--max-per-subnet today", node.log())


class ConfigCommand(FolderCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "node.toml"

    def show(self, *arguments, **variables):
        done = run_to_end("config", "show", *arguments, env={**os.environ, **variables})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_show_names_every_source(self):
        self.path.write_text("# mine\nnetwork = 'regtest'\nlisten = [\n'127.0.0.1:1',\n"
                             "'127.0.0.1:2']\nmax-inbound = 7\nmax-per-ip = 8\n")
        text = self.show("--config", self.path, "--max-inbound", "9", "--seed=5",
                         PEERAGE_MAX_PER_IP="10", PEERAGE_PING_INTERVAL="2.50")
        lines = dict(line.split("  # ") for line in text.splitlines() if "  # " in line)
        found = {name.strip(): source for name, source in lines.items()}
        for line, source in {
            'network = "regtest"': f"{self.path}:2",
            'listen = ["127.0.0.1:1", "127.0.0.1:2"]': f"{self.path}:3",
            "max-inbound = 9": "command line",
            "seed = 5": "command line",
            "max-per-ip = 10": "PEERAGE_MAX_PER_IP",
            "ping-interval = 2.50": "PEERAGE_PING_INTERVAL",
            "max-outbound = 25": "default",
            "no-dns-seeds = false": "default",
            "connect = []": "default",
            'log-level = "info"': "default",
        }.items():
            self.assertEqual(found.get(line), source, text)

    def test_defaults_that_depend_on_others(self):
        text = self.show(HOME="/home/somebody")
        self.assertIn('data-dir = "/home/somebody/.peerage" ', text)
        self.assertIn("# seed is not set ", text)
        self.assertIn('listen = []', self.show("--connect", "192.0.2.1:1"))
        self.assertIn('listen = ["127.0.0.1:18444"]',
                      self.show("--network", "regtest"))
        self.assertIn("max-outbound = 60 ", self.show("--network", "regtest", "--swarm", "60"))

    def test_what_it_shows_is_a_file_with_the_same_values(self):
        text = self.show("--network", "regtest", "--data-dir", 'a "b" \\ c', "--max-inbound",
                         "3", "--status", "unix:/tmp/x", "--no-dns-seeds", "--seed",
                         str(2**63 - 1))
        self.path.write_text(text)
        again = self.show("--config", self.path)

        def values(of):
            return [line.split("  # ")[0].strip() for line in of.splitlines()]
        self.assertEqual(values(again), values(text))
        done = run_to_end("config", "check", self.path)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_show_refuses_what_run_refuses(self):
        self.refuse("config", "show", "--max-inbound", "lots",
                    names=["--max-inbound lots", "peerage config show --help"])

    def test_check_tells_every_mistake_in_its_order(self):
        self.path.write_text("seeed = 3\n\nlog-level = 'loud'\nmax-inbound = 'x'\n"
                             "listen = ['x']\n")
        done = run_to_end("config", "check", self.path)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        places = [line.removeprefix(f"peerage: {self.path}:").split(": ")[0]
                  for line in done.stderr.splitlines()]
        self.assertEqual(places, ["1:1", "3:13", "4:15", "5:11"])

    def test_check_of_a_file_without_mistakes(self):
        self.path.write_text("network = 'regtest'\nmax-inbound = 3\n")
        done = run_to_end("config", "check", self.path,
                          env={**os.environ, "PEERAGE_COLOUR": "red"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"{self.path}: no mistakes, 2 options\n")

    def test_check_of_no_file(self):
        done = run_to_end("config", "check", self.folder / "missing")
        self.assertEqual(done.returncode, 2)
        self.assertIn("missing: No such file or directory", done.stderr)

    def test_help(self):
        for arguments in (["config"], ["config", "show"], ["config", "check"]):
            done = run_to_end(*arguments, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertLessEqual(max(map(len, done.stdout.splitlines())), 100)


if __name__ == "__main__":
    unittest.main()
