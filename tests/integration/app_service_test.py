#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a service manager (systemd) gives a node and hears of it. The manager is played:
the protocols are those of sd_notify(3), sd_listen_fds(3) and
systemd.journal-fields(7)."""

import os
import pathlib
import signal
import socket
import struct
import sys
import time
import unittest

from cases import FolderCase, ask, wait_until
from peerage_harness import Node, Peer, connect

HAND_OVER = pathlib.Path(__file__).with_name("hand_over.py")


def hand_over(*sockets):
    """A launcher for a program that gets these sockets."""
    return (sys.executable, HAND_OVER, *sockets, "--")


class DatagramReader:
    """A socket that messages are sent to, one by one."""

    def __init__(self, path, timeout=10):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(timeout)

    def close(self):
        self._socket.close()

    def next(self):
        return self._socket.recv(1 << 20)

    def until(self, is_last):
        """All up to the one that `is_last` likes."""
        found = []
        while not found or not is_last(found[-1]):
            found.append(self.next())
        return found


class Notifications(FolderCase):
    def setUp(self):
        super().setUp()
        self.manager = DatagramReader(self.folder / "notify")
        self.addCleanup(self.manager.close)

    def hear(self, text):
        """All up to that message."""
        return [x.decode() for x in self.manager.until(lambda x: x.decode().startswith(text))]

    def test_from_the_start_to_the_stop(self):
        with Peer() as peer:
            node = Node("--connect", peer.address, wait=False, env={
                **os.environ, "NOTIFY_SOCKET": self.manager.path, "WATCHDOG_USEC": "300000"})
            self.addCleanup(node.close)
            self.assertEqual(self.hear("READY=1"), ["READY=1"])
            node.wait_ready()
            connect(node.urls[0], timeout=5).close()
            peer.accept()
            peer.handshake()
            self.hear("STATUS=1 peer (1 outbound, 0 inbound), ")
            self.hear("WATCHDOG=1")
            self.hear("WATCHDOG=1")
            node.send_signal(signal.SIGHUP)
            self.assertRegex(self.hear("RELOADING=1")[-1],
                             r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.hear("READY=1")
            node.stop()
        self.hear("STOPPING=1\nSTATUS=")

    def test_a_start_that_fails_says_why(self):
        with Node() as other:
            self.refuse("run", "--network", "regtest", "--data-dir", self.folder / "data",
                        "--listen", other.p2p, names=("--listen",), env={
                            **os.environ, "NOTIFY_SOCKET": self.manager.path})
        self.assertRegex(self.manager.next().decode(),
                         r"^STATUS=--listen 127.0.0.1:\d+: .*in use")

    def test_a_manager_that_is_gone_is_no_loss(self):
        with Node(env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "nobody")}) as node:
            self.assertEqual(ask(node, "/health/live")[0], 200)

    def test_a_manager_that_reads_nothing_holds_up_nothing(self):
        # Its queue is full after some messages.
        with Node(env={**os.environ, "NOTIFY_SOCKET": self.manager.path,
                       "WATCHDOG_USEC": "30000"}) as node:
            wait_until(self.is_full, what="a full queue")
            self.assertEqual(ask(node, "/health/live")[0], 200)
            began = time.monotonic()
            node.stop()
            self.assertLess(time.monotonic() - began, 5)

    def is_full(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
            probe.setblocking(False)
            try:
                probe.sendto(b"probe", self.manager.path)
            except BlockingIOError:
                return True
        return False

    def test_its_state_directory_is_the_data_directory(self):
        state = self.folder / "state"
        state.mkdir()
        with Node("--network", "regtest", "--listen", "127.0.0.1:0", "--status",
                  "127.0.0.1:0", defaults=False,
                  env={**os.environ, "STATE_DIRECTORY": f"{state}:/another"}):
            self.assertTrue((state / "regtest" / ".cookie").exists())


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class HandedSockets(FolderCase):
    def test_peers_status_and_metrics_come_by_them(self):
        path = self.folder / "status.sock"
        with Node("--network", "regtest", "--data-dir", self.folder / "data",
                  defaults=False,
                  launcher=hand_over("p2p=127.0.0.1:0", "p2p=[::1]:0", f"status=unix:{path}",
                                     "status=127.0.0.1:0", "metrics=127.0.0.1:0")) as node:
            self.assertRegex(node.ready["p2p"][0], r"^127\.0\.0\.1:[1-9]\d*$")
            self.assertRegex(node.ready["p2p"][1], r"^\[::1\]:[1-9]\d*$")
            self.assertEqual(len(node.ready["p2p"]), 2, "and not the usual port")
            self.assertEqual(node.ready["status"][0], f"unix:{path}")
            for address in node.ready["p2p"]:
                with Peer(address) as peer:
                    peer.handshake().round_trip()
            inode = path.stat().st_ino
            for url in node.ready["status"]:
                self.assertEqual(ask(node, "/health/live", url=url)[0], 200)
            self.assertEqual(ask(node, "/health/live", url=node.ready["metrics"][0])[0], 200)
            self.assertEqual(
                node.http("GET", "/peers", url=node.ready["metrics"][0]).status, 404)
            node.rpc("setban", "192.0.2.1", "add")  # there is a cookie
        self.assertEqual(path.stat().st_ino, inode, "the manager's file stays")

    def test_who_came_before_the_node_is_served(self):
        # systemd starts the node because of this very connection.
        port = free_port()
        node = Node("--network", "regtest", "--data-dir", self.folder / "data", wait=False,
                    defaults=False, launcher=hand_over("wait", f"p2p=127.0.0.1:{port}"))
        self.addCleanup(node.close)
        early = wait_until(lambda: self.connected(port), what="a socket")
        self.addCleanup(early.close)
        early.handshake().round_trip()

    @staticmethod
    def connected(port):
        try:
            return Peer(f"127.0.0.1:{port}")
        except OSError:
            return None

    def test_an_address_that_is_there_is_not_opened_again(self):
        port = free_port()
        with Node("--listen", f"127.0.0.1:{port}", "--listen", "[::1]:0",
                  launcher=hand_over(f"p2p=127.0.0.1:{port}")) as node:
            self.assertEqual(node.ready["p2p"][0], f"127.0.0.1:{port}")
            self.assertTrue(any(x.startswith("[::1]:") for x in node.ready["p2p"]))

    def test_what_cannot_be_is_said(self):
        def refuse(handed, *options, names):
            self.refuse("run", "--network", "regtest", "--data-dir", self.folder / "data",
                        *options, names=names, launcher=hand_over(handed))
        refuse("peerage.socket=127.0.0.1:0", names=("peerage.socket", "FileDescriptorName="))
        refuse("p2p=udp", names=("p2p", "no stream socket"))
        refuse(f"p2p=unix:{self.folder}/a", names=("p2p", "Unix"))
        refuse("status=0.0.0.0:0", names=("status", "loopback"))
        refuse("p2p=127.0.0.1:0", "--listen", "none", names=("--listen none", "p2p"))

    def test_sockets_for_another_process_are_left_alone(self):
        with Node(env={**os.environ, "LISTEN_PID": "1", "LISTEN_FDS": "1"}) as node:
            self.assertEqual(len(node.ready["p2p"]), 1)


def entry_of(datagram):
    """The fields of an entry in the journal's own protocol."""
    fields = {}
    while datagram:
        line, _, datagram = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size, = struct.unpack("<Q", datagram[:8])
            value, datagram = datagram[8:8 + size], datagram[8 + size + 1:]
        fields[name.decode()] = value.decode()
    return fields


