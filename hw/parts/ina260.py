"""INA260: current, voltage and power of the board's input. Max, Ultra and Supra, where the regulator is no TPS546.

Sources: ESP (ESP-Miner, main/power/INA260.c); sign of the current and identity: TI's data sheet, by general knowledge.
ESP reads a current that flows backward as one of 82 A; this does not. Left out: averaging and alerts.
"""

from __future__ import annotations

from .bus import I2C, Part, signed

ADDRESS = 0x40

CURRENT, VOLTAGE, POWER, MAKER = 0x01, 0x02, 0x03, 0xFE  # 16 bits each, the upper 8 first

_TEXAS = 0x5449  # "TI"


def amperes(register: int) -> float:
    return signed(register, 16) / 800  # 1.25 mA


def volts(register: int) -> float:
    return register / 800  # 1.25 mV


def watts(register: int) -> float:
    return register / 100  # 10 mW


class Ina260(Part):
    title = "INA260"

    def __init__(self, bus: I2C, address: int = ADDRESS) -> None:
        super().__init__(bus, address)

    async def identify(self) -> None:
        if (found := await self._word(MAKER)) != _TEXAS:
            raise self.error(f"identity FE reads {found:04X}, not {_TEXAS:04X}; is it the board that was named?")

    async def input_a(self) -> float:
        return amperes(await self._word(CURRENT))

    async def input_v(self) -> float:
        return volts(await self._word(VOLTAGE))

    async def input_w(self) -> float:
        return watts(await self._word(POWER))

    async def _word(self, register: int) -> int:
        return int.from_bytes(await self.get_bytes(register, 2), "big")
