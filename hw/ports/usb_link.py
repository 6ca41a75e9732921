"""An open interface of a USB stick, and the two threads that serve it: one reads, one writes; pyusb blocks in both.

usb.py holds one per open port. A link is opened once; it ends by `stop`, or by itself when a transfer fails, and then
gives everything back: the line's buffers, the interface, the handle, and what the system's driver had.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

from ...engine.errors import DeviceError, InputError
from . import libusb
from .bridges import Bridge, Control
from .inbox import Inbox
from .port import READ_LIMIT

READ_MS = 100  # how long a reader waits for a packet, and so how long closing may take
WRITE_MS, STALLS = 200, 5  # a transfer that is not taken within the one is tried again, the other so often in all
_CHUNK = 512  # bytes in one transfer: 44 ms at 115200 baud
_PACKETS = 8  # in one read, at most
_POLLS, _POLL_S = 1000, 0.002  # for the transmitter to empty itself


@dataclass
class Handle:
    """A stick that is in use, and whether the system's driver gets each of its interfaces back."""

    device: libusb.Device
    bridge: Bridge
    driven: dict[int, bool] = field(default_factory=dict[int, bool])
    gone: bool = False


class Holder(Protocol):
    """Who shares a handle among links. Both block."""

    def take(self, interface: int) -> Handle:
        """Raises OSError, of pyusb's or a DeviceError."""
        ...

    def give_back(self, handle: Handle, interface: int) -> None:
        """Never fails."""


@dataclass(frozen=True, slots=True)
class Call:
    """What the writer is to do in its turn."""

    work: Callable[[], None]
    done: asyncio.Future[None]

    def settle(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Link:
    """An open interface and its threads, made on the loop. What comes, and what ends it, it tells its inbox."""

    def __init__(self, holder: Holder, interface: int, name: str, inbox: Inbox) -> None:
        self.waiting = 0  # bytes given to `put` and not yet sent
        self.dropped = 0  # bytes that came while nobody read
        self._holder, self._interface, self._name, self._inbox = holder, interface, name, inbox
        self._loop = asyncio.get_running_loop()
        self._reason = ""  # why it ended by itself
        self._jobs: SimpleQueue[bytes | Call | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._changed = threading.Condition()  # guards what follows, the reason, and `waiting`
        self._came, self._aside = bytearray(), bytearray()
        self._listening_aside = self._told = False
        self._ended = threading.Event()

    @property
    def bridge(self) -> Bridge:
        return self._handle.bridge

    # From the loop, but for `open` and `join`, which block.

    def open(self, baud: int) -> None:
        """Raises DeviceError."""
        try:
            self._prepare(baud)
        except BaseException as error:
            self._ended.set()
            if isinstance(error, DeviceError):
                raise
            if isinstance(error, InputError):
                raise DeviceError(f"{self._name}: {error}") from error
            if isinstance(error, OSError):
                raise libusb.explain(self._name, error) from error
            raise
        self._writer = threading.Thread(target=self._write, name=f"{self._name} writes", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name=f"{self._name} reads", daemon=True).start()

    def _prepare(self, baud: int) -> None:
        self._handle = self._holder.take(self._interface)
        try:
            self._ends = libusb.endpoints(self._handle.device, self._interface)
            self._send(self._handle.bridge.setup(self._interface, baud))
        except BaseException:
            self._holder.give_back(self._handle, self._interface)
            raise

    def put(self, job: bytes | Call) -> None:
        if isinstance(job, bytes):
            with self._changed:
                self.waiting += len(job)
        self._jobs.put(job)

    def stop(self) -> None:
        self._stopping.set()
        self._jobs.put(None)

    def join(self) -> None:
        """Wait until it has given everything back. After `stop`, or its own end."""
        self._ended.wait()

    # In the writer's thread.

    def set_line(self, controls: tuple[Control, ...]) -> None:
        """After all that was sent has left the stick. Raises OSError."""
        query, size = self.bridge.unsent(self._interface)
        for _ in range(_POLLS):
            if self.bridge.is_empty(libusb.transfer(self._handle.device, query, size)):
                self._send(controls)
                return
            if self._stopping.wait(_POLL_S):
                return
        raise DeviceError(f"{self._name}: does not send what it was given; plug it in again")

    def ask(self, data: bytes, count: int, timeout_s: float) -> bytes:
        """Write, and have what comes in until there are `count` bytes, or time is up. Raises OSError."""
        with self._changed:
            self._aside, self._listening_aside = bytearray(), True
        try:
            self._send_bytes(data)
            with self._changed:
                self._changed.wait_for(lambda: len(self._aside) >= count or self._stopping.is_set(), timeout_s)
                return bytes(self._aside[:count])
        finally:
            with self._changed:
                self._listening_aside = False

    def _write(self) -> None:
        while (job := self._jobs.get()) is not None and not self._stopping.is_set():
            try:
                if isinstance(job, bytes):
                    self._send_bytes(job)
                    with self._changed:
                        self.waiting -= len(job)
                else:
                    job.work()
                    self._on_loop(job.settle)
            except OSError as error:
                self._end(error)
                return

    def _send_bytes(self, data: bytes) -> None:
        sent = stalls = 0
        while sent < len(data) and not self._stopping.is_set():
            try:
                sent += self._handle.device.write(self._ends.outgoing, data[sent : sent + _CHUNK], WRITE_MS)
                stalls = 0
            except OSError as error:
                if not libusb.is_timeout(error):
                    raise
                if (stalls := stalls + 1) == STALLS:
                    waiting = max(self.waiting, len(data)) - sent
                    raise DeviceError(
                        f"{self._name}: takes no data, {waiting} bytes wait; is the board alive?"
                    ) from None

    def _send(self, controls: tuple[Control, ...]) -> None:
        for control in controls:
            libusb.transfer(self._handle.device, control)

    # In the reader's thread, which also tidies up.

    def _read(self) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    data = self._handle.device.read(self._ends.incoming, self._ends.packet * _PACKETS, READ_MS)
                except OSError as error:
                    if libusb.is_timeout(error):
                        continue
                    self._end(error)
                    break
                if payload := self.bridge.payload(bytes(data), self._ends.packet):
                    self._arrive(payload)
        finally:
            self.stop()
            self._writer.join()
            with suppress(OSError):
                self._send(() if self._handle.gone else self.bridge.teardown(self._interface))
            self._holder.give_back(self._handle, self._interface)
            self._ended.set()

    def _arrive(self, data: bytes) -> None:
        with self._changed:
            if self._listening_aside:
                self._aside += data
                self._changed.notify_all()
                return
            room = max(0, READ_LIMIT - len(self._came))
            self._came += data[:room]
            self.dropped += len(data[room:])
            told, self._told = self._told, True
        if not told:
            self._on_loop(self._tell)

    # In either.

    def _end(self, error: OSError) -> None:
        """The first reason stays; both threads stop."""
        with self._changed:
            if not self._reason and not self._stopping.is_set():
                self._reason = str(libusb.explain(self._name, error))
                self._handle.gone = True
            self._changed.notify_all()
        self.stop()
        self._on_loop(self._tell)

    def _on_loop(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(call)

    # On the loop.

    def _tell(self) -> None:
        with self._changed:
            data, self._came, self._told = bytes(self._came), bytearray(), False
        dropped = self._inbox.arrive(data)  # without the lock: whoever listens takes his time
        with self._changed:
            self.dropped += dropped
        if self._reason:
            self._inbox.lose(self._reason)
