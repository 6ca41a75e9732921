"""An open serial device of the system: read and written by the loop, all else in threads, one at a time."""

from __future__ import annotations

import asyncio
import os
import termios
import threading
from collections.abc import Callable
from contextlib import suppress

import serial

from ...engine.daemon import in_daemon
from ...engine.errors import DeviceError
from ...engine.sockets import reason_of
from .inbox import Inbox
from .port import WRITE_LIMIT

READ_BYTES = 1 << 14
CLOSE_S = 2.0  # a device that hangs in the kernel for longer is left to its thread


class DescriptorLine:
    def __init__(self, line: serial.Serial, inbox: Inbox, name: str) -> None:
        self.dropped = 0
        self._serial, self._inbox, self._name = line, inbox, name
        self._fd: int | None = line.fileno()
        self._outbox = bytearray()
        self._left = asyncio.Event()  # nothing waits to leave
        self._left.set()
        self._lock = threading.Lock()  # held by the thread that is in a call of the system's on it
        self._closing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        self._inbox.check()
        waiting = len(self._outbox)
        if waiting + len(data) > WRITE_LIMIT:
            raise self.end(f"{self._name}: takes no data, {waiting} bytes wait; is the board alive?")
        self._outbox += data
        if not waiting:
            self._writable()
            self._inbox.check()

    async def drain(self) -> None:
        await self._inbox.until(self._left.wait())
        await self._operate(lambda: termios.tcdrain(self._serial.fileno()))

    async def set_baud(self, baud: int) -> None:
        def change() -> None:
            self._serial.baudrate = baud

        await self._operate(change)

    def end(self, reason: str) -> DeviceError:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._fd = None
            self._closing = self._loop.create_task(in_daemon(self._close))
        return self._inbox.lose(reason)

    async def ended(self) -> None:
        if self._closing is not None:
            await asyncio.wait((self._closing,), timeout=CLOSE_S)

    def fileno(self) -> int | None:
        return self._fd

    def _readable(self) -> None:
        assert self._fd is not None
        try:
            data = os.read(self._fd, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error)
            return
        if not data:
            self.end(f"{self._name}: was unplugged; plug it in again")
            return
        self.dropped += self._inbox.arrive(data)

    def _writable(self) -> None:
        assert self._fd is not None
        try:
            sent = os.write(self._fd, self._outbox)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError as error:
            self._fail(error)
            return
        del self._outbox[:sent]
        if self._outbox:
            self._left.clear()
            self._loop.add_writer(self._fd, self._writable)
        elif not self._left.is_set():
            self._left.set()
            self._loop.remove_writer(self._fd)

    def _fail(self, error: OSError) -> DeviceError:
        return self.end(f"{self._name}: was unplugged ({reason_of(error)}); plug it in again")

    async def _operate(self, call: Callable[[], None]) -> None:
        """In a thread; ends early when the line does."""

        def run() -> None:
            with self._lock:
                if self._serial.is_open:
                    call()

        try:
            await self._inbox.until(in_daemon(run))
        except DeviceError:
            raise
        except termios.error as error:
            raise self._fail(OSError(*error.args)) from None
        except ValueError as error:  # a speed that it cannot do
            raise self.end(f"{self._name}: {error}") from None
        except OSError as error:
            raise self._fail(error) from None

    def _close(self) -> None:
        """In a thread. What waits in the kernel is dropped, for closing and draining would wait for it."""
        with suppress(termios.error, OSError):
            termios.tcflush(self._serial.fileno(), termios.TCOFLUSH)
        with self._lock, suppress(OSError):
            self._serial.close()
