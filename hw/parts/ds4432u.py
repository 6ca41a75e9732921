"""DS4432U: a current into the feedback of a TPS40305, which so moves the chips' supply. Max, early Ultra and Supra.

Source: ESP (ESP-Miner, main/power/DS4432U.c): resistors, full scale, sign. ESP takes 0.046 to 2.39 V, but the code has
7 bits: below 0.99 V its sum runs over, and 0.9 V would come out as 1.37 V. Here the bounds are those of the code.

It sets, and does not switch: with it alone the supply cannot be turned off, nor read. At power-on the code is 0, that
is 1.46 V.
"""

from __future__ import annotations

from math import ceil, floor

from ...engine.errors import InputError
from .bus import I2C, Part

ADDRESS = 0x48
OUT0 = 0xF8

_FEEDBACK_V, _ABOVE, _BELOW = 0.6, 4750.0, 3320.0  # of the TPS40305, and its divider in ohms
_FULL_SCALE_A, _STEPS = 98.921e-6, 127
_SINK = 0x80  # the sign: lowers the voltage

NOMINAL_V = _FEEDBACK_V * (1 + _ABOVE / _BELOW)  # with no current; ESP says 1.451
_STEP_V = _FULL_SCALE_A / _STEPS * _ABOVE
LEAST_V, MOST_V = NOMINAL_V - _STEPS * _STEP_V, NOMINAL_V + _STEPS * _STEP_V
LOWEST = _SINK | _STEPS


def code(volts: float) -> int:
    """The highest code that gives no more than `volts`. Raises InputError outside of what it can."""
    if not LEAST_V <= volts <= MOST_V:
        raise InputError(f"rail {volts:.3f} V: a DS4432U sets {LEAST_V:.2f}–{MOST_V:.2f} V; choose a voltage within")
    steps = (volts - NOMINAL_V) / _STEP_V
    return floor(steps + 1e-9) if steps >= 0 else _SINK | min(_STEPS, ceil(-steps - 1e-9))


def volts(register: int) -> float:
    """What a code makes."""
    steps = register & 0x7F
    return NOMINAL_V + (-steps if register & _SINK else steps) * _STEP_V


class Ds4432u(Part):
    title = "DS4432U"

    def __init__(self, bus: I2C, address: int = ADDRESS) -> None:
        super().__init__(bus, address)

    async def set_voltage(self, rail_v: float) -> None:
        await self.put_checked(OUT0, code(rail_v))

    async def set_lowest(self) -> None:
        await self.put_checked(OUT0, LOWEST)

    async def set_v(self) -> float:
        """What it is set to; nothing measures what comes out."""
        return volts(await self.get(OUT0))
