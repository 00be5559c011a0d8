#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real processes under real faults: a node with a hundred peers, some of them nodes, whose
processes are killed and stopped, whose descriptors are taken and whose disk fails. After
each fault all has to be as before, and what was confirmed as saved is never lost (I15). In
the end nothing is left of all that (I16)."""

import argparse
import contextlib
import os
import random
import resource
import statistics
import sys
import time
import traceback

import chaos_disk
from chaos_world import ANSWER_SECONDS, PING_SECONDS, Late, World, Wrong
from peerage_harness import HarnessError, connect
from process import open_descriptors
from state_files import FILES, body_of

# A peer that is silent for longer is given up: the interval of pings and its timeout of 20 s.
SILENT_SECONDS = PING_SECONDS + 20 + 4
LONG_RUN_SECONDS = 90  # in shorter ones nothing is silent for so long
STRANGERS = 3


def down_seconds(draw):
    return draw.uniform(0, 1)


class Faults:
    """Each fault is a method that makes it, waits, and ends it, with all its choices drawn
    from `draw`; it returns what it did, in words."""

    def __init__(self, world):
        self.world = world

    # -- processes ---------------------------------------------------------------------

    def peers_killed(self, draw):
        return self._kill_peer(draw.choice(self.world.crowds), draw)

    def peer_node_killed(self, draw):
        return self._kill_peer(draw.choice(self.world.peer_nodes), draw)

    def _kill_peer(self, peer, draw):
        seconds = down_seconds(draw)
        peer.end()
        self.world.watch(seconds)
        peer.start()
        return f"{peer.name}, for {seconds:.1f} s"

    def peers_stopped(self, draw):
        """For less than a ping may take: no peer is lost."""
        peer, seconds = draw.choice(self.world.peers), draw.uniform(0.3, 1.5)
        before = self.world.peer_ids()
        self.world.freeze(peer)
        self.world.watch(seconds)
        self.world.thaw(peer)
        self._none_lost(before)
        return f"{peer.name}, for {seconds:.1f} s"

    def peers_silent(self, draw):
        """For longer: they are given up, and no others."""
        crowd = draw.choice(self.world.crowds)
        peers = self.world.ask("get", "/peers")
        others = {x["id"] for x in peers if not crowd.is_mine(x)}
        silent = len(peers) - len(others)

        def given_up(status):
            return status["exits"].get("ping_timeout", 0)

        before = given_up(self.world.look())
        self.world.freeze(crowd)
        self.world.wait(lambda x: given_up(x) >= before + silent,
                        f"giving up {silent} silent peers", SILENT_SECONDS + ANSWER_SECONDS)
        self._none_lost(others)
        self.world.thaw(crowd)
        return f"{crowd.name}, its {silent} peers were given up"

    def node_killed(self, draw):
        """Right after answers; sometimes while its disk fails. The next start knows all that
        was confirmed."""
        disk, seconds = self.world.disk, down_seconds(draw)
        kinds = {"": None, "its disk read only, ": self._disk_read_only}
        if disk.can_be_full:
            kinds["its disk full, "] = self._disk_full
        kind = draw.choice(sorted(kinds))
        if self.world.starts > 1:
            self.world.settle()
        with kinds[kind](draw) if kind else contextlib.nullcontext():
            self._change(draw, 4)
            self.world.hang_up()
            self.world.node.kill()
        time.sleep(seconds)
        self.world.restart()
        return f"{kind}for {seconds:.1f} s"

    def node_stopped(self, draw):
        """It wakes up with all its peers."""
        seconds = draw.uniform(0.3, 1.5)
        before = self.world.peer_ids()
        self.world.freeze(self.world.node)
        time.sleep(seconds)
        self.world.thaw(self.world.node)
        self._none_lost(before)
        return f"for {seconds:.1f} s"

    # -- what the system gives ---------------------------------------------------------

    def few_descriptors(self, draw):
        """Fewer than are open: it makes room for newcomers, and goes on."""
        node, fewer, seconds = self.world.node, draw.randrange(5, 40), draw.uniform(0.3, 1.5)

        def evicted(status):
            return sum(status[x].get("evicted", 0) for x in ("exits", "failures"))

        before = evicted(self.world.look())
        usual = resource.prlimit(node.pid, resource.RLIMIT_NOFILE)
        limit = open_descriptors(node.pid) - fewer
        resource.prlimit(node.pid, resource.RLIMIT_NOFILE, (limit, usual[1]))
        with contextlib.ExitStack() as stack:
            stack.callback(resource.prlimit, node.pid, resource.RLIMIT_NOFILE, usual)
            for _ in range(STRANGERS):
                stack.enter_context(connect(node.p2p))
            self.world.wait(lambda x: evicted(x) > before, "making room for newcomers", 10)
            self._change(draw, 2)
            self.world.watch(seconds)
        return f"{fewer} fewer than open, for {seconds:.1f} s"

    def disk_read_only(self, draw):
        return self._on_without(self._disk_read_only, draw)

    def disk_full(self, draw):
        return self._on_without(self._disk_full, draw)

    def _on_without(self, disk_fails, draw):
        """It goes on, and saves again."""
        world, seconds = self.world, draw.uniform(0.3, 1.5)
        saves, _ = world.save_counts()
        with disk_fails(draw) as meanwhile:
            self._change(draw, 3, meanwhile)
            world.watch(seconds, meanwhile)
            world.check_ledger()
        refused = world.ledger.refused
        self._change(draw, 3)
        if world.ledger.refused != refused:
            raise Wrong("the disk is well again, and a change is refused")
        world.wait(lambda _: world.save_counts()[0] > saves, "a save in the metrics")
        return f"for {seconds:.1f} s"

    @contextlib.contextmanager
    def _disk_read_only(self, draw):
        """No change is confirmed."""
        ledger, disk = self.world.ledger, self.world.disk
        saved = ledger.saved

        def check():
            if ledger.saved != saved:
                raise Wrong("a change is confirmed that cannot be saved")

        with self._failing(disk.make_read_only, disk.make_writable, check, draw):
            yield check
            check()

    @contextlib.contextmanager
    def _disk_full(self, draw):
        """There may be room in a page that a file has already, so some changes are
        confirmed."""
        disk = self.world.disk
        with self._failing(disk.fill, disk.empty, disk.fill, draw):
            yield disk.fill

    @contextlib.contextmanager
    def _failing(self, begin, end, meanwhile, draw):
        """A disk that fails, from when the node has said so."""
        world = self.world
        _, failures = world.save_counts()
        try:
            begin()
            self._change(draw, 3, meanwhile)
            world.wait(lambda _: world.save_counts()[1] > failures and world.unsaved_files(),
                       "a failed save in metrics and log", 10, meanwhile)
            yield
        finally:
            end()

    # -- for all of them ---------------------------------------------------------------

    def _change(self, draw, count, meanwhile=None):
        for _ in range(count):
            if meanwhile:
                meanwhile()
            while not self.world.ledger.change(self.world.call, draw):
                pass

    def _none_lost(self, before):
        lost = before - self.world.peer_ids()
        if lost:
            raise Wrong(f"{len(lost)} peers are lost, such as peer {min(lost)}:\n"
                        f"{self.world.node.end_of_log()}")


class Run:
    """From the start to the summary."""

    def __init__(self, options, disk):
        self.options, self.disk = options, disk
        self.began = time.monotonic()
        self.recoveries = {}  # by kind: seconds until all was well

    def say(self, text):
        print(f"{time.monotonic() - self.began:6.1f} s  {text}", flush=True)

    def play(self):
        with World(self.options.program, self.disk) as world:
            seconds = world.wait_well()
            self.say(f"{world.most} peers after {seconds:.1f} s; baseline: "
                     f"{describe(world.baseline)}")
            draw = random.Random(f"{self.options.seed} changes")
            for number, kind in enumerate(self.kinds()):
                for _ in range(draw.randrange(1, 5)):
                    world.ledger.change(world.call, draw)
                # Of its own, so that what it draws does not depend on those before it.
                what = getattr(Faults(world), kind)(
                    random.Random(f"{self.options.seed} {number}"))
                took = world.wait_well()
                world.check_ledger()
                check_log(world.node.log())
                self.recoveries.setdefault(kind, []).append(took)
                self.say(f"{in_words(kind)}: {what}; well after {took:.1f} s")
            self.end(world)
            self.summarise(world)

    def kinds(self):
        """Whole rounds of all of them, each in another order, until the time is up; the last
        one may be cut short, unless it is the first."""
        draw = random.Random(f"{self.options.seed} order")
        first_round = True
        while first_round or not self.is_over():
            later = ["peers_killed", "peer_node_killed", "peers_stopped", "node_stopped",
                     "few_descriptors", "disk_read_only"]
            if self.disk.can_be_full:
                later.append("disk_full")
            if first_round and self.options.seconds >= LONG_RUN_SECONDS:
                later.append("peers_silent")
            draw.shuffle(later)
            # Early, so that one process bears most of a round: what it leaks is seen in the
            # end.
            later.insert(draw.randrange(2), "node_killed")
            for kind in later:
                if first_round or not self.is_over():
                    yield kind
            first_round = False

    def is_over(self):
        return time.monotonic() - self.began > self.options.seconds

    def end(self, world):
        """All peers leave, then the node stops in order."""
        world.end_peers()
        world.call("setnetworkactive", False)
        world.wait(lambda x: x["dialing"] == x["handshaking"] == 0, "the end of all dials")
        now = [world.baseline]

        def is_at_baseline(_):
            now[0] = world.measure()
            return now[0] == world.baseline

        try:
            world.wait(is_at_baseline, "being back at the baseline", 10)
        except Late as late:
            raise Wrong(f"{late}: {describe(now[0])} instead of "
                        f"{describe(world.baseline)} (I16)") from None
        world.check_ledger()
        world.hang_up()
        took = world.node.stop()
        check_files(self.disk.data / "regtest")
        world.restart()
        world.hang_up()
        world.node.stop()
        check_log(world.node.log())
        with contextlib.suppress(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)
            raise Wrong("a process is left")
        self.say(f"all peers left: {describe(now[0])}, as at the start; stopped in "
                 f"{took:.2f} s, started and stopped again")

    def summarise(self, world):
        ledger = world.ledger
        print(f"\n{sum(map(len, self.recoveries.values()))} faults, seconds until all was "
              "well again:")
        for kind, seconds in sorted(self.recoveries.items()):
            print(f"  {len(seconds):3d} {in_words(kind):18s} median "
                  f"{statistics.median(seconds):4.1f}  most {max(seconds):4.1f}")
        print(f"{world.least} to {world.most} peers (but for the first moments after a "
              f"start); {world.starts} starts of the node;\nslowest answer "
              f"{world.slowest:.2f} s; {ledger.saved} changes saved and none lost, "
              f"{ledger.refused} refused while they could not be")


def in_words(kind):
    return kind.replace("_", " ")


def describe(measured):
    return ", ".join(f"{number} {name}" for name, number in measured.items())


def check_log(log):
    for line in log.splitlines():
        if any(x in line for x in (" critical ", "set aside", "does not match", "left out")):
            raise Wrong(f"in the log: {line}")


def check_files(place):
    """All complete, and nothing half written."""
    for name, kind in FILES.items():
        try:
            body_of(place / name, kind)
        except (OSError, ValueError) as error:
            raise Wrong(f"after the stop: {error}") from None
    left = [x.name for x in place.iterdir() if x.name.endswith(".new") or "damaged" in x.name]
    if left:
        raise Wrong(f"after the stop there is {left}")


def open_disk(may_mount):
    """And whether that is less than it should be."""
    if may_mount:
        try:
            chaos_disk.take_private_mounts()
            return chaos_disk.SmallDisk()
        except OSError as error:
            print(f"may not mount a disk of its own ({error})")
    print("LEFT OUT: a full disk; read-only is by file modes")
    return chaos_disk.Folder()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", metavar="PEERAGE", help="the executable")
    parser.add_argument("--seconds", type=float, default=20, metavar="N",
                        help="how long faults are made (default %(default)s); at least a "
                             "round of all of them, and those that take longer from "
                             f"{LONG_RUN_SECONDS} on")
    parser.add_argument("--seed", type=int, metavar="S",
                        help="of the faults and their order (default: a new one)")
    parser.add_argument("--no-mount", action="store_true",
                        help="as where no disk may be mounted: without the full disk")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1_000_000)
    replay = (f"{sys.executable} -B {os.path.abspath(__file__)} {options.program} "
              f"--seconds {options.seconds:g} --seed {options.seed}"
              + (" --no-mount" if options.no_mount else ""))
    print(f"seed {options.seed}", flush=True)
    with contextlib.closing(open_disk(not options.no_mount)) as disk:
        try:
            Run(options, disk).play()
        except Exception as error:  # pylint: disable=broad-except
            if not isinstance(error, (Wrong, HarnessError)):
                traceback.print_exc()
            print(f"WRONG: {error}\nThe same faults again: {replay}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
