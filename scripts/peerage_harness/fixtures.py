# SPDX-License-Identifier: MIT
"""The fixtures of `pytest_plugins = "peerage_harness"`. Everything of theirs has ports and
folders of its own, so tests may run side by side, as with pytest-xdist."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, Iterator, TypeVar

import pytest

from .node import Node
from .peer import Peer
from .topology import Topology, line, mesh, ring

T = TypeVar("T", Node, Peer, Topology)


@contextlib.contextmanager
def _maker(request: Any, make: Callable[..., T],
           tell: Callable[[T], object]) -> Iterator[Callable[..., T]]:
    """What it makes is closed after the test, the last first; if the test has failed, `tell` is
    called with each before."""
    made: list[T] = []
    failures_before = request.session.testsfailed

    def start(*values: Any, **named: Any) -> T:
        made.append(make(*values, **named))
        return made[-1]

    yield start
    with contextlib.ExitStack() as stack:
        for thing in made:
            stack.enter_context(thing)
            if request.session.testsfailed > failures_before:
                tell(thing)


@pytest.fixture(name="nodes")
def nodes_fixture(request: Any) -> Iterator[Callable[..., Node]]:
    """Starts nodes: `a, b = nodes(), nodes("--swarm", "5")`, as `Node` does. They are stopped
    after the test; one that does not stop as it should fails it. Logs are kept if it failed."""
    with _maker(request, Node, Node.keep_log) as start:
        yield start


@pytest.fixture(name="node")
def node_fixture(nodes: Callable[..., Node]) -> Node:
    """One node on regtest."""
    return nodes()


@pytest.fixture(name="peer")
def peer_fixture(request: Any) -> Iterator[Callable[..., Peer]]:
    """Makes peers: `peer(node)` dials it, `peer()` can be dialed, as `Peer` does. They are closed
    after the test; if it failed, their conversations are shown."""
    with _maker(request, Peer, Peer.print_conversation) as make:
        yield make


class Topologies:
    """The fixture `topology`."""

    def __init__(self, start: Callable[..., Topology]) -> None:
        self._start = start

    def line(self, count: int, *options: str) -> Topology:
        """As `peerage_harness.line`."""
        return self._start(line, count, *options)

    def ring(self, count: int, *options: str) -> Topology:
        """As `peerage_harness.ring`."""
        return self._start(ring, count, *options)

    def mesh(self, count: int, *options: str) -> Topology:
        """As `peerage_harness.mesh`."""
        return self._start(mesh, count, *options)


@pytest.fixture(name="topology")
def topology_fixture(request: Any) -> Iterator[Topologies]:
    """Starts nodes that are connected: `a, b, c = topology.line(3)`. They are stopped after the
    test, as those of the fixture `nodes`."""
    def make(shape: Callable[..., Topology], *values: Any) -> Topology:
        return shape(*values)

    with _maker(request, make, Topology.keep_logs) as start:
        yield Topologies(start)
