"""A device on virtual time that really searches: now and then it finds a nonce that meets the target of its work.

It is given headers as a board is, begins each with nonce 0, and can be told its rate.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from joulehash.engine.chain.header import header_number
from joulehash.engine.device import Capabilities, DeviceStats
from joulehash.engine.work import Assignment, Found

from .fakes import FakeDevice


class SteadyDevice(FakeDevice):
    def __init__(self, name: str = "steady", every_s: float = 3.0, rate_hps: float = 1e9) -> None:
        super().__init__(name)
        self.every_s, self.rate_hps = every_s, rate_hps
        self.capabilities = Capabilities(version_bits=2, nominal_hps=rate_hps)
        self.worked: list[tuple[float, str | None]] = []  # since when for which pool; None: idle
        self._assignment: Assignment | None = None
        self._next_nonce = 0
        self._done, self._since_s = 0.0, 0.0
        self._searching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await super().start()
        self._searching = asyncio.create_task(self._search())

    def give(self, assignment: Assignment | None, *, clean: bool) -> None:
        self._count()
        self._assignment, self._next_nonce = assignment, 0
        self.worked.append((asyncio.get_running_loop().time(), None if assignment is None else assignment.job.pool))
        super().give(assignment, clean=clean)

    def stats(self) -> DeviceStats:
        self._count()
        return replace(super().stats(), hashes=int(self._done))

    async def stop(self) -> None:
        if self._searching is not None:
            self._searching.cancel()
            await asyncio.wait([self._searching])
            self._searching = None
        await super().stop()

    async def _search(self) -> None:
        while True:
            await asyncio.sleep(self.every_s)
            if self.work is not None:
                self._find_next()

    def _find_next(self) -> None:
        work = self.work
        assert work is not None
        now = asyncio.get_running_loop().time()
        for nonce in range(self._next_nonce, self._next_nonce + 100_000):
            found = Found(self.name, (work,), nonce, work.versions[0], work.ntime, now)
            if header_number(work.header(found.version, found.ntime, nonce)) <= work.claim_target:
                self._next_nonce = nonce + 1
                self._claims.put_nowait(found)
                return
        raise AssertionError("not easy enough for a test")

    def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._assignment is not None:
            self._done += self.rate_hps * (now - self._since_s)
        self._since_s = now
