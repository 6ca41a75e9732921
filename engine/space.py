"""The one allocator of headers: everything of a job that may vary, each header given out at most once.

A header varies in extranonce2, version bits, ntime and nonce. Draws walk through them in that order of slowness:
nonce parts, then version bits, then extranonce2; ntime is the second of the draw. When all are used up, the walk
begins anew only with an ntime later than any used before; until then there is nothing to draw and devices starve.
"""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock

NONCES = 2**32
_PARTS = 64  # pieces of the nonce range where extranonce2 alone cannot feed several devices


@dataclass(frozen=True, slots=True)
class Drawn:
    extranonce2: int
    version_bits: tuple[int, ...]  # XOR onto the job's version
    first: int  # nonce
    count: int


class HeaderSpace:
    """For jobs of equal content. `draw` may be called from any thread."""

    def __init__(self, extranonce2_size: int) -> None:
        self._extranonce2_end = 256**extranonce2_size
        self._parts = _PARTS if extranonce2_size < 2 else 1
        self._lock = Lock()
        self._mask = 0
        self._extranonce2 = 0
        self._roll = 0  # index into the versions that the mask allows
        self._part = 0
        self._last_ntime = -1

    def draw(self, ntime: int, mask: int, versions: int, *, split: bool) -> Drawn | None:
        """The next headers for `ntime`, up to `versions` versions of the mask, or None when all are used up.

        split  take a part of the nonce range where it is split; otherwise always the whole of it
        """
        with self._lock:
            if mask != self._mask:
                self._mask = mask
                self._next_extranonce2()  # what was rolled under the old mask must not come again under the new
            if self._part and not split:
                self._next_versions(1)
            if self._extranonce2 >= self._extranonce2_end and not self._start_again(ntime):
                return None
            self._last_ntime = max(self._last_ntime, ntime)
            return self._take(versions, split=split)

    def _take(self, versions: int, *, split: bool) -> Drawn:
        extranonce2, part = self._extranonce2, self._part
        if split and self._parts > 1:
            rolls = range(self._roll, self._roll + 1)
            count = NONCES // self._parts
            self._part += 1
            if self._part == self._parts:
                self._next_versions(1)
        else:
            rolls = range(self._roll, min(self._roll + versions, 1 << self._mask.bit_count()))
            count = NONCES
            self._next_versions(len(rolls))
        return Drawn(extranonce2, tuple(deposit(i, self._mask) for i in rolls), part * count, count)

    def _next_versions(self, taken: int) -> None:
        self._part = 0
        self._roll += taken
        if self._roll >> self._mask.bit_count():
            self._next_extranonce2()

    def _next_extranonce2(self) -> None:
        if self._roll or self._part or self._extranonce2 or self._last_ntime >= 0:
            self._extranonce2 += 1
        self._roll = self._part = 0

    def _start_again(self, ntime: int) -> bool:
        if ntime <= self._last_ntime:
            return False
        self._extranonce2 = self._roll = self._part = 0
        return True


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
