# SPDX-License-Identifier: MIT
"""Starts peerage nodes for a test, drives them, plays their peers, and stops them.

One folder, Python 3.10 or later, nothing but the standard library: copy it, or put scripts/
on PYTHONPATH. `python3 -m peerage_harness --help` shows how to use it. With pytest, the line
`pytest_plugins = "peerage_harness"` gives the fixtures node, nodes, peer and topology.
PYTEST_DONT_REWRITE: there are no assertions of tests in here.
"""

import sys

from .chain import Chain
from .connections import Answer, connect
from .errors import HarnessError, NotStarted, NotStopped, PeerError, RpcError
from .events import EventStream, WebSocket
from .messages import INVENTORY, MAGIC, Message, decode, encode, frame
from .node import Node, find_program, run_to_end
from .peer import Peer
from .topology import Topology, line, mesh, ring

__all__ = ["Node", "Answer", "Chain", "EventStream", "HarnessError", "INVENTORY", "MAGIC",
           "Message", "NotStarted", "NotStopped", "Peer", "PeerError", "RpcError", "Topology",
           "WebSocket", "connect", "decode", "encode", "find_program", "frame", "line", "mesh",
           "ring", "run_to_end"]

if "pytest" in sys.modules:  # which finds them here
    from .fixtures import node_fixture, nodes_fixture, peer_fixture, topology_fixture