# The journal has one place on each system, so this one's is hidden.
WITH_JOURNAL = """
mount -t tmpfs none /run && mkdir -p /run/systemd/journal &&
mount --bind "$1" /run/systemd/journal || exit 9
shift
JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"
"""


@unittest.skipUnless(os.geteuid() == 0, "hiding the system's journal takes root")
class Journal(FolderCase):
    def setUp(self):
        super().setUp()
        self.journal = DatagramReader(self.folder / "socket")
        self.addCleanup(self.journal.close)
        self.launcher = ("unshare", "--mount", "sh", "-c", WITH_JOURNAL, "sh", self.folder)

    def entry(self, text):
        return entry_of(self.journal.until(lambda x: text in x)[-1])

    def test_values_are_fields(self):
        with Node(launcher=self.launcher) as node, Peer(node.p2p) as peer:
            listening = self.entry(b"accepting peers on")
            self.assertEqual(listening["PRIORITY"], "6")
            self.assertEqual(listening["PEERAGE_ADDRESS"], node.p2p)
            self.assertEqual(listening["SYSLOG_IDENTIFIER"], "peerage")
            self.assertIn("PEERAGE_PART", listening)
            peer.handshake()
            node.rpc("setban", "192.0.2.1", "add")
            self.assertEqual(self.entry(b"ban of")["PEERAGE_RANGE"], "192.0.2.1/32")
            node.stop()
            self.assertEqual(self.entry(b"MESSAGE=stopped")["PRIORITY"], "6")
            self.assertEqual(node.log(), "", "not on stderr as well")

    def test_other_formats_and_files_stay(self):
        with Node("--log-format", "text", launcher=self.launcher) as node:
            wait_until(lambda: "accepting peers on" in node.log(), what="text")
        with Node("--log-format", "json", launcher=self.launcher) as node:
            wait_until(lambda: '"message":"accepting' in node.log(), what="JSON")
        with Node("--log-file", self.folder / "log", launcher=self.launcher) as node:
            wait_until(lambda: "accepting peers on" in
                       (self.folder / "log").read_text("utf-8"), what="a file")

    def test_a_stream_that_is_not_stderr_is_none(self):
        with Node(env={**os.environ, "JOURNAL_STREAM": "1:2"}) as node:
            wait_until(lambda: "accepting peers on" in node.log(), what="text")

    def test_it_goes_to_no_file(self):
        self.refuse("run", "--network", "regtest", "--data-dir", self.folder / "data",
                    "--log-format", "journal", "--log-file", "log",
                    names=("--log-file", "journal"))

    def test_a_journal_that_hangs_stops_no_node(self):
        # Nobody reads its socket, which takes some entries and then blocks.
        with Node("--log-level", "trace", launcher=self.launcher) as node:
            with Peer(node.p2p) as peer:
                peer.handshake()
                for _ in range(2000):
                    peer.round_trip()
            node.stop()


if __name__ == "__main__":
    unittest.main()
