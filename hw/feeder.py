"""What a board's session and the feeding of its chips have between them: orders down, claims and an account up.

A Feeder sends work and turns answers into claims: chain_feeder.py for chips with registers, icarus_feeder.py for boards
that speak Icarus. Who runs it is device.py.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ..engine.work import Assignment, Found
from .powered import Powered

COUNTED_S = 1.0  # between looks at the chips' own counters

Report: TypeAlias = Callable[[Found], None]


@dataclass(slots=True)
class Account:
    """What the device tells of itself, over all its sessions."""

    errors: Counter[str] = field(default_factory=Counter[str])
    hashes: int | None = None  # by the chips' own counters
    hashes_at_s: float = 0.0  # the loop's clock when they were read
    starved_s: float = 0.0
    note: str = ""
    alarm: str = ""
    mhz: float | None = None
    celsius: float | None = None  # of the hottest chip
    watts: float | None = None


class Orders:
    """What was given last; the feeder waits here for the next."""

    def __init__(self) -> None:
        self.latest: Assignment | None = None
        self._changed = asyncio.Event()

    def put(self, assignment: Assignment | None) -> None:
        self.latest = assignment
        self._changed.set()

    async def wait(self, seconds: float | None) -> None:
        """Until there is another than at the end of the last wait, or so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()


class Feeder(Protocol):
    async def run(self) -> None:
        """Feed work until cancelled. Raises DeviceError."""


class FeederFor(Protocol):
    def __call__(self, powered: Powered, orders: Orders, report: Report, account: Account, name: str) -> Feeder: ...
