"""Both ends of each kind of port: the Port that the program uses, and the board's end that the test holds."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import pytest
import serial
from serial import rfc2217
from serial.urlhandler import protocol_socket

from joulehash.hw.ports.inbox import garbled
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.ports.port import FarEnd, Port
from joulehash.hw.ports.pty import PtyEnd
from joulehash.hw.ports.record import Recorder
from joulehash.hw.ports.serial import SerialPort
from joulehash.hw.ports.usb import UsbStick
from tests.support.usb_devices import FakeBus, FakeStick

PATIENCE_S = 10.0
BAUD = 115200


class Far(FarEnd, Protocol):
    def unplug(self) -> None: ...

    def plug(self) -> None: ...


@dataclass
class Ends:
    port: Port
    far: Far | None  # None: the line echoes
    settle: Callable[[], Awaitable[None]] | None = None  # until what was plugged is there

    async def open(self) -> None:
        """The port; and until the board's end knows of it."""
        hosts = self.far.hosts if isinstance(self.far, TcpEnd) else 0
        await self.port.open()
        async with asyncio.timeout(PATIENCE_S):
            if isinstance(self.far, TcpEnd):
                await self.far.until(lambda far: far.hosts > hosts)

    async def receive(self, size: int) -> bytes:
        """The next `size` bytes from the host."""
        assert self.far is not None
        data = bytearray()
        async with asyncio.timeout(PATIENCE_S):
            while len(data) < size:
                data += (await self.far.receive())[0]
        return bytes(data)

    async def read(self, size: int) -> bytes:
        """The next `size` bytes from the board."""
        data = bytearray()
        async with asyncio.timeout(PATIENCE_S):
            while len(data) < size:
                data += await self.port.read()
        return bytes(data)

    async def say(self, data: bytes, baud: int = BAUD) -> None:
        """To the host, by whoever says it on this line."""
        if self.far is None:
            self.port.write(data)
            await self.port.drain()
        else:
            self.far.send(data, baud)
            await asyncio.sleep(0)


Make = Callable[[Path], AbstractAsyncContextManager[Ends]]


@asynccontextmanager
async def pipe(folder: Path) -> AsyncGenerator[Ends]:
    cable = Cable("pipe", BAUD)
    yield Ends(cable.host, cable)
    await cable.host.close()


@asynccontextmanager
async def recorded(folder: Path) -> AsyncGenerator[Ends]:
    cable, recorder = Cable("pipe", BAUD), Recorder(str(folder / "wire.jsonl"))
    port = recorder.port(cable.host)
    yield Ends(port, cable)
    await port.close()
    recorder.close()


@asynccontextmanager
async def pseudo_terminal(folder: Path) -> AsyncGenerator[Ends]:
    far = PtyEnd(str(folder / "board"), BAUD)
    far.plug()
    port = SerialPort(str(folder / "board"), BAUD)
    try:
        yield Ends(port, far)
    finally:
        await port.close()
        far.unplug()


@asynccontextmanager
async def loop(folder: Path) -> AsyncGenerator[Ends]:
    port = SerialPort("loop://", BAUD)
    yield Ends(port, None)
    await port.close()


def on_usb(kind: Callable[[], FakeStick]) -> Make:
    @asynccontextmanager
    async def make(folder: Path) -> AsyncGenerator[Ends]:
        stick = kind()
        port = UsbStick(stick.place, FakeBus(stick)).port(0, BAUD)
        yield Ends(port, UsbEnd(stick))
        await port.close()
        assert stick.wrongs == []

    return make


class UsbEnd:
    """The board behind a stick of tests/support/usb_devices.py. A line whose board does not listen takes nothing."""

    def __init__(self, stick: FakeStick) -> None:
        self._stick, self._line = stick, stick.interfaces[0]
        self._loop = asyncio.get_running_loop()
        self._sent: deque[tuple[bytes, int]] = deque()
        self._came = asyncio.Event()
        self._line.hears = self._hear

    def _hear(self, data: bytes, baud: int) -> bytes:
        """In the writer's thread."""
        self._sent.append((data, baud))
        self._line.takes = len(self._sent) < _LINE_PIECES
        self._loop.call_soon_threadsafe(self._came.set)
        return b""

    async def receive(self) -> tuple[bytes, int]:
        while not self._sent:
            self._came.clear()
            await self._came.wait()
        data, baud = self._sent.popleft()
        with self._stick.changed:
            self._line.takes = True
            self._stick.changed.notify_all()
        return data, _nearest(baud)

    def send(self, data: bytes, baud: int) -> None:
        if self._stick.plugged:
            self._stick.send(data if baud == _nearest(self._line.baud) else garbled(data))

    def unplug(self) -> None:
        self._sent.clear()
        self._stick.unplug()

    def plug(self) -> None:
        self._line.takes = True
        self._stick.plug()


_LINE_PIECES = 64


