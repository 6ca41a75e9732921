"""Fan controllers with thermometers: EMC2101, EMC2103, EMC2302.

Source: the fact sheet's section "I2C parts"; reset values and the ids marked (M) are Microchip's data sheets' from
memory, unproven on hardware. Left out: look-up tables, fan speed control by the part itself, its alarms, ramps, the
watchdog, and what ideality and beta do to a reading: they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .bus import ByteRegisters, Sense

Drive = Callable[[float], None]  # 0 to 1 of full speed
_IDS = frozenset((0xFD, 0xFE, 0xFF))


def eighths(celsius: float) -> int:
    """In steps of 0.125 °C, as the thermometers count, within the signed 11 bits that they have."""
    return max(-1024, min(1015, round(celsius * 8)))  # 3F8 and above say that the diode is open or short


class EMC2101(ByteRegisters):
    """One fan, its own temperature, and a diode in the chip: 11 bits, 0.125 °C. `fan_rpm` as the tachometer counts."""

    OPEN = 0x3F8

    def __init__(self, chip_c: Sense, own_c: Sense, fan_rpm: Sense, drive: Drive) -> None:
        reset = {0x02: 0, 0x03: 0, 0x04: 8, 0x17: 0x12, 0x18: 0x08, 0x4A: 0x20, 0x4B: 0x3F, 0x4C: 0, 0x4D: 0x10}  # (M)
        limits = {0x05: 0x46, 0x07: 0x46, 0x08: 0, 0x13: 0, 0x14: 0, 0x48: 0xFF, 0x49: 0xFF}  # (M)
        readings = {0x00: 0, 0x01: 0, 0x10: 0, 0x46: 0xFF, 0x47: 0xFF}
        ids = {0xFD: 0x16, 0xFE: 0x5D, 0xFF: 0x01}
        super().__init__(reset | limits | readings | ids, _IDS | readings.keys() | {0x02})
        self._chip_c, self._own_c, self._fan_rpm, self._drive = chip_c, own_c, fan_rpm, drive

    def measured(self, register: int) -> int | None:
        if register == 0x00:
            own = self._own_c()
            return (-128 if own is None else max(-128, min(127, round(own)))) & 0xFF
        if register == 0x01:  # the high byte latches the low one
            raw = self._chip()
            self.keep(0x10, (raw & 7) << 5)
            return raw >> 3
        if register == 0x02:
            return 0x04 if self._chip() == self.OPEN else 0  # diode fault (M)
        if register == 0x46:  # the low byte latches the high one
            count = self._count()
            self.keep(0x47, count >> 8)
            return count & 0xFF
        return None

    def written(self, register: int) -> None:
        if register in (0x4A, 0x4C) and self.value(0x4A) & 0x20:  # else its own table drives the fan
            self._drive((self.value(0x4C) & 0x3F) / 63)

    def _chip(self) -> int:
        chip = self._chip_c()
        return self.OPEN if chip is None else eighths(chip) & 0x7FF

    def _count(self) -> int:
        rpm = self._fan_rpm()
        if not self.value(0x03) & 0x04 or not rpm:  # the pin is an alert and no tachometer until bit 2 says so
            return 0xFFFF
        return min(0xFFFF, round(5_400_000 / rpm))


class EMC2103(ByteRegisters):
    """One fan, and two diodes: whole degrees in one register, eighths in the top of the next; 80 00 says fault."""

    def __init__(self, diodes: tuple[Sense, Sense], own_c: Sense, fan_rpm: Sense, drive: Drive) -> None:
        reset = {0x11: 0x12, 0x12: 0x12, 0x14: 0x10, 0x15: 0x10, 0x20: 0, 0x2A: 0, 0x40: 0, 0x42: 0x2B}  # (M)
        ids = {0xFD: 0x26, 0xFE: 0x5D, 0xFF: 0x01}  # (M)
        readings = dict.fromkeys((0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x4E, 0x4F), 0)
        super().__init__(reset | readings | ids, _IDS | readings.keys())
        self._senses: Mapping[int, Sense] = {0x00: own_c, 0x02: diodes[0], 0x04: diodes[1]}
        self._fan_rpm, self._drive = fan_rpm, drive

    def measured(self, register: int) -> int | None:
        if register in self._senses:
            felt = self._senses[register]()
            raw = -1024 if felt is None else eighths(felt)
            self.keep(register + 1, (raw & 7) << 5)
            return (raw >> 3) & 0xFF
        if register == 0x4E:
            return _tachometer(self, 0x4E, self._fan_rpm(), self.value(0x42))
        return None

    def written(self, register: int) -> None:
        if register == 0x40:
            self._drive(self.value(0x40) / 255)


class EMC2302(ByteRegisters):
    """Two fans, no thermometer. The board has one fan line here: fan 1; the other stands still."""

    def __init__(self, fan_rpm: Sense, drive: Drive) -> None:
        reset = {0x20: 0x40, 0x30: 0, 0x32: 0x2B, 0x40: 0, 0x42: 0x2B}  # (M)
        ids = {0xFD: 0x36, 0xFE: 0x5D, 0xFF: 0x80}  # (M)
        readings = dict.fromkeys((0x3E, 0x3F, 0x4E, 0x4F), 0)
        super().__init__(reset | readings | ids, _IDS | readings.keys())
        self._fan_rpm, self._drive = fan_rpm, drive

    def measured(self, register: int) -> int | None:
        if register in (0x3E, 0x4E):
            rpm = self._fan_rpm() if register == 0x3E else 0
            return _tachometer(self, register, rpm, self.value(register - 12))
        return None

    def written(self, register: int) -> None:
        if register == 0x30:
            self._drive(self.value(0x30) / 255)


def _tachometer(part: ByteRegisters, register: int, rpm: float | None, config: int) -> int:
    """13 bits, at the top of two registers; all ones when nothing turns. The high byte latches the low one. Bits 6..5
    of the fan's configuration double the count with each range; after power-up it is the second (M)."""
    count = 3_932_160 << (config >> 5 & 3)
    raw = min(0x1FFF, round(count / rpm)) << 3 if rpm else 0xFFF8
    part.keep(register + 1, raw & 0xFF)
    return raw >> 8
