"""A serial line in memory, for simulators and tests: no thread, no file, and on virtual time as good as on real time.

Bytes sent at one speed and read at another arrive as garbage, as they would on a wire. What it leaves out: the time
that bytes take.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Never

from ...engine.errors import DeviceAbsent, DeviceError
from .inbox import Inbox, garbled
from .port import WRITE_LIMIT


class Cable:
    """`host` is a Port; this itself is the FarEnd. It is plugged in until `unplug`, and again after `plug`."""

    def __init__(self, name: str, baud: int = 115200) -> None:
        self.host = PipePort(self, name, baud)
        self.plugged = True
        self._sent: deque[tuple[bytearray, int]] = deque()  # by the host, each piece at one baud
        self._came = asyncio.Event()

    async def receive(self) -> tuple[bytes, int]:
        while not self._sent:
            self._came.clear()
            await self._came.wait()
        data, baud = self._sent.popleft()
        return bytes(data), baud

    def send(self, data: bytes, baud: int) -> None:
        if self.plugged:
            self.host.arrive(data if baud == self.host.baud else garbled(data))

    def unplug(self) -> None:
        """What is on its way is lost."""
        self.plugged = False
        self._sent.clear()
        self.host.lose(f"{self.host.name}: was unplugged; plug it in again")

    def plug(self) -> None:
        self.plugged = True

    def take(self, data: bytes, baud: int) -> None:
        """From the host."""
        if self._sent and self._sent[-1][1] == baud:
            self._sent[-1][0].extend(data)
        elif data:
            self._sent.append((bytearray(data), baud))
        self._came.set()

    @property
    def present(self) -> bool:
        """Whether a host has it open."""
        return self.host.is_open

    @property
    def baud(self) -> int:
        """That of the host."""
        return self.host.baud

    @property
    def waiting(self) -> int:
        return sum(len(data) for data, _ in self._sent)


class PipePort:
    """A Port."""

    def __init__(self, cable: Cable, name: str, baud: int) -> None:
        self.baud, self._first_baud = baud, baud
        self.dropped = 0
        self._cable, self._name = cable, name
        self._inbox = Inbox(f"{name}: is not open")

    @property
    def name(self) -> str:
        return self._name

    @property
    def is_open(self) -> bool:
        return not self._inbox.lost

    async def open(self) -> None:
        if not self._inbox.lost:
            raise DeviceError(f"{self._name}: is open already; one at a time can use it")
        if not self._cable.plugged:
            raise DeviceAbsent(f"{self._name}: is not there; plug it in")
        self._inbox, self.baud = Inbox(), self._first_baud

    def write(self, data: bytes) -> None:
        self._inbox.check()
        if self._cable.waiting + len(data) > WRITE_LIMIT:
            raise self.lose(f"{self._name}: takes no data, {self._cable.waiting} bytes wait; is the board alive?")
        self._cable.take(data, self.baud)

    async def drain(self) -> None:
        await asyncio.sleep(0)
        self._inbox.check()

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        await self._inbox.listen(take)

    async def set_baud(self, baud: int) -> None:
        await self.drain()
        self.baud = baud

    async def close(self) -> None:
        self.lose(f"{self._name}: is closed")

    def fileno(self) -> int | None:
        return None

    def arrive(self, data: bytes) -> None:
        """From the board; nobody listens while it is not open."""
        self.dropped += self._inbox.arrive(data)

    def lose(self, reason: str) -> DeviceError:
        return self._inbox.lose(reason)
