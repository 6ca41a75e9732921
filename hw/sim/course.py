"""What chips of every kind go through: time, the loss of all they knew, and the silence of `mute`."""

from __future__ import annotations

from .faults import Faults
from .world import World


class Course:
    def __init__(self, world: World, faults: Faults) -> None:
        self.now_s = 0.0  # of the loop's clock, at the last `advance`
        self._world, self._faults = world, faults
        self._begun = False
        self._resets = world.resets
        self._first_job_s: float | None = None

    def advance(self, now_s: float) -> tuple[float, bool]:
        """To a moment, the world too: the seconds since the last one, and whether the chips have forgotten everything
        meanwhile, or are off."""
        self._world.advance(now_s)
        elapsed_s = now_s - self.now_s if self._begun else 0.0
        self.now_s, self._begun = now_s, True
        forgotten = self._world.resets != self._resets or not self._world.running
        self._resets = self._world.resets
        return elapsed_s, forgotten

    def job_came(self) -> None:
        if self._first_job_s is None:
            self._first_job_s = self.now_s

    @property
    def is_mute(self) -> bool:
        """So long after the first job they say nothing more."""
        mute_s, first_s = self._faults.mute_s, self._first_job_s
        return mute_s is not None and first_s is not None and self.now_s >= first_s + mute_s
