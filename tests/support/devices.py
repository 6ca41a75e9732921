"""Reading a device's claims in a test, with a limit to patience."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager

from joulehash.engine.device import Device
from joulehash.engine.work import Found

PATIENCE_S = 10.0  # of a loaded machine; nothing is asserted about speed


class Claims(list[Found]):
    """What a device has found so far. Fails as the device fails."""

    def __init__(self, device: Device, patience_s: float = PATIENCE_S) -> None:
        super().__init__()
        self._patience_s = patience_s
        self._came = asyncio.Event()
        self.reading = asyncio.create_task(self._read(device.found()))

    async def until(self, enough: Callable[[], bool]) -> None:
        """Wait for claims until there are enough of them."""
        async with asyncio.timeout(self._patience_s):
            while not enough():
                self._came.clear()
                if self.reading.done():
                    await self.reading
                    raise AssertionError(f"found() ended after {len(self)} claims")
                await self._came.wait()

    async def _read(self, found: AsyncIterator[Found]) -> None:
        try:
            async for claim in found:
                self.append(claim)
                self._came.set()
        finally:
            self._came.set()


@asynccontextmanager
async def started(device: Device, patience_s: float = PATIENCE_S) -> AsyncGenerator[Claims]:
    """A started device whose claims are read; it is stopped at the end, and found() has ended then."""
    await device.start()
    claims = Claims(device, patience_s)
    try:
        yield claims
    finally:
        async with asyncio.timeout(PATIENCE_S):
            await device.stop()
            await asyncio.wait([claims.reading])


async def steady(read: Callable[[], int | None], still_s: float = 0.15) -> int | None:
    """The value that `read` comes to rest at."""
    async with asyncio.timeout(max(PATIENCE_S, 10 * still_s)):
        while True:
            before = read()
            await asyncio.sleep(still_s)
            if read() == before:
                return before
