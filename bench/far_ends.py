"""What stands at the other ends of the miner's wires while it is measured: simulated boards on pseudo-terminals, and a
pool on loopback TCP, each in a process of its own. What they cost is not counted with the miner's.

The boards are those that ship, so much scaled down that their hashing is next to nothing; nonces come as often as those
of silicon, each at its time to a step of a millisecond, as from USB. Both ends note when which bytes left them, or
came: by the one monotonic clock that all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Self, TypeAlias

from ..engine.errors import InputError
from ..engine.events import Event
from ..engine.poolserver.server import Factory, Listener, PoolServer, ServerSettings, listen_tcp, serving
from ..engine.poolserver.session import Limits
from ..engine.templates.memory import MemoryChain
from ..hw.ports.pty import PtyEnd
from ..hw.sim.board import CHIPS
from ..hw.sim.serve import serve
from ..hw.sim.table import simulated

STEP_S = 0.001  # of a board: what USB at full speed takes from frame to frame
_JOIN_S = 5.0
_HARD = 1 << 200  # a block's target that nothing here meets
_EASIEST = Fraction(1, 1 << 40)  # of shares
_INTERVAL_S = 3.0  # between those of a session
_TAKE, _END = "take", "end"

Passed: TypeAlias = tuple[float, bytes]  # what passed the end of a wire, and when: seconds of `monotonic`
_Talk: TypeAlias = Callable[[Connection, Any], Coroutine[Any, Any, None]]


class FarEnd:
    """A process, which ends with the block. First it answers that it is ready."""

    def __init__(self, talk: _Talk, what: object) -> None:
        self._ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=_run, args=(talk, theirs, what), daemon=True)
        process.start()
        theirs.close()  # so that its end is the end of the pipe
        self._process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._ours.send(_END)
        self._ours.close()
        self._process.join(_JOIN_S)
        self._process.kill()

    async def answer(self) -> Any:
        """What it says next. Raises RuntimeError when it has ended."""
        await _readable(self._ours)
        try:
            return self._ours.recv()
        except EOFError:
            raise RuntimeError("a far end has ended by itself; its error stands above") from None

    async def taken(self) -> list[Passed]:
        """All that has passed since the last time."""
        self._ours.send(_TAKE)
        passed: list[Passed] = await self.answer()
        return passed


@dataclass(frozen=True, slots=True)
class BoardEnd:
    """A simulated board, as `joulehash sim` takes its name, on links in a folder."""

    board: str
    links: Mapping[str, str]  # by role


@dataclass(frozen=True, slots=True)
class PoolEnd:
    """A pool that asks for shares of one difficulty, or, without, for one about every three seconds."""

    difficulty: Fraction | None = None


def board_end(board: str, folder: str) -> tuple[FarEnd, Mapping[str, str]]:
    """The process, which answers None when it is ready, and where its lines will be, by role. Raises InputError."""
    made = simulated(board)
    links = {role: f"{folder}/{role}" for role in made.board.roles}
    if made.board.pins is not None:
        raise InputError(f"{board}: its reset is on pins of USB, which a pseudo-terminal has not")
    return FarEnd(_board, BoardEnd(board, links)), links


def pool_end(end: PoolEnd) -> FarEnd:
    """It answers (host, port) when it listens."""
    return FarEnd(_pool, end)


def _run(talk: _Talk, control: Connection, what: object) -> None:
    """In the new process. Ctrl-C is for the one that measures; it ends this one. It is of another session, for Linux
    shares a busy machine out by sessions (autogroup), and a board or a pool has no part of the miner's."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(talk(control, what))


async def _board(control: Connection, end: BoardEnd) -> None:
    board, passed = simulated(end.board).board, list[Passed]()
    sockets = {role: _Noting(path, passed) if role == CHIPS else PtyEnd(path) for role, path in end.links.items()}
    with ExitStack() as plugged:
        for socket in sockets.values():
            plugged.callback(socket.unplug)
            socket.plug()
        serving = asyncio.create_task(serve(board, sockets, step_s=STEP_S))
        control.send(None)
        await _tell(control, passed, serving)


async def _pool(control: Connection, end: PoolEnd) -> None:
    settings = ServerSettings(least_difficulty=_EASIEST, share_interval_s=_INTERVAL_S)
    if end.difficulty is not None:
        settings = ServerSettings(
            difficulty=end.difficulty,
            least_difficulty=end.difficulty,
            share_interval_s=1e-9,  # however many come, they are too few to raise it
            limits=Limits(shares_per_s=1e9, burst=1e9, shares_per_job=1 << 30),
        )
    passed = list[Passed]()

    async def listen(factory: Factory, host: str, port: int) -> tuple[Listener, str, int]:
        return await listen_tcp(lambda: _Tap(factory(), passed), host, port)

    async with serving(PoolServer(MemoryChain(_HARD), settings, _ignore, listen=listen)) as server:
        control.send(server.address)
        await _tell(control, passed, None)


async def _tell(control: Connection, passed: list[Passed], working: asyncio.Task[None] | None) -> None:
    """Until the other side ends, or the work that is going on here fails."""
    try:
        while True:
            asked = asyncio.create_task(_readable(control))
            await asyncio.wait([asked, *([working] if working else [])], return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                asked.cancel()
                break
            if control.recv() == _END:
                break
            control.send(passed)
            passed.clear()
    except EOFError:
        pass
    if working is not None:
        if working.done():
            working.result()
        working.cancel()


async def _readable(pipe: Connection) -> None:
    """Something has come, or its end."""
    loop, came = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pipe.fileno(), came.set)
    try:
        await came.wait()
    finally:
        loop.remove_reader(pipe.fileno())


class _Noting(PtyEnd):
    """Notes what goes to the host, right before it is written: so latencies are rather too long than too short."""

    def __init__(self, path: str, passed: list[Passed]) -> None:
        super().__init__(path)
        self._passed = passed

    def send(self, data: bytes, baud: int) -> None:
        self._passed.append((monotonic(), data))
        super().send(data, baud)


@dataclass
class _Tap(asyncio.Protocol):
    """In front of a connection: notes what comes from the miner, as it comes."""

    inner: asyncio.Protocol
    passed: list[Passed] = field(repr=False)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.passed.append((monotonic(), data))
        self.inner.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.inner.connection_lost(exc)


def _ignore(event: Event) -> None:
    del event
