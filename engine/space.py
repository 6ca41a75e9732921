"""The one allocator of headers: everything of a job that may vary, each header given out at most once.

A header varies in extranonce2, version bits, ntime and nonce. A walk goes through them in that order of slowness:
nonce parts, then version bits, then extranonce2; ntime is the second of the draw. When all are used up, the next walk
begins, and it takes only seconds later than any that the walk before has used. Until then there is nothing to draw and
devices starve. Another version, or another mask, begins the next extranonce2: two of them may roll to the same number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import overload

NONCES = 2**32
NTIME_MOST = 2**32 - 1
_PARTS = 64  # pieces of the nonce range where extranonce2 alone cannot feed several devices


@dataclass(frozen=True, slots=True)
class Rolled(Sequence[int]):
    """`size` of the versions that a mask allows. Computed when looked at: chips roll 65536 of them by themselves."""

    version: int  # of the job
    mask: int
    first: int  # index among the 2^bits that the mask allows
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...
    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(self.size)[index])
        return self.version ^ deposit(self.first + range(self.size)[index], self.mask)


@dataclass(frozen=True, slots=True)
class Drawn:
    extranonce2: int
    versions: Rolled
    first: int  # nonce
    count: int


class HeaderSpace:
    """For jobs of equal content. `draw` may be called from any thread."""

    def __init__(self, extranonce2_size: int) -> None:
        self._extranonce2_end = 256**extranonce2_size
        self._parts = _PARTS if extranonce2_size < 2 else 1
        self._lock = Lock()
        self._rolling: tuple[int, int] | None = None  # version and mask of the last draw
        self._extranonce2 = 0
        self._roll = 0  # index into the versions that the mask allows
        self._rests: list[Drawn] = []  # what is left of a nonce range that is being split; the last goes first
        self._ntime_floor = self._ntime_last = -1  # the latest of the walks before, and of all

    def draw(self, ntime: int, version: int, mask: int, versions: int | None, *, split: bool) -> Drawn | None:
        """The next headers for `ntime`, up to `versions` versions of the mask, or None: there are none for that second.

        versions  None: all of the mask, for chips that roll them by themselves and cannot be told to leave some out
        split     take a part of the nonce range where it is split, for all these versions; otherwise always the whole
        """
        if versions is not None and versions < 1:
            raise ValueError(f"versions: {versions}; takes 1 or more")
        with self._lock:
            if (version, mask) != self._rolling:
                self._turn_to(version, mask)
            if versions is None:
                versions, split = 1 << mask.bit_count(), False
                if self._roll:  # some of this extranonce2 was given out
                    self._next_extranonce2()
            splits = split and self._parts > 1
            if self._extranonce2 >= self._extranonce2_end and not (splits and self._rests):
                if ntime <= self._ntime_last:
                    return None
                self._walk_again()
            if not self._ntime_floor < ntime <= NTIME_MOST:
                return None
            self._ntime_last = max(self._ntime_last, ntime)
            return (self._take_part if splits else self._take)(version, mask, versions)

    def _take(self, version: int, mask: int, versions: int) -> Drawn:
        count = min(versions, (1 << mask.bit_count()) - self._roll)
        drawn = Drawn(self._extranonce2, Rolled(version, mask, self._roll, count), 0, NONCES)
        self._roll += count
        if self._roll >> mask.bit_count():
            self._next_extranonce2()
        return drawn

    def _take_part(self, version: int, mask: int, versions: int) -> Drawn:
        whole = self._rests.pop() if self._rests else self._take(version, mask, versions)
        count, rolled = NONCES // self._parts, whole.versions
        if whole.count > count:
            self._rests.append(replace(whole, first=whole.first + count, count=whole.count - count))
        if len(rolled) > versions:  # another device, which takes more of them, began this range
            later = Rolled(version, mask, rolled.first + versions, rolled.size - versions)
            self._rests.append(replace(whole, versions=later, count=count))
            rolled = replace(rolled, size=versions)
        return replace(whole, versions=rolled, count=count)

    def _turn_to(self, version: int, mask: int) -> None:
        self._rolling, self._rests = (version, mask), []
        if self._roll:  # some of this extranonce2 was given out
            self._next_extranonce2()

    def _next_extranonce2(self) -> None:
        self._extranonce2, self._roll = self._extranonce2 + 1, 0

    def _walk_again(self) -> None:
        self._extranonce2, self._roll, self._rests = 0, 0, []
        self._ntime_floor = self._ntime_last


def deposit(value: int, mask: int) -> int:
    """The low bits of `value` laid into the set bits of `mask`, lowest first."""
    laid = 0
    while mask and value:
        lowest = mask & -mask
        if value & 1:
            laid |= lowest
        value >>= 1
        mask ^= lowest
    return laid
