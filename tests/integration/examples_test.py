# SPDX-License-Identifier: MIT
"""The example programs of the library, with a node and with each other."""
import os
import pathlib
import signal
import subprocess
import unittest

from cases import FolderCase
from peerage_harness import Chain, Node, Peer

FOLDER = pathlib.Path(os.environ["EXAMPLES"])


def start(name, *arguments):
    return subprocess.Popen([FOLDER / name, *arguments], stdin=subprocess.PIPE, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(name, *arguments):
    done = subprocess.run([FOLDER / name, *arguments], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


class Examples(FolderCase):
    def test_headers_sync_from_a_node(self):
        with Node("--swarm", "1") as node:
            status, out, err = run("headers_sync", node.p2p)
        self.assertEqual((status, err), (0, ""))
        self.assertIn(f"[{40 * '#'}] 1200 of 1200 headers", out)
        self.assertIn(f"the best block is {Chain(1200).hashes[-1]}", out)

    def test_relay_service_serves_a_directory(self):
        chain = Chain(30)
        for height, block in enumerate(chain.blocks[1:]):
            (self.folder / f"{height}.block").write_bytes(block)
        (self.folder / "no.block").write_bytes(b"nothing of the kind")
        serving = start("relay_service", self.folder, "127.0.0.1:0")
        self.addCleanup(serving.stdout.close)
        self.addCleanup(serving.stderr.close)
        line = serving.stdout.readline()
        self.assertRegex(line, r"^serving 30 blocks at 127\.0\.0\.1:\d+; Enter stops$")
        place = line.split()[4].rstrip(";")
        status, out, _ = run("headers_sync", place)
        self.assertEqual(status, 0)
        self.assertIn(f"the best block is {chain.hashes[30]}", out)
        with Peer(place) as peer:
            peer.handshake()
            peer.send("getdata", entries=[{"type": "block", "hash": chain.hashes[7]}])
            self.assertEqual(peer.expect("block").payload, chain.blocks[7])
        serving.communicate("\n", timeout=10)
        self.assertEqual(serving.returncode, 0)

    def test_watch_network_tells_what_happens(self):
        with Peer() as peer:
            watching = start("watch_network", "regtest", peer.address)
            self.addCleanup(watching.stdout.close)
            self.addCleanup(watching.stderr.close)
            peer.accept()
            peer.handshake(user_agent="/somebody/")
            peer.send("inv", entries=[{"type": "block", "hash": "11" * 32}])
            peer.round_trip()
            seen = ""
            # Events and announcements have no order between them.
            while "peer_ready" not in seen or "11" * 32 not in seen:
                seen += (line := watching.stdout.readline())
                self.assertTrue(line, seen)
            watching.send_signal(signal.SIGINT)
            out, err = watching.communicate(timeout=10)
        self.assertEqual((watching.returncode, err), (0, ""))
        self.assertRegex(seen, r"peer_ready +\S+ +/somebody/")
        self.assertRegex(out, r"(?s)stopping\nnode_stopping.*peer_left .*shutting_down")

    def test_what_cannot_be_is_said(self):
        for name, arguments, word in (
                ("headers_sync", ["127.0.0.1:1", "no-network"], "network"),
                ("headers_sync", ["127.0.0.1:99999"], "connect"),
                ("headers_sync", ["8.8.8.8:1"], "reach"),  # regtest stays at home
                ("relay_service", ["/no/such/folder", "127.0.0.1:0"], "/no/such/folder"),
                ("relay_service", [str(self.folder), "256.0.0.1:1"], "listen"),
                ("watch_network", ["no-network"], "network")):
            with self.subTest(name=name, arguments=arguments):
                status, _, err = run(name, *arguments)
                self.assertEqual(status, 1)
                self.assertIn(word, err)


if __name__ == "__main__":
    unittest.main()
