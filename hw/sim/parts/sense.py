"""What a thermometer of a simulated board feels: the world's temperature, a little noise, and what is broken in it."""

from __future__ import annotations

import random
from collections.abc import Callable

from ..faults import Faults
from .bus import Sense

_NOISE_C = 0.12  # standard deviation: no reading of a live sensor stands still for long


def thermometer(true_c: Callable[[], float], faults: Faults, name: str, *, diode: bool = False) -> Sense:
    """`diode`: it sits in the chip, at the end of two wires that may be open."""
    noise = random.Random(name)
    before: list[float] = []

    def feel() -> float | None:
        if diode and faults.sensor_open:
            return None
        if faults.sensor_frozen and before:
            return before[0]
        felt = true_c() + noise.gauss(0.0, _NOISE_C)
        before[:] = [felt]
        return felt

    return feel
