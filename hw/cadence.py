"""How often a chain of chips must be given a job, and whether its line and its job ids bear that.

A job lasts until its headers are used up: for one sweep after another until the versions are (partition.epoch_s), or
until the chain's rate has gone through them. Each is replaced after a quarter of that, or up to half of it where line
and ids bear no more, so that no header is hashed twice though the host is busy in between. The more bits of the version
a pool grants, the longer a job lasts.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.errors import InputError
from .chips.chip import Chip
from .chips.nonce import granted_bits
from .chips.partition import epoch_s, versions_per_job

LONGEST_S = 1.0  # so that time and transactions in a job are fresh; ESP has 0.5 and 2 s
LATENCY_S = 0.05  # from a nonce in a chip to the host: 16 ms of an FTDI's timer, and as much again for hub and host
JOB_PART = 0.5  # of the line, that jobs may fill: registers are read, and versions and frequencies set beside them
_BIT_TIMES = 10  # to a byte: start, eight, stop


@dataclass(frozen=True, slots=True)
class Cadence:
    interval_s: float  # from one job to the next, at most
    epoch_s: float  # how long a job lasts
    versions: int  # of one job
    line_part: float  # of the line to the chips, that the jobs fill at this interval


def cadence(chip: Chip, n: int, mhz: float, mask: int, baud: int) -> Cadence:
    """For n chips under the pool's mask. Raises InputError: too few version bits, or a line that is too slow."""
    granted = granted_bits(chip, mask)
    lacks = _lacks(chip, n, mhz, granted, baud)
    if not lacks:
        return _cadence(chip, n, mhz, granted, baud)
    chain = f"{n} {chip.name} at {mhz:g} MHz and {baud} baud"
    enough = (bits for bits in range(granted, chip.version_bits + 1) if not _lacks(chip, n, mhz, bits, baud))
    if (needed := next(enough, None)) is None:
        raise InputError(f"{chain}: {lacks}; use a faster line, a lower frequency or fewer chips")
    raise InputError(
        f"{chain}: needs {needed} version bits, is granted {granted}: {lacks}; use a pool that grants more"
    )


def job_bytes(chip: Chip, versions: int) -> int:
    """On the wire, preamble included (BM1387 has none)."""
    if chip.job == "header":
        return 88
    return 22 + 32 * versions + (2 if chip.job == "midstate" else 0)


def _cadence(chip: Chip, n: int, mhz: float, bits: int, baud: int) -> Cadence:
    versions = versions_per_job(chip, bits)
    lasts_s = min(epoch_s(chip, n, mhz, bits), versions * (1 << chip.zero_bits) / (n * chip.rate_hps(mhz)))
    on_line_s = job_bytes(chip, versions) * _BIT_TIMES / baud
    bearable_s = max(lasts_s / 4, on_line_s / (JOB_PART / 2), LATENCY_S / len(chip.ids))
    interval_s = min(lasts_s / 2, bearable_s, LONGEST_S)
    return Cadence(interval_s, lasts_s, versions, on_line_s / interval_s)


def _lacks(chip: Chip, n: int, mhz: float, bits: int, baud: int) -> str:
    """Why it does not do with so many bits; empty: it does."""
    if not chip.midstates and 1 << bits < chip.small_per_core:
        # the version's low bits tell its small cores apart (ESP, MUJ, GPT): with fewer they repeat each other
        return f"{chip.small_per_core} small cores would hash the same headers"
    given = _cadence(chip, n, mhz, bits, baud)
    if given.line_part > JOB_PART:
        often = f"jobs every {1000 * given.interval_s:.3g} ms"
        return f"{often} would fill {given.line_part:.0%} of the line, {JOB_PART:.0%} is the most"
    if len(chip.ids) * given.interval_s < LATENCY_S:
        late_ms = 1000 * len(chip.ids) * given.interval_s
        return f"{len(chip.ids)} job ids last {late_ms:.3g} ms, an answer may take {1000 * LATENCY_S:g} ms"
    return ""
