"""What came of a window of hashing: nonces by what they were worth and by where they came from, beside what was due.

A window counts what arrives in it. What was on its way when it began makes up for what is on its way when it ends, so
that it is begun when the chips hash already. Frequency and ticket are those of its beginning: after a change, begin
another.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from enum import Enum
from typing import TypeAlias

import msgspec

from ..engine.work import Origin
from ..hw.chips.chip import Chip
from ..hw.feeder import Account
from ..hw.powered import Powered

Place: TypeAlias = tuple[int | None, int | None]  # chip and core; None: not told


class Seen(Enum):
    """What a nonce turned out to be."""

    VALID = "valid"
    STALE = "stale"  # as valid; its job had been replaced
    DUPLICATE = "duplicate"
    WRONG_JOB = "wrong job"
    FALSE = "false"


class Tally:
    """Of a workload, from its beginning."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[Seen, Place]] = Counter()
        self.small: Counter[tuple[int | None, int | None, int | None]] = Counter()  # valid ones, with the small core
        self.hashes = self.squares = 0.0  # that the valid ones stand for; and the sum of the squares of those
        self.runs: dict[int | None, int] = {}  # of each chip, how often it told one nonce in succession, at most
        self._last: dict[int | None, tuple[int, int]] = {}

    def note(self, seen: Seen, where: Origin, nonce: int, stands_for: float = 0.0) -> None:
        """stands_for: hashes."""
        self.seen[seen, (where.chip, where.core)] += 1
        self.hashes += stands_for
        self.squares += stands_for**2
        if seen in (Seen.VALID, Seen.STALE):
            self.small[where.chip, where.core, where.small_core] += 1
        if seen is Seen.DUPLICATE:  # within its own work: of two chips that search the same, not of one that is stuck
            return
        last, times = self._last.get(where.chip, (-1, 0))
        times = times + 1 if nonce == last else 1
        self._last[where.chip] = nonce, times
        self.runs[where.chip] = max(times, self.runs.get(where.chip, 0))


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Nonces, unless it is said otherwise."""

    seconds: float  # that the chips were hashing
    expected: float  # at the nominal rate
    hashes_each: float  # that a nonce stands for
    valid: int  # true, and for the first time; stale ones among them
    stale: int
    false: int  # true for no work
    wrong_job: int  # true, but not for the job that they were told for
    duplicate: int
    of_no_job: int  # under an id that no job had
    heard_bytes: int
    broken_bytes: int
    by_core: dict[Place, int]  # the valid ones
    by_small_core: dict[tuple[int | None, int | None, int | None], int]
    false_by_chip: dict[int | None, int]  # those of a wrong job among them
    duplicate_by_chip: dict[int | None, int]
    hashes: float  # that the valid ones stand for
    counted_hashes: float | None  # by the chips' own counters; None: they have none that can be trusted

    @property
    def by_chip(self) -> Counter[int | None]:
        chips: Counter[int | None] = Counter()
        for (chip, _), count in self.by_core.items():
            chips[chip] += count
        return chips

    @property
    def nonces(self) -> int:
        """All that came, whatever they were worth; repeated ones are not counted again."""
        return self.valid + self.errors

    @property
    def errors(self) -> int:
        return self.false + self.wrong_job + self.of_no_job

    @property
    def rate_hps(self) -> float | None:
        """By nonces. None: nothing hashed yet."""
        return self.hashes / self.seconds if self.seconds > 0 else None


class Window:
    """Made by Workload.window."""

    def __init__(self, powered: Powered, tally: Tally, account: Account) -> None:
        self._powered, self._tally, self._account = powered, tally, account
        self._seen, self._small, self._hashes = tally.seen.copy(), tally.small.copy(), tally.hashes
        self._no_job = account.errors["nonces of no job"]
        self._counted, self._counted_s = account.hashes, account.hashes_at_s
        self._began_s = self._hashed_s()
        self._bytes = self._heard()
        self._per_s = nonces_per_s(powered)

    def counts(self) -> Counts:
        """Until now; it may be asked again later."""
        seen = self._tally.seen - self._seen
        of = Counter[Seen]()
        by_core, false_by, repeated_by = Counter[Place](), Counter[int | None](), Counter[int | None]()
        for (kind, where), count in seen.items():
            of[kind] += count
            if kind in (Seen.VALID, Seen.STALE):
                by_core[where] += count
            elif kind is Seen.DUPLICATE:
                repeated_by[where[0]] += count
            else:
                false_by[where[0]] += count
        seconds = max(0.0, self._hashed_s() - self._began_s)
        heard, broken = (now - before for now, before in zip(self._heard(), self._bytes, strict=True))
        return Counts(
            seconds=seconds,
            expected=seconds * self._per_s,
            hashes_each=hashes_each(self._powered),
            valid=of[Seen.VALID] + of[Seen.STALE],
            stale=of[Seen.STALE],
            false=of[Seen.FALSE],
            wrong_job=of[Seen.WRONG_JOB],
            duplicate=of[Seen.DUPLICATE],
            of_no_job=self._account.errors["nonces of no job"] - self._no_job,
            heard_bytes=heard,
            broken_bytes=broken,
            by_core=dict(by_core),
            by_small_core=dict(self._tally.small - self._small),
            false_by_chip=dict(false_by),
            duplicate_by_chip=dict(repeated_by),
            hashes=self._tally.hashes - self._hashes,
            counted_hashes=self._counted_in(seconds),
        )

    def _hashed_s(self) -> float:
        if (chain := self._powered.chain) is not None:
            return chain.hashed_s
        return asyncio.get_running_loop().time() - self._account.starved_s

    def _heard(self) -> tuple[int, int]:
        chain = self._powered.chain
        return (chain.heard, chain.broken) if chain is not None else (0, 0)

    def _counted_in(self, seconds: float) -> float | None:
        """Counters are read once a second: what they count between two reads, brought to the window's length."""
        if self._account.hashes is None or self._counted is None:
            return None
        between_s = self._account.hashes_at_s - self._counted_s
        return (self._account.hashes - self._counted) / between_s * seconds if between_s > 0 else None


def hashes_each(powered: Powered) -> float:
    """That a nonce stands for: by what the chips leave out, and by the ticket."""
    ticket = powered.chain.ticket if powered.chain is not None else 0
    return 2.0 ** (powered.row.zero_bits + ticket)


def nonces_per_s(powered: Powered) -> float:
    """Of a sound board, at its frequency and ticket."""
    rate_hps = powered.chain.rate_hps if powered.chain is not None else powered.row.rate_hps(powered.point.mhz)
    return rate_hps / hashes_each(powered)


def core_shares(chip: Chip) -> list[float]:
    """Of a chip's nonces, each core's part. The small cores that are missing lack in the last one, as on BM1362 (MUJ);
    where they lack on the others no source says."""
    missing = chip.cores * chip.small_per_core - chip.small_cores
    small = [chip.small_per_core] * (chip.cores - 1) + [max(0, chip.small_per_core - missing)]
    return [each / sum(small) for each in small]
