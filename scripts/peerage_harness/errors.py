# SPDX-License-Identifier: MIT
"""What goes wrong."""

from __future__ import annotations

import json
from typing import Any


class HarnessError(Exception):
    """The node did not do what it should."""


class NotStarted(HarnessError):
    """The node ended, or said nothing, instead of its ready line. Shows what it logged
    last."""


class NotStopped(HarnessError):
    """The node did not stop in time, or not with exit status 0. Shows what it logged last."""


class RpcError(HarnessError):
    """The error of a refused call. `data` is None unless the error has some: for a
    `wait_for` that timed out, the state by then."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} ({code})" + (f": {json.dumps(data)}" if data else ""))
        self.code = code
        self.message = message
        self.data = data


class PeerError(HarnessError):
    """The node did not do what a `Peer` expected. Shows their conversation."""
