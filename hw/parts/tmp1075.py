"""TMP1075: the temperature of the place on the board where it sits. Hex has two, at 4A and 4B.

Source: ESP (ESP-Miner, main/thermal/TMP1075.c). Left out: its alert pin, its identity (no source at hand).
"""

from __future__ import annotations

from .bus import I2C, Part, signed

ADDRESSES = (0x4A, 0x4B)
TEMPERATURE = 0x00


def celsius(register: int) -> float:
    """12 bits at the top of 16, in steps of 0.0625 degrees."""
    return signed(register >> 4, 12) * 0.0625


class Tmp1075(Part):
    title = "TMP1075"

    def __init__(self, bus: I2C, address: int) -> None:
        super().__init__(bus, address)

    async def board_c(self) -> float:
        return celsius(int.from_bytes(await self.get_bytes(TEMPERATURE, 2), "big"))
