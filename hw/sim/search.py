"""How a simulated chip goes over the headers of its job, and what it really finds there.

A chip's cores go over the nonces below their own prefix at the same time, one a clock and small core, from where the
chip begins. On chips that roll versions the small cores of a core try consecutive versions, and after each sweep of the
hash counting number the next group of versions follows, from the first again when all are through: then the headers
repeat, as on silicon. BM1397's small cores try the four midstates of the job, and sweep on until the next one.

Scale: of a chip with 2^k times less to do, each core tries only every 2^k-th nonce, and the cores take turns within
such a step, so that the rate is exact even where a sweep holds less than one step. Everything lasts as on silicon, and
a nonce tells core and chip as there.

Sources: MUJ, GPT (bm1366/src/lib.rs says what a nonce holds while versions are not rolled), ESP. Which versions come
first under a mask with holes no source says: here the counter's bits are spread over the mask's, lowest first.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
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


class Task(NamedTuple):
    """All that decides what a chip tries, but where it begins."""

    header: Header
    mhz: float
    window_s: float | None  # a sweep's; None: until the next job
    rolling: bool
    mask: int  # of the 16 version bits from bit 13 on
    ticket: int  # of the 32 bits after the zero bits, those that must be zero; the first is topmost


class Layout(NamedTuple):
    """Of a word. GPT: while small cores have no versions to tell them apart, each stands below its core, above a
    shorter counter, and so does the address."""

    prefixes: list[int]  # what takes turns: cores, or small cores
    in_core: int  # prefixes of one core
    bits: int  # of the counter, below the prefix


class Search:
    """Of one kind of chip, at its scale."""

    def __init__(self, chip: Chip, silicon: Silicon) -> None:
        self.chip, self._silicon = chip, silicon
        self._skipped_bits = 32 - chip.zero_bits
        self._missing = chip.cores * chip.small_per_core - chip.small_cores  # small cores that the last core lacks
        bits, small_bits = silicon.counter_bits, (chip.small_per_core - 1).bit_length()
        self._rolling = Layout([core << bits for core in range(chip.cores)], 1, bits)
        bits -= small_bits
        self._still = Layout([small << bits for small in range(chip.small_cores)], chip.small_per_core, bits)

    def start_of(self, address: int, offset: int) -> int:
        """Where in the counter a chip begins: by its address, which leads there (GPT), or by register 0C (MUJ)."""
        if self._silicon.addressed:
            return address << self._silicon.counter_bits - 8
        return (offset & 0xFFFF) << 9 if offset >> 31 else 0

    def go_on(self, task: Task, progress: Progress, seconds: float) -> tuple[list[Segment], Progress]:
        """What is tried in so many seconds, and where that leads."""
        window_s, groups = task.window_s, self._groups(task)
        words_per_s = task.mhz * 1e6 * len(self._layout(task).prefixes) / (1 << self._skipped_bits)
        segments: list[Segment] = []
        group, in_group_s, words, group_words = progress
        while seconds > 0:
            step_s = seconds if window_s is None else min(seconds, window_s - in_group_s)
            before, words = _whole(words), words + words_per_s * step_s
            if _whole(words) > before:
                segments.append(Segment(group, before, _whole(words), group_words))
            seconds -= step_s
            in_group_s += step_s
            if window_s is not None and in_group_s >= window_s:
                group, in_group_s, group_words = group + 1, 0.0, _whole(words)
                if group >= groups:
                    group, in_group_s, words, group_words = Progress()
        return segments, Progress(group, in_group_s, words, group_words)

    def hits(self, task: Task, segment: Segment, starts: Sequence[int]) -> list[Hit]:
        """Of all chips that begin at `starts`; a nonce that several of them try is a hit of each."""
        layout, rolled = self._layout(task), self._rolled(task, segment.group)
        begins = {start: start >> self._silicon.counter_bits - layout.bits for start in starts}
        midstates = task.header.midstates(rolled, task.mask)
        zeros = self.chip.zero_bits + _leading_ones(task.ticket)
        top_word = (1 << max(0, 32 - zeros)) - 1
        words = self._words(layout, segment, begins.values())
        hits: list[Hit] = []
        for index, word in sorted(set(try_words(midstates, task.header.tail, words, top_word))):
            value = int.from_bytes(task.header.digest(word, rolled[index], task.mask), "little")
            core, small_core = self._place(layout, word, index)
            if self._meets(value, task.ticket) and core * self.chip.small_per_core + small_core < self.chip.small_cores:
                zeros = 256 - value.bit_length()
                hits += [
                    Hit(start, core, small_core, rolled[index], word, zeros)
                    for start, begin in begins.items()
                    if self._tried(layout, segment, begin, word)
                ]
        return hits

    def hashes(self, task: Task, segments: Sequence[Segment], cores: range) -> int:
        """How many of one chip, by those of its cores."""
        layout, rolled = self._layout(task), len(self._rolled(task, 0))
        n = len(layout.prefixes)
        first, last = cores.start * layout.in_core, min(cores.stop * layout.in_core, n)
        runs = _runs(segments)
        tried = rolled * sum(_count(begin, end, n, first, last) for begin, end in runs)
        if layout.in_core == 1 and self._missing and last == n:
            tried -= self._missing * sum(_count(begin, end, n, n - 1, n) for begin, end in runs)
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

    def _layout(self, task: Task) -> Layout:
        together = len(task.header.job.midstates) > 1 if isinstance(task.header, Midstates) else task.rolling
        return self._rolling if together else self._still

    def _words(self, layout: Layout, segment: Segment, begins: Iterable[int]) -> array[int]:
        ring, n = layout.prefixes + layout.prefixes, len(layout.prefixes)
        within = (1 << layout.bits) - 1
        words = array("I")
        at, end = segment.first - segment.group_words, segment.last - segment.group_words
        while at < end:
            step, turn = divmod(at, n)
            count = min(n - turn, end - at)
            first = (segment.group_words + at) % n
            prefixes = ring[first : first + count]
            for begin in begins:
                position = begin + (step << self._skipped_bits) & within
                words.extend([prefix | position for prefix in prefixes])
            at += count
        return words

    def _tried(self, layout: Layout, segment: Segment, begin: int, word: int) -> bool:
        """Whether a chip that begins there tries this word within the segment."""
        n = len(layout.prefixes)
        step, between = divmod(word - begin & (1 << layout.bits) - 1, 1 << self._skipped_bits)
        if between:
            return False
        words = segment.group_words + step * n + ((word >> layout.bits) - segment.group_words) % n
        round_words = n << max(0, layout.bits - self._skipped_bits)  # after so many the counter is where it was
        return (words - segment.first) % round_words < segment.last - segment.first

    def _place(self, layout: Layout, word: int, index: int) -> tuple[int, int]:
        """Core and small core."""
        core, small_core = divmod(word >> layout.bits, layout.in_core)
        return core, small_core if layout.in_core > 1 else index


def _whole(words: float) -> int:
    """As many as time was for: a sum of many steps may lack a rounding error, and the last core its turn by that."""
    return int(words + 1e-6)


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


def _runs(segments: Iterable[Segment]) -> list[tuple[int, int]]:
    """The words of segments that follow each other, first and last + 1; a new job's or epoch's begin anew."""
    runs: list[tuple[int, int]] = []
    for segment in segments:
        if runs and runs[-1][1] == segment.first:
            runs[-1] = (runs[-1][0], segment.last)
        else:
            runs.append((segment.first, segment.last))
    return runs


def _count(begin: int, end: int, n: int, first: int, last: int) -> int:
    """How many of these words are of prefixes first to last - 1, of n that take turns."""

    def before(words: int) -> int:
        whole, rest = divmod(words, n)
        return whole * (last - first) + max(0, min(rest, last) - first)

    return before(end) - before(begin)
