# SPDX-License-Identifier: MIT
"""Several nodes, and who is connected with whom."""

from __future__ import annotations

import contextlib
import time
from typing import Iterable, Iterator

from .errors import RpcError
from .node import Node

SYNC_SECONDS = 30.0


class Topology:
    """Nodes on regtest that are connected as they are told, and not otherwise: they dial no
    peers that they discover. Meant for a `with` block, at whose end they all have to stop in
    order. A sequence: `a, b, c = topology`, `topology[0]`, `len(topology)`.

    `count` nodes are started with `options`; `edges` are pairs of their indices: the first
    of a pair dials the second. It returns when all of these connections are ready at both
    ends. `line`, `ring` and `mesh` make the usual ones."""

    def __init__(self, count: int, *options: str,
                 edges: Iterable[tuple[int, int]] = ()) -> None:
        self._stack = contextlib.ExitStack()
        self._cut: list[tuple[Node, Node]] = []
        self.nodes: list[Node] = []
        with contextlib.ExitStack() as stack:
            for _ in range(count):
                self.nodes.append(stack.enter_context(Node("--max-outbound", "0", *options)))
            for dialing, dialed in edges:
                self.nodes[dialing].connect_to(self.nodes[dialed])
            self._stack = stack.pop_all()

    def __enter__(self) -> Topology:
        return self

    def __exit__(self, *failure: object) -> None:
        self._stack.__exit__(*failure)  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    def split(self, *groups: Iterable[Node | int]) -> None:
        """Ends every connection between nodes of different groups, and keeps it from coming
        back; returns when both ends have seen its end. Nodes, or their indices, that are in
        no group make one more together: split([a]) cuts a off. What cannot be cut are
        connections that were made with --connect, and those that a node makes which does not
        run now."""
        number = {}
        for i, group in enumerate(groups, 1):
            for node in group:
                number[self.nodes[node] if isinstance(node, int) else node] = i
        ends = []
        for dialing, dialed in self.edges():
            if number.get(dialing) == number.get(dialed):
                continue
            self._cut.append((dialing, dialed))
            with contextlib.suppress(RpcError):  # the nodes have other ways to know each other
                dialing.rpc("addnode", dialed.p2p, "remove")
            ours = dialing.find_peer(dialed.p2p)
            theirs = dialed.find_peer(ours["addrbind"]) if ours and dialed.running else None
            ends += [(node, end["id"]) for node, end in ((dialing, ours), (dialed, theirs)) if end]
            with contextlib.suppress(RpcError):  # it has ended meanwhile
                dialing.rpc("disconnectnode", dialed.p2p)
        for node, peer in ends:
            node.wait_for({"peer_gone": {"id": peer}})

    def heal(self, timeout: float = SYNC_SECONDS) -> None:
        """Makes the connections again that `split` has ended. Returns when they are ready at
        both ends."""
        while self._cut:
            dialing, dialed = self._cut[-1]
            dialing.connect_to(dialed, timeout)
            self._cut.pop()

    def sync(self, peers_ready: int | None = None, timeout: float = SYNC_SECONDS) -> None:
        """Waits until every node has this many ready peers, or more; without a number, until
        every connection that there should be is ready at both ends, as after a restart."""
        deadline = time.monotonic() + timeout
        if peers_ready is None:
            for dialing, dialed in self.edges():
                dialing.connect_to(dialed, max(0.1, deadline - time.monotonic()))
        else:
            for node in self.nodes:
                node.wait_for({"peers_ready": peers_ready},
                              max(0.1, deadline - time.monotonic()))

    def keep_logs(self) -> None:
        """The nodes' logs will be kept when they are closed, and their paths printed."""
        for node in self.nodes:
            node.keep_log()

    def edges(self) -> list[tuple[Node, Node]]:
        """The connections that there should be now, as (node that dials, node that is
        dialed): of `connect_to`, addnode and --add-peer."""
        by_address = {node.p2p: node for node in self.nodes}
        return [(node, by_address[peer["addednode"]]) for node in self.nodes
                if node.running for peer in node.rpc("getaddednodeinfo")
                if peer["addednode"] in by_address]


def line(count: int, *options: str) -> Topology:
    """Each node is connected to the next one."""
    return Topology(count, *options, edges=[(i, i + 1) for i in range(count - 1)])


def ring(count: int, *options: str) -> Topology:
    """A line whose last node is connected to the first, too; of three nodes or more."""
    if count < 3:
        raise ValueError(f"a ring has three nodes or more, not {count}")
    return Topology(count, *options, edges=[(i, (i + 1) % count) for i in range(count)])


def mesh(count: int, *options: str) -> Topology:
    """Each node is connected to every other."""
    return Topology(count, *options,
                    edges=[(i, j) for i in range(count) for j in range(i + 1, count)])
