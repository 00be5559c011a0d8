# SPDX-License-Identifier: MIT
"""`python3 -m peerage_harness`: how to use it, and whether all is in place."""

from __future__ import annotations

import argparse
import sys

from . import HarnessError, Node

EXAMPLE = '''\
from peerage_harness import Node

def test_a_lost_peer_comes_back():
    with Node() as ours, Node("--connect", ours.p2p) as theirs:
        ours.wait_for({"peers_ready": 1}, timeout=10)
        peer = ours.get("/peers")[0]
        assert peer["user_agent"] == theirs.get("/status")["node"]["user_agent"]
        assert ours.request(peer["id"], "measure_latency")["round_trip"] < 1
        since = ours.get("/status")["events"]["next"]
        ours.rpc("disconnectnode", nodeid=peer["id"])
        left = ours.wait_for({"peer_gone": {"id": peer["id"]}})
        assert left["reason"] == "disconnect_requested"
        back = ours.wait_for({"event": {"type": "peer_ready", "since": since}})
        assert back["peer"] != peer["id"]
'''

HELP = f"""\
Nodes for a test, and peers for them. An example:

{"".join("    " + line for line in EXAMPLE.splitlines(keepends=True))}
What a node offers
  Node(*options)              starts `peerage run` on regtest, free ports, a temporary
                              data directory; returns when everything listens
  node.rpc(method, ...)       JSON-RPC, with the cookie; parameters by place or by name
  node.get(path)              a document: /status, /peers, /peers/3, /addresses, /bans
  node.wait_for(condition)    returns what made it true; no polling
  node.events(from_, types)   the events as they happen, each a dict
  node.request(peer, type)    a typed request to peer 3, or to "any"
  node.http(method, path)     one HTTP request, with the status and headers of its answer
  node.connect_to(other)      dials another node; returns when both ends are ready
  node.stop()                 SIGTERM; the node has 5 s and must exit 0
  node.kill()                 SIGKILL; send_signal(how) and wait(timeout) are there, too
  node.restart()              starts it again, on the same data directory; same_ports=True:
                              also where it has listened, so that its peers find it
  node.log()                  what it has logged

What a peer offers that the test plays
  Peer(node), Peer()          dials a node; or waits to be dialed, at peer.address
  peer.handshake(**fields)    up to verack; fields of its version, such as user_agent="/x/"
  peer.send(command, ...)     a message, of fields or with the payload raw=
  peer.expect(command, ...)   the next such message, with these fields
  peer.expect_end()           waits until the node ends the connection: "closed" or "reset"
  peer.round_trip()           all that was sent before has been read
  peer.on(command, handler)   answers by itself; pings it does from the start
  peer.serve(Chain(10))       answers getheaders and getdata, from a valid regtest chain
  peer.garble(part)           a wrong magic, command, length, checksum or payload
  peer.stall(), resume()      reads nothing, for a while
  peer.half_close(), reset()  ends its half of the connection; all of it, at once

    with Node() as node, Peer(node) as peer:
        peer.handshake(user_agent="/mine/")
        peer.serve(Chain(10))
        node.wait_for({{"peers_ready": 1}})
        assert len(node.request("any", "get_headers")["headers"]) == 10
        peer.garble("magic")
        assert peer.expect_end() in ("closed", "reset")

Nodes that are connected
  line(n), ring(n), mesh(n)   a Topology, when all of it is ready: with line(3) as (a, b, c)
  topology.split([a], [b])    no connections between the groups, until topology.heal()
  topology.sync()             waits for all connections; peers_ready=2: for so many peers

Beside them
  run_to_end(*arguments)      a run that ends by itself, such as one that must be refused
  connect(address)            a socket to node.p2p, or to one of node.urls
  encode, decode, frame       messages of the P2P protocol as bytes

With pytest, also with -n of pytest-xdist, in conftest.py: pytest_plugins = "peerage_harness"

    def test_it(node, nodes, peer, topology):   # those that it needs
        other = nodes("--swarm", "5")           # as Node
        peer(node).handshake()                  # as Peer
        a, b, c = topology.line(3)              # or ring, mesh

Everything is ended after the test, which fails if a node does not stop as it should.

The program is $PEERAGE, else build/peerage beside this folder's repository, else peerage on
the PATH. When a `with` block or a test fails, the node's log is kept and its path printed,
and so is a peer's conversation. No node outlives the test's process, however that ends: it
watches a pipe that this process holds.
"""


def main() -> int:
    """Shows how to use this; with --check, starts a node and stops it."""
    parser = argparse.ArgumentParser(
        prog="python3 -m peerage_harness", description=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true",
                        help="start a node and stop it, to see whether all is in place")
    if not parser.parse_args().check:
        parser.print_help()
        return 0
    try:
        with Node() as node:
            print(f"{node.ready['version']} answers at {node.urls[0]}")
    except HarnessError as error:
        print(f"peerage_harness: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
