"""How fast a board's fan turns: a PI controller to a target temperature, and trials of sensors that do not move.

Plain arithmetic; the time is handed in. Who reads sensors and sets fans is watch.py. The gains are ours: on the model
of sim/world.py they bring every board of the table to its target in two minutes, and no real heat sink was asked.
"""

from __future__ import annotations

FAN_LEAST = 0.25  # many fans stop at less
_GAIN, _INTEGRAL = 0.04, 0.002  # of the fan: for each degree, and for each degree and second
_STILL_S = 30.0  # a temperature that has not changed for so long is tried
_STILL_AGAIN_S = 600.0  # one that has passed a trial, as its steps are coarse: not again so soon
_TRIED_S = 60.0  # how long the fan turns at another speed, or how long chips have been running without one
_TRIAL_FAST, _TRIAL_SLOW = 1.0, 0.6


class Thermostat:
    """`next` as often as there is a temperature. Its memory ends where the fan does, so it does not wind up."""

    def __init__(self) -> None:
        self._memory = 1.0  # it begins with full speed

    def next(self, error_c: float, seconds: float) -> float:
        """The fan, FAN_LEAST to 1, for a temperature so much above the target; `seconds` since the last."""
        self._memory = _within(self._memory + _INTEGRAL * seconds * error_c)
        return _within(self._memory + _GAIN * error_c)


class Still:
    """One sensor, and whether it moves at all: one that stays the same to the bit is tried with another fan speed."""

    def __init__(self) -> None:
        self._value: float | None = None
        self._since_s = 0.0
        self._tried_since_s: float | None = None
        self._patience_s = _STILL_S
        self._trial = _TRIAL_FAST

    def see(self, value: float, now_s: float) -> None:
        if value != self._value:
            if self._tried_since_s is not None:
                self._patience_s = _STILL_AGAIN_S
            self._value, self._since_s, self._tried_since_s = value, now_s, None

    def trial(self, wanted: float, now_s: float) -> float | None:
        """The speed to try it with; None: no need."""
        if now_s - self._since_s < self._patience_s:
            return None
        if self._tried_since_s is None:
            self._tried_since_s, self._trial = now_s, _TRIAL_FAST if wanted < 0.8 else _TRIAL_SLOW
        return self._trial

    def is_frozen(self, now_s: float, cold_s: float, warm_s: float, *, has_fan: bool) -> bool:
        """It did not answer to the trial; without a fan: it is as it was at `cold_s`, long after `warm_s`."""
        if has_fan:
            return self._tried_since_s is not None and now_s - self._tried_since_s > _TRIED_S
        return self._since_s <= cold_s and now_s - warm_s > _TRIED_S


def _within(part: float) -> float:
    return min(1.0, max(FAN_LEAST, part))
