"""What a pool is to the miner: Stratum client, own node, failover group. Five verbs and two values.

A new protocol is a module in pools/ with a class that keeps to Pool; app/commands/mine.py makes it for its URL scheme
(pools/url.py). What it says on the wire goes into a folder of its own without I/O, as stratum/ is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Protocol

from .judge import Verdict
from .tally import Result
from .work import Job

SESSIONS = count(1)  # numbers of connections: each pool takes its own from here, so that no two in a process are alike


@dataclass(frozen=True, slots=True)
class PoolStats:
    name: str = ""  # of one of several
    state: str = ""  # of one of several: what it does in a few words
    connected: bool = False
    user: str = ""
    difficulty: Fraction | None = None  # of shares, now; None before the first
    latency_s: float | None = None  # of the last answer to a share
    reconnects: int = 0
    malformed: int = 0  # lines that could not be understood
    failure: str = ""  # why there is no connection; empty while there is one, or the first has not failed yet
    refused: bool = False  # that is why: it said no, to the user name or to us
    members: tuple[PoolStats, ...] = ()  # of those that it is made of
    pays: float | None = None  # part of the coinbase that goes to the user's address, 0 to 1; None: not known


@dataclass(frozen=True, slots=True)
class Demand:
    """What the devices together will want of a pool."""

    rate_hps: float | None = None  # None: unknown
    version_bits: int = 0  # the most that one of them needs to roll
    least_hps: float | None = None  # of the slowest
    hashes: Callable[[], int] | None = field(default=None, compare=False)  # done so far; None: nobody counts


class Pool(Protocol):
    @property
    def name(self) -> str:
        """How it is shown: its URL without secrets."""
        ...

    async def start(self, demand: Demand) -> None:
        """Begin to connect; returns at once. Raises InputError for settings that cannot work. After stop it may be
        started again."""

    def jobs(self) -> AsyncIterator[Job | None]:
        """Each job as it comes; None when there is none to work on any more. Ends after stop."""
        ...

    async def submit(self, share: Verdict) -> Result:
        """Send a share to the session that its job came from, and wait for what becomes of it. Never raises."""
        ...

    def stats(self) -> PoolStats: ...

    async def stop(self) -> None:
        """Wait a moment for outstanding answers, count the rest lost, let go of everything."""
