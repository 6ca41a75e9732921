"""The board's end of a pseudo-terminal: `joulehash sim BOARD --pty PATH`, with any program at the other end.

PATH is a symbolic link to the terminal. The host may open and close it as often as it likes; while nobody has it open,
what the board says is lost, as on a wire. The baud is the one that the host has set when its bytes are read. What it
leaves out: the time that bytes take, and DTR and RTS, which a pseudo-terminal has not.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import tty
from collections import deque
from contextlib import suppress

from ...engine.errors import InputError
from ...engine.sockets import reason_of
from .inbox import garbled
from .port import READ_LIMIT, WRITE_LIMIT

LOOK_S = 0.02  # how often it looks whether a host has opened it
READ_BYTES = 1 << 14

_TCGETS2 = 0x802C542A  # Linux, asm-generic/ioctls.h: struct termios2, whose last two words are the speeds
_TERMIOS2_BYTES = 44
_SPEEDS = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[:1] == "B" and name[1:].isdigit()}


class PtyEnd:
    """A FarEnd. `plug` begins it, `unplug` ends it, as often as wanted."""

    def __init__(self, path: str, baud: int = 115200) -> None:
        self.dropped = 0  # bytes that the host did not read
        self._path, self._first_baud = path, baud
        self._master: int | None = None
        self._device = ""
        self._present = False  # a host has it open
        self._look: asyncio.TimerHandle | None = None
        self._sent: deque[tuple[bytes, int]] = deque()  # by the host, each piece at one baud
        self._came = asyncio.Event()
        self._outbox = bytearray()

    def plug(self) -> None:
        """Raises InputError when PATH cannot be the link."""
        if self._master is not None:
            return
        master, slave = pty.openpty()
        try:
            self._device = os.ttyname(slave)
            tty.setraw(slave)
            _set_speed(slave, self._first_baud)
            _link(self._path, self._device)
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)
        os.set_blocking(master, False)
        self._master = master
        self._look_for_host()

    def unplug(self) -> None:
        """The host sees a line that was hung up; what is on its way is lost."""
        if self._master is None:
            return
        self._host_is_gone()
        self._stop_looking()
        os.close(self._master)
        self._master = None
        self._sent.clear()
        with suppress(OSError):
            if os.readlink(self._path) == self._device:
                os.unlink(self._path)

    async def receive(self) -> tuple[bytes, int]:
        while not self._sent:
            self._came.clear()
            await self._came.wait()
        piece = self._sent.popleft()
        self._listen()
        return piece

    def send(self, data: bytes, baud: int) -> None:
        if self._master is None:
            return
        if not self._present and self._has_host():
            self._welcome_host()
        if not self._present:
            return
        room = max(0, READ_LIMIT - len(self._outbox))
        self.dropped += max(0, len(data) - room)
        self._outbox += (data if baud == self.baud else garbled(data))[:room]
        self._writable()

    @property
    def present(self) -> bool:
        """Whether a host has it open; it is found out within LOOK_S."""
        return self._present

    @property
    def baud(self) -> int:
        """That of the host."""
        return self._first_baud if self._master is None else _speed(self._master)

    @property
    def waiting(self) -> int:
        """Bytes of the host's that nobody has received."""
        return sum(len(data) for data, _ in self._sent)

    def _look_for_host(self) -> None:
        """There is no event for it."""
        if self._has_host():
            self._welcome_host()
        else:
            self._look = asyncio.get_running_loop().call_later(LOOK_S, self._look_for_host)

    def _has_host(self) -> bool:
        """It is hung up no more; or something is left of a host that came and went."""
        assert self._master is not None
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        events = dict(poll.poll(0)).get(self._master, 0)
        return bool(events & select.POLLIN) or not events & select.POLLHUP

    def _welcome_host(self) -> None:
        self._stop_looking()
        self._present = True
        self._listen()

    def _stop_looking(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _host_is_gone(self) -> None:
        assert self._master is not None
        self._present = False
        self._outbox.clear()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._master)
        loop.remove_writer(self._master)
        with suppress(termios.error):  # what it has not read is not for the next
            termios.tcflush(self._master, termios.TCOFLUSH)

    def _listen(self) -> None:
        """Unless so much waits that the host shall wait, too."""
        if self._master is not None and self._present and self.waiting < WRITE_LIMIT:
            asyncio.get_running_loop().add_reader(self._master, self._readable)

    def _readable(self) -> None:
        assert self._master is not None
        try:
            data = os.read(self._master, READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # EIO: the last that had it open has closed it
            data = b""
        if not data:
            self._host_is_gone()
            self._look_for_host()
            return
        self._sent.append((data, self.baud))
        self._came.set()
        if self.waiting >= WRITE_LIMIT:
            asyncio.get_running_loop().remove_reader(self._master)

    def _writable(self) -> None:
        assert self._master is not None
        try:
            sent = os.write(self._master, self._outbox)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            sent = len(self._outbox)  # nobody is there; reading will tell
        del self._outbox[:sent]
        loop = asyncio.get_running_loop()
        if self._outbox:
            loop.add_writer(self._master, self._writable)
        else:
            loop.remove_writer(self._master)


def _link(path: str, device: str) -> None:
    """A link that an earlier run has left is replaced, and nothing else."""
    try:
        if os.path.islink(path) and os.readlink(path).startswith("/dev/pts/"):
            os.unlink(path)
        os.symlink(device, path)
    except FileExistsError:
        raise InputError(f"--pty {path}: exists already; give a path where nothing is") from None
    except OSError as error:
        raise InputError(f"--pty {path}: {reason_of(error)}; give a path in a folder of yours") from None


def _speed(fd: int) -> int:
    """That of the terminal, any number on Linux; on a master's descriptor it is the other side's."""
    if sys.platform == "linux":
        with suppress(OSError):  # an architecture with a layout of its own
            return int(struct.unpack("11I", fcntl.ioctl(fd, _TCGETS2, bytes(_TERMIOS2_BYTES)))[-1])
    return _SPEEDS.get(termios.tcgetattr(fd)[5], 0)


def _set_speed(fd: int, baud: int) -> None:
    """Before a host has set one; a speed without a name of the system's is left to the host."""
    names = {number: constant for constant, number in _SPEEDS.items()}
    if baud in names:
        settings = termios.tcgetattr(fd)
        settings[4] = settings[5] = names[baud]
        termios.tcsetattr(fd, termios.TCSANOW, settings)
