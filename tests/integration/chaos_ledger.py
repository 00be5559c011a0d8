# SPDX-License-Identifier: MIT
"""What a node was told and has confirmed, for chaos.py: every start has to know it."""

from peerage_harness import RpcError

# Where nobody is: what is told of there is no peer, and no ban hits one.
NOWHERE = "127.5"
NOT_KEPT = "but not for the next start: cannot save"
MOST_NOWHERE = 3  # added peers: each is dialed in vain, for ever


class Entries:
    """What one file of the node holds. A change that was refused because it could not be saved
    is in force, but may be gone after a restart, unless a later one of the same file was
    saved: that includes it."""

    def __init__(self):
        self.present, self.absent, self.unsure = set(), set(), set()

    def tell(self, name, is_present, call):
        """`call` makes the change. Returns whether it was confirmed; None if `call` says False:
        there was no room for it."""
        saved = True
        try:
            if call() is False:
                return None
        except RpcError as error:
            if NOT_KEPT not in error.message:
                raise
            saved = False
        (self.present if is_present else self.absent).add(name)
        (self.absent if is_present else self.present).discard(name)
        if saved:
            self.unsure.clear()
        else:
            self.unsure.add(name)
        return saved

    def compare(self, found, what):
        """Sentences about what is not as it should be."""
        for text, names in ((f"{what} that are lost", self.present - found),
                            (f"{what} that should not be there", self.absent & found)):
            if names:
                yield f"{text}: {', '.join(sorted(names))}"

    def settle(self, found):
        """After a restart: what was unsure is as it was found."""
        for name in self.unsure:
            self.present.discard(name)
            self.absent.discard(name)
            (self.present if name in found else self.absent).add(name)
        self.unsure.clear()


class Ledger:
    """The changes. `call` is always `Node.rpc` or the like."""

    def __init__(self):
        self.bans, self.added, self.addresses = Entries(), Entries(), Entries()
        self.saved, self.refused = 0, 0  # changes so far

    def change(self, call, draw):
        """One change, drawn. False if what was drawn changes nothing."""
        what, number = draw.randrange(10), draw.randrange(250)
        if what < 2:
            return self.ban(call, draw.choice(sorted(self.bans.present) or ["10.0.0.0/24"]),
                            False)
        if what < 6:
            return self.ban(call, f"10.{number}.{draw.randrange(250)}.0/24")
        if what < 8:
            nowhere = sorted(x for x in self.added.present if x.startswith(NOWHERE))
            if len(nowhere) == MOST_NOWHERE:
                return self.add_peer(call, draw.choice(nowhere), False)
            return self.add_peer(call, f"{NOWHERE}.1.{number}:1")
        return self.add_address(call, f"{NOWHERE}.2.{number}", 1)

    def ban(self, call, subnet, add=True):
        """Or, unless `add`, lifts the ban. These three return False if that changes
        nothing."""
        if add == (subnet in self.bans.present):
            return False
        return self._count(self.bans.tell(
            subnet, add, lambda: call("setban", subnet, "add" if add else "remove")))

    def add_peer(self, call, place, add=True):
        """Or, unless `add`, removes it."""
        if add == (place in self.added.present):
            return False
        return self._count(self.added.tell(
            place, add, lambda: call("addnode", place, "add" if add else "remove")))

    def add_address(self, call, host, port):
        """Changes nothing if there is no place for it in the book."""
        place = f"{host}:{port}"
        if place in self.addresses.present:
            return False
        return self._count(self.addresses.tell(
            place, True, lambda: call("addpeeraddress", host, port)["success"]))

    def check(self, call, addresses, restarted=False):
        """What the node, whose /addresses these are, does not know as it should: sentences.
        `restarted`: since the last change."""
        result = []
        for what, entries, found in (
                ("bans", self.bans, {x["address"] for x in call("listbanned")}),
                ("added peers", self.added,
                 {x["addednode"] for x in call("getaddednodeinfo")}),
                ("addresses", self.addresses, {x["address"] for x in addresses})):
            if restarted:
                entries.settle(found)
            result += entries.compare(found, what)
        return result

    def _count(self, saved):
        self.saved += saved is True
        self.refused += saved is False
        return saved is not None
