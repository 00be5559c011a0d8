#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The image of scripts/Dockerfile, where Docker runs: it is built, is healthy, and stops."""

import shutil
import subprocess
import unittest

from app_container_test import DOCKERFILE, REPOSITORY
from cases import wait_until

IMAGE = "peerage-test"


def docker(*arguments, timeout=60):
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True,
                          timeout=timeout, check=False)
    if done.returncode != 0:
        raise AssertionError(f"docker {arguments}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def docker_runs():
    return shutil.which("docker") is not None and subprocess.run(
        ["docker", "info"], capture_output=True, timeout=60, check=False).returncode == 0


@unittest.skipUnless(docker_runs(), "no Docker here")
class Image(unittest.TestCase):
    def test_a_node_in_a_container(self):
        docker("build", "-f", str(DOCKERFILE), "-t", IMAGE, str(REPOSITORY), timeout=1700)
        name = docker("run", "-d", "--network", "none", "--health-interval", "1s", IMAGE,
                      "--network", "regtest")
        self.addCleanup(docker, "rm", "-f", name)
        wait_until(lambda: docker("inspect", "-f", "{{.State.Health.Status}}", name) ==
                   "healthy", 30, "a healthy container")
        self.assertEqual(docker("exec", name, "id", "-u"), "10001")
        docker("stop", name)
        self.assertEqual(docker("inspect", "-f", "{{.State.ExitCode}}", name), "0")


if __name__ == "__main__":
    unittest.main()
