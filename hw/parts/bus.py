"""What an I2C bus is to the parts on it: three verbs; and what those have in common."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from ...engine.errors import DeviceError


class NoAnswer(DeviceError):
    """One part did not acknowledge; the bus itself lives. `address`: which, where it is known."""

    def __init__(self, text: str, address: int | None = None) -> None:
        super().__init__(text)
        self.address = address


class Fault(StrEnum):
    """Why a temperature diode gives no temperature."""

    OPEN = "open"
    SHORT = "short"
    OPEN_OR_SHORT = "open or short"


class I2C(Protocol):
    """Addresses have 7 bits. All raise NoAnswer when the part does not answer, DeviceError when the bus is dead."""

    @property
    def name(self) -> str:
        """Of the board, for messages."""
        ...

    async def write(self, address: int, data: bytes) -> None: ...

    async def read(self, address: int, size: int) -> bytes: ...

    async def write_read(self, address: int, data: bytes, size: int) -> bytes:
        """With a repeated start between: how registers are read."""
        ...


class Part:
    """Registers at an address; a subclass knows what they mean."""

    title = "part"

    def __init__(self, bus: I2C, address: int) -> None:
        self.bus, self.address = bus, address

    async def get(self, register: int) -> int:
        """One byte."""
        return (await self.get_bytes(register, 1))[0]

    async def get_bytes(self, register: int, size: int) -> bytes:
        return await self.bus.write_read(self.address, bytes((register,)), size)

    async def put(self, register: int, *data: int) -> None:
        await self.bus.write(self.address, bytes((register, *data)))

    async def put_checked(self, register: int, *data: int) -> None:
        """Write, and read back. Raises DeviceError when it reads otherwise."""
        await self.put(register, *data)
        held = await self.get_bytes(register, len(data))
        if held != bytes(data):
            raise self.error(
                f"register {register:02X} reads {held.hex()} after {bytes(data).hex()} was written; "
                "the part does not do what it is told, do not use the board"
            )

    async def require(self, register: int, known: Collection[int]) -> None:
        """Raises DeviceError unless the register, one byte that says what part this is, is one of `known`."""
        found = await self.get(register)
        if found not in known:
            wanted = " or ".join(f"{one:02X}" for one in sorted(known))
            raise self.error(
                f"identity {register:02X} reads {found:02X}, not {wanted}; is it the board that was named?"
            )

    def error(self, what: str) -> DeviceError:
        return DeviceError(f"{self.bus.name}: {self.title} at {self.address:02X}: {what}")


def duty(part: float, full: int) -> int:
    """Of a fan: 0..1 to 0..`full`, rounded up, so that no speed asked for is fallen short of."""
    if not 0 <= part <= 1:
        raise ValueError(f"fan {part}: 0 to 1 of full speed")
    return min(full, -int(-part * full // 1))


def signed(value: int, bits: int) -> int:
    """Two's complement."""
    return value - (1 << bits) if value >> (bits - 1) & 1 else value
