"""By what a cell is judged, and for how long it is looked at. All of it may be chosen; what is usual stands here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...engine.errors import InputError
from ...hw.limits import NO_LIMITS, Limits

_BELOW_C, _BELOW_WATTS = 3.0, 0.97  # the board's own limits, at which it is switched off


@dataclass(frozen=True, slots=True)
class Rules:
    """ceiling    part of the nonces that may be false; decided between 80 % of it and all of it
    precision  half the width of the rate's interval that is wanted, as a part of it
    settle_s   at least, until a cell is measured; at most `settle_most_s`, as long as it gets warmer or cooler
    window_s   at least; at most `window_most_s`
    limits     below the board's own, so that a cell ends before the board is switched off
    """

    ceiling: float = 0.035
    precision: float = 0.03
    settle_s: float = 10.0
    settle_most_s: float = 120.0
    window_s: float = 10.0
    window_most_s: float = 300.0
    limits: Limits = field(default_factory=lambda: NO_LIMITS)

    def __post_init__(self) -> None:
        """Raises InputError."""
        if not 0 < self.ceiling < 0.5:
            raise InputError(f"errors: a ceiling of {self.ceiling:.3%}; takes more than 0 and less than 50 %")
        if not 0.001 <= self.precision <= 0.5:
            raise InputError(f"precision: {self.precision:.3%}; takes 0.1 to 50 %")
        if not 0 <= self.settle_s <= self.settle_most_s or not 0 < self.window_s <= self.window_most_s:
            raise InputError("settling and windows: take seconds, the least before the most")

    def told(self) -> dict[str, float | None]:
        """As results and progress have it."""
        return {
            "ceiling": self.ceiling,
            "precision": self.precision,
            "settle_s": self.settle_s,
            "window_s": self.window_s,
            "window_most_s": self.window_most_s,
            "chip_c": self.limits.chip_c,
            "vr_c": self.limits.vr_c,
            "watts": self.limits.watts,
        }


def limits_of(
    own: Limits, chip_c: float | None = None, vr_c: float | None = None, watts: float | None = None
) -> Limits:
    """A little below the board's own, or as the user wants them, never above. Raises InputError."""
    for what, wanted, most in (("°C", chip_c, own.chip_c), ("°C", vr_c, own.vr_c), ("W", watts, own.watts)):
        if wanted is not None and not 0 < wanted <= (most or 0.0):
            bound = "has nothing that measures it" if most is None else f"takes up to {most:g} {what}"
            raise InputError(f"limit of {wanted:g} {what}: the board {bound}")
    return replace(
        own,
        chip_c=chip_c or (None if own.chip_c is None else own.chip_c - _BELOW_C),
        vr_c=vr_c or (None if own.vr_c is None else own.vr_c - _BELOW_C),
        watts=watts or (None if own.watts is None else own.watts * _BELOW_WATTS),
    )
