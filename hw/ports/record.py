"""What goes over the wire, written down as it goes: `--record FILE`, one JSON object a line.

    {"t": 0.5, "port": "/dev/ttyACM0", "dir": "out", "hex": "55aa520500000a"}

`t` is the loop's time since the recording began, in seconds. `dir` is open, refused (an opening that failed, with
`error`), out (host to board), in, baud (with `baud`), close, or lost (with `error`). What was read stands at the time
when it was read. At its limit, or on a full disk, a recording ends and says so; the mining goes on. It is played back
by replay.py. What it leaves out: the pins of a stick's bridge, and what is said aside to its micro.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Literal, Never

import msgspec

from ...engine.errors import DeviceError, InputError
from ...engine.sockets import reason_of
from .port import Port

LIMIT_BYTES = 1 << 30

Direction = Literal["open", "refused", "out", "in", "baud", "close", "lost"]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a recording."""

    t: float  # seconds since it began
    port: str
    dir: Direction
    hex: str = ""
    baud: int | None = None
    error: str = ""


class Recorder:
    """One file, for as many ports as there are. Made in a running loop, whose time counts from then.

    Raises InputError when the file cannot be written.
    """

    def __init__(self, path: str, limit_bytes: int = LIMIT_BYTES) -> None:
        try:
            self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            raise InputError(f"--record {path}: {reason_of(error)}; name a file that can be written") from None
        self.ended = ""  # why it has ended before its time
        self._path, self._room = path, limit_bytes
        self._loop = asyncio.get_running_loop()
        self._start_s = self._loop.time()

    def port(self, port: Port) -> RecordedPort:
        return RecordedPort(port, self)

    def write(
        self, port: str, direction: Direction, data: bytes = b"", baud: int | None = None, error: str = ""
    ) -> None:
        """Each line goes to the system at once: what was recorded is there though the program is killed."""
        if self._file is None:
            return
        entry = Entry(round(self._loop.time() - self._start_s, 6), port, direction, data.hex(), baud, error)
        line = msgspec.json.encode(entry) + b"\n"
        if len(line) > self._room:
            self._end(f"--record {self._path}: ended at its limit; record for a shorter time")
            return
        self._room -= len(line)
        try:
            if os.write(self._file, line) < len(line):
                self._end(f"--record {self._path}: ended, its disk is full")
        except OSError as failure:
            self._end(f"--record {self._path}: ended: {reason_of(failure)}")

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _end(self, reason: str) -> None:
        self.ended = reason
        self.close()


class RecordedPort:
    """A Port that wraps another."""

    def __init__(self, port: Port, recorder: Recorder) -> None:
        self._port, self._recorder = port, recorder
        self._open = False

    @property
    def name(self) -> str:
        return self._port.name

    async def open(self) -> None:
        try:
            await self._port.open()
        except DeviceError as error:
            if not self._open:
                self._recorder.write(self.name, "refused", error=str(error))
            raise
        self._open = True
        self._recorder.write(self.name, "open")

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except DeviceError as error:
            raise self._lose(error) from None
        self._recorder.write(self.name, "out", data)

    async def drain(self) -> None:
        try:
            await self._port.drain()
        except DeviceError as error:
            raise self._lose(error) from None

    async def read(self) -> bytes:
        try:
            data = await self._port.read()
        except DeviceError as error:
            raise self._lose(error) from None
        self._recorder.write(self.name, "in", data)
        return data

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        def heard(data: bytes) -> None:
            self._recorder.write(self.name, "in", data)
            take(data)

        try:
            await self._port.listen(heard)
        except DeviceError as error:
            raise self._lose(error) from None

    async def set_baud(self, baud: int) -> None:
        try:
            await self._port.set_baud(baud)
        except DeviceError as error:
            raise self._lose(error) from None
        self._recorder.write(self.name, "baud", baud=baud)

    async def close(self) -> None:
        if self._open:
            self._open = False
            self._recorder.write(self.name, "close")
        await self._port.close()

    def fileno(self) -> int | None:
        return self._port.fileno()

    def _lose(self, error: DeviceError) -> DeviceError:
        if self._open:
            self._open = False
            self._recorder.write(self.name, "lost", error=str(error))
        return error
