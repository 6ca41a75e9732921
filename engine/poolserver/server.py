"""The embedded pool: a Stratum V1 server on asyncio, for our miner and for other people's.

What a session may do is session.py, what a job is book.py; here are sockets, limits and time. Templates come from a
TemplateSource, found blocks go back to it.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from random import SystemRandom

from ..chain.header import Header, hash_text
from ..chain.target import DIFFICULTY_1, difficulty_from_target, expected_hashes
from ..errors import InputError, NodeError
from ..events import PoolBlock, PoolShare, PoolTemplate, Report, SessionClosed, SessionOpened
from ..stratum.lines import printable
from ..templates.memory import MemoryChain
from ..templates.template import TemplateSource
from .book import EXTRANONCE1_SIZE, Hashed, JobBook
from .pace import Pace
from .session import Accepted, Drop, Limits, Rejected, Session
from .vardiff import Vardiff

_TICK_S = 1.0
_WRITE_LIMIT = 1 << 18  # bytes that a slow reader may leave unread
_EASY = Fraction(1000)
_BLOCK_TRIES, _BLOCK_RETRY_S = 10, 1.0


@dataclass(frozen=True, slots=True)
class ServerSettings:
    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    difficulty: Fraction = Fraction(1, 1000)  # of a session's first job, unless it suggests one
    least_difficulty: Fraction = Fraction(1, 10**6)
    share_interval_s: float = 1.0  # what vardiff aims at
    sessions: int = 4096
    sessions_per_address: int = 4096
    handshake_s: float = 30.0  # to subscribe and authorize
    limits: Limits = field(default_factory=Limits)


class PoolServer:
    """`async with serving(PoolServer(…))`, then it listens at `address`."""

    def __init__(
        self, source: TemplateSource, settings: ServerSettings, report: Report, pace: Pace | None = None
    ) -> None:
        self.book = JobBook()
        self.sessions: dict[_Connection, Session] = {}
        self._source, self._settings, self._report = source, settings, report
        self._pace = pace if isinstance(source, MemoryChain) else None
        self._addresses: Counter[str] = Counter()
        self._next_extranonce1 = SystemRandom().randrange(256**EXTRANONCE1_SIZE)
        self._blocks: asyncio.Queue[Hashed] = asyncio.Queue()
        self._listener: asyncio.Server | None = None
        self._loop = asyncio.get_event_loop()

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) where it listens."""
        if self._listener is None:
            raise RuntimeError("the pool server is not started")
        host, port = self._listener.sockets[0].getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Listen. Raises InputError when the address cannot be had."""
        self._loop = asyncio.get_running_loop()
        s = self._settings
        try:
            self._listener = await self._loop.create_server(
                lambda: _Connection(self), s.host, s.port, start_serving=False, backlog=512
            )
        except OSError as error:
            raise InputError(f"listen on {s.host}:{s.port}: {error.strerror}; choose another with --listen") from None

    async def serve(self) -> None:
        """Run until cancelled, or until the source fails (NodeError)."""
        assert self._listener is not None
        await self._source.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._follow_templates())
                group.create_task(self._tick())
                group.create_task(self._hand_in_blocks())
        finally:
            await self._source.stop()

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.sessions):
            connection.close("the pool is stopping")
        await asyncio.sleep(0)

    async def _follow_templates(self) -> None:
        assert self._listener is not None
        async for template in self._source.templates():
            job, clean = self.book.add(template)
            difficulty = difficulty_from_target(template.target)
            self._report(
                PoolTemplate(self._source.name, template.height, len(template.transactions), float(difficulty), clean)
            )
            for connection, session in list(self.sessions.items()):
                if session.ready:
                    session.vardiff.most = self._most_difficulty(difficulty)
                    session.offer(job, clean=clean)
                    connection.flush()
            await self._listener.start_serving()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            now = self._loop.time()
            for connection, session in list(self.sessions.items()):
                session.tick(now)
                connection.flush()
                if not session.ready and now - session.opened_s > self._settings.handshake_s:
                    connection.close(f"no subscription and authorization in {self._settings.handshake_s:g} s")
            if self._pace is not None and self._pace.tick(now) and isinstance(self._source, MemoryChain):
                self._source.set_target(self._pace.target)
                self._source.refresh()

    async def _hand_in_blocks(self) -> None:
        while True:
            found = await self._blocks.get()
            template = found.job.template
            block = template.block(found.header, found.coinbase)
            reason: str | None = "the node cannot be reached"
            for _ in range(_BLOCK_TRIES):
                try:
                    reason = await self._source.submit(block, template)
                    break
                except NodeError as error:
                    reason = str(error)
                    await asyncio.sleep(_BLOCK_RETRY_S)
            name = hash_text(Header.parse(found.header).hash)
            self._report(PoolBlock(template.height, name, reason is None, reason or ""))

    # What connections ask

    def welcome(self, address: str) -> Session | str:
        """A session for a new connection, or why there is none."""
        s = self._settings
        if len(self.sessions) >= s.sessions:
            return f"{s.sessions} sessions are open, which is the limit"
        if self._addresses[address] >= s.sessions_per_address:
            return f"{s.sessions_per_address} sessions are open from this address, which is the limit"
        self._addresses[address] += 1
        extranonce1 = self._next_extranonce1.to_bytes(EXTRANONCE1_SIZE, "big")
        self._next_extranonce1 = (self._next_extranonce1 + 1) % 256**EXTRANONCE1_SIZE
        current = self.book.current
        most = self._most_difficulty(difficulty_from_target(current.target) if current else _EASY)
        vardiff = Vardiff(s.difficulty, s.least_difficulty, most, s.share_interval_s)
        return Session(extranonce1, self.book, vardiff, s.limits, self._loop.time())

    def farewell(self, address: str) -> None:
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def weighed(self, session: Session, address: str, event: Accepted | Rejected) -> None:
        """Account for a share; a block goes to the chain."""
        user = printable(session.user or "", 60)
        if isinstance(event, Rejected):
            self._report(PoolShare(address, user, event.fault.code, event.fault.text, 0.0))
            return
        hashed = event.hashed
        if self._pace is not None:
            self._pace.share(float(event.difficulty * expected_hashes(DIFFICULTY_1)))
        self._report(PoolShare(address, user, 0, "", float(difficulty_from_target(hashed.hash))))
        if hashed.is_block:
            self._blocks.put_nowait(hashed)

    def report(self, event: SessionOpened | SessionClosed) -> None:
        self._report(event)

    def _most_difficulty(self, network: Fraction) -> Fraction:
        """A share must never be harder than a block, or blocks would be lost.

        Where blocks are so easy that a device finds several a second, its own difficulty may be higher.
        """
        return max(network, _EASY)


class _Connection(asyncio.Protocol):
    """Feed, take events, write."""

    def __init__(self, server: PoolServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._host, self._address = "", ""
        self._reason = "closed by the miner"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port = (transport.get_extra_info("peername") or ("?", 0))[:2]
        self._host, self._address = host, f"{host}:{port}"
        if (sock := transport.get_extra_info("socket")) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        welcome = self._server.welcome(host)
        if isinstance(welcome, str):
            self._server.report(SessionClosed(self._address, "", "", 0, 0, welcome))
            transport.abort()
            return
        self._session = welcome
        self._server.sessions[self] = welcome
        self._server.report(SessionOpened(self._address))

    def data_received(self, data: bytes) -> None:
        session = self._session
        if session is None:
            return
        for event in session.receive(data, asyncio.get_running_loop().time()):
            match event:
                case Accepted() | Rejected():
                    self._server.weighed(session, self._address, event)
                case Drop():
                    self.close(event.reason)
                    return
                case _:
                    pass
        self.flush()

    def flush(self) -> None:
        """Send what the session has to say; a miner that does not read is dropped."""
        assert self._session is not None
        assert self._transport is not None
        if data := self._session.outgoing():
            self._transport.write(data)
        if self._transport.get_write_buffer_size() > _WRITE_LIMIT:
            self._reason = f"left {_WRITE_LIMIT} bytes unread"
            self._transport.abort()

    def close(self, reason: str) -> None:
        self._reason = reason
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        session, self._session = self._session, None
        if session is None:
            return
        del self._server.sessions[self]
        self._server.farewell(self._host)
        user, agent = printable(session.user or "", 60), printable(session.agent, 60)
        self._server.report(SessionClosed(self._address, user, agent, session.accepted, session.rejected, self._reason))


@asynccontextmanager
async def serving(server: PoolServer) -> AsyncGenerator[PoolServer]:
    """The server, listening, for the length of the block."""
    await server.start()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.serve())
        try:
            yield server
        finally:
            await server.stop()
            task.cancel()
