"""A pool that plays a script, and remembers what was not in it.

A script is a list of steps, one script a connection: (what the client must send, what it is told then …). What it
must send is a method's name, or None: the pool speaks by itself. What it is told are the values below or raw bytes.
At the end `FakePool.check()` says that nothing unexpected came and nothing was left over.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

from joulehash.engine.pools.url import PoolURL
from joulehash.engine.stratum.messages import Notify

from .virtual_net import Network


@dataclass(frozen=True)
class Answer:
    """To the request just read."""

    result: object
    error: object = None


@dataclass(frozen=True)
class Tell:
    """A notification, or a request with an id."""

    method: str
    params: list[object] = field(default_factory=list[object])
    id: object = None


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Close:
    """The pool ends the connection."""


@dataclass(frozen=True)
class Reset:
    """The pool's machine resets it."""


@dataclass(frozen=True)
class HalfClose:
    """The pool will send no more, and reads on."""


@dataclass(frozen=True)
class Flood:
    """So many bytes without a line's end."""

    size: int


Action = Answer | Tell | Pause | Close | Reset | HalfClose | Flood | bytes
Step = tuple[str | Action | None, ...]  # what must come, then what is told
Script = Sequence[Step]
REST = "what else it sends"  # as the last step: anything may follow, and is kept in `requests`

EASIEST = Tell("mining.set_difficulty", [1e-12])  # every hash is a share
MASK = 0x1FFFE000
CONFIGURED = Answer({"version-rolling": True, "version-rolling.mask": f"{MASK:08x}"})


def subscribed(extranonce1: str = "aabbccdd", size: int = 4) -> Answer:
    return Answer([[["mining.notify", "session"]], extranonce1, size])


def job(
    name: str = "1", block: int = 1, clean: bool = True, ntime: int = 1_700_000_000, nbits: int = 0x1D00FFFF
) -> Tell:
    """A job on block number `block`, which only says that its previous block is another."""
    prev_hash = block.to_bytes(32, "big")
    coinb1 = bytes.fromhex("0100000001" + "00" * 32 + "ffffffff1403") + block.to_bytes(3, "little")
    notify = Notify(name, prev_hash, coinb1, b"\xff" * 8, (bytes(32),), 0x20000000, nbits, ntime, clean)
    return Tell(Notify.method, notify.encode())


def handshake(*then: Action, extranonce1: str = "aabbccdd") -> list[Step]:
    """As a good pool does it, and what follows at once: by default the easiest difficulty and a job."""
    work = then or (EASIEST, job())
    authorize: Step = ("mining.authorize", Answer(True), *work)
    return [("mining.configure", CONFIGURED), ("mining.subscribe", subscribed(extranonce1)), authorize]


@dataclass
class FakePool:
    scripts: Sequence[Script]
    requests: list[dict[str, object]] = field(default_factory=list[dict[str, object]])  # of all connections
    faults: list[str] = field(default_factory=list[str])
    opened_s: list[float] = field(default_factory=list[float])  # when each connection came
    _talks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def methods(self) -> list[object]:
        return [request.get("method") for request in self.requests]

    def check(self) -> None:
        assert not self.faults
        assert len(self.opened_s) >= len(self.scripts), f"{len(self.opened_s)} connections came"

    @asynccontextmanager
    async def on_tcp(self, tls: SSLContext | None = None, host: str = "127.0.0.1") -> AsyncGenerator[PoolURL]:
        server = await asyncio.start_server(self._meet, host, 0, ssl=tls, limit=1 << 22)
        try:
            yield PoolURL(host, server.sockets[0].getsockname()[1], tls is not None)
        finally:
            server.close()
            await self._end()

    @asynccontextmanager
    async def on(self, network: Network, port: int = 0) -> AsyncGenerator[PoolURL]:
        def factory() -> asyncio.Protocol:
            reader = asyncio.StreamReader(limit=1 << 22)
            return asyncio.StreamReaderProtocol(reader, self._meet)

        listener, host, port = await network.listen(factory, port=port)
        await listener.start_serving()
        try:
            yield PoolURL(host, port)
        finally:
            listener.close()
            await self._end()

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(self.opened_s)
        self.opened_s.append(asyncio.get_running_loop().time())
        if number >= len(self.scripts):
            self.faults.append(f"connection {number + 1}: there is no script for it")
            writer.transport.abort()
            return
        talk = asyncio.create_task(self._play(self.scripts[number], reader, writer))
        self._talks.add(talk)

    async def _end(self) -> None:
        for talk in self._talks:
            talk.cancel()
        if self._talks:
            await asyncio.wait(self._talks)
        for talk in self._talks:
            if not talk.cancelled():
                talk.result()

    async def _play(self, script: Script, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = list(script)
        try:
            while left:
                expected, *actions = left[0]
                if expected == REST:
                    left.clear()
                    while line := await reader.readline():
                        self.requests.append(json.loads(line))
                    return
                identity: object = None
                if expected is not None:
                    line = await reader.readline()
                    request: dict[str, object] = json.loads(line or b"{}")
                    self.requests.append(request)
                    if request.get("method") != expected:
                        self.faults.append(f"expected {expected!r}, came {line!r}")
                        return
                    identity = request.get("id")
                del left[0]
                for action in actions:
                    await _act(action, identity, writer)
            if line := await reader.readline():
                self.faults.append(f"nothing more was expected, came {line!r}")
        except ConnectionError:
            pass  # the client has gone; what it left undone is told below
        finally:
            self.faults += [f"was not asked for {step[0]!r}" for step in left if step[0] not in (None, REST)]
            if not writer.transport.is_closing():
                writer.transport.abort()


async def _act(action: str | Action | None, identity: object, writer: asyncio.StreamWriter) -> None:
    match action:
        case Answer():
            writer.write(_line({"id": identity, "result": action.result, "error": action.error}))
        case Tell():
            writer.write(_line({"id": action.id, "method": action.method, "params": action.params}))
        case Pause():
            await asyncio.sleep(action.seconds)
        case Close():
            writer.close()
        case Reset():
            await writer.drain()
            sock: socket.socket | None = writer.get_extra_info("socket")
            if sock is not None:  # a close with this option is a reset
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await asyncio.sleep(0.05)  # let it read what was sent
            writer.transport.abort()
        case HalfClose():
            writer.write_eof()
        case Flood():
            piece = b"x" * (1 << 20)
            for _ in range(action.size >> 20):
                writer.write(piece)
                await writer.drain()
        case bytes():
            writer.write(action)
        case _:
            raise AssertionError(f"{action!r} is nothing that a pool does")


def _line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"
