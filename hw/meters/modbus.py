"""Power meters by Modbus TCP: `modbus:HOST[:PORT]?model=sdm120`, or with a map of your own:

    watts=ADDRESS:TYPE:UNIT     where power is: the register's address from 0, s16 … f64, W kW mW
    energy=ADDRESS:TYPE:UNIT    where the counter is: J Wh kWh
    table=input|holding   words=big|little   unit=1 (the device behind a gateway)   gain=  place=

0.6 % is assumed: a limit of 1 %, as of meters of class 1. Those of a site measure the site, and not one board.
Unproven on hardware; proven on pymodbus' own server.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from ...engine.errors import DeviceError
from .address import Address
from .extra import load
from .meter import Accuracy, Meter, Place, Sample, Source
from .registers import Map, Value, map_of

PORT = 502
ANSWER_S = 3.0
GAIN = 0.006
_MOST_W, _MOST_J = 1e9, 1e18


class Client(Protocol):
    """What we use of pymodbus' AsyncModbusTcpClient."""

    async def connect(self) -> bool: ...

    async def read_input_registers(self, address: int, *, count: int, device_id: int) -> Any: ...

    async def read_holding_registers(self, address: int, *, count: int, device_id: int) -> Any: ...

    def close(self) -> None: ...


class Modbus:
    """A Meter."""

    source: Source = "measured"
    period_s = 2.0

    def __init__(self, address: Address, where: Map) -> None:
        self.name = address.name
        self.place: Place = address.place("wall")
        self.accuracy = address.accuracy(Accuracy(GAIN, where.quantum_j, where.quantum_w, delay_s=1.0))
        self._host, self._port = address.host(PORT)
        self._device = address.whole("unit", 1, 0, 247)
        self._where = where
        self._client: Client | None = None
        self._first_j: float | None = None  # by its own counter

    async def open(self) -> None:
        """A DeviceError says what is missing."""
        pymodbus = load("pymodbus.client", self.name, "pymodbus")
        logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what it would print is in our errors
        client: Client = pymodbus.AsyncModbusTcpClient(
            self._host, port=self._port, timeout=ANSWER_S, retries=0, reconnect_delay=0
        )
        self._client = client
        try:
            async with asyncio.timeout(ANSWER_S):
                there = await client.connect()
        except (TimeoutError, OSError):
            there = False
        if not there:
            await self.close()
            raise self._error("cannot be reached; see that it is powered and in this network")

    async def read(self) -> Sample:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        watts, joules = await self._ask(self._where.watts, _MOST_W), await self._ask(self._where.joules, _MOST_J)
        if self._first_j is None:
            self._first_j = joules
        since = None if joules is None or self._first_j is None else joules - self._first_j
        return Sample((began_s + loop.time()) / 2, watts, since)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _ask(self, value: Value | None, most: float) -> float | None:
        if value is None:
            return None
        if (client := self._client) is None:
            raise self._error("is closed")
        read = client.read_input_registers if self._where.table == "input" else client.read_holding_registers
        try:
            async with asyncio.timeout(ANSWER_S):
                answer = await read(value.address, count=value.words, device_id=self._device)
        except TimeoutError:
            raise self._error(f"does not answer within {ANSWER_S:g} s") from None
        except Exception as error:  # pymodbus has its own, and those of its transport
            raise self._error(f"does not answer ({type(error).__name__}); is there a unit {self._device}?") from None
        if answer.isError():
            raise self._error(f"refuses register {value.address}; is that its map, and {self._device} its unit?")
        figure = value.decode(answer.registers, little=self._where.little)
        if figure is None or not abs(figure) <= most:
            raise self._error(f"register {value.address} holds no such figure; is that its map, words= included?")
        return figure

    def _error(self, what: str) -> DeviceError:
        return DeviceError(f"{self.name}: {what}")


def meter(address: Address) -> Meter:
    address.only("model", "watts", "energy", "table", "words", "unit", "gain", "place")
    return Modbus(address, map_of(address))
