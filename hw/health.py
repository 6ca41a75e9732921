"""Whether the chips of a chain do what is due: nonces by chip and core, and against the chips' own counters.

All by how improbable the opposite is: a chip, or a core, is silent when 25 of its nonces were due since the last one
came, which happens once in 10^10 times to a sound one. Nothing here has effects; the feeder tells what is found.
"""

from __future__ import annotations

from ..engine.work import Origin
from .chain import Chain
from .chips.chip import Chip

SILENT = 25.0  # nonces that were due
SILENT_S = 3.0  # at least, for what lies on the way
_LIES = 6.0  # standard deviations between counter and nonces
_LIES_NONCES = 200


class Health:
    """Of one session. `pass_time` while it hashes; `note` each nonce."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._due = self._due_before = 0.0  # nonces, since the session began; without the last piece of time
        self._heard: dict[tuple[int | None, int | None], float] = {}  # how many were due when the last of them came
        self._last, self._last_s, self._now_s = 0.0, 0.0, 0.0  # the same of all; seconds of hashing
        self._nonces = 0
        self._claimed = 0.0  # hashes that they stand for

    def pass_time(self, seconds: float) -> None:
        """What came in it was noted before; what did not may still be on its way when it is judged."""
        chain = self._chain
        self._due_before = self._due
        self._due += chain.rate_hps * seconds / 2.0 ** (chain.chip.zero_bits + chain.ticket)
        self._now_s += seconds

    def note(self, where: Origin, stands_for: float) -> None:
        self._heard[where.chip, None] = self._heard[where.chip, where.core] = self._last = self._due
        self._last_s = self._now_s
        self._nonces += 1
        self._claimed += stands_for

    @property
    def mute(self) -> str:
        """Why it is to be given up; empty: it is not."""
        due, waited_s = self._due_before - self._last, self._now_s - self._last_s
        if due <= SILENT or waited_s <= SILENT_S:
            return ""
        return f"no nonce came for {waited_s:.0f} s, though {due:.0f} were due"

    def silent(self) -> str:
        """Chips, or where all of them are heard, cores."""
        if (None, None) in self._heard:  # this kind does not tell which of them it was
            return ""
        chain = self._chain
        n, cores = chain.n_chips, chain.chip.cores
        gone = [f"chip {chip}" for chip in range(n) if self._is_gone(chip, None, 1 / n)]
        if not gone and chain.chip.core_bits:
            part = _least_part(chain.chip) / n
            every = ((chip, core) for chip in range(n) for core in range(cores))
            gone = [f"core {core} of chip {chip}" for chip, core in every if self._is_gone(chip, core, part)]
        return f"{', '.join(gone)} {'is' if len(gone) == 1 else 'are'} silent" if gone else ""

    def lies(self, counted: int) -> str:
        """Whether the counter says other than the nonces: hashes, by it."""
        if not counted or self._nonces < _LIES_NONCES:
            return ""
        expected = counted * self._nonces / self._claimed  # nonces, by the counter
        if abs(expected - self._nonces) <= _LIES * self._nonces**0.5:
            return ""
        return f"its counter says {counted / self._claimed:.2f} times what its nonces do"

    def _is_gone(self, chip: int, core: int | None, part: float) -> bool:
        return (self._due_before - self._heard.get((chip, core), 0.0)) * part > SILENT


def _least_part(chip: Chip) -> float:
    """Of a chip's nonces, that of its smallest core: the small cores that are missing may all be missing in one, as on
    BM1362 (MUJ: core 64 is a runt)."""
    missing = chip.cores * chip.small_per_core - chip.small_cores
    return max(1, chip.small_per_core - missing) / chip.small_cores
