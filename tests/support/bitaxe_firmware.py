"""bitaxe-raw firmware over a FakeBus, at the far end of a Cable, with the faults of a line. Run `serve` as a task."""

from __future__ import annotations

import asyncio

from joulehash.hw.parts.bus import NoAnswer
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.wire.bitaxe_answers import FAULT, INVALID, Format, answer, refuse
from joulehash.hw.wire.bitaxe_raw import (
    NOT_UNDERSTOOD,
    Adc,
    Gpio,
    I2CRead,
    I2CWrite,
    I2CWriteRead,
    Operation,
    Request,
    RequestDecoder,
    Unparsable,
)
from tests.support.i2c import FakeBus
from tests.support.standstill import still_then


class FakeFirmware:
    """`pins` follow what they are told, but for those in `stuck`. `deaf`, `garble`, `lose`, `late`: how many of the
    next requests are not heard, are taken for garbage, are answered without their last byte, or after 0.3 s.
    `busy_s`: for so long the loop of virtual time stands still after each request, and the answer has come by then."""

    def __init__(self, bus: FakeBus, answers_in: Format = Format.V0) -> None:
        self.bus, self.format = bus, answers_in
        self.cable = Cable("fake board")
        self.pins: dict[int, bool] = {0: True}
        self.stuck: set[int] = set()
        self.deaf = self.garble = self.lose = self.late = 0
        self.busy_s = 0.0
        self.served: list[Operation] = []
        self._requests = RequestDecoder()
        self._heard = 0.0

    async def serve(self) -> None:
        while True:
            data, baud = await self.cable.receive()
            now = asyncio.get_running_loop().time()
            if now - self._heard > 0.004:
                self._requests.silence()
            self._heard = now
            for request in self._requests.feed(data):
                await self._answer(request, baud)

    async def _answer(self, request: Request | Unparsable, baud: int) -> None:
        if self.deaf:
            self.deaf -= 1
            return
        if isinstance(request, Unparsable) or self.garble:
            self.garble = max(0, self.garble - 1)
            self.cable.send(refuse(self.format, NOT_UNDERSTOOD, INVALID), baud)
            return
        self.served.append(request.operation)
        try:
            reply = answer(self.format, request.id, await self._do(request.operation))
        except NoAnswer:
            reply = refuse(self.format, request.id, FAULT)
        if self.lose:
            self.lose -= 1
            reply = reply[:-1]
        if self.late:
            self.late -= 1
            asyncio.get_running_loop().call_later(0.3, self.cable.send, reply, baud)
            return
        if self.busy_s:
            still_then(self.busy_s, self.cable.send, reply, baud)
            return
        self.cable.send(reply, baud)

    async def _do(self, operation: Operation) -> bytes:
        match operation:
            case I2CWrite(address, data):
                await self.bus.write(address, data)
                return b""
            case I2CRead(address, size):
                return await self.bus.read(address, size)
            case I2CWriteRead(address, data, size):
                return await self.bus.write_read(address, data, size)
            case Gpio(pin, level) if pin in self.pins:
                if level is not None and pin not in self.stuck:
                    self.pins[pin] = level
                return bytes((self.pins[pin],))
            case Adc(0x50):
                return b"\x34\x12"
            case _:
                raise NoAnswer("fake firmware")
