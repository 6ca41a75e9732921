"""The control port of a board with bitaxe-raw firmware: I2C, pins and ADC, one request at a time.

It finds out by itself in which of the three formats the firmware answers (see wire/bitaxe_answers.py), by reading the
level of the reset pin. What got no answer is asked once more, after a silence that brings both sides back to the
beginning of a request; all that is asked here may be asked twice. When that too is in vain the board does not answer,
and that is one DeviceError.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ...engine.errors import DeviceError
from ..errors import ControlSilent
from ..parts.bus import NoAnswer
from ..patience import Patience
from ..ports.port import Port
from ..wire.bitaxe_answers import Answer, AnswerDecoder, Format, Refusal, recognise
from ..wire.bitaxe_raw import (
    NOT_UNDERSTOOD,
    PARTIAL_S,
    Adc,
    Gpio,
    I2CRead,
    I2CWrite,
    I2CWriteRead,
    Operation,
    answer_size,
    encode,
)

ANSWER_S = 0.25  # a byte on I2C takes 0.1 ms, a USB frame 1 ms
ATTEMPTS = 2
GUARD_ID = 0xFE  # of requests that nobody waits for: the guard process's


class Control:
    """An I2C. The port is opened and closed by whoever made it."""

    def __init__(self, port: Port, answers_in: Format | None = None) -> None:
        self.format = answers_in
        self._port = port
        self._decoder = AnswerDecoder(answers_in or Format.V0)
        self._turn = asyncio.Lock()
        self._last_id = GUARD_ID
        self._silent = False  # the last request was in vain: be quick about the next

    @property
    def name(self) -> str:
        return self._port.name

    async def write(self, address: int, data: bytes) -> None:
        await self.request(I2CWrite(address, data))

    async def read(self, address: int, size: int) -> bytes:
        return await self.request(I2CRead(address, size))

    async def write_read(self, address: int, data: bytes, size: int) -> bytes:
        return await self.request(I2CWriteRead(address, data, size))

    async def gpio(self, pin: int, level: bool | None = None) -> bool:
        """Set it, or with None read it. Its level."""
        data = await self.request(Gpio(pin, level))
        return bool(data[0]) if data else bool(level)

    async def adc(self, channel: int = 0x50) -> int:
        """A count; how many volts it stands for is for the board to know."""
        return int.from_bytes(await self.request(Adc(channel)), "little")

    async def request(self, operation: Operation) -> bytes:
        """The data of its answer. Raises NoAnswer: a part on I2C did not acknowledge; DeviceError: the firmware
        refused, or does not answer, or the port is lost."""
        async with self._turn:
            if self.format is None:
                self.format = self._decoder.format = await self._find_format()
            found = await self._exchange(operation)
            if isinstance(found, Refusal) and found.doubtful and isinstance(operation, I2CRead | I2CWriteRead):
                found = await self._exchange(replace(operation, size=2))  # was it a code, or a byte like one?
            if isinstance(found, Refusal):
                raise self._refused(operation, found)
            return found.data[: answer_size(operation)]

    async def _exchange(self, operation: Operation) -> Answer | Refusal:
        for _ in range(1 if self._silent else ATTEMPTS):
            found = await self._attempt(operation)
            if found is not None and found.id != NOT_UNDERSTOOD:
                self._silent = False
                return found
            await asyncio.sleep(2 * PARTIAL_S)
        self._silent = True
        raise ControlSilent(
            f"{self.name}: gave no answer to {operation} in {ANSWER_S} s; reset the board, or plug it in again"
        )

    async def _attempt(self, operation: Operation) -> Answer | Refusal | None:
        """None: no answer in time, or one too short to be whole."""
        self._decoder.flush()
        identity, size = self._next_id(), answer_size(operation)
        self._decoder.expect(identity, size)
        self._port.write(encode(operation, identity))
        try:
            async with Patience(ANSWER_S):
                while True:
                    for found in self._decoder.feed(await self._port.read()):
                        if isinstance(found, Answer) and found.id == identity:
                            return found if len(found.data) >= (size or 0) else None
                        if isinstance(found, Refusal) and found.id in (identity, NOT_UNDERSTOOD):
                            return found
        except TimeoutError:
            for found in self._decoder.flush():
                if isinstance(found, Refusal) and found.id == identity:
                    return found
            return None

    async def _find_format(self) -> Format:
        for _ in range(ATTEMPTS):
            identity, came = self._next_id(), b""
            self._port.write(encode(Gpio(0), identity))
            try:
                async with Patience(ANSWER_S):
                    while True:
                        came = (came + await self._port.read())[-64:]
                        if found := recognise(came, identity):
                            return found
            except TimeoutError:
                await asyncio.sleep(2 * PARTIAL_S)
        raise ControlSilent(
            f"{self.name}: does not answer as bitaxe-raw firmware does; give the first of the board's two ports, "
            "and see that bitaxe-raw is on it"
        )

    def _next_id(self) -> int:
        self._last_id = (self._last_id + 1) % GUARD_ID if self._last_id != GUARD_ID else 0
        return self._last_id

    def _refused(self, operation: Operation, refusal: Refusal) -> DeviceError:
        if isinstance(operation, I2CRead | I2CWrite | I2CWriteRead):
            return NoAnswer(
                f"{self.name}: no part answers at I2C address {operation.address:02X} ({refusal}); "
                "is it the board that was named?",
                operation.address,
            )
        return DeviceError(f"{self.name}: refused {operation}: {refusal}; is it the board that was named?")
