"""Finding patterns: 2^32 hashes each on silicon, in the scaled space of a simulator a second for all of them.

On silicon one library serves every board of one chip. Kernels count the header's nonce up, whose lowest byte is the
topmost of h: a run of them goes over all cores at once. Only h whose counter is low are tried, and the first eight
versions, so that each is found early in the first sweep by whatever chip: cores are the top 7 bits of h (BM1362, 66,
68, 70) or the top 8 (BM1397). Work is cut into numbered units, so that it can be gone on with.
"""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import count

from ...engine.chain.header import Header
from ...ext._scan import midstate, try_words
from ...ext.kernels import Kernel
from ..boards.row import Row
from ..boards.table import board_row
from .pattern import Library, Pattern
from .place import counter_bits, part, place, starts

LONE = ("chain:bm1362", "chain:bm1366", "chain:bm1368", "chain:bm1370", "chain:bm1397")  # what a library is for
UNIT_HASHES = 1 << 25
_VERSION, _NTIME, _NBITS = 0x20000000, 0x69200000, 0x17020000  # of a header of 2025; any would do
_VERSIONS = 8  # that the small cores of every kind of chip try at once, or as two jobs of four midstates
_RUN = 1 << 14  # nonces: the lowest byte all cores, the next below 0x40, which is the counter's top: its first quarter
_RUNS = UNIT_HASHES // (_RUN * _VERSIONS)  # in a unit
_MOST_NONCES, _MOST_PAIRS = 1 << 12, 1 << 20  # tried at a time, of one core and of all

Spot = tuple[int, int | None]  # chip, core


def spots(row: Row) -> list[Spot]:
    """Every core of a board that can be told from the others, chip by chip."""
    chip = row.chip
    cores = range(chip.cores) if chip is not None and chip.core_bits else (None,)
    return [(index, core) for index in range(row.chips) for core in cores]


def search(library: Library, kernel: Kernel) -> Generator[Library]:
    """The library after each unit of 2^25 hashes, and what gives a core its first pattern. Ends when none lacks one."""
    rows = [board_row(name) for name in LONE]
    missing = {(row.name, spot) for row in rows for spot in spots(row)}
    for pattern in library.patterns:
        missing -= _spots_of(rows, pattern)
    while missing:
        for pattern in try_unit(library.searched, kernel):
            if new := _spots_of(rows, pattern) & missing:
                missing -= new
                library = replace(library, patterns=(*library.patterns, pattern))
        library = replace(library, searched=library.searched + 1)
        yield library


def search_scaled(row: Row, mhz: float) -> list[Pattern]:
    """One for each core, in the order of spots. For rows of few zero bits: it takes 2^zero_bits hashes a core."""
    every = {spot: _nonces(row, spot) for spot in spots(row)}
    missing = dict(every)
    found: dict[Spot, Pattern] = {}
    rolls = row.chip.small_per_core if row.chip is not None else 1
    top_word = (1 << max(0, 32 - row.zero_bits)) - 1
    for number in count():
        if not missing:
            break
        header = _template(number)
        versions = _versions(header, rolls)
        tried = missing if row.icarus is None else every
        most = max(1, _MOST_PAIRS // (rolls * len(tried)))
        words = array("I", [h for nonces in tried.values() for h in nonces[:most]])
        hits = sorted(try_words(_midstates(header, versions), _tail(header), words, top_word))
        if row.icarus is not None and len(hits) > 1:  # it may wait for work after a nonce, and not come to the second
            continue
        for index, h in hits:
            pattern = Pattern.of(replace(header, version=versions[index], nonce=_swapped(h)))
            where = place(row, mhz, pattern)
            if where is not None and missing.pop((where.chip, where.core), None) is not None:
                found[where.chip, where.core] = pattern
    return [found[spot] for spot in spots(row)]


def try_unit(number: int, kernel: Kernel, zero_bits: int = 32) -> Iterator[Pattern]:
    """All that one unit holds; with fewer zero bits, more."""
    per_header = (1 << 16) // _RUNS
    header = _template(number // per_header)
    versions = _versions(header, _VERSIONS)
    midstates, tail, scan = _midstates(header, versions), _tail(header), kernel.load()
    hits, stop = array("I", bytes(8 * (kernel.lanes * _VERSIONS + 64))), array("i", [0])
    begin, top_word = number % per_header * _RUNS, (1 << 32 - zero_bits) - 1
    for run in range(begin, begin + _RUNS):
        first, done = run << 16, 0
        while done < _RUN:
            n_hits, step = scan(midstates, tail, first + done, _RUN - done, top_word, hits, stop)
            done += step
            for index, nonce in zip(hits[0 : 2 * n_hits : 2], hits[1 : 2 * n_hits : 2], strict=True):
                yield Pattern.of(replace(header, version=versions[index], nonce=nonce))


def _spots_of(rows: Iterable[Row], pattern: Pattern) -> set[tuple[str, Spot]]:
    wheres = ((row.name, place(row, row.mhz.usual, pattern)) for row in rows)
    return {(name, (where.chip, where.core)) for name, where in wheres if where is not None}


def _nonces(row: Row, spot: Spot) -> range:
    """Views h of the nonces that a core tries first: a quarter of its own, so that they are found early."""
    index, core = spot
    if row.icarus is not None:
        whole = (1 << 32) // row.icarus.units
        own, grid, begin = whole >> 32 - row.zero_bits, 1, index * whole
    else:
        assert row.chip is not None
        grid = 1 << 32 - row.zero_bits
        own = part(row.chip, row.chips) // grid
        begin = ((core or 0) << counter_bits(row.chip)) + starts(row.chip, row.chips)[index]
    return range(begin, begin + min(_MOST_NONCES, max(1, own // 4)) * grid, grid)


def _template(number: int) -> Header:
    return Header(
        _VERSION,
        sha256(b"joulehash patterns").digest(),
        sha256(f"joulehash pattern {number}".encode()).digest(),
        _NTIME,
        _NBITS,
    )


def _versions(header: Header, rolls: int) -> list[int]:
    return [header.version | index << 13 for index in range(rolls)]


def _midstates(header: Header, versions: Iterable[int]) -> array[int]:
    words = array("I")
    for version in versions:
        words.extend(midstate(replace(header, version=version).pack()[:64]))
    return words


def _tail(header: Header) -> array[int]:
    data = header.pack()
    return array("I", (int.from_bytes(data[at : at + 4], "big") for at in (64, 68, 72)))


def _swapped(h: int) -> int:
    return int.from_bytes(h.to_bytes(4, "big"), "little")
