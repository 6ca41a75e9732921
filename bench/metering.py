"""A meter read in time, and beside each reading the hashes done until then: so that both are of the same window.

    async with metering(meter, counts=partial(counts, devices), tell=print) as metered:
        begin = await metered.look()                 reads now
        …
        metered.since(begin)                         Efficiency | None, of exactly that window
        metered.over(60.0), metered.over(None)       of the last minute; of all since the last gap

A meter that fails is closed, opened again with backoff, and told once; what it did not see is unknown, not 0.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import hypot, sqrt

from ..engine.device import Device
from ..engine.errors import DeviceError
from ..engine.tally import Tally
from ..hw.meters.meter import Meter, Sample
from .energy import By, Efficiency, Energy, Mark, between, efficiency, energy, follow

_KEPT = 4096  # readings
_RETRY_FIRST_S, _RETRY_MOST_S = 1.0, 30.0
_END_S = 5.0  # for closing a meter


@dataclass(frozen=True, slots=True)
class Counts:
    """Hashes done so far: by devices that count them, and by the claims of those that do not.

    squares  of what the claims stand for; late_s: by how much the counted ones may be older
    """

    counted: float = 0.0
    claimed: float = 0.0
    squares: float = 0.0
    late_s: float = 0.0


def counts(devices: Iterable[tuple[Device, Tally]]) -> Counts:
    """Of all of them together."""
    counted = claimed = squares = late_s = 0.0
    for device, tally in devices:
        stats = device.stats()
        if stats.hashes is None:
            claimed, squares = claimed + tally.claimed, squares + tally.claimed_squares
        else:
            counted, late_s = counted + stats.hashes, max(late_s, stats.late_s)
    return Counts(counted, claimed, squares, late_s)


@dataclass(frozen=True, slots=True)
class Entry:
    mark: Mark
    counts: Counts

    @property
    def at_s(self) -> float:
        return self.mark.sample.at_s


class Metered:
    def __init__(self, meter: Meter, counts: Callable[[], Counts], tell: Callable[[str], None]) -> None:
        self.meter = meter
        self.failure = ""  # why it cannot be read now
        self._counts, self._tell = counts, tell
        self._entries: deque[Entry] = deque(maxlen=_KEPT)
        self._first: Entry | None = None  # since when all is known
        self._turn = asyncio.Lock()

    async def look(self) -> Entry:
        """Reads now. Raises DeviceError."""
        async with self._turn:
            before = self._counts()
            sample = await self.meter.read()
            entry = Entry(self._mark(sample), _mean(before, self._counts()))
            self._entries.append(entry)
            idle = (
                not entry.counts.counted and not entry.counts.claimed
            )  # what comes before the first hash is no mining
            if self._first is None or idle or not self._is_whole(self._first, entry):
                self._first = entry
            return entry

    def since(self, begin: Entry) -> Efficiency | None:
        """J/TH from that look to the last one. None: unknown."""
        return self._between(begin, self._entries[-1]) if self._entries else None

    def over(self, seconds: float | None) -> Efficiency | None:
        """The last so many seconds, or what there is of them; None: since the last gap."""
        if self._first is None:
            return None
        last = self._entries[-1]
        if seconds is None:
            return self._between(self._first, last)
        from_s = max(last.at_s - seconds, self._first.at_s) - self.meter.period_s / 2
        return self._between(next(entry for entry in self._entries if entry.at_s >= from_s), last)

    def energy(self, begin_s: float, end_s: float) -> Energy | None:
        """Of that window of the loop's clock, some 4000 readings back at most. None: it is not covered. The surest is a
        look at each end."""
        return energy([entry.mark.sample for entry in self._entries], begin_s, end_s, self.meter)

    def _mark(self, sample: Sample) -> Mark:
        return follow(self._entries[-1].mark, sample, self.meter.period_s) if self._entries else Mark(sample)

    def _is_whole(self, begin: Entry, end: Entry) -> bool:
        """Nothing of it is missing; a device that counts from now on has not counted what it claimed before."""
        known = between(begin.mark, end.mark, self.meter) is not None
        return known and begin.counts.claimed <= end.counts.claimed and begin.counts.counted <= end.counts.counted

    def _between(self, begin: Entry, end: Entry) -> Efficiency | None:
        one, other, seconds = begin.counts, end.counts, end.at_s - begin.at_s
        counted, claimed = other.counted - one.counted, other.claimed - one.claimed
        if seconds <= 0 or not self._is_whole(begin, end):
            return None
        late = counted / seconds * other.late_s / sqrt(6)
        u_hashes = hypot(sqrt(max(0.0, other.squares - one.squares)), late)
        by: By = "claims" if claimed > 0 else "counted"
        return efficiency(between(begin.mark, end.mark, self.meter), counted + claimed, u_hashes, by)

    async def run(self) -> None:
        """Read it until cancelled."""
        retry_s, is_open = _RETRY_FIRST_S, True
        while True:
            try:
                if not is_open:
                    await self.meter.open()
                    is_open = True
                await self.look()
            except DeviceError as error:
                if not self.failure:
                    self._tell(f"J/TH is unknown for now: {error}")
                self.failure, is_open = str(error), False
                await self.meter.close()
                await asyncio.sleep(retry_s)
                retry_s = min(2 * retry_s, _RETRY_MOST_S)
            else:
                if self.failure:
                    self._tell(f"{self.meter.name}: is read again")
                self.failure, retry_s = "", _RETRY_FIRST_S
                await asyncio.sleep(self.meter.period_s)


@asynccontextmanager
async def metering(
    meter: Meter, counts: Callable[[], Counts] = Counts, tell: Callable[[str], None] = lambda _: None
) -> AsyncGenerator[Metered]:
    """Raises DeviceError for a meter that cannot be opened and read at all."""
    try:
        await meter.open()
        metered = Metered(meter, counts, tell)
        await metered.look()
        reading = asyncio.create_task(metered.run())
        try:
            yield metered
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            if not reading.cancelled():
                reading.result()
    finally:
        async with asyncio.timeout(_END_S):
            await meter.close()


def _mean(one: Counts, other: Counts) -> Counts:
    """The meter is read half way between them."""
    return Counts(
        (one.counted + other.counted) / 2,
        (one.claimed + other.claimed) / 2,
        (one.squares + other.squares) / 2,
        other.late_s,
    )
