"""Sticks behind a USB-serial chip, driven through libusb: their serial lines as Ports, their pins, which reset chips.

One UsbStick is one stick; its ports (a CP2105 has two) share its handle. Nothing here blocks the loop: the threads are
usb_link.py's. The line's facts are in bridges.py.
It leaves out what needs no pins: such a stick is as well driven as a serial port (serial.py).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Never

from ...engine.daemon import in_daemon
from ...engine.errors import DeviceError, InputError
from . import libusb
from .bridges import BRIDGES, Bridge, Control
from .inbox import Inbox
from .port import WRITE_LIMIT
from .usb_link import Call, Handle, Link


class UsbStick:
    """What is in the socket `place`, now or when it is opened. `backend` is pyusb's; None: libusb 1.0."""

    def __init__(self, place: str, backend: object | None = None) -> None:
        self.place = place
        self._backend = backend
        self._handle: Handle | None = None
        self._pins = 0  # as they were last driven
        self._lock = threading.Lock()  # of all three

    def port(self, interface: int = 0, baud: int = 115200, name: str = "") -> UsbPort:
        return UsbPort(self, interface, baud, name or str(libusb.Address(self.place, interface)))

    async def set_pins(self, mask: int, state: int) -> None:
        """Drive those of its pins that are in `mask`, at once: what waits to be written is not waited for.

        Of an FT230X they are CBUS0 to 3, of a CP2105 its GPIO latch. One of its ports must be open. Raises DeviceError.
        """
        await in_daemon(lambda: self.drive_pins(mask, state))

    def drive_pins(self, mask: int, state: int) -> None:
        """The same, blocking."""
        with self._lock:
            if self._handle is None:
                raise DeviceError(f"usb:{self.place}: is not open")
            pins = self._pins & ~mask | state & mask
            try:
                libusb.transfer(self._handle.device, self._handle.bridge.pins(pins, mask))
            except InputError as error:
                raise DeviceError(f"usb:{self.place}: {error}") from error
            except OSError as error:
                raise libusb.explain(f"usb:{self.place}", error) from error
            self._pins = pins

    def take(self, interface: int) -> Handle:
        """Blocking. Raises OSError, of pyusb's or a DeviceError."""
        with self._lock:
            handle = self._handle
            if handle is None or handle.gone:
                device = libusb.find(self.place, self._backend)
                handle = Handle(device, _bridge(self.place, device))
            if interface in handle.driven:
                raise DeviceError(f"usb:{self.place}: interface {interface} is open already")
            try:
                handle.driven[interface] = libusb.take(handle.device, interface)
            except OSError:
                if not handle.driven:
                    libusb.close(handle.device)
                raise
            self._handle = handle
            return handle

    def give_back(self, handle: Handle, interface: int) -> None:
        """Blocking. Never fails."""
        with self._lock:
            libusb.give_back(handle.device, interface, handle.driven.pop(interface))
            if not handle.driven:
                libusb.close(handle.device)
                if self._handle is handle:
                    self._handle = None


def _bridge(place: str, device: libusb.Device) -> Bridge:
    try:
        return BRIDGES[device.idVendor, device.idProduct]
    except KeyError:
        known = ", ".join(bridge.title for bridge in BRIDGES.values())
        ids = f"{device.idVendor:04x}:{device.idProduct:04x}"
        raise DeviceError(f"usb:{place}: is {ids}, none of {known}; use its serial port") from None


class UsbPort:
    """A Port: one interface of a stick."""

    def __init__(self, stick: UsbStick, interface: int, baud: int, name: str) -> None:
        self.baud, self._first_baud = baud, baud
        self.stick = stick
        self._interface, self._name = interface, name
        self._inbox = Inbox(f"{name}: is not open")
        self._link: Link | None = None
        self._opening = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def dropped(self) -> int:
        """Bytes that came while nobody read, in this session."""
        return self._link.dropped if self._link is not None else 0

    async def open(self) -> None:
        if self._opening or not self._inbox.lost:
            raise DeviceError(f"{self._name}: is open already; one at a time can use it")
        before, inbox = self._link, Inbox()
        link = Link(self.stick, self._interface, self._name, inbox)

        def begin() -> None:
            if before is not None:
                before.join()
            link.open(self._first_baud)

        self._opening, self._link = True, link
        try:
            await in_daemon(begin)
        except BaseException:
            link.stop()
            raise
        finally:
            self._opening = False
        self._inbox, self.baud = inbox, self._first_baud

    def write(self, data: bytes) -> None:
        link = self._open_link()
        if link.waiting + len(data) > WRITE_LIMIT:
            raise self._lose(f"{self._name}: takes no data, {link.waiting} bytes wait; is the board alive?")
        link.put(bytes(data))

    async def drain(self) -> None:
        await self._call(lambda: None)

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        await self._inbox.listen(take)

    async def set_baud(self, baud: int) -> None:
        link = self._open_link()
        controls = self._baud(link, baud)
        await self._call(lambda: link.set_line(controls))
        self.baud = baud

    async def aside(self, pin: int, baud: int, data: bytes, count: int, timeout_s: float) -> bytes:
        """Talk to another party on the same line, which hears while `pin` is high: up to `count` bytes of its answer.

        It waits until all that was written has left, and what is written meanwhile waits for it. What comes in
        meanwhile, whoever sent it, is of the answer, or lost. Raises DeviceError.
        """
        link, answer = self._open_link(), bytearray()
        there, back = self._baud(link, baud), self._baud(link, self.baud)

        def talk() -> None:
            link.set_line(())
            try:
                self.stick.drive_pins(pin, pin)
                link.set_line(there)
                answer.extend(link.ask(data, count, timeout_s))
                link.set_line(back)
            finally:
                self.stick.drive_pins(pin, 0)

        await self._call(talk)
        return bytes(answer)

    async def close(self) -> None:
        if (link := self._link) is not None:
            self._lose(f"{self._name}: is closed")
            await in_daemon(link.join)

    def fileno(self) -> int | None:
        return None

    def _baud(self, link: Link, baud: int) -> tuple[Control, ...]:
        try:
            return link.bridge.baud(self._interface, baud)
        except InputError as error:
            raise DeviceError(f"{self._name}: {error}") from error

    async def _call(self, work: Callable[[], None]) -> None:
        """Have the writer do it, in its turn."""
        link, done = self._open_link(), asyncio.get_running_loop().create_future()
        link.put(Call(work, done))
        await self._inbox.until(done)

    def _lose(self, reason: str) -> DeviceError:
        if self._link is not None:
            self._link.stop()
        return self._inbox.lose(reason)

    def _open_link(self) -> Link:
        self._inbox.check()
        assert self._link is not None
        return self._link
