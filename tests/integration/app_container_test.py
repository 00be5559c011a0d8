#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A node among others: the metrics socket, names of the machine, the addresses that main
listens on, and the recipe of the image."""

import base64
import json
import pathlib
import re
import socket
import subprocess
import tempfile
import unittest
import urllib.request

from cases import FolderCase, NodeCase, wait_until
from peerage_harness import connect, find_program
from raw_http import read_to_end

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DOCKERFILE = REPOSITORY / "scripts" / "Dockerfile"


class MetricsSocket(NodeCase):
    options = ("--metrics", "127.0.0.1:0", "--metrics", "[::1]:0", "--allow-host",
               "node.example")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metrics, cls.metrics_ipv6 = cls.node.ready["metrics"]

    def status_of(self, path, url=None, method="GET", body=None, headers=None):
        return self.node.http(method, path, body, url=url or self.metrics,
                              headers=headers or {})

    def test_what_is_there(self):
        for url in (self.metrics, self.metrics_ipv6):
            answer = self.status_of("/metrics", url)
            self.assertEqual(answer.status, 200)
            self.assertIn(b"\npeerage_peers 0\n", answer.body)
        self.assertEqual(self.status_of("/health/live").json(), {"live": True})
        answer = self.status_of("/health/ready")
        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.json(), {"ready": False, "peers": {"total": 0, "ready": 0}})
        self.assertEqual(self.status_of("/metrics", method="HEAD").body, b"")

    def test_nothing_else_is_there(self):
        for path in ("/", "/status", "/peers", "/peers/1", "/addresses", "/bans", "/health",
                     "/events", "/schema/status", "/metrics/", "/health/"):
            self.assertEqual(self.status_of(path).status, 404, path)

    def test_it_takes_no_calls(self):
        for headers in ({}, {"Authorization": self.authorization()}):
            answer = self.status_of("/", method="POST", body='{"method":"stop"}',
                                    headers=headers)
            self.assertEqual(answer.status, 404)
            answer = self.status_of("/metrics", method="POST", body='{"method":"stop"}',
                                    headers=headers)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))
        self.assertTrue(self.node.running)

    def authorization(self):
        return "Basic " + base64.b64encode(self.node.cookie.encode()).decode()

    def test_it_upgrades_nothing(self):
        answer = self.status_of("/events", headers={
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})
        self.assertEqual(answer.status, 404)

    def test_the_same_paths_on_the_status_socket(self):
        for path in ("/metrics", "/health/live"):
            self.assertEqual(self.status_of(path, self.tcp).status, 200)
        self.assertEqual(self.status_of("/health/ready", self.tcp).status, 503)

    def test_guests_are_bounded(self):
        """As on the status socket: 64 that say nothing, then the oldest goes."""
        held = [connect(self.metrics) for _ in range(70)]
        try:
            self.assertEqual(self.status_of("/health/live").status, 200)
            wait_until(lambda: sum(self.is_closed(x) for x in held) >= 6,
                       what="six that make room")
            self.assertLess(sum(self.is_closed(x) for x in held), 20)
        finally:
            for x in held:
                x.close()

    @staticmethod
    def is_closed(client):
        client.setblocking(False)
        try:
            return client.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionResetError:
            return True

    def test_a_long_header(self):
        with connect(self.metrics) as client:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: " +
                           bytes([65]) * 9000 + b"\r\n\r\n")
            self.assertTrue(read_to_end(client).startswith(b"HTTP/1.1 431 "))

    def test_names_of_the_machine(self):
        good = {self.tcp: ("localhost", "node.example", "NODE.example:80", "127.0.0.1:1"),
                self.metrics: ("localhost", "node.example", "NODE.example:80", "127.0.0.1:1",
                               "192.0.2.1:9332", "[2001:db8::1]")}
        bad = {self.tcp: ("evil.example", "node.example.evil", "xnode.example",
                          "node.example:x", "node.example@evil", "192.0.2.1"),
               self.metrics: ("evil.example", "node.example.evil", "node.example:x", "")}
        for status, hosts in ((200, good), (403, bad)):
            for url, names in hosts.items():
                for name in names:
                    answer = self.status_of("/metrics", url, headers={"Host": name})
                    self.assertEqual(answer.status, status, (url, name))
        self.assertIn(b"--allow-host", self.status_of(
            "/metrics", headers={"Host": "evil.example"}).body)


class Refused(FolderCase):
    def test_options(self):
        self.refuse("run", "--network", "regtest", "--data-dir", self.folder,
                    "--metrics", "localhost:1", names=("--metrics localhost:1", "IP address"))
        for name in ("", "a b", "a:1", "192.0.2.1", "a/b"):
            self.refuse("run", "--network", "regtest", "--data-dir", self.folder,
                        "--allow-host", name, names=("--allow-host", "without a port"))
        with socket.create_server(("127.0.0.1", 0)) as taken:
            at = "127.0.0.1:%d" % taken.getsockname()[1]
            self.refuse("run", "--network", "regtest", "--data-dir", self.folder,
                        "--listen", "none", "--metrics", at, names=("--metrics", at))


class DefaultAddresses(FolderCase):
    """In a network namespace of its own, which has loopback alone."""

    LAUNCHER = ("unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")

    def listening(self, network):
        options = ("--network", network, "--no-dns-seeds", "--data-dir", self.folder,
                   "--status", f"unix:{self.folder}/status.sock")
        with subprocess.Popen([*self.LAUNCHER, find_program(), "run", *map(str, options)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as process:
            try:
                return json.loads(process.stdout.readline())["p2p"]
            finally:
                process.terminate()
                self.assertEqual(process.wait(10), 0)

    def test_main_is_open_to_both_families_and_regtest_stays_at_home(self):
        probe = subprocess.run([*self.LAUNCHER, "true"], capture_output=True, check=False)
        if probe.returncode != 0:
            self.skipTest("no network namespace may be made here")
        self.assertEqual(self.listening("main"), ["0.0.0.0:8333", "[::]:8333"])
        self.assertEqual(self.listening("regtest"), ["127.0.0.1:18444"])


class Recipe(unittest.TestCase):
    """The Dockerfile, read only: app_image_test builds it where Docker runs."""

    def setUp(self):
        text = DOCKERFILE.read_text(encoding="utf-8")
        lines = [x for x in text.splitlines() if not x.startswith("#")]
        joined = "\n".join(lines).replace("\\\n", " ")
        self.instructions = [x.split(maxsplit=1) for x in joined.splitlines() if x.strip()]

    def arguments(self, name):
        return [rest for what, rest in self.instructions if what == name]

    def installed(self):
        """The packages of each stage."""
        return [set(re.search(r"--no-install-recommends (.*?)&&", x).group(1).split())
                for x in self.arguments("RUN") if "apt-get install" in x]

    def test_it_builds_with_the_packages_of_the_setup(self):
        setup = (REPOSITORY / "scripts/setup.sh").read_text(encoding="utf-8")
        wanted = re.search(r"^run_packages=\((.*?)\)", setup, re.MULTILINE | re.DOTALL)
        self.assertEqual(self.installed()[0], set(wanted.group(1).split()))

    def test_it_runs_with_the_packages_of_the_program(self):
        libraries = subprocess.run(["ldd", find_program()], capture_output=True, text=True,
                                   timeout=20, check=True).stdout
        # Of any Debian; the second line is libsystemd0, which apt needs, and what that needs.
        base = {"libc6", "libgcc-s1", "libstdc++6", "zlib1g",
                "libsystemd0", "libcap2", "libgcrypt20", "libgpg-error0", "liblz4-1",
                "liblzma5", "libzstd1"}
        needed = set()
        for path in re.findall(r"=> (/\S+)", libraries):
            real = str(pathlib.Path(path).resolve())
            # Of /lib, which is a link to /usr/lib today, dpkg may know the old name.
            owners = [subprocess.run(["dpkg", "-S", x], capture_output=True, text=True,
                                     timeout=20, check=False).stdout
                      for x in (real, real.removeprefix("/usr"))]
            self.assertTrue(any(owners), f"{real} is of no package")
            needed.add("".join(owners).split(":")[0])
        self.assertEqual(needed - base, self.installed()[1] - {"curl"})

    def test_the_files_are_there(self):
        for what in self.arguments("COPY"):
            if what.startswith("--from"):
                continue
            for name in what.split()[:-1]:
                self.assertTrue((REPOSITORY / name).exists(), name)

    def test_it_is_no_root_and_is_looked_at(self):
        self.assertEqual(self.arguments("USER"), ["peerage"])
        health, = self.arguments("HEALTHCHECK")
        entry, = self.arguments("ENTRYPOINT")
        port = re.search(r"--metrics\", \"0\.0\.0\.0:(\d+)", entry).group(1)
        self.assertIn(f"http://127.0.0.1:{port}/health/live", health)
        self.assertIn(port, self.arguments("EXPOSE")[0].split())

    def test_its_command_starts(self):
        """As it stands there, but for places and ports."""
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix="peerage-test-"))
        entry = self.arguments("ENTRYPOINT")[0].replace("/var/lib/peerage", folder)
        entry = json.loads(entry.replace("0.0.0.0:9332", "127.0.0.1:0"))
        self.assertEqual(entry[0], "peerage")
        with subprocess.Popen([find_program(), *entry[1:], "--network", "regtest",
                               "--listen", "127.0.0.1:0"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as process:
            try:
                ready = json.loads(process.stdout.readline())
                self.assertEqual(ready["status"], [f"unix:{folder}/status.sock"])
                with urllib.request.urlopen(ready["metrics"][0] + "/health/live",
                                            timeout=10) as answer:
                    self.assertEqual(json.load(answer), {"live": True})
            finally:
                process.terminate()
                self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
