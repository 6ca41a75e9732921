"""A serial line of the system, or any that pyserial has a URL for: rfc2217://, socket://, loop:// and others.

What may block (opening, draining, changing the speed, closing: a USB adapter that hangs takes seconds) is done in
threads; reading and writing is the loop's for a device of the system (descriptor.py) and two threads' for a URL
(threads.py). Opening locks it against others: flock, as other miners do, and TIOCEXCL.

DTR and RTS are at their states as early as Linux allows: the kernel raises both while it opens a line, and they are set
right after. Unproven on hardware: that glitch, and low latency (1 ms instead of 16 ms on FTDI).
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import grp
import os
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Never, Protocol

import serial

from ...engine.daemon import in_daemon
from ...engine.errors import DeviceAbsent, DeviceError
from ...engine.sockets import reason_of
from .descriptor import DescriptorLine
from .inbox import Inbox
from .threads import ThreadLine

# Bytes that an adapter may still hold when its driver has none left; at the new speed they would come out as garbage.
ADAPTER_BYTES = 512
READ_TIMEOUT_S = 0.1  # of the reader thread of a URL, and so of its end

_ABSENT = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
_HELD = (errno.EBUSY, errno.EAGAIN)


class Line(Protocol):
    """An open line. It tells its inbox what comes, and what ends it."""

    dropped: int

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...

    async def set_baud(self, baud: int) -> None: ...

    def end(self, reason: str) -> DeviceError:
        """Give up. From then on all fails for that reason, or for an earlier one."""
        ...

    async def ended(self) -> None:
        """After `end`: until it is closed, or has had its time for that."""

    def fileno(self) -> int | None: ...


class SerialPort:
    """A Port. `dtr` and `rts`: the states that the board wants."""

    def __init__(self, name: str, baud: int, *, dtr: bool = True, rts: bool = True) -> None:
        self.baud = baud
        self._name, self._first_baud, self._dtr, self._rts = name, baud, dtr, rts
        self._line: Line | None = None
        self._inbox = Inbox(f"{name}: is not open")
        self._opening = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def dropped(self) -> int:
        """Bytes that came while nobody read, in this session."""
        return self._line.dropped if self._line else 0

    async def open(self) -> None:
        if self._opening or not self._inbox.lost:
            raise DeviceError(f"{self._name}: is open already; one at a time can use it")
        self._opening = True
        try:
            await self._let_go()
            opened = await self._patiently_opened()
        except (OSError, ValueError, termios.error) as error:
            raise self._refusal(error) from None
        finally:
            self._opening = False
        self._inbox, self.baud = Inbox(), self._first_baud
        kind = ThreadLine if "://" in self._name else DescriptorLine
        self._line = kind(opened, self._inbox, self._name)

    def write(self, data: bytes) -> None:
        self._open_line().write(data)

    async def drain(self) -> None:
        await self._open_line().drain()

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        await self._inbox.listen(take)

    async def set_baud(self, baud: int) -> None:
        line = self._open_line()
        await line.drain()
        await asyncio.sleep(ADAPTER_BYTES * 10 / self.baud)
        await line.set_baud(baud)
        self.baud = baud

    async def close(self) -> None:
        if self._line is not None:
            self._line.end(f"{self._name}: is closed")
            await self._let_go()

    def fileno(self) -> int | None:
        return self._line.fileno() if self._line else None

    def _open_line(self) -> Line:
        self._inbox.check()
        assert self._line is not None
        return self._line

    async def _let_go(self) -> None:
        if (line := self._line) is not None:
            await line.ended()
            if self._line is line:
                self._line = None

    async def _patiently_opened(self) -> serial.Serial:
        """If we are cancelled meanwhile, it is closed once it is open."""
        opening = asyncio.ensure_future(in_daemon(self._opened))
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(_discard)
            raise

    def _opened(self) -> serial.Serial:
        """In a thread."""
        line = serial.serial_for_url(
            self._name,
            do_not_open=True,
            baudrate=self._first_baud,
            timeout=READ_TIMEOUT_S,
            inter_byte_timeout=0,  # VMIN 1, without which Linux reads "nothing yet" and "unplugged" alike
            exclusive=True,
        )
        line.dtr, line.rts = self._dtr, self._rts
        try:
            line.open()
            if "://" not in self._name:
                _claim(line)
        except BaseException:
            line.close()
            raise
        return line

    def _refusal(self, error: Exception) -> DeviceError:
        """Why it could not be opened, and what to do."""
        number = getattr(error, "errno", None)
        if "://" not in self._name and number in _ABSENT:
            return DeviceAbsent(f"{self._name}: is not there; plug it in (`joulehash boards` lists what is)")
        return DeviceError(self._reason(error, number))

    def _reason(self, error: Exception, number: int | None) -> str:
        if "://" in self._name:
            return f"{self._name}: cannot be opened: {error}; is the address right, and its server there?"
        if number in _FORBIDDEN:
            return (
                f"{self._name}: no permission; run `joulehash doctor --install-udev`, or join its group: "
                f"sudo usermod -aG {_group(self._name)} $USER, and log in again"
            )
        if number in _HELD:
            return f"{self._name}: another program holds it; end that first (`fuser -v {self._name}` tells which)"
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        return f"{self._name}: cannot be opened: {reason}; is it a serial port?"


def _claim(line: serial.Serial) -> None:
    """Nobody else may open it from now on, and what comes is passed on at once; both where the system can."""
    fd = line.fileno()
    if not os.ttyname(fd).startswith("/dev/pts/"):  # a pseudo-terminal would keep the mark after it was closed
        fcntl.ioctl(fd, termios.TIOCEXCL)
    with suppress(ValueError, OSError):
        line.set_low_latency_mode(True)


def _discard(opening: asyncio.Future[serial.Serial]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        threading.Thread(target=opening.result().close, name="close", daemon=True).start()


def _group(path: str) -> str:
    """The group that may use a device; dialout on most systems, uucp on some."""
    with suppress(OSError, KeyError):
        if (name := grp.getgrgid(os.stat(path).st_gid).gr_name) != "root":
            return name
    return "dialout"
