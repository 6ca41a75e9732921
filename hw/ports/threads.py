"""An open line that only pyserial knows how to use: rfc2217://, socket://, loop:// and so on. Its calls block, so one
thread reads, and one does the rest in order.

The reader hands over one piece at a time and waits until the loop has taken it, so that nothing piles up between them.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue

import serial

from ...engine.daemon import in_daemon
from ...engine.errors import DeviceError
from .inbox import Inbox
from .port import WRITE_LIMIT

READ_BYTES = 4096
WRITE_BYTES = 512  # at a time, between which the writer looks whether it shall end
CLOSE_S = 4.0  # an RFC 2217 server that is gone is waited for 3 s; what takes longer is left to its threads


class ThreadLine:
    def __init__(self, line: serial.Serial, inbox: Inbox, name: str) -> None:
        self.dropped = 0
        self._serial, self._inbox, self._name = line, inbox, name
        self._loop = asyncio.get_running_loop()
        self._socket: socket.socket | None = getattr(line, "_socket", None)
        self._waiting, self._count = 0, threading.Lock()  # bytes not yet written, and who may count them
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._ending, self._closed, self._taken = threading.Event(), threading.Event(), threading.Event()
        self._closing: asyncio.Task[None] | None = None
        self._reader = threading.Thread(target=self._read, name=f"{name} reader", daemon=True)
        self._writer = threading.Thread(target=self._work, name=f"{name} writer", daemon=True)
        self._reader.start()
        self._writer.start()

    def write(self, data: bytes) -> None:
        self._inbox.check()
        with self._count:
            waiting = self._waiting
            self._waiting += len(data)
        if waiting + len(data) > WRITE_LIMIT:
            raise self.end(f"{self._name}: takes no data, {waiting} bytes wait; is the board alive?")
        self._calls.put(lambda: self._send(data))

    async def drain(self) -> None:
        await self._operate(self._serial.flush)

    async def set_baud(self, baud: int) -> None:
        def change() -> None:
            self._serial.baudrate = baud

        await self._operate(change)

    def end(self, reason: str) -> DeviceError:
        if self._closing is None:
            self._ending.set()
            self._taken.set()
            self._calls.put(None)
            self._closing = self._loop.create_task(in_daemon(self._close))
        return self._inbox.lose(reason)

    async def ended(self) -> None:
        if self._closing is not None:
            await asyncio.wait((self._closing,), timeout=CLOSE_S)

    def fileno(self) -> int | None:
        return None

    async def _operate(self, call: Callable[[], None]) -> None:
        """Done by the writer thread, after all that was given to it before."""
        done: asyncio.Future[None] = self._loop.create_future()

        def settle() -> None:
            if not done.done():
                done.set_result(None)

        def run() -> None:
            if not self._ending.is_set():
                call()
            self._tell(settle)

        self._inbox.check()
        self._calls.put(run)
        await self._inbox.until(done)

    def _send(self, data: bytes) -> None:
        for at in range(0, len(data), WRITE_BYTES):
            if self._ending.is_set():
                return
            piece = data[at : at + WRITE_BYTES]
            self._serial.write(piece)
            with self._count:
                self._waiting -= len(piece)

    def _work(self) -> None:
        """The writer thread."""
        try:
            while (call := self._calls.get()) is not None:
                call()
        except Exception as error:  # pyserial raises what the handler of the URL happens to meet
            self._fail(error)

    def _read(self) -> None:
        """The reader thread. It reads on while the writer ends: loop:// ends no write before somebody reads."""
        try:
            while not self._closed.is_set():
                data = bytearray(self._serial.read(1))
                while len(data) < READ_BYTES and (more := self._serial.in_waiting):
                    data += self._serial.read(min(more, READ_BYTES))
                if data and not self._ending.is_set():
                    self._hand_over(bytes(data))
        except Exception as error:
            self._fail(error)

    def _hand_over(self, data: bytes) -> None:
        def take() -> None:
            self.dropped += self._inbox.arrive(data)
            self._taken.set()

        self._taken.clear()
        self._tell(take)
        while not self._taken.wait(1.0) and not self._ending.is_set() and not self._loop.is_closed():
            pass

    def _fail(self, error: Exception) -> None:
        if not self._ending.is_set():
            self._tell(lambda: self.end(f"{self._name}: the line broke ({error}); plug the board in again"))

    def _tell(self, call: Callable[[], object]) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(call)

    def _close(self) -> None:
        """In a thread of its own."""
        self._writer.join(0.5)
        self._closed.set()
        with suppress(Exception):
            self._serial.close()
        if self._socket is not None:  # pyserial leaves it open where the other side has closed first
            self._socket.close()
        self._writer.join(CLOSE_S)
        self._reader.join(CLOSE_S)
