"""The embedded pool as a Pool: a pool server on a loopback port of its own, and a real TCP connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from fractions import Fraction
from time import time

from ..chain.target import DIFFICULTY_1, expected_hashes
from ..crash import crash
from ..events import Event, PoolBlock, Report
from ..judge import Verdict
from ..pool import Demand, PoolStats
from ..poolserver.pace import Pace, interval_of
from ..poolserver.server import Listen, PoolServer, ServerSettings, listen_tcp
from ..stratum.client import Settings
from ..tally import Outcome, Result
from ..templates.memory import MemoryChain
from ..work import Job
from .connect import Connect, connect
from .stratum import StratumPool
from .url import PoolURL

_UNKNOWN_HPS = 2e6  # of a device that cannot tell before it runs
_RETRY_S = 1.0


class EmbeddedPool:
    """Mines a chain in memory, on which a block is expected every `block_every_s` at the rate of the devices.

    listen, connect  for tests: how its two ends meet
    clock            of the chain: seconds since 1970, which stand in its headers
    """

    def __init__(
        self,
        settings: Settings,
        report: Report,
        block_every_s: float = 60.0,
        listen: Listen = listen_tcp,
        connect: Connect = connect,
        clock: Callable[[], float] = time,
    ) -> None:
        self._settings, self._report, self._block_every_s = settings, report, block_every_s
        self._listen, self._connect, self._clock = listen, connect, clock
        self._server: asyncio.Task[None] | None = None
        self._inner: StratumPool | None = None
        self._started = asyncio.Event()

    @property
    def name(self) -> str:
        return "the embedded pool" if self._inner is None else f"the embedded pool, {self._inner.name}"

    async def start(self, demand: Demand) -> None:
        rate_hps = demand.rate_hps or _UNKNOWN_HPS
        pace = Pace(self._block_every_s, rate_hps)
        interval_s = interval_of(demand)
        if self._settings.suggest_difficulty is None:  # as the server will have it anyway
            share = Fraction(rate_hps * interval_s) / expected_hashes(DIFFICULTY_1)
            self._settings = replace(self._settings, suggest_difficulty=Fraction(f"{float(share):.2g}"))
        chain = MemoryChain(pace.target, clock=self._clock)

        def make(port: int) -> PoolServer:
            settings = ServerSettings(port=port, share_interval_s=interval_s)
            return PoolServer(chain, settings, self._only_blocks, pace, self._listen)

        server = make(0)
        await server.start()
        self._inner = StratumPool(PoolURL(*server.address), self._settings, self._report, connect=self._connect)
        self._server = asyncio.create_task(self._serve(server, make), name="embedded pool")
        await self._until_it_listens(server, self._server)
        await self._inner.start(demand)
        self._started.set()

    async def _serve(self, server: PoolServer, make: Callable[[int], PoolServer]) -> None:
        """For ever: a server with a bug in it is begun anew where it was, and our client finds it again."""
        (_, port), first = server.address, True
        while True:
            try:
                if not first:
                    await server.start()
                await server.serve()
            except Exception as error:
                if first and not server.listening.is_set():
                    raise
                self._report(crash("the embedded pool", error, _RETRY_S))
            await asyncio.sleep(_RETRY_S)
            server, first = make(port), False

    async def jobs(self) -> AsyncIterator[Job | None]:
        await self._started.wait()
        assert self._inner is not None
        async for job in self._inner.jobs():
            yield job

    async def submit(self, share: Verdict) -> Result:
        if self._inner is None:
            return Result(Outcome.LOST, "not connected")
        return await self._inner.submit(share)

    def stats(self) -> PoolStats:
        return PoolStats() if self._inner is None else self._inner.stats()

    async def stop(self) -> None:
        if self._inner is not None:
            await self._inner.stop()
        if self._server is not None:
            self._server.cancel()
            await asyncio.wait([self._server])
            self._server = None

    @staticmethod
    async def _until_it_listens(server: PoolServer, serving: asyncio.Task[None]) -> None:
        """Raises what the server fails with before that."""
        listening = asyncio.create_task(server.listening.wait())
        try:
            await asyncio.wait([serving, listening], return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
        if serving.done():
            serving.result()

    def _only_blocks(self, event: Event) -> None:
        """Its sessions and shares are our own; the client's side tells of them."""
        if isinstance(event, PoolBlock):
            self._report(event)
