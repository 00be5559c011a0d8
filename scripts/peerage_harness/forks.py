# SPDX-License-Identifier: MIT
"""What a forked child must not hold: the other side would not see that we are gone."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

#: While it is held, no other thread forks, and a child misses nothing that `hold_alone` has
#: to be told of.
fork_lock = threading.RLock()

_held_alone: weakref.WeakSet[Any] = weakref.WeakSet()


def hold_alone(thing: Any) -> None:
    """Forked children close this file or socket at once."""
    with fork_lock:
        _held_alone.add(thing)


def _let_go_in_child() -> None:
    fork_lock.release()
    for held in list(_held_alone):
        held.close()


os.register_at_fork(before=fork_lock.acquire, after_in_parent=fork_lock.release,
                    after_in_child=_let_go_in_child)
