"""A recording of the wire, or a list of pairs (sent, answered), played back to the code that drives a board.

What the host sends must be what was recorded, byte for byte, and nothing may remain at the end; the board's bytes come
as long after what went before them as they did. Best on virtual time (engine/clock.py), where an hour takes no time.
What it leaves out: how the host's bytes were cut into writes; and drain, which a recording does not have.

    async with replaying(load("gamma.jsonl")) as port:            as python-pymeasure's expected_protocol
        await Chain(port).enumerate()
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Never

import msgspec

from ...engine.errors import DeviceError, InputError
from ...engine.sockets import reason_of
from .inbox import Inbox
from .record import Entry

_BOARDS = ("in", "lost")  # what the board does; all else the host does


class Mismatch(AssertionError):
    """The host did not do what the recording has."""


def load(path: str | Path) -> list[Entry]:
    """Raises InputError, with the number of the line, for what is no recording."""
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{path}: {reason_of(error)}; give a file that --record has written") from None
    decoder, entries = msgspec.json.Decoder(Entry), list[Entry]()
    for number, line in enumerate(lines, 1):
        try:
            entry = decoder.decode(line)
            bytes.fromhex(entry.hex)
        except (msgspec.DecodeError, ValueError) as error:
            raise InputError(f"{path}, line {number}: {error}; give a file that --record has written") from None
        entries.append(entry)
    return entries


def pairs(*exchanges: tuple[bytes, bytes], port: str = "replay") -> list[Entry]:
    """Entries for each (sent, answered); either may be empty. Without opening and closing, which then are free."""
    return [
        Entry(0.0, port, "out" if is_sent else "in", data.hex())
        for exchange in exchanges
        for is_sent, data in zip((True, False), exchange, strict=True)
        if data
    ]


@asynccontextmanager
async def replaying(entries: Iterable[Entry], port: str | None = None) -> AsyncGenerator[ReplayPort]:
    """`port`: which of a recording's; needed when there are several. Raises Mismatch at the end when something
    remains, or the host did otherwise and went on."""
    chosen = list(entries)
    names = list(dict.fromkeys(entry.port for entry in chosen))
    if port is None and len(names) > 1:
        raise InputError(f"the recording has the ports {', '.join(names)}; choose one")
    name = port or (names[0] if names else "replay")
    replay = ReplayPort(name, [entry for entry in chosen if entry.port == name])
    playing = asyncio.create_task(replay.play())
    try:
        yield replay
        replay.check_end()
    finally:
        playing.cancel()
        await asyncio.wait((playing,))


class ReplayPort:
    """A Port."""

    def __init__(self, name: str, entries: Sequence[Entry]) -> None:
        self._name, self._entries = name, entries
        self._acts = deque(entry for entry in entries if entry.dir not in _BOARDS)
        self._rest = b""  # of the act that the host is at
        self._done = 0  # acts of the host's
        self._acted = asyncio.Event()
        self._undelivered = sum(entry.dir == "in" for entry in entries)
        self._scripted = any(entry.dir in ("open", "refused", "close") for entry in entries)
        self._inbox = Inbox(f"{name}: is not open")
        self._wrong = ""
        self._begin_act()

    @property
    def name(self) -> str:
        return self._name

    async def open(self) -> None:
        if not self._inbox.lost:
            raise DeviceError(f"{self._name}: is open already; one at a time can use it")
        if self._acts and self._acts[0].dir == "refused":
            raise DeviceError(self._finish_act().error)
        self._act("open")
        self._inbox = Inbox()

    def write(self, data: bytes) -> None:
        self._inbox.check()
        while data:
            if not self._acts or self._acts[0].dir != "out":
                raise self._mismatch(f"sent {data.hex()}")
            size = min(len(data), len(self._rest))
            if data[:size] != self._rest[:size]:
                raise self._mismatch(f"sent {data.hex()}")
            data, self._rest = data[size:], self._rest[size:]
            if not self._rest:
                self._finish_act()

    async def drain(self) -> None:
        await asyncio.sleep(0)
        self._inbox.check()

    async def read(self) -> bytes:
        return await self._inbox.read()

    async def listen(self, take: Callable[[bytes], None]) -> Never:
        await self._inbox.listen(take)

    async def set_baud(self, baud: int) -> None:
        await self.drain()
        if not self._acts or self._acts[0].dir != "baud" or self._acts[0].baud != baud:
            raise self._mismatch(f"set {baud} baud")
        self._finish_act()

    async def close(self) -> None:
        if not self._inbox.lost:
            self._inbox.lose(f"{self._name}: is closed")
            with suppress(Mismatch):  # closing never fails; the end will tell
                self._act("close")

    def fileno(self) -> int | None:
        return None

    def check_end(self) -> None:
        """Raises Mismatch."""
        if self._wrong:
            raise Mismatch(self._wrong)
        if self._acts:
            raise Mismatch(f"{self._name}: {len(self._acts)} remain, the first is {self._expected()}")
        if self._undelivered or self._inbox.unread:
            raise Mismatch(f"{self._name}: {self._undelivered} answers remain, and {self._inbox.unread} bytes unread")

    async def play(self) -> None:
        """Deliver what the board said, each as long after the line before it as it was."""
        loop = asyncio.get_running_loop()
        acts, before = 0, Entry(self._entries[0].t if self._entries else 0.0, self._name, "open")
        at_s = loop.time()
        for entry in self._entries:
            if entry.dir in _BOARDS:
                at_s = max(loop.time(), at_s + entry.t - before.t)
                await asyncio.sleep(at_s - loop.time())
                self._deliver(entry)
            else:
                acts += 1
                while self._done < acts:
                    self._acted.clear()
                    await self._acted.wait()
                at_s = loop.time()
            before = entry

    def _deliver(self, entry: Entry) -> None:
        if entry.dir == "in":
            self._undelivered -= 1
            self._inbox.arrive(bytes.fromhex(entry.hex))
        else:
            self._inbox.lose(entry.error)

    def _act(self, kind: str) -> None:
        if self._scripted:
            if not self._acts or self._acts[0].dir != kind:
                raise self._mismatch(kind)
            self._finish_act()

    def _finish_act(self) -> Entry:
        act = self._acts.popleft()
        self._done += 1
        self._acted.set()
        self._begin_act()
        return act

    def _begin_act(self) -> None:
        self._rest = bytes.fromhex(self._acts[0].hex) if self._acts else b""

    def _mismatch(self, done: str) -> Mismatch:
        self._wrong = self._wrong or f"{self._name}: {done}, expected {self._expected()}"
        return Mismatch(self._wrong)

    def _expected(self) -> str:
        if not self._acts:
            return "nothing more"
        act = self._acts[0]
        what = {"out": self._rest.hex(), "baud": str(act.baud)}.get(act.dir, act.error)
        return f"{act.dir} {what} (at {act.t:g} s)".replace("  ", " ")
