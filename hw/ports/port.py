"""What a port is to a board: a byte stream that can be opened, unplugged, and opened again. A handful of verbs.

A new kind is a module here with a class that keeps to Port, a row of RIGS in tests/contract/test_port.py, which tests
all of them alike, and a line in hw/find.py, which says when it is used. The far end, which simulators and tests hold,
is FarEnd.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Never, Protocol

WRITE_LIMIT = 1 << 16  # bytes that may wait to leave the host
READ_LIMIT = 1 << 16  # bytes that may wait to be read; what comes beyond them is dropped, and counted


class Port(Protocol):
    """One at a time reads it. After an error it is closed, with that error's text for all who still use it, and may be
    opened again."""

    @property
    def name(self) -> str:
        """As the user gave it: /dev/ttyACM0, sim:bitaxe-gamma."""
        ...

    async def open(self) -> None:
        """At its first baud. Raises DeviceError: it is not there, not permitted, or held by another program."""

    def write(self, data: bytes) -> None:
        """Send, in order; returns at once. Raises DeviceError when it is closed, unplugged, or nothing leaves it."""

    async def drain(self) -> None:
        """Wait until all that was written has left the host. Raises DeviceError."""

    async def read(self) -> bytes:
        """What has come since, one byte at least. DeviceError: the board is unplugged, or the port closed."""
        ...

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        """Instead of reading: `take` is called with what comes, at once and where it came, so that nothing of it waits
        for a turn of the loop. Until cancelled. Raises DeviceError as `read` does, and what `take` raises."""
        ...

    async def set_baud(self, baud: int) -> None:
        """Change the speed, after all that was written has left the host. Raises DeviceError."""

    async def close(self) -> None:
        """Let go of it; what has not left the host yet is dropped. A read under way ends with a DeviceError. Never
        fails, and may be repeated."""

    def fileno(self) -> int | None:
        """The open line, for a guard process to inherit; None when it is closed, or no descriptor of the system's."""
        ...


class FarEnd(Protocol):
    """The board's end of a line."""

    async def receive(self) -> tuple[bytes, int]:
        """What the host has sent, and the baud at which it did."""
        ...

    def send(self, data: bytes, baud: int) -> None:
        """To the host, if it listens: at another baud than its own it gets garbage."""
