"""The window: work until every sequential test has decided, each core was due, and heat has shown where it leads."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

from ...engine.errors import DeviceError
from ...hw.boards.row import Row
from ...hw.chips.ticket import best_ticket
from ...hw.meters.meter import Meter
from ...hw.meters.sensors import BoardSensors, power
from ...hw.powered import Powered
from ..decide.sprt import ProportionTest, RateTest
from ..metering import Counts as Hashed
from ..metering import Entry, Metered, metering
from ..window import Counts, Window
from ..workload import NO_SHARE, Workload
from .evidence import Evidence
from .limits import CheckLimits
from .sensing import is_settled
from .units import needed

_LOOK_S = 0.5
_REPEATS_GOOD = 0.001  # ours: there are none on a sound board, and some on a line that loses bits
_BROKEN_GOOD = 0.001
_SETTLE_S = 1.0
_RECENT = 11  # looks: five seconds

Progress = Callable[[str, float, float, str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """Seconds of hashing: at least, at most, and of the soak that was asked for."""

    least_s: float = 25.0
    most_s: float = 600.0
    soak_s: float = 0.0


async def measure(
    powered: Powered, e: Evidence, plan: Plan, seed: int, progress: Progress, meter: Meter | None = None
) -> None:
    """Into the evidence, as it goes: whatever ends it early, what came until then is there. Raises DeviceError."""
    loop = asyncio.get_running_loop()
    e.rate, e.errors, e.repeats, e.broken = _tests(e.row, e.limits)
    planned_s, course = planned(e.row, e.point.mhz, e.limits, plan), deque([(0.0, 0.0)], maxlen=_RECENT)
    progress("hash rate", 0.0, planned_s, "")
    async with Workload(powered, seed=seed) as load, _metering(powered, meter, load.done, e.note) as metered:
        try:
            await load.settle(_SETTLE_S)
            begin = await _read(metered)
            window, began_s = load.window(), loop.time()
            while True:
                await asyncio.sleep(_LOOK_S)
                elapsed_s = loop.time() - began_s
                e.window_s = (began_s, loop.time())
                _look(powered, e, window)
                course.append((elapsed_s, 0.0 if e.counts is None else e.counts.hashes))
                e.rate_hps = _recent(course)
                planned_s = max(planned_s, min(plan.most_s, elapsed_s + _LOOK_S))
                progress("hash rate", min(1.0, elapsed_s / planned_s), max(0.0, planned_s - elapsed_s), _note(e))
                if elapsed_s >= plan.most_s or (elapsed_s >= plan.least_s and _decided(e)):
                    break
            if not _decided(e) and (s := _decides_s(e.row, e.point.mhz, e.limits)) > plan.most_s:
                e.note(f"time was up: a sound board of its rate is decided after {s:.0f} s or so; give it --most")
            end = await _read(metered)
            if metered is not None and begin is not None and end is not None:
                e.energy, e.efficiency = metered.energy(begin.at_s, end.at_s), metered.since(begin)
        finally:
            e.runs, e.rate_hps = dict(load.runs), None


async def soak(powered: Powered, e: Evidence, plan: Plan, seed: int, progress: Progress) -> None:
    """For as long as was asked. Raises DeviceError."""
    loop = asyncio.get_running_loop()
    async with Workload(powered, seed=seed) as load:
        await load.settle(_SETTLE_S)
        window, began_s = load.window(), loop.time()
        while (elapsed_s := loop.time() - began_s) < plan.soak_s:
            await asyncio.sleep(min(1.0, plan.soak_s - elapsed_s))
            e.soak, e.soak_for_s = window.counts(), loop.time() - began_s
            progress("soak", elapsed_s / plan.soak_s, plan.soak_s - elapsed_s, "")


@asynccontextmanager
async def _metering(
    powered: Powered, meter: Meter | None, done: Callable[[], Hashed], tell: Callable[[str], None]
) -> AsyncGenerator[Metered | None]:
    """None: there is no meter, or it cannot be read. Then the energy is unknown, and that is no fault of the board."""
    if meter is None and power(powered.reading) is not None:
        meter = BoardSensors(lambda: [powered])
    async with AsyncExitStack() as stack:
        metered: Metered | None = None
        if meter is not None:
            try:
                metered = await stack.enter_async_context(metering(meter, done, tell))
            except DeviceError as error:
                tell(f"J/TH is unknown: {error}")
        yield metered


async def _read(metered: Metered | None) -> Entry | None:
    """What is wrong with it, it tells by itself."""
    if metered is not None:
        with suppress(DeviceError):
            return await metered.look()
    return None


def _recent(course: deque[tuple[float, float]]) -> float:
    """Hashes a second over the last looks."""
    (first_s, before), (last_s, now) = course[0], course[-1]
    return (now - before) / (last_s - first_s)


def _look(powered: Powered, e: Evidence, window: Window) -> None:
    e.counts = c = window.counts()
    assert e.rate is not None
    assert e.errors is not None
    assert e.repeats is not None
    e.rate.see(c.valid, c.expected)
    e.errors.see(c.errors, c.nonces)
    e.repeats.see(c.duplicate, c.nonces + c.duplicate)
    if e.broken is not None and powered.chain is not None:
        bytes_each, (broken, frames) = powered.chain.chip.response_size, e.frames
        more = max(0, c.broken_bytes // bytes_each - broken)
        e.frames = broken + more, max(frames + more, c.heard_bytes // bytes_each)
        e.broken.see(*e.frames)


def _decided(e: Evidence) -> bool:
    tests = (e.rate, e.errors, e.repeats, e.broken)
    decisions = [test.decision for test in tests if test is not None]
    assert e.counts is not None
    return None not in decisions and (_is_hopeless(e) or (e.counts.expected >= needed(e.row) and is_settled(e)))


def _is_hopeless(e: Evidence) -> bool:
    """So little comes that its cores need not be waited for."""
    assert e.counts is not None
    return e.counts.expected > 0 and e.counts.valid < e.counts.expected / 4


def planned(row: Row, mhz: float, limits: CheckLimits, plan: Plan) -> float:
    """Seconds of hashing, of a sound board, on average; its heat may take longer to come to rest."""
    return min(plan.most_s, max(plan.least_s, _decides_s(row, mhz, limits)))


def _decides_s(row: Row, mhz: float, limits: CheckLimits) -> float:
    tests = [test.needs() for test in _tests(row, limits) if test is not None]
    ticket = best_ticket(row.chip, row.chips, mhz, row.fast_baud or row.baud, NO_SHARE) if row.chip is not None else 0
    nonces_per_s = row.rate_hps(mhz) / 2.0 ** (row.zero_bits + ticket)
    return max(*tests, needed(row)) / nonces_per_s


def _tests(row: Row, limits: CheckLimits) -> tuple[RateTest, ProportionTest, ProportionTest, ProportionTest | None]:
    """Of the rate; of nonces that are false, that come again; of frames that are broken, where answers bear a check."""
    return (
        RateTest(good=limits.rate_good, bad=limits.rate_bad),
        ProportionTest(good=limits.errors_good, bad=limits.errors_bad),
        ProportionTest(good=_REPEATS_GOOD, bad=limits.repeats_bad),
        ProportionTest(good=_BROKEN_GOOD, bad=limits.broken_bad) if row.chip is not None else None,
    )


def _note(e: Evidence) -> str:
    c: Counts | None = e.counts
    if c is None or c.expected <= 0:
        return ""
    return f"{c.valid} of {c.expected:.0f} nonces, {c.errors} false"
