"""Where a board runs: frequency and core voltage, checked against its row."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.errors import InputError
from .boards.row import Row


@dataclass(frozen=True, slots=True)
class Point:
    """MHz, and volts of a chip; None: it has no regulator that can be set."""

    mhz: float
    volts: float | None = None

    @property
    def text(self) -> str:
        return f"{self.mhz:g} MHz" + (f" and {self.volts:g} V" if self.volts is not None else "")


def point_of(row: Row, name: str, mhz: float | None = None, volts: float | None = None) -> Point:
    """By default what is usual, and of a board that is not watched the lowest frequency. Raises InputError."""
    if mhz is None:
        mhz = row.mhz.usual if row.watched else row.mhz.least
    if not row.mhz.least <= mhz <= row.mhz.most:
        if row.chip is None:
            raise InputError(f"{name}: {mhz:g} MHz; the frequency of {row.title} cannot be set")
        raise InputError(f"{name}: {mhz:g} MHz; {row.title} takes {row.mhz.least:g} to {row.mhz.most:g} MHz")
    if not row.watched and mhz > row.mhz.least:
        raise InputError(f"{name}: {mhz:g} MHz; takes {row.mhz.least:g} MHz as long as it is not watched")
    if row.volts is None:
        if volts is not None:
            raise InputError(f"{name}: {volts:g} V; {row.title} has no regulator that could be set")
        return Point(mhz)
    volts = row.volts.usual if volts is None else volts
    if not row.volts.least <= volts <= row.volts.most:
        raise InputError(
            f"{name}: {volts:g} V for a chip; {row.title} takes {row.volts.least:g} to {row.volts.most:g} V"
        )
    return Point(mhz, volts)


def lower(row: Row, point: Point, mhz: float, volts: float) -> Point:
    """So much lower, or as low as the row goes."""
    if row.volts is None or point.volts is None:
        return Point(max(row.mhz.least, point.mhz - mhz), point.volts)
    return Point(max(row.mhz.least, point.mhz - mhz), max(row.volts.least, point.volts - volts))
