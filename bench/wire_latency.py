"""How long a share takes through the miner: from the last byte of its nonce on the board's wire to the pool having it.

The miner is the product's, with one simulated Bitaxe Gamma on pseudo-terminals and a pool over loopback TCP, each in a
process of its own; every nonce is a share, at the board's true rate. It is measured twice: with nothing else to do, and
while the CPU device mines in the same process on every core. Such a CPU is so slow beside a board that a pool hears
next to nothing of it; so here it hashes as ever, and looks for what it will not find. The board's end notes the time
right before it writes, the pool's right after it has read: what both cost is in the figure.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic

import msgspec

from ..engine.cpu import CpuDevice, available_cpus
from ..engine.errors import DeviceError, InputError
from ..engine.miner import Miner
from ..engine.stratum.client import Settings
from ..engine.work import Assignment
from ..ext.kernels import Kernel, choose
from ..hw.wire.bm13xx import Nonce, ResponseDecoder
from .far_ends import Passed, PoolEnd, pool_end
from .host_share import SCALE, mining, plugged_in
from .pipeline import Latencies

_SETTLED_S = 1.0
_LATEST_S = 1.0  # a share that takes longer is missing
_SLOWEST = 4.0  # times the expected time, for the shares to come
_LOOK_S = 0.02
_ROLLED_FROM = 13  # the bit of the version where the rolled ones begin
_NEVER = 1 << 160  # a target that no CPU meets while we look

Key = tuple[int, int]  # nonce, and the bits of the version: what both wires say of a share


@dataclass(frozen=True, slots=True)
class WireLatency:
    """Seconds from wire to wire."""

    board: str
    kernel: str
    threads: int  # of the CPU device, while busy
    idle: Latencies
    busy: Latencies
    missing: int  # nonces whose share the pool did not get within a second, of both


def measure_wire_latency(shares: int, kernel: str | None = None, board: str = "bitaxe-gamma") -> WireLatency:
    """So many shares idle, and as many busy; bringing up the board takes ten seconds before.

    Raises InputError for a number that is not above 0, DeviceError when the board does not run.
    """
    if shares < 1:
        raise InputError(f"shares: {shares}; takes 1 or more")
    return asyncio.run(_measure(shares, choose(kernel), board))


async def _measure(shares: int, kernel: Kernel, board: str) -> WireLatency:
    every_nonce = Fraction(1, 1 << SCALE)
    async with AsyncExitStack() as stack:
        server = stack.enter_context(pool_end(PoolEnd(every_nonce)))
        line = await stack.enter_async_context(plugged_in(board))
        cpu, settings = Busy(kernel), Settings("bench", suggest_difficulty=every_nonce)
        miner = await stack.enter_async_context(mining([line.device, cpu], server, settings))
        nonce_hashes = 2.0 ** (32 - SCALE)
        due_s = shares * nonce_hashes / (line.device.capabilities.nominal_hps or nonce_hashes)
        idle = await _window(miner, shares, due_s)
        cpu.begin()
        busy = await _window(miner, shares, due_s)
        await asyncio.sleep(_LATEST_S)
        sent, got = nonces_sent(await line.end.taken()), shares_got(await server.taken())
    alone, beside = (waits_of(sent, got, window) for window in (idle, busy))
    missing = sum(wait is None for wait in (*alone, *beside))
    return WireLatency(board, kernel.name, len(available_cpus()), _sorted(alone), _sorted(beside), missing)


def _sorted(waits: list[float | None]) -> Latencies:
    samples = sorted(wait for wait in waits if wait is not None)
    if not samples:
        raise DeviceError(f"no share was at the pool within {_LATEST_S:g} s of its nonce; is the machine very busy?")
    return Latencies(samples)


async def _window(miner: Miner, shares: int, due_s: float) -> tuple[float, float]:
    """From when to when so many were found. Raises DeviceError when they do not come."""
    await asyncio.sleep(_SETTLED_S)
    loop, before, began_s = asyncio.get_running_loop(), miner.tally.found, monotonic()
    latest_s = loop.time() + _SLOWEST * due_s + _LATEST_S
    while miner.tally.found < before + shares:
        if loop.time() > latest_s:
            raise DeviceError(f"{miner.tally.found - before} of {shares} shares in {_SLOWEST * due_s:.0f} s")
        await asyncio.sleep(_LOOK_S)
    return began_s, monotonic()


class Busy(CpuDevice):
    """Idle until `begin`; then it hashes on every core, and finds nothing."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__(kernel)
        self._given: Assignment | None = None
        self._begun = False

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        self._given = None if assignment is None else replace(assignment, claim_target=_NEVER)
        super().give(self._given if self._begun else None, clean=clean)

    def begin(self) -> None:
        self._begun = True
        super().give(self._given, clean=True)


# What passed the wires


def nonces_sent(passed: Iterable[Passed]) -> list[tuple[float, Key]]:
    """When the last byte of each left the board."""
    decoder = ResponseDecoder(11)
    return [
        (at_s, (value.nonce, value.version << _ROLLED_FROM))
        for at_s, data in passed
        for value in decoder.feed(data)
        if isinstance(value, Nonce) and value.version is not None
    ]


def shares_got(passed: Iterable[Passed]) -> list[tuple[float, Key]]:
    """When the last byte of each line was at the pool."""
    got, rest = list[tuple[float, Key]](), b""
    for at_s, data in passed:
        *lines, rest = (rest + data).split(b"\n")
        for message in map(msgspec.json.decode, lines):
            if message["method"] == "mining.submit":
                nonce, version = (int(word, 16) for word in message["params"][4:6])
                got.append((at_s, (nonce, version)))
    return got


def waits_of(
    sent: Iterable[tuple[float, Key]], got: Iterable[tuple[float, Key]], window: tuple[float, float]
) -> list[float | None]:
    """Of the nonces sent in that window; None: it did not become a share. Both in the order of time.

    Scaled down, a chip has few nonces, and other jobs bring the same again; but not before long.
    """
    times: dict[Key, deque[float]] = defaultdict(deque)
    for at_s, key in got:
        times[key].append(at_s)
    waits: list[float | None] = []
    for at_s, key in sent:
        while times[key] and times[key][0] < at_s:
            times[key].popleft()
        wait = times[key].popleft() - at_s if times[key] and times[key][0] <= at_s + _LATEST_S else None
        if window[0] <= at_s <= window[1]:
            waits.append(wait)
    return waits
