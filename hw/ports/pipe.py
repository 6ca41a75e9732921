"""A serial line in memory, for simulators and tests: no thread, no file, and on virtual time as good as on real time.

Bytes sent at one speed and read at another arrive as garbage, as they would on a wire. What it leaves out: the time
that bytes take.
"""

from __future__ import annotations

import asyncio

from ...engine.errors import DeviceError
from .port import READ_LIMIT, WRITE_LIMIT

_GARBLED = bytes(b ^ 0xA5 for b in range(256))


class Cable:
    """`host` is a Port; this itself is the FarEnd. It is plugged in until `unplug`, and again after `plug`."""

    def __init__(self, name: str, baud: int = 115200) -> None:
        self.host = PipePort(self, name, baud)
        self.plugged = True
        self._inbox = bytearray()  # sent by the host, at one baud
        self._inbox_baud = baud
        self._came = asyncio.Event()

    async def receive(self) -> tuple[bytes, int]:
        while not self._inbox:
            self._came.clear()
            await self._came.wait()
        data, self._inbox = bytes(self._inbox), bytearray()
        return data, self._inbox_baud

    def send(self, data: bytes, baud: int) -> None:
        if self.plugged:
            self.host.arrive(data if baud == self.host.baud else data.translate(_GARBLED))

    def unplug(self) -> None:
        self.plugged = False
        self.host.lose(f"{self.host.name}: was unplugged")

    def plug(self) -> None:
        self.plugged = True

    def take(self, data: bytes, baud: int) -> None:
        """From the host. What was sent at another baud and not yet received is lost in the change."""
        if baud != self._inbox_baud:
            self._inbox, self._inbox_baud = bytearray(), baud
        self._inbox += data
        self._came.set()

    @property
    def waiting(self) -> int:
        return len(self._inbox)


class PipePort:
    """A Port."""

    def __init__(self, cable: Cable, name: str, baud: int) -> None:
        self.baud, self._first_baud = baud, baud
        self.dropped = 0
        self._cable, self._name = cable, name
        self._inbox = bytearray()
        self._came = asyncio.Event()
        self._lost = f"{name}: is not open"

    @property
    def name(self) -> str:
        return self._name

    async def open(self) -> None:
        if not self._lost:
            raise DeviceError(f"{self._name}: is open already; one program at a time can use it")
        if not self._cable.plugged:
            raise DeviceError(f"{self._name}: is not there; plug it in")
        self._inbox.clear()
        self.baud, self._lost = self._first_baud, ""

    def write(self, data: bytes) -> None:
        self._check()
        if self._cable.waiting + len(data) > WRITE_LIMIT:
            raise self.lose(f"{self._name}: takes no data, {self._cable.waiting} bytes wait; is the board alive?")
        self._cable.take(data, self.baud)

    async def drain(self) -> None:
        await asyncio.sleep(0)
        self._check()

    async def read(self) -> bytes:
        while not self._inbox:
            self._check()
            self._came.clear()
            await self._came.wait()
        data, self._inbox = bytes(self._inbox), bytearray()
        return data

    async def set_baud(self, baud: int) -> None:
        while self._cable.waiting:
            self._check()
            await asyncio.sleep(0.001)
        self._check()
        self.baud = baud

    async def close(self) -> None:
        self.lose(f"{self._name}: is closed")

    def arrive(self, data: bytes) -> None:
        """From the board; nobody listens while it is not open."""
        if self._lost:
            return
        room = max(0, READ_LIMIT - len(self._inbox))
        self._inbox += data[:room]
        self.dropped += len(data[room:])
        self._came.set()

    def lose(self, reason: str) -> DeviceError:
        if not self._lost:
            self._lost = reason
        self._inbox.clear()
        self._came.set()
        return DeviceError(self._lost)

    def _check(self) -> None:
        if self._lost:
            raise DeviceError(self._lost)
