"""An I2C bus in memory, and parts on it as register machines. Constants are from the fact sheet, none from hw/parts."""

from __future__ import annotations

from joulehash.engine.errors import DeviceError
from joulehash.hw.parts.bus import NoAnswer


class Bytes:
    """Registers of one byte, read on and on from where one begins. `stuck`: those that keep what they hold."""

    def __init__(self, registers: dict[int, int]) -> None:
        self.registers = dict(registers)
        self.stuck: set[int] = set()

    def write(self, register: int, data: bytes) -> None:
        for i, value in enumerate(data):
            if register + i not in self.stuck:
                self.registers[register + i] = value

    def read(self, register: int, size: int) -> bytes:
        return bytes(self.registers.get(register + i, 0) for i in range(size))


class Blocks:
    """Commands, each with bytes of its own; beyond them the bus reads FF."""

    def __init__(self, registers: dict[int, str]) -> None:
        self.registers = {code: bytes.fromhex(value) for code, value in registers.items()}
        self.stuck: set[int] = set()

    def write(self, register: int, data: bytes) -> None:
        if register not in self.stuck:
            self.registers[register] = data

    def read(self, register: int, size: int) -> bytes:
        return self.registers.get(register, b"").ljust(size, b"\xff")[:size]


class Tps546(Blocks):
    """Gives VOUT_COMMAND times `gain` while OPERATION is 80, after `slow` readings; has the exponent of its mode, and
    rounds its limits to steps of a quarter."""

    ROUNDED = (0x35, 0x36, 0x46, 0x4A, 0x55, 0x58)

    def __init__(self, vout_mode: int = 0x97) -> None:
        super().__init__(
            {0xAD: "06 54 49 54 6D 24 41", 0x01: "04", 0x20: f"{vout_mode:02X}", 0x21: "9A 01", 0x79: "40 08"}
            | {0x88: "A0 CA", 0x8C: "64 D2", 0x8D: "2D 00"}  # 5.25 V, 9.5625 A, 45 C
        )
        self.gain, self.slow = 1.0, 0
        self.log: list[tuple[int, bytes]] = []

    def write(self, register: int, data: bytes) -> None:
        self.log.append((register, data))
        if register in self.ROUNDED:
            word = int.from_bytes(data, "little")
            exponent = (word >> 11) - 32 if word >> 15 else word >> 11
            data = (0xF000 | round((word & 0x7FF) * 2.0**exponent * 4)).to_bytes(2, "little")  # exponent -2
        super().write(register, data)

    def read(self, register: int, size: int) -> bytes:
        if register == 0x8B:
            self.slow -= 1
            on = self.registers[0x01] == b"\x80" and self.slow < 0
            word = int.from_bytes(self.registers[0x21], "little") if on else 0
            return round(word * self.gain).to_bytes(2, "little")
        return super().read(register, size)


class FakeBus:
    """An I2C. `silent`: addresses that do not answer though they are there; `dead`: nothing does."""

    def __init__(self, parts: dict[int, Bytes | Blocks]) -> None:
        self.name = "fake board"
        self.parts = parts
        self.silent: set[int] = set()
        self.dead = False
        self.written: list[tuple[int, bytes]] = []

    async def write(self, address: int, data: bytes) -> None:
        part = self.at(address)
        self.written.append((address, data))
        if data:
            part.write(data[0], data[1:])

    async def read(self, address: int, size: int) -> bytes:
        return self.at(address).read(0, size)

    async def write_read(self, address: int, data: bytes, size: int) -> bytes:
        return self.at(address).read(data[0], size)

    def at(self, address: int) -> Bytes | Blocks:
        if self.dead:
            raise DeviceError("fake board: the bus is dead")
        if address in self.silent or address not in self.parts:
            raise NoAnswer(f"fake board: no part at {address:02X}")
        return self.parts[address]


def emc2101() -> Bytes:
    """42.625 in the chip, 31 of its own, 4500 rpm."""
    count = 5_400_000 // 4500
    return Bytes(
        {0xFE: 0x5D, 0xFD: 0x16, 0x00: 31, 0x01: 42, 0x10: 0xA0, 0x46: count & 0xFF, 0x47: count >> 8}
        | {0x03: 0, 0x17: 0x12, 0x18: 0x08, 0x4A: 0x20, 0x4C: 0}
    )


def emc2103() -> Bytes:
    """51.5 and 53.25 in the chips, 30 of its own, 3000 rpm."""
    raw = round(7_864_320 / 3000) << 3
    return Bytes(
        {0xFE: 0x5D, 0xFD: 0x26, 0x00: 30, 0x01: 0, 0x02: 51, 0x03: 0x80, 0x04: 53, 0x05: 0x40}
        | {0x4E: raw >> 8, 0x4F: raw & 0xFF, 0x40: 0, 0x20: 0x20, 0x2A: 0}
    )


def emc2302() -> Bytes:
    """One fan of 6000 rpm, one that stands, as it stands after power-up: ranges from 1000 rpm."""
    raw = round(3_932_160 / 6000) << 3
    return Bytes(
        {0xFE: 0x5D, 0xFD: 0x36, 0x32: 0x2B, 0x42: 0x2B, 0x30: 0, 0x40: 0}
        | {0x3E: raw >> 8, 0x3F: raw & 0xFF, 0x4E: 0xFF, 0x4F: 0xF8}
    )


def tmp1075(raw: int) -> Blocks:
    return Blocks({0x00: f"{raw:04X}"})


def ina260() -> Blocks:
    """5.1 V, 2.5 A, 12.75 W."""
    return Blocks({0xFE: "54 49", 0x01: "07 D0", 0x02: "0F F0", 0x03: "04 FB"})


def ds4432u() -> Bytes:
    return Bytes({0xF8: 0})
