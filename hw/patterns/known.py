"""The patterns that are known for a board: those it is given, those that are shipped, or what a second's search finds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..boards.row import Row
from .pattern import Pattern, load
from .place import Place, place
from .search import Spot, search_scaled, spots

SHIPPED = Path(__file__).parent / "data" / "lone.json"  # made by `make patterns`
_MOST_HASHES = 1 << 25  # some seconds at most: the space of a simulator, never that of silicon


class Known(NamedTuple):
    pattern: Pattern
    place: Place


def known(row: Row, mhz: float, given: Iterable[Pattern] = ()) -> list[Known]:
    """One for each core that has one, in the order of spots. Raises InputError when what is shipped was changed."""
    found: dict[Spot, Known] = {}
    for pattern in (*given, *_others(row, mhz)):
        where = place(row, mhz, pattern)
        if where is not None:
            found.setdefault((where.chip, where.core), Known(pattern, where))
    return [found[spot] for spot in spots(row) if spot in found]


def _others(row: Row, mhz: float) -> Iterable[Pattern]:
    if len(spots(row)) << row.zero_bits <= _MOST_HASHES:
        return search_scaled(row, mhz)
    return load(SHIPPED).patterns
