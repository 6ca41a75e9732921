"""What a device is to the miner: CPU, simulator and board alike. Five verbs and two values.

A new one is a class that keeps to Device and a row of RIGS in tests/contract/test_device.py, which tests all of them
alike; cpu.py is the one of today. app/commands/mine.py makes it. Boards and their chips have hw/ for themselves.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .work import Assignment, Found


@dataclass(frozen=True, slots=True)
class Capabilities:
    version_bits: int = 0  # how many version bits the device wants to roll; 0: it does without
    nominal_hps: float | None = None  # hashes a second; None: unknown before it runs
    ticket_bits: tuple[int, int] = (0, 256)  # least and most leading zero bits that it can be told to report at


@dataclass(frozen=True, slots=True)
class DeviceStats:
    hashes: int | None  # counted since it was made; None: the device cannot count
    starved_s: float = 0.0  # how long it had an assignment and no headers left in it
    note: str = ""  # what else there is to say of it, in a few words
    alarm: str = ""  # what a person must know of it now; empty: nothing
    errors: Mapping[str, int] = field(default_factory=dict[str, int])  # of line and chips, by kind, so far
    mhz: float | None = None  # of its chips; None: it does not tell, as of the next two
    celsius: float | None = None  # of its hottest chip
    watts: float | None = None  # of the whole device
    late_s: float = 0.0  # by how much `hashes` may be older


class Device(Protocol):
    """start, then give and found, then stop; then it may be started again, and its counters go on.

    `give` returns at once. None is idle: no hashing, link and rails kept, back within a second.
    """

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def start(self) -> None:
        """Make it ready to be given work. Raises DeviceError, and InputError for settings it cannot take."""

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        """What to work on from now on. `clean`: what it worked on before is dead; claims in it may be dropped, never
        the work that they belong to: what still comes in is stale and no error."""

    def found(self) -> AsyncIterator[Found]:
        """Its claims, until it is stopped. Raises DeviceError when the device fails."""
        ...

    def stats(self) -> DeviceStats: ...

    async def stop(self) -> None:
        """Stop hashing and let go of everything. What was found before is still in `found`, which then ends.

        Never hangs, though nobody reads `found`. A device that failed, or never started, is stopped like any other.
        """
