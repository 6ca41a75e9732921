"""The embedded pool: a Stratum V1 server on asyncio, for our miner and for other people's.

What a session may do is session.py, what a job is book.py; here are sockets, limits and time. Templates come from a
TemplateSource, found blocks go back to it. It listens as soon as there is a template. While the source has none
later on (a node that is away), sessions are closed and new ones turned away, so that miners go to another pool.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from random import SystemRandom
from typing import Protocol

from ..chain.target import DIFFICULTY_1, difficulty_from_target, expected_hashes
from ..errors import InputError, NodeError, cause
from ..events import Event, Note, PoolShare, PoolTemplate, Report
from ..journal import Journal
from ..sockets import reason_of, room_for
from ..stratum.lines import printable
from ..templates.memory import MemoryChain
from ..templates.template import Template, TemplateSource
from .blocks import BlockDesk
from .book import EXTRANONCE1_SIZE, JobBook, most_difficulty
from .connection import Connection, neighbourhood
from .pace import Pace
from .session import Accepted, Limits, Rejected, Session
from .vardiff import Vardiff

_TICK_S = 1.0
_HASHES_1 = float(expected_hashes(DIFFICULTY_1))  # that a share of difficulty 1 stands for
_LAST_BLOCKS_S = 5.0  # to hand in what was found when we stop
_SOURCE_RETRY_S = 1.0


class Listener(Protocol):
    """The part of asyncio.Server that is used."""

    async def start_serving(self) -> None: ...

    def close(self) -> None: ...


Factory = Callable[[], asyncio.Protocol]
Listen = Callable[[Factory, str, int], Awaitable[tuple[Listener, str, int]]]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    host: str = "127.0.0.1"  # empty: every address
    port: int = 0  # 0: any free one
    difficulty: Fraction = Fraction(1, 1000)  # of a session's first job, unless it suggests one
    least_difficulty: Fraction = Fraction(1, 10**6)
    share_interval_s: float = 1.0  # what vardiff aims at
    sessions: int = 4096  # fewer where the system allows fewer open files
    sessions_per_address: int = 64  # or IPv6 /64; a house behind one address has room. Loopback is not counted
    handshake_s: float = 30.0  # to subscribe and authorize
    limits: Limits = field(default_factory=Limits)


async def listen_tcp(factory: Factory, host: str, port: int) -> tuple[Listener, str, int]:
    """A bound socket that does not listen yet, and where. Raises InputError when the address cannot be had."""
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(factory, host, port, start_serving=False, backlog=512)
    except (OSError, OverflowError, UnicodeError) as error:
        raise _not_to_be_had(host, port, error) from None
    bound = server.sockets[0].getsockname()
    return server, bound[0], bound[1]


class PoolServer:
    """`async with serving(PoolServer(…))`, then it listens at `address`."""

    def __init__(
        self,
        source: TemplateSource,
        settings: ServerSettings,
        report: Report,
        pace: Pace | None = None,
        listen: Listen = listen_tcp,
        journal: Journal | None = None,
    ) -> None:
        self.book = JobBook()
        self.sessions: dict[Connection, Session] = {}
        self.listening = asyncio.Event()
        self._source, self._settings, self._report, self._listen = source, settings, report, listen
        self._pace = pace if isinstance(source, MemoryChain) else None
        self._neighbours: Counter[str] = Counter()
        self._turned_away: Counter[str] = Counter()
        self._next_extranonce1 = SystemRandom().randrange(256**EXTRANONCE1_SIZE)
        self._blocks = BlockDesk(source, report, journal)
        self._listener: Listener | None = None
        self._address = ("", 0)
        self._most_sessions = settings.sessions

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) where it listens."""
        if self._listener is None:
            raise RuntimeError("the pool server is not started")
        return self._address

    async def start(self) -> None:
        """Take the address. Raises InputError when it cannot be had."""
        s = self._settings
        self._most_sessions = min(s.sessions, room_for(s.sessions))
        self._listener, host, port = await self._listen(lambda: Connection(self), s.host, s.port)
        self._address = host, port

    async def serve(self) -> None:
        """Run until cancelled. Raises NodeError when the source cannot start, InputError when it cannot listen."""
        handing_in = asyncio.create_task(self._blocks.run())
        try:
            await self._source.start()
            self._blocks.begin()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_source())
                group.create_task(self._tick())
                group.create_task(_watch(handing_in))
        except BaseExceptionGroup as errors:
            raise cause(errors) from None
        finally:
            await self.stop()
            self._blocks.finish()
            try:
                await asyncio.wait([handing_in], timeout=_LAST_BLOCKS_S)
            finally:
                handing_in.cancel()
                await asyncio.wait([handing_in])  # it tells of those that got no answer
                await self._source.stop()

    async def stop(self) -> None:
        """Stop listening and close every session."""
        if self._listener is not None:
            self._listener.close()
        self._drop_all("the pool is stopping")
        await asyncio.sleep(0)
        for connection in list(self.sessions):  # the rest does not read
            connection.close("")
        await asyncio.sleep(0)

    async def _follow_source(self) -> None:
        """Templates, also after a time without: the source's NodeError ends the jobs and not the server."""
        while True:
            try:
                async for template in self._source.templates():
                    await self._offer(template)
            except NodeError as error:
                self.book.current = None
                self._report(Note(f"no work from {self._source.name}, miners are turned away: {error}"))
                self._drop_all("no work at present")
            await asyncio.sleep(_SOURCE_RETRY_S)

    async def _offer(self, template: Template) -> None:
        job, clean = self.book.add(template)
        difficulty = difficulty_from_target(template.target)
        count = len(template.transactions)
        self._report(PoolTemplate(self._source.name, template.height, count, float(difficulty), clean))
        for connection, session in list(self.sessions.items()):
            session.vardiff.most = most_difficulty(difficulty)
            if session.ready:
                session.offer(job, clean=clean)
                connection.flush()
        if not self.listening.is_set() and self._listener is not None:
            try:
                await self._listener.start_serving()
            except OSError as error:  # another that waited for its first template was quicker
                raise _not_to_be_had(*self._address, error) from None
            self.listening.set()

    async def _tick(self) -> None:
        loop, handshake_s = asyncio.get_running_loop(), self._settings.handshake_s
        while True:
            await asyncio.sleep(min(_TICK_S, handshake_s))
            now = loop.time()
            for connection, session in list(self.sessions.items()):
                if connection.closing:
                    connection.close("")  # it had a second to read the rest
                    continue
                session.tick(now)
                connection.flush()
                if not session.ready and now - session.opened_s >= handshake_s:
                    connection.close(f"no subscription and authorization in {handshake_s:g} s")
            for why, times in self._turned_away.items():
                self._report(Note(f"turned away {times} {'connection' if times == 1 else 'connections'}: {why}"))
            self._turned_away.clear()
            if self._pace is not None and self._pace.tick(now) and isinstance(self._source, MemoryChain):
                self._source.set_target(self._pace.target)
                self._source.refresh()

    def _drop_all(self, reason: str) -> None:
        for connection in list(self.sessions):
            if not connection.closing:
                connection.close(reason)

    # What connections ask

    def welcome(self, host: str) -> Session | str:
        """A session for a new connection, or why there is none."""
        s, current = self._settings, self.book.current
        neighbours = neighbourhood(host)
        refusal = ""
        if current is None:
            refusal = "no work at present"
        elif len(self.sessions) >= self._most_sessions:
            refusal = f"{self._most_sessions} sessions are open, which is the limit"
        elif neighbours is not None and self._neighbours[neighbours] >= s.sessions_per_address:
            refusal = f"{s.sessions_per_address} sessions are open from {neighbours}, which is the limit"
        if refusal or current is None:
            self._turned_away[refusal] += 1
            return refusal
        if neighbours is not None:
            self._neighbours[neighbours] += 1
        extranonce1 = self._next_extranonce1.to_bytes(EXTRANONCE1_SIZE, "big")
        self._next_extranonce1 = (self._next_extranonce1 + 1) % 256**EXTRANONCE1_SIZE
        most = most_difficulty(difficulty_from_target(current.target))
        vardiff = Vardiff(s.difficulty, s.least_difficulty, most, s.share_interval_s)
        return Session(extranonce1, self.book, vardiff, s.limits, asyncio.get_running_loop().time())

    def farewell(self, host: str) -> None:
        if (neighbours := neighbourhood(host)) is not None:
            self._neighbours[neighbours] -= 1
            if not self._neighbours[neighbours]:
                del self._neighbours[neighbours]

    def weighed(self, session: Session, address: str, event: Accepted | Rejected) -> None:
        """Account for a share; a block goes to the chain."""
        user = printable(session.user or "", 60)
        if isinstance(event, Rejected):
            self._report(PoolShare(address, user, event.fault.code, event.fault.text, 0.0))
            return
        hashed = event.hashed
        if self._pace is not None:
            self._pace.share(float(event.difficulty) * _HASHES_1)
        self._report(PoolShare(address, user, 0, "", DIFFICULTY_1 / max(hashed.hash, 1)))  # no Fraction: 4 µs
        if hashed.is_block:
            self._blocks.put(hashed)

    def report(self, event: Event) -> None:
        self._report(event)


@asynccontextmanager
async def serving(server: PoolServer) -> AsyncGenerator[PoolServer]:
    """The server for the length of the block, which begins when it listens.

    When the server fails, the block is cancelled and the error raised: InputError or NodeError, never a group.
    """
    await server.start()
    try:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(server.serve())
            try:
                await server.listening.wait()
                yield server
            finally:
                task.cancel()
    except BaseExceptionGroup as errors:
        raise cause(errors) from None
    finally:
        await server.stop()


async def _watch(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])
    task.result()


def _not_to_be_had(host: str, port: int, error: Exception) -> InputError:
    why = reason_of(error) if isinstance(error, OSError) else str(error)
    shown = f"[{host}]" if ":" in host else host
    return InputError(f"listen on {shown}:{port}: {why}; choose another with --listen")
