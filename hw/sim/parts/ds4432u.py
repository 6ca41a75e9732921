"""DS4432U: a current into the feedback of a regulator, by which a Bitaxe of the first kinds sets its core voltage.

Source: the fact sheet's section "I2C parts": the resistors and the current of full scale are ESP-Miner's. Output 0 is
wired, output 1 is not. The regulator behind it cannot be told to be off: its enable pin is in no source. So the rail
lives whenever there is input, between 0.989 V (FF) and 1.928 V (7F), at 1.458 V after power-up: unproven on hardware.
"""

from __future__ import annotations

from .bus import ByteRegisters

_FEEDBACK_V = 0.6
_TOP_OHM, _BOTTOM_OHM = 4750.0, 3320.0  # RA, RB
_FULL_SCALE_A = 98.921e-6


def rail_v(code: int) -> float:
    """Bit 7 set: the current flows into the feedback, and the voltage falls by it."""
    amperes = (code & 0x7F) / 127 * _FULL_SCALE_A * (-1 if code & 0x80 else 1)
    return _FEEDBACK_V + _TOP_OHM * (_FEEDBACK_V / _BOTTOM_OHM + amperes)


class DS4432U(ByteRegisters):
    def __init__(self) -> None:
        super().__init__({0xF8: 0, 0xF9: 0}, frozenset())

    @property
    def output_v(self) -> float:
        """Of the regulator, while it has input."""
        return rail_v(self.value(0xF8))
