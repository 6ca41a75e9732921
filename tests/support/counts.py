"""Counts of a window without a window: each core gives what is due, or a part of it."""

from __future__ import annotations

from collections.abc import Mapping

from joulehash.bench.window import Counts, Place, core_shares
from joulehash.hw.boards.row import Row


def even(row: Row, expected: float, parts: Mapping[Place, float] | None = None, *, unknown: bool = False) -> Counts:
    """`parts`: of what is due, where it is not all; unknown: chips are not told."""
    shares: list[float | None] = [None]
    if row.chip is not None and row.chip.core_bits:
        shares = [*core_shares(row.chip)]
    by_core: dict[Place, int] = {}
    for chip in range(row.chips):
        for core, share in enumerate(shares):
            place: Place = (None if unknown else chip, core if share is not None else None)
            part = (parts or {}).get(place, 1.0)
            more = round(expected / row.chips * (share if share is not None else 1.0) * part)
            by_core[place] = by_core.get(place, 0) + more
    valid = sum(by_core.values())
    return Counts(
        seconds=100.0,
        expected=expected,
        hashes_each=256.0,
        valid=valid,
        stale=0,
        false=0,
        wrong_job=0,
        duplicate=0,
        of_no_job=0,
        heard_bytes=11 * valid,
        broken_bytes=0,
        by_core={place: count for place, count in by_core.items() if count},
        by_small_core={},
        false_by_chip={},
        duplicate_by_chip={},
        hashes=256.0 * valid,
        counted_hashes=256.0 * valid,
    )
