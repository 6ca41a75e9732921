"""`joulehash bench energy`: the J/TH of a device under full load, with what it does and what it takes.

Two rates, of one window: hashes that the device counted, and those that its verified claims stand for. Their ratio has
an interval (bench/decide); where one of 99.9 % excludes 1, that is a fault and not noise. Before a CPU is loaded, what
its meter says of idling is measured and told; nothing is subtracted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from math import sqrt

import msgspec

from ..engine.device import Device
from ..engine.tally import Tally
from ..hw.meters.meter import Meter
from .decide.intervals import LEVEL, Interval, garwood, over_counter
from .driven import Load, driven
from .energy import Efficiency, Energy, between, efficiency
from .metering import Entry, Metered, metering

IDLE_S = 3.0
SETTLE_S = 2.0  # after the first hash
_SURE = 0.999


class Measured(msgspec.Struct, frozen=True):
    """Of one device; None: not known. Rates are in hashes a second."""

    device: str
    note: str
    seconds: float
    counted_hps: float | None
    claimed: Interval | None  # hashes a second, by claims
    claims: int
    hardware_errors: int
    ratio: Interval | None  # claims over counted
    disagrees: bool  # they do, and it is no chance: one in a thousand
    energy: Energy | None
    counted: Efficiency | None
    by_claims: Efficiency | None
    idle_w: float | None
    mhz: float | None = None
    celsius: float | None = None

    @property
    def best(self) -> Efficiency | None:
        """By what was counted, where it was."""
        return self.counted or self.by_claims


async def measure_energy(
    device: Device,
    meter: Meter | None,
    seconds: float,
    *,
    idle_s: float = IDLE_S,
    settle_s: float = SETTLE_S,
    seed: int | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Raises DeviceError for a meter or a device that fails."""
    async with metering(meter) if meter is not None else nullcontext() as metered:
        idle_w = None
        if metered is not None and idle_s and metered.meter.source == "measured":
            progress(f"{device.name}: idle")
            idle_w = await _idle(metered, idle_s)
        progress(f"{device.name}: starting")
        async with driven(device, seed) as load:
            await load.begun()
            await asyncio.sleep(settle_s)
            progress(f"{device.name}: measuring for {seconds:g} s")
            begin = await _snapshot(load, metered)
            await asyncio.sleep(seconds)
            end = await _snapshot(load, metered)
            stats = device.stats()
        spent = None
        if meter is not None and begin.entry is not None and end.entry is not None:
            spent = between(begin.entry.mark, end.entry.mark, meter)
        figures = _figures(begin, end, stats.late_s, spent)
    return msgspec.structs.replace(
        figures, device=device.name, note=stats.note, idle_w=idle_w, mhz=stats.mhz, celsius=stats.celsius
    )


class _Snapshot(msgspec.Struct):
    """All counters at one moment, that of the meter's reading where there is one."""

    at_s: float
    entry: Entry | None
    hashes: int | None
    tally: Tally


async def _snapshot(load: Load, metered: Metered | None) -> _Snapshot:
    loop = asyncio.get_running_loop()
    before_s, before, claims = loop.time(), load.device.stats().hashes, _copy(load.tally)
    if metered is None:
        return _Snapshot(before_s, None, before, claims)
    entry, after = await metered.look(), load.device.stats().hashes
    middle = None if before is None or after is None else (before + after) // 2
    return _Snapshot(entry.at_s, entry, middle, claims)


def _copy(tally: Tally) -> Tally:
    return Tally(
        claims=tally.claims,
        claimed=tally.claimed,
        claimed_squares=tally.claimed_squares,
        hardware_errors=tally.hardware_errors,
    )


def _figures(begin: _Snapshot, end: _Snapshot, late_s: float, spent: Energy | None) -> Measured:
    one, other, seconds = begin.tally, end.tally, end.at_s - begin.at_s
    claims, claimed = other.claims - one.claims, other.claimed - one.claimed
    counted = None if begin.hashes is None or end.hashes is None else end.hashes - begin.hashes
    step = 0.0 if counted is None else counted / seconds * late_s
    weight = claimed / claims if claims else 0.0
    ratio, surely = (
        over_counter(claims, weight, counted, step, level) if counted and claims else None for level in (LEVEL, _SURE)
    )
    return Measured(
        device="",
        note="",
        seconds=seconds,
        counted_hps=None if counted is None else counted / seconds,
        claimed=garwood(claims).times(weight / seconds) if claims else None,
        claims=claims,
        hardware_errors=other.hardware_errors - one.hardware_errors,
        ratio=ratio,
        disagrees=surely is not None and 1.0 not in surely,
        energy=spent,
        counted=efficiency(spent, counted or 0.0, step / sqrt(6), "counted"),
        by_claims=efficiency(spent, claimed, sqrt(other.claimed_squares - one.claimed_squares), "claims"),
        idle_w=None,
    )


async def _idle(metered: Metered, seconds: float) -> float | None:
    begin = await metered.look()
    await asyncio.sleep(seconds)
    energy = between(begin.mark, (await metered.look()).mark, metered.meter)
    return None if energy is None else energy.watts