def _nearest(baud: int) -> int:
    """What a line means by the speed that its divider makes."""
    return min((BAUD, 57600, 1_000_000, 1_500_000, 2_000_000), key=lambda usual: abs(usual - baud))


def over_tcp(scheme: str) -> Make:
    @asynccontextmanager
    async def make(folder: Path) -> AsyncGenerator[Ends]:
        far = TcpEnd(telnet=scheme == "rfc2217")
        await far.settled()
        options = "?timeout=1.5" if scheme == "rfc2217" else ""  # pyserial's patience with a server that is gone
        port = SerialPort(f"{scheme}://127.0.0.1:{far.number}{options}", BAUD)
        try:
            yield Ends(port, far, far.settled)
        finally:
            await port.close()
            far.unplug()
            await far.settled()

    return make


class TcpEnd:
    """A board behind a server of RFC 2217, or of bytes alone. One host at a time; it reads no further than is taken."""

    def __init__(self, *, telnet: bool) -> None:
        self.settings: Any = serial.serial_for_url("loop://", do_not_open=True, baudrate=9600)
        self.events: list[tuple[str, object]] = []  # what the host has set, in order
        self.hosts = 0  # that have connected
        self._telnet = telnet
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.number = int(self._listener.getsockname()[1])
        self._sent: deque[tuple[bytes, int]] = deque()
        self._change = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._manager: rfc2217.PortManager | None = None
        self._changing: asyncio.Task[None] | None = None
        self._server: asyncio.Server | None = None
        self.plug()

    async def settled(self) -> None:
        if self._changing is not None:
            await self._changing

    async def receive(self) -> tuple[bytes, int]:
        await self.until(lambda far: bool(far._sent))
        piece = self._sent.popleft()
        self._changed()
        return piece

    async def until(self, true: Callable[[TcpEnd], bool]) -> None:
        while not true(self):
            await self._change.wait()

    def _changed(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def send(self, data: bytes, baud: int) -> None:
        for writer in self._writers:
            writer.write(b"".join(self._manager.escape(data)) if self._manager else data)

    def plug(self) -> None:
        async def listen() -> None:
            if self._listener.fileno() < 0:
                self._listener = socket.create_server(("127.0.0.1", self.number))
            self._server = await asyncio.start_server(self._serve, sock=self._listener)

        self._changing = asyncio.get_running_loop().create_task(listen())

    def unplug(self) -> None:
        before = self._changing

        async def end() -> None:
            if before is not None:
                await before
            await self.until(lambda far: not far._writers)

        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        self._sent.clear()
        self._changed()
        self._changing = asyncio.get_running_loop().create_task(end())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for old in self._writers:
            old.transport.abort()
        self._sent.clear()
        self._writers.add(writer)
        if self._telnet:
            self.settings = Settings(self.events)
            connection: Any = writer
            self._manager = rfc2217.PortManager(self.settings, connection)
        self.hosts += 1
        self._changed()
        try:
            while (data := await reader.read(4096)) and not writer.transport.is_closing():  # nothing of an old host's
                plain = b"".join(self._manager.filter(data)) if self._manager else data
                if plain:
                    self._sent.append((plain, self.settings.baudrate))
                    self._changed()
                await self.until(lambda far: len(far._sent) <= 4 or writer.transport.is_closing())
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()
            self._changed()


class Settings:
    """What an RFC 2217 server sets on its serial device; each change is written down."""

    def __init__(self, events: list[tuple[str, object]]) -> None:
        vars(self).update(
            events=events, baudrate=9600, bytesize=8, parity="N", stopbits=1, rtscts=False, xonxoff=False,
            break_condition=False, dtr=None, rts=None, cts=True, dsr=True, ri=False, cd=True,
        )  # fmt: skip

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__["events"].append((name, value))
        self.__dict__[name] = value

    def reset_input_buffer(self) -> None: ...

    def reset_output_buffer(self) -> None: ...


def hurry_pyserial(monkeypatch: pytest.MonkeyPatch) -> None:
    """It sleeps for servers of real serial lines: 50 ms a question, 0.3 s a closing."""

    def sleep(seconds: float) -> None:
        time.sleep(seconds / 20)

    for module in (rfc2217, protocol_socket):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=sleep))


def open_files() -> dict[str, str]:
    """Of this process, by descriptor."""
    found: dict[str, str] = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:  # that of listdir itself
            continue
    return found


@contextmanager
def nothing_left() -> Generator[None]:
    """AssertionError when descriptors or threads remain after it. Threads may take a moment to end."""
    files, threads = open_files(), set(threading.enumerate())
    yield
    end_s = time.monotonic() + PATIENCE_S
    while set(threading.enumerate()) - threads and time.monotonic() < end_s:
        time.sleep(0.005)
    assert set(threading.enumerate()) - threads == set()
    assert open_files() == files


def run(main: Awaitable[None]) -> None:
    """asyncio.run; and no task, thread or descriptor remains."""

    async def watched() -> None:
        await main
        for _ in range(5):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with nothing_left():
        asyncio.run(watched())
