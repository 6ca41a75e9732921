"""One session of a port, from its opening to its end: what came and was not read yet, and what ended it.

Each kind of port makes one when it opens. The first reason that ends it stays, so that whoever still reads, writes or
waits is told the same one thing; a reader of an old session never sees a byte of the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Never, TypeVar

from ...engine.errors import DeviceError
from ..errors import Unplugged
from .port import READ_LIMIT

T = TypeVar("T")

# What a board says to a host that listens at another speed. Not what a real line makes of it, but as useless.
_GARBLED = bytes(b ^ 0xA5 for b in range(256))


def garbled(data: bytes) -> bytes:
    return data.translate(_GARBLED)


class Inbox:
    def __init__(self, lost: str = "") -> None:
        self.lost = lost  # why the session has ended; empty while it lasts
        self._data = bytearray()
        self._waiting: set[asyncio.Future[None]] = set()
        self._take: Callable[[bytes], None] | None = None  # who listens
        self._failure: BaseException | None = None  # of him

    def arrive(self, data: bytes) -> int:
        """From the board; gives how many bytes had no room and were dropped."""
        if self.lost:
            return 0
        if self._take is not None:
            try:
                self._take(data)
            except Exception as error:  # the listener's, and not of whoever the data came from
                self._take, self._failure = None, error
                self._wake()
            return 0
        room = max(0, READ_LIMIT - len(self._data))
        self._data += data[:room]
        self._wake()
        return max(0, len(data) - room)

    def lose(self, reason: str) -> DeviceError:
        """End the session; gives the error to raise."""
        if not self.lost:
            self.lost = reason
            self._data.clear()
            self._wake()
        return Unplugged(self.lost)

    def check(self) -> None:
        if self.lost:
            raise Unplugged(self.lost)

    @property
    def unread(self) -> int:
        """Bytes."""
        return len(self._data)

    async def read(self) -> bytes:
        self.check()
        while not self._data:
            await self._sleep()
            self.check()
        data, self._data = bytes(self._data), bytearray()
        return data

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        self.check()
        self._take, self._failure = take, None
        try:
            if self._data:
                data, self._data = bytes(self._data), bytearray()
                take(data)
            while True:
                await self._sleep()
                self.check()
                if self._failure is not None:
                    raise self._failure
        finally:
            self._take = None

    async def until(self, done: Awaitable[T]) -> T:
        """Its result; DeviceError as soon as the session ends, whatever becomes of `done`, which then is cancelled."""
        task = asyncio.ensure_future(done)
        try:
            self.check()
            while not task.done():
                waiter = self._waiter()  # now: a session that ends before we sleep wakes us, too
                try:
                    await asyncio.wait((task, waiter), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    self._waiting.discard(waiter)
                self.check()
            return task.result()
        finally:
            task.cancel()

    async def _sleep(self) -> None:
        """Until something has changed."""
        waiter = self._waiter()
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)

    def _waiter(self) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        return waiter

    def _wake(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)
