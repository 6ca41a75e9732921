"""Meters on the I2C bus: INA260 (current and voltage of the input), TMP1075 (temperature).

Source: the fact sheet's section "I2C parts"; reset values and ids marked (T) are Texas Instruments' data sheets' from
memory, unproven on hardware. Left out: averaging, conversion time, alarms.
"""

from __future__ import annotations

from .bus import Nack, Sense, WordRegisters


class INA260(WordRegisters):
    """`volts` and `amperes` of what flows through it."""

    def __init__(self, volts: Sense, amperes: Sense) -> None:
        reset = {0x00: 0x6127, 0x06: 0, 0x07: 0, 0xFE: 0x5449, 0xFF: 0x2270}  # (T)
        super().__init__(reset | {0x01: 0, 0x02: 0, 0x03: 0}, frozenset((0x01, 0x02, 0x03, 0xFE, 0xFF)))
        self._volts, self._amperes = volts, amperes

    def measured(self, register: int) -> int | None:
        volts, amperes = self._volts() or 0.0, self._amperes() or 0.0
        match register:
            case 0x01:  # 1.25 mA, signed
                return max(-0x8000, min(0x7FFF, round(amperes / 1.25e-3))) & 0xFFFF
            case 0x02:  # 1.25 mV; its range ends at 36 V
                return max(0, min(0x7FFF, round(volts / 1.25e-3)))
            case 0x03:  # 10 mW
                return max(0, min(0xFFFF, round(abs(volts * amperes) / 10e-3)))
            case _:
                return None


class TMP1075(WordRegisters):
    """12 bits of 0.0625 °C at the top of register 0. It feels in itself: a broken one does not answer at all."""

    def __init__(self, celsius: Sense) -> None:
        reset = {0x00: 0, 0x01: 0x00FF, 0x02: 0x4B00, 0x03: 0x5000, 0x0F: 0x7500}  # (T)
        super().__init__(reset, frozenset((0x00, 0x0F)))
        self._celsius = celsius

    def read(self, size: int) -> bytes:
        if self._celsius() is None:
            raise Nack
        return super().read(size)

    def measured(self, register: int) -> int | None:
        celsius = self._celsius()
        if register != 0x00 or celsius is None:
            return None
        return (max(-2048, min(2047, round(celsius * 16))) << 4) & 0xFFFF
