"""What a board does while it mines, from looks at it every second, as hours for its passport.

Energy is the integral of the watts that the board's own sensors tell, at one place, over the time in which it hashes
and tells them, beside the hashes of that same time. Without watts it is unknown.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import TypeGuard

from .records import Energy, Hours

METER = "board"  # its own sensors


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to see of a device at `at_s` (the loop's clock); counts are from its beginning. None: unknown."""

    at_s: float
    running: bool
    hashes: int | None
    counted: bool  # by the chips; False: what claims stand for
    claims: int = 0
    errors: int = 0
    watts: float | None = None
    place: str = ""  # where those are measured
    mhz: float | None = None
    celsius: float | None = None


@dataclass(slots=True)
class _Sums:
    seconds: float = 0.0
    hashes: int | None = None
    counted: bool = True
    claims: int = 0
    errors: int = 0
    place: str = ""
    joules: float = 0.0
    metered_s: float = 0.0
    metered_hashes: int = 0
    mhz_s: float = 0.0
    clocked_s: float = 0.0
    celsius: float | None = None


class Odometer:
    """Of one board. `hours` says what was since the last `reset`, or the first look."""

    def __init__(self) -> None:
        self._last: Look | None = None
        self._sums = _Sums()

    def see(self, look: Look) -> None:
        last, self._last = self._last, look
        if last is None:
            return
        s, seconds = self._sums, max(0.0, look.at_s - last.at_s)
        hashes = _hashes(last, look)
        if hashes is not None:
            s.hashes = (s.hashes or 0) + hashes
            s.counted &= look.counted
        s.claims += max(0, look.claims - last.claims)
        s.errors += max(0, look.errors - last.errors)
        if not last.running:
            return
        s.seconds += seconds
        if _is_told(last.watts) and _is_told(look.watts) and _is_one_place(s, last, look):
            s.place = look.place
            s.joules += (last.watts + look.watts) / 2 * seconds
            s.metered_s += seconds
            s.metered_hashes += hashes or 0
        if look.mhz is not None:
            s.mhz_s += look.mhz * seconds
            s.clocked_s += seconds
        if look.celsius is not None:
            s.celsius = look.celsius if s.celsius is None else max(s.celsius, look.celsius)

    def hours(self, at: datetime) -> Hours | None:
        """None: it did nothing."""
        s = self._sums
        if not (s.seconds or s.hashes or s.claims or s.errors):
            return None
        energy = Energy(s.joules, s.metered_s, s.metered_hashes, None, s.place, METER) if s.metered_s else None
        mhz = s.mhz_s / s.clocked_s if s.clocked_s else None
        return Hours(at, s.seconds, s.hashes, s.counted, energy, s.claims, s.errors, mhz, s.celsius)

    def reset(self) -> None:
        """What was until now is written."""
        self._sums = _Sums()


def _hashes(last: Look, look: Look) -> int | None:
    """Between two looks. A count that is new begins at 0; None: there is none."""
    if look.hashes is None:
        return None
    before = last.hashes if last.counted == look.counted else None
    return max(0, look.hashes - (before or 0))


def _is_one_place(sums: _Sums, last: Look, look: Look) -> bool:
    return last.place == look.place and sums.place in ("", look.place)


def _is_told(watts: float | None) -> TypeGuard[float]:
    return watts is not None and math.isfinite(watts) and watts >= 0
