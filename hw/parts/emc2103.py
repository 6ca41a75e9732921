"""EMC2103: one fan, two diodes. Gamma Turbo (GT).

Sources: ESP (ESP-Miner, main/thermal/EMC2103.c and .h); the identities are from LNX (Linux, drivers/hwmon/emc2103.c).
ESP takes a stopped fan for one of 960 rpm, because it looks for the figure of the EMC2101; this does not. Left out: its
own speed control, and alerts.
"""

from __future__ import annotations

from .bus import I2C, Fault, Part, duty, signed

ADDRESS = 0x2E
FULL = 255

INTERNAL = 0x00, 0x01  # high, low, as the diodes
DIODES = ((0x02, 0x03), (0x04, 0x05))  # each high, low
IDEALITIES, BETAS = (0x11, 0x12), (0x14, 0x15)
CONFIG, PWM_CONFIG, FAN_DUTY = 0x20, 0x2A, 0x40
TACH_HIGH, TACH_LOW = 0x4E, 0x4F
PRODUCT, MAKER = 0xFD, 0xFE

_FAULT = 0x8000


def external(high: int, low: int) -> float | Fault:
    """Degrees Celsius in steps of 0.125: 11 bits, the lower 3 at the top of `low`. Open and short look alike."""
    raw = high << 8 | low
    return Fault.OPEN_OR_SHORT if raw == _FAULT else signed(raw >> 5, 11) / 8


def rpm(high: int, low: int) -> float | None:
    """Of the tachometer's 13 bits, at the range it powers up with (twice 3932160). 0.0: it stands, or is slower than
    can be measured: the upper 8 bits are all ones. None: 0 counts, which no fan makes."""
    count = high << 5 | low >> 3
    if high == 0xFF:
        return 0.0
    return 7_864_320 / count if count else None


class Emc2103(Part):
    title = "EMC2103"

    def __init__(self, bus: I2C, address: int = ADDRESS) -> None:
        super().__init__(bus, address)

    async def identify(self) -> None:
        await self.require(MAKER, (0x5D,))
        await self.require(PRODUCT, (0x24, 0x26))

    async def configure(self, ideality: int | None = None, beta: int | None = None) -> None:
        """As ESP: 20 and 2A are 0; the diodes' figures where the board has its own."""
        await self.put_checked(CONFIG, 0)
        await self.put_checked(PWM_CONFIG, 0)
        for registers, value in ((IDEALITIES, ideality), (BETAS, beta)):
            if value is not None:
                for register in registers:
                    await self.put_checked(register, value)

    async def set_fan(self, part: float) -> None:
        await self.put_checked(FAN_DUTY, duty(part, FULL))

    async def internal_c(self) -> float | Fault:
        high, low = INTERNAL
        upper = await self.get(high)
        return external(upper, await self.get(low))

    async def external_c(self, diode: int) -> float | Fault:
        """Of diode 0 or 1."""
        high, low = DIODES[diode]
        upper = await self.get(high)  # first: it holds the lower bits still
        return external(upper, await self.get(low))

    async def fan_rpm(self) -> float | None:
        high = await self.get(TACH_HIGH)
        return rpm(high, await self.get(TACH_LOW))
