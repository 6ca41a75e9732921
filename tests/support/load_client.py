"""Miners by the thousand, to see how many shares and sessions a pool server bears.

    python -m tests.support.load_client [--sessions N] [--shares N] [--window N] [--rounds N]

The server runs in a process of its own, at a difficulty at which every hash is a share. Each session first works out
all its shares (one nonce, a fresh extranonce2 each), then sends them, `window` unanswered at a time. What is told is
the server's own processor time: shares accepted per second of it is what one core bears.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import time
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection

from joulehash.engine.chain.target import DIFFICULTY_1
from joulehash.engine.events import Event
from joulehash.engine.poolserver.server import PoolServer, ServerSettings, serving
from joulehash.engine.poolserver.session import Limits
from joulehash.engine.templates.memory import MemoryChain

_LOGIN = (
    b'{"id":1,"method":"mining.subscribe","params":["load"]}\n{"id":2,"method":"mining.authorize","params":["a","x"]}\n'
)
_FIRST_ID = 10


@dataclass
class Load:
    """What all sessions did together."""

    sessions: int
    shares: int  # for each session to send
    window: int
    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict[str, int])
    jobs: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    _ready: int = 0
    _done: int = 0

    def one_is_ready(self) -> None:
        self._ready += 1
        if self._ready == self.sessions:
            self.ready.set()

    def one_is_done(self) -> None:
        self._done += 1
        if self._done == self.sessions:
            self.done.set()


class LoadSession(asyncio.Protocol):
    """One miner; its shares are ready before `go`."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[bytes] = []
        self._sent = self._answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_LOGIN)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered < self._load.shares:
            self._load.refused["connection lost"] = self._load.refused.get("connection lost", 0) + 1
            self._load.one_is_done()

    def go(self) -> None:
        self._send(self._load.window)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        answered = 0
        for line in lines:
            if b'"method"' in line:
                self._told(line)
            elif not line.startswith((b'{"id":1,', b'{"id":2,')):
                answered += 1
                if b'"result":true' in line:
                    self._load.accepted += 1
                else:
                    reason = str(json.loads(line)["error"])
                    self._load.refused[reason] = self._load.refused.get(reason, 0) + 1
        self._answered += answered
        if self._answered == self._load.shares and answered:
            self._load.one_is_done()
        elif answered:
            self._send(answered)

    def _told(self, line: bytes) -> None:
        message = json.loads(line)
        if message["method"] == "mining.notify":
            self._load.jobs += 1
            if not self._lines:
                job, ntime = message["params"][0], message["params"][7]
                start = '{"id":%d,"method":"mining.submit","params":["a","' + job + '","%016x","' + ntime
                self._lines = [
                    (start % (_FIRST_ID + i, i) + '","00000000"]}\n').encode() for i in range(self._load.shares)
                ]
                self._load.one_is_ready()

    def _send(self, count: int) -> None:
        batch = self._lines[self._sent : self._sent + count]
        self._sent += len(batch)
        if batch and self._transport is not None:
            self._transport.write(b"".join(batch))


@dataclass(frozen=True)
class Figures:
    sessions: int
    accepted: int
    refused: dict[str, int]
    wall_s: float
    server_cpu_s: float
    server_rss_mb: float  # the most it had
    job_wall_s: float  # until a new job had reached every session


def run_load(sessions: int, shares: int, window: int = 16) -> Figures:
    """Raises ConnectionError when sessions cannot be opened."""
    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=_serve, args=(theirs, sessions), daemon=True)
    server.start()
    try:
        return asyncio.run(_load(ours, sessions, shares, window))
    finally:
        ours.send("stop")
        server.join(10.0)


async def _load(server: Connection, sessions: int, shares: int, window: int) -> Figures:
    loop = asyncio.get_running_loop()
    host, port = await loop.run_in_executor(None, server.recv)
    load = Load(sessions, shares, window)
    miners: list[LoadSession] = []
    for _ in range(sessions):
        _, miner = await loop.create_connection(lambda: LoadSession(load), host, port)
        miners.append(miner)
    await load.ready.wait()
    cpu_before_s, _ = await _ask(server, "cpu")
    began_s = loop.time()
    for miner in miners:
        miner.go()
    await load.done.wait()
    wall_s = loop.time() - began_s
    cpu_s, rss_mb = await _ask(server, "cpu")
    load.jobs, began_s = 0, loop.time()
    await _ask(server, "refresh")
    async with asyncio.timeout(30.0):
        while load.jobs < sessions:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    job_wall_s = loop.time() - began_s
    for miner in miners:
        miner.close()
    return Figures(sessions, load.accepted, load.refused, wall_s, cpu_s - cpu_before_s, rss_mb, job_wall_s)


async def _ask(server: Connection, what: str) -> tuple[float, float]:
    server.send(what)
    answer: tuple[float, float] = await asyncio.get_running_loop().run_in_executor(None, server.recv)
    return answer


def _serve(control: Connection, sessions: int) -> None:
    """The server's process."""
    asyncio.run(_serving(control, sessions))


async def _serving(control: Connection, sessions: int) -> None:
    easy = Fraction(1, 10**12)
    limits = Limits(shares_per_s=1e9, burst=1e9, shares_per_job=1 << 30)
    settings = ServerSettings(
        difficulty=easy, least_difficulty=easy, share_interval_s=1e-9, sessions=sessions + 1, limits=limits
    )
    events = [0]

    def report(event: Event) -> None:
        events[0] += 1

    chain, loop = MemoryChain(DIFFICULTY_1, refresh_s=3600.0, transactions=2048), asyncio.get_running_loop()
    async with serving(PoolServer(chain, settings, report)) as server:
        control.send(server.address)
        while (asked := await loop.run_in_executor(None, control.recv)) != "stop":
            if asked == "refresh":
                chain.refresh()
            control.send((time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    parser = argparse.ArgumentParser(description="How many shares and sessions the pool server bears.")
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--shares", type=int, default=200, help="for each session")
    parser.add_argument("--window", type=int, default=16, help="shares that may be unanswered")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for _ in range(given.rounds):
        f = run_load(given.sessions, given.shares, given.window)
        print(
            f"{f.sessions} sessions: {f.accepted} shares accepted, {f.refused or 'none'} refused, "
            f"{f.accepted / f.wall_s:.0f}/s by the clock, {f.accepted / f.server_cpu_s:.0f} per second of the server's "
            f"processor; {f.server_rss_mb:.0f} MB; a new job reached all in {1000 * f.job_wall_s:.0f} ms"
        )


if __name__ == "__main__":
    main()
