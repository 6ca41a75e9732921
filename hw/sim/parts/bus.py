"""An I2C bus and what hangs on it, from the parts' side: no driver's code is used here.

A part hears the bytes of a write after its address, and is asked for bytes. What it leaves out: clock stretching,
arbitration, and the time that a transfer takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

Sense = Callable[[], float | None]  # what a sensor feels, in its docstring's unit; None: its wire is broken


class Nack(Exception):
    """The part does not acknowledge: it is not there, or it does not take that byte."""


class Stuck(Exception):
    """The bus does not move: somebody holds its data line low."""


class Part(Protocol):
    def write(self, data: bytes) -> None:
        """What the host sends after the address. Raises Nack."""

    def read(self, size: int) -> bytes:
        """As many bytes as the host clocks out of it. Raises Nack."""
        ...


class Bus:
    """Parts by their address of 7 bits."""

    def __init__(self, parts: Mapping[int, Part]) -> None:
        self.stuck = False
        self._parts = parts

    def write(self, address: int, data: bytes) -> None:
        self._at(address).write(data)

    def read(self, address: int, size: int) -> bytes:
        return self._at(address).read(size)

    def write_read(self, address: int, data: bytes, size: int) -> bytes:
        """With a repeated start between the two."""
        part = self._at(address)
        part.write(data)
        return part.read(size)

    def _at(self, address: int) -> Part:
        if self.stuck:
            raise Stuck
        if address not in self._parts:
            raise Nack
        return self._parts[address]


class _Registers:
    """`reset` maps each register to its value after power-up; a register that is not in it does not exist. Those in
    `fixed` ignore what is written. The first byte written names the register that is read from then on."""

    def __init__(self, reset: Mapping[int, int], fixed: frozenset[int]) -> None:
        self._values, self._fixed = dict(reset), fixed
        self._pointer = 0

    def measured(self, register: int) -> int | None:
        """What a register shows that is not stored; None: it shows what is stored."""
        del register
        return None

    def _shown(self) -> int:
        measured = self.measured(self._pointer)
        return self._values.get(self._pointer, 0) if measured is None else measured


class ByteRegisters(_Registers):
    """A part whose registers hold one byte each, as SMBus has it: a second byte written is stored, one byte is read.
    There is no automatic increment: more bytes read are FF."""

    def write(self, data: bytes) -> None:
        if not data:
            return
        self._pointer = data[0]
        if len(data) > 2:
            raise Nack
        if len(data) == 2 and self._pointer not in self._fixed:
            if self._pointer not in self._values:
                raise Nack
            self._values[self._pointer] = data[1]
            self.written(self._pointer)

    def read(self, size: int) -> bytes:
        return bytes((self._shown(),)).ljust(size, b"\xff")[:size]

    def value(self, register: int) -> int:
        return self._values[register]

    def keep(self, register: int, value: int) -> None:
        """As by the part itself: a count that was latched."""
        self._values[register] = value

    def written(self, register: int) -> None:
        """The host has written it: let it take effect."""


class WordRegisters(_Registers):
    """A part whose registers hold 16 bits each, high byte first; otherwise as ByteRegisters."""

    def write(self, data: bytes) -> None:
        if not data:
            return
        self._pointer = data[0]
        if len(data) == 3 and self._pointer in self._values and self._pointer not in self._fixed:
            self._values[self._pointer] = int.from_bytes(data[1:], "big")

    def read(self, size: int) -> bytes:
        return (self._shown() & 0xFFFF).to_bytes(2, "big").ljust(size, b"\xff")[:size]
