"""Where on a board a pattern lies: which chip and core come to its nonce, and how long after the job.

A pattern is of use where its nonce turns up in the first sweep of a job, with the versions that are tried first. The
parts of chips and cores are those of chips/partition.py and chips/nonce.py. At a scale of 2^-k a core tries every
2^k-th nonce only: others have no place there. Which small cores the last core of a chip lacks is unproven on hardware.

How many nonces a core tries a clock is not settled (partition.hcn): times here are for one, and in a chain only the
first half of a chip's part is used. At two, which blocks speak for (docs/patterns.md), a sweep long enough for what is
beyond at one would lead into the next chip's part, and that chip would not be missed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from ..boards.row import Icarus, Row
from ..chips.chip import CLKI_HZ, Chip
from ..chips.partition import addresses, hcn, offsets
from .pattern import Pattern


@dataclass(frozen=True, slots=True)
class Place:
    """core: None where no source says how a chip's cores share its nonces; small_core: where there is none."""

    chip: int
    core: int | None
    small_core: int | None
    after_s: float  # from the job to the nonce, at most
    alone_s: float = math.inf  # from then until the chip before it comes there, at the earliest: its sweep has no end


def place(row: Row, mhz: float, pattern: Pattern) -> Place | None:
    """None: no chip of this board comes to it in a first sweep, or its hash is none that they tell."""
    if pattern.zero_bits < row.zero_bits:
        return None
    if row.icarus is not None:
        return _unit(row.icarus, pattern)
    assert row.chip is not None
    return _on_chip(row.chip, row.chips, mhz, pattern)


def counter_bits(chip: Chip) -> int:
    """Of h, below what names the core."""
    return 32 - chip.core_bits


def starts(chip: Chip, n: int) -> list[int]:
    """Where in the counter each chip begins."""
    if chip.chip_shift is None:
        return [offset << counter_bits(chip) - 16 for offset in offsets(n)]
    return [address << counter_bits(chip) - 8 for address in addresses(n)]


def part(chip: Chip, n: int) -> int:
    """Nonces of the counter that each of n chips has, on silicon."""
    return 1 << counter_bits(chip) - (n - 1).bit_length()


def sweep_ticks(chip: Chip, n: int, mhz: float, places: Iterable[Place]) -> int:
    """For register 10: as for mining, or as long as it takes to come to all these places."""
    longest_s = max(place.after_s for place in places)
    return max(hcn(chip, n, mhz), math.ceil(longest_s * CLKI_HZ))


def _used(chip: Chip, n: int, grid: int) -> int:
    """Nonces of a chip's part, from its begin on; a step of the grid at least."""
    whole = part(chip, n)
    return whole if n == 1 or chip.midstates else max(whole // 2, grid)


def _on_chip(chip: Chip, n: int, mhz: float, pattern: Pattern) -> Place | None:
    core, counter = divmod(pattern.h, 1 << counter_bits(chip))
    begins, grid = starts(chip, n), 1 << 32 - chip.zero_bits
    at = bisect_right(begins, counter) - 1
    offset = counter - begins[at]
    if offset >= _used(chip, n, grid) or offset % grid:
        return None
    # where no core is stamped they take turns, as far as is known, each with all the midstates
    nonce_s = (1 if chip.core_bits else chip.midstates / chip.cores) / (mhz * 1e6)
    after_s = (offset + grid) * nonce_s
    alone_s = (begins[1] - begins[0] - grid) * nonce_s if chip.midstates and n > 1 else math.inf
    if not chip.core_bits:
        return Place(at, None, None, after_s, alone_s)
    small_core = pattern.rolled & chip.small_per_core - 1
    if core * chip.small_per_core + small_core >= chip.small_cores:  # the last core has fewer, as the row counts them
        return None
    return Place(at, core, small_core, after_s, alone_s)


def _unit(icarus: Icarus, pattern: Pattern) -> Place | None:
    """Units share the nonces by their top bits and count up, at a scale the first of their part only."""
    whole = (1 << 32) // icarus.units
    unit, offset = divmod(pattern.h, whole)
    if unit >= icarus.units or offset >= whole >> 32 - icarus.zero_bits:
        return None
    return Place(unit, None, None, (offset + 1) * icarus.units / icarus.hps)
