"""How a simulated chip goes over the headers of its job, and what it really finds there.

A chip's cores go over the nonces below their own prefix at the same time, one a clock and small core, from where the
chip begins. On chips that roll versions the small cores of a core try consecutive versions, and after each sweep of the
hash counting number the next group of versions follows, from the first again when all are through: then the headers
repeat, as on silicon. BM1397's small cores try the midstates of the job, and sweep on until the next job.

Scale: of a chip with 2^k times less to do, each core tries only every 2^k-th nonce, and the cores take turns within
such a step, so that the rate is exact even where a sweep holds less than one step. Everything lasts as on silicon, and
a nonce tells core and chip as there.

Sources: MUJ, GPT (bm1366/src/lib.rs says what a nonce holds while versions are not rolled), ESP. Which versions come
first under a mask with holes no source says: here the counter's bits are spread over the mask's, lowest first.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from ...ext._scan import try_words
from ..chips.chip import Chip
from .header import Header, Midstates
from .silicon import Silicon


class Progress(NamedTuple):
    """Where a sweep is. Words are nonces as SHA-256 takes them in, one a core; they count from the job's beginning."""

    group: int = 0  # of versions
    in_group_s: float = 0.0
    words: float = 0.0
    group_words: int = 0  # where the group began


class Segment(NamedTuple):
    """Words first to last - 1, all within one group."""

    group: int
    first: int
    last: int
    group_words: int


class Hit(NamedTuple):
    start: int
    core: int
    small_core: int
    rolled: int  # the version bits, as the chip reports them
    word: int
    zeros: int  # leading zero bits of the hash


@dataclass(frozen=True, slots=True)
class Task:
    """All that decides what a chip tries, but where it begins."""

    header: Header
    mhz: float
    window_s: float | None  # a sweep's; None: until the next job
    rolling: bool
    mask: int  # of the 16 version bits from bit 13 on
    ticket: int  # of the 32 bits after the zero bits, those that must be zero; the first is topmost


