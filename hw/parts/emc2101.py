"""EMC2101: one fan, one diode in the chip it cools, and its own temperature. Max, Ultra, Supra, Gamma.

Sources: ESP (ESP-Miner, main/thermal/EMC2101.c and .h), by way of the fact sheet. Left out: its table of fan speeds
over temperature, and alerts: the host watches.
"""

from __future__ import annotations

from .bus import I2C, Fault, Part, duty, signed

ADDRESS = 0x4C
FULL = 63  # of the duty register

INTERNAL, EXTERNAL_HIGH, EXTERNAL_LOW = 0x00, 0x01, 0x10
CONFIG, IDEALITY, BETA = 0x03, 0x17, 0x18
TACH_LOW, TACH_HIGH = 0x46, 0x47
FAN_CONFIG, FAN_DUTY = 0x4A, 0x4C
PRODUCT, MAKER = 0xFD, 0xFE

_OPEN, _SHORT = 0x3F8, 0x3FF  # of 11 bits: what would be 127 and 127.875 degrees
_STOPPED = 0xFFFF


def internal(register: int) -> float:
    """Degrees Celsius."""
    return float(signed(register, 8))


def external(high: int, low: int) -> float | Fault:
    """Degrees Celsius in steps of 0.125: 11 bits, the lower 3 at the top of `low`."""
    raw = high << 3 | low >> 5
    if raw == _OPEN:
        return Fault.OPEN
    if raw == _SHORT:
        return Fault.SHORT
    return signed(raw, 11) / 8


def rpm(count: int) -> float | None:
    """Of the tachometer's 16 bits. 0.0: it stands. None: 0 counts, which no fan makes."""
    if count == _STOPPED:
        return 0.0
    return 5_400_000 / count if count else None


class Emc2101(Part):
    title = "EMC2101"

    def __init__(self, bus: I2C, address: int = ADDRESS) -> None:
        super().__init__(bus, address)

    async def identify(self) -> None:
        await self.require(MAKER, (0x5D,))
        await self.require(PRODUCT, (0x16, 0x28))

    async def configure(self, ideality: int | None = None, beta: int | None = None) -> None:
        """Tachometer in (03 bit 2), fan by duty cycle (4A = 23); the diode's figures where the board has its own."""
        await self.put_checked(CONFIG, 0x04)
        await self.put_checked(FAN_CONFIG, 0x23)
        if ideality is not None:
            await self.put_checked(IDEALITY, ideality)
        if beta is not None:
            await self.put_checked(BETA, beta)

    async def set_fan(self, part: float) -> None:
        await self.put_checked(FAN_DUTY, duty(part, FULL))

    async def internal_c(self) -> float:
        return internal(await self.get(INTERNAL))

    async def external_c(self) -> float | Fault:
        high = await self.get(EXTERNAL_HIGH)  # first: it holds the lower bits still
        return external(high, await self.get(EXTERNAL_LOW))

    async def fan_rpm(self) -> float | None:
        low = await self.get(TACH_LOW)  # first: it holds the upper bits still
        return rpm(await self.get(TACH_HIGH) << 8 | low)
