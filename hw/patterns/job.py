"""A pattern as a job of a chip, and the version that an answer to it means.

Version bits that the chip rolls begin at 0 with each job. Where the pattern's own are among the first that small cores
try, the chip may roll all sixteen, as every pool lets it; a harvested header with others is sent with all but the low
bits fixed, which go over the small cores (that chips keep to such a mask is unproven on hardware).
"""

from __future__ import annotations

from dataclasses import replace

from ...ext._scan import midstate
from ..chips.chip import Chip
from ..chips.nonce import midstate_index, sent_version, version
from ..wire.bm13xx import HeaderJob, MidstateJob, Nonce
from ..wire.midstate import midstate_bytes
from .pattern import Pattern

_SHIFT = 13
_ALL = 0xFFFF << _SHIFT


def mask_for(chip: Chip, pattern: Pattern) -> int:
    """The version bits that the chip is to roll, so that the pattern's version is among the first that it tries."""
    if chip.midstates:
        return (chip.midstates - 1) << _SHIFT
    return _ALL if pattern.rolled < chip.small_per_core else (chip.small_per_core - 1) << _SHIFT


def job(chip: Chip, pattern: Pattern, id: int) -> HeaderJob | MidstateJob:
    """To be sent while the chip rolls `mask_for`; midstates are all four of it."""
    header, mask = pattern.header, mask_for(chip, pattern)
    if chip.job == "header":
        base = sent_version(header.version, mask)
        return HeaderJob(id, header.nbits, header.ntime, header.merkle_root, header.prev_hash, base)
    versions = (_rolled(pattern, mask, index) for index in range(chip.midstates))
    states = (midstate(replace(header, version=each).pack()[:64]) for each in versions)
    tail = header.merkle_root[28:]
    return MidstateJob(id, header.nbits, header.ntime, tail, tuple(midstate_bytes(state) for state in states))


def blank_job(chip: Chip, id: int) -> HeaderJob | MidstateJob:
    """Of zeros: nobody waits for its nonces."""
    if chip.job == "header":
        return HeaderJob(id, 0, 0, bytes(32), bytes(32), 0)
    return MidstateJob(id, 0, 0, bytes(4), (bytes(32),) * chip.midstates)


def version_of(chip: Chip, pattern: Pattern, answer: Nonce) -> int:
    """The header's version, as an answer to this pattern's job has it."""
    mask = mask_for(chip, pattern)
    if chip.job == "header":
        return version(pattern.header.version, mask, answer.version or 0)
    return _rolled(pattern, mask, midstate_index(chip, answer.id))


def _rolled(pattern: Pattern, mask: int, bits: int) -> int:
    return pattern.header.version & ~mask | bits << _SHIFT
