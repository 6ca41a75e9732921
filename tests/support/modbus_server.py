"""pymodbus' own server as a power meter."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from joulehash.hw.meters.registers import Map


@dataclass
class ModbusMeter:
    """Registers as `where` has them; figures are asked for at each request."""

    where: Map
    watts: Callable[[], float]
    joules: Callable[[], float]
    unit: int = 1
    port: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[ModbusMeter]:
        registers = [SimData(0, count=400, values=0, datatype=DataType.REGISTERS)]
        device = SimDevice(id=self.unit, simdata=registers, action=cast("Any", self._refresh))
        server = ModbusTcpServer(device, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        self.port = cast("Any", server.transport).sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            await cast("Any", server).shutdown()

    async def _refresh(
        self, code: int, start: int, address: int, count: int, registers: list[int], values: object
    ) -> None:
        for value, now in ((self.where.watts, self.watts), (self.where.joules, self.joules)):
            if value is not None and value.address == address:
                words = value.encode(now(), little=self.where.little)
                registers[address - start : address - start + len(words)] = words
