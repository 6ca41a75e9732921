"""Chips, domains and cores with what came of each beside what was due: built from a window's counts.

A domain is a group of chips that share a part of the rail, where there are several in series; and a quarter of a chip's
cores, where the chip counts its hashes by quarters (ESP-Miner's "ASIC n DOMAIN").
"""

from __future__ import annotations

from typing import NamedTuple

from ...hw.boards.row import Row
from ..decide import units
from ..window import Counts, core_shares
from .result import Counted

_MORE = 1.2
_RUNT = 0.5  # of the others' share: a core so small is judged with the small cores, in a soak


class Unit(NamedTuple):
    """`cores`: of each of its chips; None: all that they have."""

    where: str
    valid: int
    expected: float
    chips: range
    cores: range | None = None
    runt: bool = False

    @property
    def size(self) -> float:
        """In chips; a part of one where it is cores."""
        return float(len(self.chips)) if self.cores is None else len(self.cores) / 1000

    def contains(self, other: Unit) -> bool:
        """Itself too."""
        if not (self.chips[0] <= other.chips[0] and other.chips[-1] <= self.chips[-1]):
            return False
        if self.cores is None:
            return True
        return other.cores is not None and self.cores[0] <= other.cores[0] and other.cores[-1] <= self.cores[-1]


def counted(row: Row, counts: Counts) -> Counted | None:
    """[chip][core]; None where nonces do not tell their chip."""
    places = counts.by_core
    if any(chip is None for chip, _ in places) and row.chips > 1:
        return None
    each = counts.expected / row.chips
    if row.chip is None or not row.chip.core_bits:
        by_chip = counts.by_chip
        return Counted([[each]] * row.chips, [[by_chip[chip]] for chip in range(row.chips)])
    shares = core_shares(row.chip)
    valid = [
        [places.get((_index(row, chip, places), core), 0) for core in range(row.chip.cores)]
        for chip in range(row.chips)
    ]
    return Counted([[each * share for share in shares] for _ in range(row.chips)], valid)


def _index(row: Row, chip: int, places: dict[tuple[int | None, int | None], int]) -> int | None:
    """A lone chip may not be told from others; it is the one."""
    return None if row.chips == 1 and any(one is None for one, _ in places) else chip


def chips(row: Row, counts: Counts) -> list[Unit]:
    table = counted(row, counts)
    if table is None:
        return []
    word = "chip" if row.chip is not None else "unit"
    return [
        Unit(f"{word} {chip}", sum(valid), sum(expected), _one(chip))
        for chip, (valid, expected) in enumerate(zip(table.valid, table.expected, strict=True))
    ]


def domains(row: Row, counts: Counts) -> list[Unit]:
    table = counted(row, counts)
    if table is None:
        return []
    found: list[Unit] = []
    if row.domains > 1:
        size = row.chips // row.domains
        for domain in range(row.domains):
            members = range(domain * size, (domain + 1) * size)
            valid, expected = (sum(sum(of[chip]) for chip in members) for of in (table.valid, table.expected))
            where = f"domain {domain} (chips {members[0]} to {members[-1]})"
            found.append(Unit(where, int(valid), expected, members))
    if row.chip is not None and row.chip.counters.domains:
        parts, cores = len(row.chip.counters.domains), row.chip.cores
        for chip in range(row.chips):
            for part in range(parts):
                mine = range(part * cores // parts, (part + 1) * cores // parts)
                valid, expected = (sum(of[chip][core] for core in mine) for of in (table.valid, table.expected))
                found.append(Unit(f"chip {chip}, hash domain {part}", int(valid), expected, _one(chip), mine))
    return found


def cores(row: Row, counts: Counts) -> list[Unit]:
    """Empty where they cannot be told apart."""
    table = counted(row, counts)
    if table is None or row.chip is None or not row.chip.core_bits:
        return []
    runt = _RUNT * max(table.expected[0])
    return [
        Unit(f"chip {chip}, core {core}", table.valid[chip][core], expected, _one(chip), _one(core), expected < runt)
        for chip in range(row.chips)
        for core, expected in enumerate(table.expected[chip])
    ]


def small_cores(row: Row, counts: Counts) -> list[Unit]:
    """Those that the row knows to be there: which ones the last core lacks no source says, so it is left out."""
    if row.chip is None or row.chip.small_per_core < 2 or not row.chip.core_bits:
        return []
    chip, each = row.chip, counts.expected / row.chips / row.chip.small_cores
    told, lone = counts.by_small_core, row.chips == 1
    return [
        Unit(
            f"chip {index}, core {core}, small core {small}",
            told.get((index, core, small), 0) + (told.get((None, core, small), 0) if lone else 0),
            each,
            _one(index),
            _one(core),
        )
        for index in range(row.chips)
        for core in range(chip.cores - 1)
        for small in range(chip.small_per_core)
    ]


def is_runt(row: Row, core: int | None) -> bool:
    """A core of few small cores, which is judged with these."""
    if row.chip is None or core is None:
        return False
    shares = core_shares(row.chip)
    return shares[core] < _RUNT * max(shares)


def needed(row: Row) -> float:
    """Nonces that must be due of the whole board before each core, the runts not counted, can be called silent; and a
    fifth more, so that a core that jobs of a second pass over now and then has its due too."""
    if row.chip is None or not row.chip.core_bits:
        return _MORE * units.due(row.chips) * row.chips
    shares = core_shares(row.chip)
    least = min(share for share in shares if share >= _RUNT * max(shares))
    return _MORE * units.due(row.chips * row.chip.cores) * row.chips / least


def dead(found: list[Unit]) -> list[Unit]:
    part = _given(found)
    return [found[i] for i in units.dead([u.valid for u in found], [part * u.expected for u in found])]


def weak(found: list[Unit], least: float) -> list[Unit]:
    """Those that give less than that part of what the others give, and are not dead."""
    if len(found) < 2 or not any(u.valid for u in found):
        return []
    slow = units.weaker([u.valid for u in found], [u.expected for u in found], least)
    gone = {u.where for u in dead(found)}
    return [found[i] for i in slow if found[i].where not in gone]


def is_due(found: list[Unit]) -> bool:
    """Whether silence of each, runts not counted, would be held against it by now."""
    part = _given(found)
    return all(units.silent(part * u.expected, len(found)) for u in found if not u.runt)


def _given(found: list[Unit]) -> float:
    """What part of its due a unit gives that gives any, 1 at most: where all are slow, or a line loses nonces, silence
    says less."""
    alive = [u for u in found if u.valid]
    return min(1.0, sum(u.valid for u in alive) / sum(u.expected for u in alive)) if alive else 1.0


def _one(index: int) -> range:
    return range(index, index + 1)
