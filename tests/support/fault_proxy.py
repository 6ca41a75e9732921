"""A proxy between a miner and a pool that hurts what passes, by a seeded random, and knows what passed.

It works on any streams: `meet` is a server's callback, `dial` opens the way to the pool, so that the same faults run in
virtual time and over sockets. Each complete line that comes, either way, may be a fault's victim while its burst
lasts. It notes each share that reached the pool and what the pool answered, and where it has itself led a miner astray:
`confused` links have lost, repeated or reordered what the pool told, so low difficulties there are not the miner's.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from joulehash.engine.stratum.lines import Request, Response, decode_line
from joulehash.engine.stratum.results import Answer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Share = tuple[object, ...]  # job, extranonce2, ntime, nonce, version bits

BOTH = ("delay", "half line", "merge", "duplicate", "reorder", "garbage", "silence", "loss", "reset", "close", "slow")
FROM_POOL = ("redirect", "dead redirect", "hijack")
KINDS = (*BOTH, *FROM_POOL, "clock jump")
_STRAYS = ("duplicate", "reorder", "garbage")  # what they do to the pool's words can lead a miner astray
_NO_JSON = b"\x00\xff\x1b[31m"  # in any place of a line it makes the line one that cannot be understood


@dataclass(frozen=True)
class Cut:
    """The end of a link when so many bytes have passed in one direction."""

    of: str  # who speaks
    after: int  # bytes
    close: bool = False  # in good order, and not by a reset


@dataclass
class Link:
    """One connection through the proxy, and its account."""

    client: asyncio.StreamWriter
    pool: asyncio.StreamWriter
    confused: bool = False
    repeated: bool = False  # lines of the miner were sent twice
    swallows: set[str] = field(default_factory=set[str])  # directions in which bytes stop
    sent: Counter[Share] = field(default_factory=Counter[Share])  # by the miner
    asked: dict[object, Share] = field(default_factory=dict[object, Share])  # the same, by id
    jobs: set[object] = field(default_factory=set[object])  # that the pool has told of
    codes: Counter[int] = field(default_factory=Counter[int])  # of the pool's refusals of shares
    passed: Counter[str] = field(default_factory=Counter[str])  # bytes, by direction
    cut: Cut | None = None

    def reset(self) -> None:
        self.client.transport.abort()
        self.pool.transport.abort()

    def close(self) -> None:
        self.client.close()
        self.pool.close()


@dataclass
class Burst:
    """So many faults are still to come, at any of the proxies that share it."""

    left: int = 0
    spent: asyncio.Event = field(default_factory=asyncio.Event)
    last: tuple[float, str] = (0.0, "")  # when the latest fault was, and which

    def begin(self, faults: int) -> None:
        self.left = faults
        self.spent.clear()

    def take(self, kind: str) -> None:
        self.left -= 1
        if not self.left:
            self.spent.set()
        self.last = asyncio.get_running_loop().time(), kind


@dataclass
class FaultProxy:
    dial: Callable[[], Awaitable[Streams]]
    random: Random
    scale: float = 1.0  # of all times
    kinds: tuple[str, ...] = KINDS
    likely: float = 0.5  # that a line meets a fault while armed
    here: tuple[str, int] = ("", 0)  # where redirects may lead back to the proxy
    jump: Callable[[], None] = lambda: None
    burst: Burst = field(default_factory=Burst)
    next_cut: Cut | None = None  # of the next connection
    faults: Counter[str] = field(default_factory=Counter[str])
    links: list[Link] = field(default_factory=list[Link])
    wrong: list[str] = field(default_factory=list[str])  # shares that no miner should have sent
    excused: Counter[int] = field(default_factory=Counter[int])
    repeated: bool = False  # on some link
    _tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(list(self._tasks))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_pool, to_pool = await self.dial()
        except OSError:
            writer.transport.abort()
            return
        link = Link(writer, to_pool, cut=self.next_cut)
        self.next_cut = None
        self.links[-64:] = [*self.links[-63:], link]
        ways = (Way(self, link, "miner", reader, to_pool), Way(self, link, "pool", from_pool, writer))
        pumps = [asyncio.create_task(way.pump()) for way in ways]
        try:
            done, _ = await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in done:
                pump.result()
            for writing in (writer, to_pool):
                writing.close()
            await asyncio.sleep(self.scale)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)
            link.reset()

    def drawn(self, way: str) -> str | None:
        """The fault that this line meets."""
        if self.burst.left <= 0 or self.random.random() >= self.likely:
            return None
        kind = self.random.choice(self.kinds)
        if way == "miner" and kind in FROM_POOL:
            return None
        self.burst.take(kind)
        self.faults[kind] += 1
        return kind

    def answered(self, link: Link, share: Share, code: int) -> None:
        """The pool has refused a share: was the miner to blame?"""
        link.codes[code] += 1
        if code == 21 and share[0] in link.jobs:
            return  # another block was found meanwhile
        if (code == 22 and link.repeated) or (code == 23 and link.confused):
            self.excused[code] += 1
        else:
            self.wrong.append(f"{share} was refused with {code}")


class Way:
    """One direction of a link: `of` is who speaks."""

    def __init__(
        self, proxy: FaultProxy, link: Link, of: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._proxy, self._link, self._of, self._reader, self._writer = proxy, link, of, reader, writer
        self._rest = b""

    async def pump(self) -> None:
        with suppress(ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            while data := await self._reader.read(1 << 16):
                await self._take(data)

    async def _take(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._note(line)
        if self._of in self._link.swallows:
            return
        for i, line in enumerate(lines):
            kind = self._proxy.drawn(self._of)
            later = [one + b"\n" for one in lines[i + 1 : i + 2]]
            if kind == "reorder" and later:  # the next is there: swap them
                lines[i + 1] = line
                self._stray(kind)
                self._write(later[0])
            elif kind is None:
                self._write(line + b"\n")
            else:
                await self._hurt(kind, line + b"\n")

    async def _hurt(self, kind: str, line: bytes) -> None:
        random, link, scale = self._proxy.random, self._link, self._proxy.scale
        if kind in _STRAYS:
            self._stray(kind)
        match kind:
            case "delay":
                await asyncio.sleep(random.expovariate(0.2) * scale)
                self._write(line)
            case "half line":
                at = random.randrange(len(line))
                self._write(line[:at])
                await asyncio.sleep(random.choice((0.01, 1.0, 10.0)) * scale)
                self._write(line[at:])
            case "merge" | "reorder":
                await self._gather(line, random.choice((1.0, 5.0)) * scale, swap=kind == "reorder")
            case "duplicate":
                self._write(line * random.choice((2, 2, 3)))
            case "garbage":
                at = random.choice((0, len(line), random.randrange(len(line))))
                noise = random.randbytes(random.choice((1, 20, 3000))).replace(b"\n", b"") + _NO_JSON
                self._write(line[:at] + noise + random.choice((b"", b"\n")) + line[at:])
            case "silence":
                link.swallows.add(self._of)
            case "loss":
                link.swallows |= {"miner", "pool"}
            case "reset":
                self._write(line[: random.randrange(len(line) + 1)])
                link.reset()
            case "close":
                self._write(line[: random.randrange(len(line) + 1)])
                link.close()
            case "slow":
                for i in range(len(line)):
                    self._write(line[i : i + 1])
                    await asyncio.sleep(random.choice((0.01, 0.2)) * scale)
            case "redirect" | "dead redirect" | "hijack":
                self._write(line + self._redirect(kind))
            case _:
                self._write(line)
                self._proxy.jump()

    def _redirect(self, kind: str) -> bytes:
        host, port = self._proxy.here
        places: dict[str, list[object]] = {
            "redirect": ["", port, self._proxy.random.choice((0, 0, 5))],
            "dead redirect": [host, 9, 0],  # nothing listens
            "hijack": ["206.223.224.225", port, 0],
        }
        where = places[kind]
        return json.dumps({"id": None, "method": "client.reconnect", "params": where}).encode() + b"\n"

    async def _gather(self, line: bytes, wait_s: float, *, swap: bool) -> None:
        """Hold a line until another has come, or nothing has for a time; then both leave in one write."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                data = await self._reader.read(1 << 16)
                *lines, self._rest = (self._rest + data).split(b"\n")
                for one in lines:
                    self._note(one)
                others = b"".join(one + b"\n" for one in lines)
                line = others + line if swap else line + others
        self._write(line)

    def _stray(self, kind: str) -> None:
        if self._of == "pool":
            self._link.confused = True
        elif kind == "duplicate":
            self._link.repeated = self._proxy.repeated = True

    def _write(self, data: bytes) -> None:
        link = self._link
        if self._of in link.swallows or self._writer.transport.is_closing():
            return
        if (cut := link.cut) is not None and cut.of == self._of:
            left = cut.after - link.passed[self._of]
            if left <= len(data):
                self._writer.write(data[:left])
                link.passed[self._of] += left
                link.swallows |= {"miner", "pool"}
                end = link.close if cut.close else link.reset
                asyncio.get_running_loop().call_later(0.02 * self._proxy.scale, end)  # let it arrive
                return
        link.passed[self._of] += len(data)
        self._writer.write(data)

    def _note(self, line: bytes) -> None:
        """Keep account of what the two really said, before anything happens to it."""
        said, link = decode_line(line), self._link
        if isinstance(said, Request) and said.method == "mining.submit" and self._of == "miner":
            share: Share = tuple(said.params[1:])
            link.sent[share] += 1
            link.asked[said.id] = share
            if link.sent[share] > 1:
                self._proxy.wrong.append(f"{share} was sent twice")
        elif isinstance(said, Request) and said.method == "mining.notify":
            link.jobs.add(said.params[0])
        elif isinstance(said, Response) and said.error is not None and (share := link.asked.get(said.id, ())):
            code = Answer.decode(said.result, said.error).code
            self._proxy.answered(link, share, code or 0)
