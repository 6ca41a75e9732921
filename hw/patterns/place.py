"""Where on a board a pattern lies: which chip and core come to its nonce, and how long after the job.

A pattern is of use where its nonce turns up in the first sweep of a job, with the versions that are tried first. The
parts of chips and cores are those of chips/partition.py and chips/nonce.py; register 10 is set so that a sweep goes
over the whole of a chip's part (`sweep_ticks`). At a scale of 2^-k a core tries every 2^k-th nonce only: others have no
place there. Which small cores the last core of a chip lacks is unproven on hardware.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from ..boards.row import Icarus, Row
from ..chips.chip import CLKI_MHZ, Chip
from ..chips.partition import addresses, offsets
from .pattern import Pattern


@dataclass(frozen=True, slots=True)
class Place:
    """core: None where no source says how a chip's cores share its nonces; small_core: where there is none."""

    chip: int
    core: int | None
    small_core: int | None
    after_s: float  # from the job to the nonce, at most


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


def sweep_ticks(chip: Chip, n: int, mhz: float) -> int:
    """For register 10: the whole part, at a nonce a clock. partition.hcn, which is for mining, has half of it."""
    return math.ceil(part(chip, n) * CLKI_MHZ / mhz)


def has_small_core(chip: Chip, core: int, small_core: int) -> bool:
    """The last core has fewer of them, as the row counts them."""
    return core * chip.small_per_core + small_core < chip.small_cores


def _on_chip(chip: Chip, n: int, mhz: float, pattern: Pattern) -> Place | None:
    core, counter = divmod(pattern.h, 1 << counter_bits(chip))
    begins, grid = starts(chip, n), 1 << 32 - chip.zero_bits
    at = bisect_right(begins, counter) - 1
    offset = counter - begins[at]
    if offset >= part(chip, n) or offset % grid:
        return None
    clocks = float(offset + grid)
    if not chip.core_bits:  # its cores take turns, as far as is known, each with all the midstates
        clocks *= chip.midstates / chip.cores
        return Place(at, None, None, clocks / (mhz * 1e6))
    small_core = pattern.rolled & chip.small_per_core - 1
    if not has_small_core(chip, core, small_core):
        return None
    return Place(at, core, small_core, clocks / (mhz * 1e6))


def _unit(icarus: Icarus, pattern: Pattern) -> Place | None:
    """Units share the nonces by their top bits and count up, at a scale the first of their part only."""
    whole = (1 << 32) // icarus.units
    unit, offset = divmod(pattern.h, whole)
    if unit >= icarus.units or offset >= whole >> 32 - icarus.zero_bits:
        return None
    return Place(unit, None, None, (offset + 1) * icarus.units / icarus.hps)