class Search:
    """Of one kind of chip, at its scale."""

    def __init__(self, chip: Chip, silicon: Silicon) -> None:
        self.chip, self._silicon = chip, silicon
        self._skipped_bits = 32 - chip.zero_bits
        self._missing = chip.cores * chip.small_per_core - chip.small_cores  # small cores that the last core lacks
        self._small_bits = (chip.small_per_core - 1).bit_length()

    def start_of(self, address: int, offset: int) -> int:
        """Where in the counter a chip begins: by its address, which leads there (GPT), or by register 0C (MUJ)."""
        if self._silicon.addressed:
            return address << self._silicon.counter_bits - 8
        return (offset & 0xFFFF) << 9 if offset >> 31 else 0

    def words_per_s(self, task: Task) -> float:
        return task.mhz * 1e6 * len(self._prefixes(task.rolling)) / (1 << self._skipped_bits)

    def go_on(self, task: Task, progress: Progress, seconds: float) -> tuple[list[Segment], Progress]:
        """What is tried in so many seconds, and where that leads."""
        rate, window_s = self.words_per_s(task), task.window_s
        segments: list[Segment] = []
        group, in_group_s, words, group_words = progress
        while seconds > 0:
            step_s = seconds if window_s is None else min(seconds, window_s - in_group_s)
            before, words = int(words), words + rate * step_s
            if int(words) > before:
                segments.append(Segment(group, before, int(words), group_words))
            seconds -= step_s
            in_group_s += step_s
            if window_s is not None and in_group_s >= window_s:
                group, in_group_s, group_words = group + 1, 0.0, int(words)
                if group >= self._groups(task):
                    group, in_group_s, words, group_words = Progress()
        return segments, Progress(group, in_group_s, words, group_words)

    def hits(self, task: Task, segment: Segment, starts: Sequence[int]) -> list[Hit]:
        """Of all chips that begin at `starts`; a nonce that several of them try is a hit of each."""
        rolled = self._rolled(task, segment.group)
        midstates = task.header.midstates(rolled, task.mask)
        zeros = self.chip.zero_bits + _leading_ones(task.ticket)
        top_word = (1 << max(0, 32 - zeros)) - 1
        found = set(try_words(midstates, task.header.tail, self._words(task, segment, starts), top_word))
        hits: list[Hit] = []
        for index, word in sorted(found):
            value = int.from_bytes(task.header.digest(word, rolled[index], task.mask), "little")
            if self._meets(value, task.ticket):
                for start in starts:
                    if (core := self._core(task, segment, start, word)) is not None:
                        small = self._small_core(task, word, index)
                        hits.append(Hit(start, core, small, rolled[index], word, 256 - value.bit_length()))
        return [hit for hit in hits if self._exists(hit.core, hit.small_core)]

    def hashes(self, task: Task, segment: Segment, cores: range) -> int:
        """How many of one chip, by those of its cores."""
        n, in_core = len(self._prefixes(task.rolling)), self.chip.small_per_core if self._splits(task.rolling) else 1
        rolled = len(self._rolled(task, segment.group))
        tried = rolled * _count(segment, n, cores.start * in_core, min(cores.stop * in_core, n))
        if rolled > 1 and cores.stop == self.chip.cores:
            tried -= self._missing * _count(segment, n, n - 1, n)
        return tried

    def _meets(self, value: int, ticket: int) -> bool:
        after = value >> 256 - self.chip.zero_bits - 32
        return after >> 32 == 0 and not after & ticket

    def _groups(self, task: Task) -> int:
        versions = 1 << min(task.mask.bit_count(), self.chip.version_bits) if task.rolling else 1
        return max(1, versions // self.chip.small_per_core)

    def _rolled(self, task: Task, group: int) -> tuple[int, ...]:
        """The version bits that are tried at once, by small core; of BM1397 the midstates' indices."""
        if isinstance(task.header, Midstates):
            return tuple(range(len(task.header.job.midstates)))
        if not task.rolling:
            return (0,)
        first = group * self.chip.small_per_core
        return _spread(first, self.chip.small_per_core, task.mask)

    def _prefixes(self, rolling: bool) -> list[int]:
        return _prefixes(self.chip, self._silicon.counter_bits, self._small_bits if self._splits(rolling) else 0)

    def _splits(self, rolling: bool) -> bool:
        """GPT: while versions are not rolled, the bits below the core hold the small core."""
        return self._silicon.rolls_versions and not rolling

    def _counter_bits(self, rolling: bool) -> int:
        return self._silicon.counter_bits - (self._small_bits if self._splits(rolling) else 0)

    def _begin(self, task: Task, start: int) -> int:
        return start >> self._silicon.counter_bits - self._counter_bits(task.rolling)

    def _words(self, task: Task, segment: Segment, starts: Iterable[int]) -> array[int]:
        prefixes = self._prefixes(task.rolling)
        ring, n = prefixes + prefixes, len(prefixes)
        within = (1 << self._counter_bits(task.rolling)) - 1
        begins = [self._begin(task, start) for start in starts]
        words = array("I")
        at, end = segment.first - segment.group_words, segment.last - segment.group_words
        while at < end:
            step, turn = divmod(at, n)
            count = min(n - turn, end - at)
            first = (segment.group_words + at) % n
            cores = ring[first : first + count]
            for begin in begins:
                position = begin + (step << self._skipped_bits) & within
                words.extend([prefix | position for prefix in cores])
            at += count
        return words

    def _core(self, task: Task, segment: Segment, start: int, word: int) -> int | None:
        """Which core tried this word within the segment, in a chip that begins there; None: none did."""
        bits, n = self._counter_bits(task.rolling), len(self._prefixes(task.rolling))
        unit = word >> bits
        position = word - self._begin(task, start) & (1 << bits) - 1
        step, between = divmod(position, 1 << self._skipped_bits)
        if between:
            return None
        words = segment.group_words + step * n + (unit - segment.group_words) % n
        round_words = n << max(0, bits - self._skipped_bits)  # after so many the counter is where it was
        tried = (words - segment.first) % round_words < segment.last - segment.first
        return word >> self._silicon.counter_bits if tried else None

    def _small_core(self, task: Task, word: int, index: int) -> int:
        if not self._splits(task.rolling):
            return index
        return word >> self._counter_bits(task.rolling) & (1 << self._small_bits) - 1

    def _exists(self, core: int, small_core: int) -> bool:
        return core * self.chip.small_per_core + small_core < self.chip.small_cores


@lru_cache(maxsize=64)
def _prefixes(chip: Chip, counter_bits: int, small_bits: int) -> list[int]:
    """Of all words, as they stand above the counter: the cores, or the small cores."""
    count = chip.small_cores if small_bits else chip.cores
    return [number << counter_bits - small_bits for number in range(count)]


@lru_cache(maxsize=4096)
def _spread(first: int, count: int, mask: int) -> tuple[int, ...]:
    """The counter's values, their bits put where the mask has its own, lowest first; what is beyond them falls off."""
    places = [bit for bit in range(16) if mask >> bit & 1]
    return tuple(
        sum(1 << place for bit, place in enumerate(places) if counter >> bit & 1)
        for counter in range(first, first + count)
    )


def _leading_ones(ticket: int) -> int:
    return 32 - (~ticket & 0xFFFFFFFF).bit_length()


def _count(segment: Segment, n: int, first: int, last: int) -> int:
    """How many of the segment's words are of prefixes first to last - 1, of n that take turns."""

    def before(words: int) -> int:
        whole, rest = divmod(words, n)
        return whole * (last - first) + max(0, min(rest, last) - first)

    return before(segment.last) - before(segment.first)
