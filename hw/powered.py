"""A board that is up: what a bench and a feeder have of it."""

from __future__ import annotations

from dataclasses import dataclass

from .boards.row import Row
from .chain import Chain
from .feed import Feed
from .limits import Reading
from .plant import Plant
from .point import Point, point_of
from .ports.port import Port
from .watch import Watch


@dataclass(slots=True)
class Powered:
    row: Row
    name: str
    port: Port  # the chips' line
    plant: Plant | None
    chain: Chain | None  # None: it has no registers
    watch: Watch | None  # None: nothing is watched
    alarm: str  # what a person must know of it
    point: Point
    feed: Feed | None = None  # the supply, where one is controlled

    @property
    def reading(self) -> Reading:
        """Of its own sensors; where it has none, of its supply."""
        if self.watch is not None:
            return self.watch.reading
        return self.feed.reading if self.feed is not None else Reading()

    async def set_point(self, mhz: float | None = None, volts: float | None = None) -> None:
        """To another frequency, another voltage, or both; None is as it is. Raises InputError for what the board does
        not take, DeviceError when the voltage does not come.

        The voltage rises before the frequency does, and falls after it.
        """
        before = self.point
        wanted = point_of(
            self.row, self.name, before.mhz if mhz is None else mhz, before.volts if volts is None else volts
        )
        if _above(wanted.volts, before.volts):
            await self._set_volts(wanted.volts)
        if wanted.mhz != before.mhz and self.chain is not None:
            await self.chain.set_frequency(wanted.mhz)
            self.point = Point(wanted.mhz, self.point.volts)
        if _above(before.volts, wanted.volts):
            await self._set_volts(wanted.volts)

    async def _set_volts(self, volts: float | None) -> None:
        if self.plant is not None and volts is not None:
            await self.plant.set_rail(volts * self.row.domains)
            self.point = Point(self.point.mhz, volts)


def _above(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one > other
