"""EMC2302: two fans, no temperatures. Hex.

Sources: ESP (ESP-Miner, main/thermal/EMC2302.c and .h); the identities are from FBSD (FreeBSD, emc230x) and LNX (Linux,
emc2305.c). ESP's header calls the register of the tachometer's upper bits the low one; its code reads them rightly.
Left out: its own speed control, and alerts.
"""

from __future__ import annotations

from .bus import I2C, Part, duty

ADDRESS = 0x2F
FULL = 255

FAN_DUTY, FAN_CONFIG, TACH = (0x30, 0x40), (0x32, 0x42), (0x3E, 0x4E)  # of fan 0 and 1; TACH is high, then low
PRODUCT, MAKER = 0xFD, 0xFE

_CLOSED_LOOP, _RANGE = 0x80, 0x60  # of FAN_CONFIG; range 0 measures from 500 rpm, and multiplies by 1


def rpm(high: int, low: int) -> float | None:
    """Of the tachometer's 13 bits, at range 0. 0.0: it stands, or is slower than can be measured: the upper 8 bits are
    all ones. None: 0 counts, which no fan makes."""
    count = high << 5 | low >> 3
    if high == 0xFF:
        return 0.0
    return 3_932_160 / count if count else None


class Emc2302(Part):
    title = "EMC2302"

    def __init__(self, bus: I2C, address: int = ADDRESS) -> None:
        super().__init__(bus, address)

    async def identify(self) -> None:
        await self.require(MAKER, (0x5D,))
        await self.require(PRODUCT, (0x36,))

    async def configure(self) -> None:
        """Both fans driven by the duty cycle, and measured from 500 rpm; how many pulses a turn has stays as it is."""
        for register in FAN_CONFIG:
            held = await self.get(register)
            await self.put_checked(register, held & ~(_CLOSED_LOOP | _RANGE) & 0xFF)

    async def set_fan(self, part: float) -> None:
        """Both."""
        for register in FAN_DUTY:
            await self.put_checked(register, duty(part, FULL))

    async def fan_rpm(self, fan: int) -> float | None:
        """Of fan 0 or 1."""
        high = await self.get(TACH[fan])  # first: it holds the lower bits still
        return rpm(high, await self.get(TACH[fan] + 1))
