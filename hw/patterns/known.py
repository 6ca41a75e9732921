"""The patterns that are known for a board: what it is given, what is shipped, or what a second's search finds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from ..boards.row import Row
from .pattern import Pattern, load
from .place import Place, place
from .search import Spot, search_scaled, spots

SHIPPED = Path(__file__).parent / "data" / "found.json"
EACH = 3  # patterns of a core, each of another small core: one of these may be missing by design
_MOST_HASHES = 1 << 25  # some seconds at most: the space of a simulator, never that of silicon


class Known(NamedTuple):
    pattern: Pattern
    place: Place


def known(row: Row, mhz: float, given: Iterable[Pattern] = (), *, each: int = 1) -> list[Known]:
    """The best for each core that has one, in the order of spots; after it up to `each` in all, of other small cores.
    Raises InputError when what is shipped was changed."""
    found: dict[Spot, list[Known]] = {}
    for pattern in (*given, *_others(row, mhz)):
        if (where := place(row, mhz, pattern)) is not None:
            found.setdefault((where.chip, where.core), []).append(Known(pattern, where))
    return [best for spot in spots(row) for best in _best(row, found.get(spot, []))[:each]]


def _best(row: Row, of_core: list[Known]) -> list[Known]:
    """One of each small core."""
    best: dict[int | None, Known] = {}
    for one in sorted(of_core, key=partial(_rank, row)):
        best.setdefault(one.place.small_core, one)
    return list(best.values())


def _others(row: Row, mhz: float) -> Iterable[Pattern]:
    if len(spots(row)) << row.zero_bits <= _MOST_HASHES:
        return search_scaled(row, mhz)
    return shipped()


def _rank(row: Row, of: Known) -> tuple[bool, float]:
    """Those first whose version a chip comes to under any mask; of them, what it finds first."""
    small = row.chip.small_per_core if row.chip is not None and row.chip.job == "header" else 1 << 16
    return of.pattern.rolled >= small, of.place.after_s


@cache
def shipped() -> tuple[Pattern, ...]:
    """What `make patterns` has found so far: some cores of a chip, and more with every day it is let go on."""
    return load(SHIPPED).patterns
