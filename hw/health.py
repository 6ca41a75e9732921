"""Whether a board's chips do what is due: nonces by chip and core, and against the chips' own counters.

All by how improbable the opposite is: a chip, or a core, is silent when 25 of its nonces were due since the last one
came, which happens once in 10^10 times to a sound one. Nothing here has effects; the feeder tells what is found.
"""

from __future__ import annotations

from ..engine.work import Origin
from .chips.chip import Chip

SILENT = 25.0  # nonces that were due
SILENT_S = 3.0  # at least, for what lies on the way
_LIES = 6.0  # standard deviations between counter and nonces
_LIES_NONCES = 200
_LIES_ANEW = 0.2  # of the ratio that was told
_NAMED = 8  # silent ones; the others are counted


class Health:
    """Of one session. `pass_time` while it hashes; `note` each nonce. `cores` of each of the chips, 0 where they cannot
    be told apart; the least of them has `least_core` of the chip's nonces."""

    def __init__(self, chips: int, cores: int = 0, least_core: float = 1.0, word: str = "chip") -> None:
        self._chips, self._cores, self._least_core, self._word = chips, cores, least_core, word
        self._due = self._due_before = 0.0  # nonces, since the session began; without the last piece of time
        self._heard: dict[tuple[int | None, int | None], float] = {}  # how many were due when the last of them came
        self._last, self._last_s, self._now_s = 0.0, 0.0, 0.0  # the same of all; seconds of hashing
        self._nonces = 0
        self._claimed = 0.0  # hashes that they stand for
        self._ratio: float | None = None  # as it was told

    def pass_time(self, seconds: float, due: float) -> None:
        """What came in it was noted before; what did not may still be on its way when it is judged."""
        self._due_before = self._due
        self._due += due
        self._now_s += seconds

    def note(self, where: Origin, stands_for: float | None) -> None:
        """stands_for: hashes, those of a false one too; None: it came before, and stands for none."""
        self._heard[where.chip, None] = self._heard[where.chip, where.core] = self._last = self._due
        self._last_s = self._now_s
        if stands_for is not None:
            self._nonces += 1
            self._claimed += stands_for

    @property
    def mute(self) -> str:
        """Why it is to be given up; empty: it is not."""
        due, waited_s = self._due_before - self._last, self._now_s - self._last_s
        if due <= SILENT or waited_s <= SILENT_S:
            return ""
        return f"no nonce came for {waited_s:.0f} s, though {due:.0f} were due"

    def silent_chips(self) -> str:
        gone = self._gone_chips()
        if (None, None) in self._heard or len(gone) == self._chips:  # not told which of them it was; or it is mute
            return ""
        return _told([f"{self._word} {chip}" for chip in gone])

    def silent_cores(self) -> str:
        """Of chips that are heard."""
        if (None, None) in self._heard or not self._cores:
            return ""
        part, gone = self._least_core / self._chips, set(self._gone_chips())
        every = ((chip, core) for chip in range(self._chips) if chip not in gone for core in range(self._cores))
        return _told([f"core {core} of chip {chip}" for chip, core in every if self._is_gone(chip, core, part)])

    def lies(self, counted: int) -> str:
        """Whether the counter says other than the nonces: hashes, by it."""
        if not counted or self._nonces < _LIES_NONCES:
            return ""
        expected = counted * self._nonces / self._claimed  # nonces, by the counter
        if abs(expected - self._nonces) <= _LIES * self._nonces**0.5:
            self._ratio = None
            return ""
        ratio = counted / self._claimed
        if self._ratio is None or abs(ratio - self._ratio) > _LIES_ANEW * self._ratio:
            self._ratio = ratio
        return f"its counter says {self._ratio:.2g} times what its nonces do"

    def _gone_chips(self) -> list[int]:
        return [chip for chip in range(self._chips) if self._is_gone(chip, None, 1 / self._chips)]

    def _is_gone(self, chip: int, core: int | None, part: float) -> bool:
        return (self._due_before - self._heard.get((chip, core), 0.0)) * part > SILENT


def least_core(chip: Chip) -> float:
    """Of a chip's nonces, the part of its smallest core: the small cores that are missing may all be missing in one, as
    on BM1362 (MUJ: core 64 is a runt)."""
    missing = chip.cores * chip.small_per_core - chip.small_cores
    return max(1, chip.small_per_core - missing) / chip.small_cores


def _told(gone: list[str]) -> str:
    if not gone:
        return ""
    more = f" and {len(gone) - _NAMED} more" if len(gone) > _NAMED else ""
    return f"{', '.join(gone[:_NAMED])}{more} {'is' if len(gone) == 1 else 'are'} silent"
