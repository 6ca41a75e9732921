"""A pool on the network in memory that lives for hours: goes down, comes back, falls silent, rejects.

Unlike FakePool it follows no script: it does as its fields say at each moment, and writes down what came and when.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

from joulehash.engine.chain.header import Header, double_sha256, header_number
from joulehash.engine.chain.merkle import fold
from joulehash.engine.chain.target import target_from_difficulty
from joulehash.engine.pools.url import PoolURL
from joulehash.engine.stratum.messages import Notify, Submit

from .fake_pool import EASIEST, MASK, Tell, job
from .virtual_net import MemoryListener, Network

ACCEPTED: tuple[object, object] = (True, None)
REJECTED: tuple[object, object] = (None, [20, "not liked", None])


@dataclass(eq=False)
class LivePool:
    network: Network
    port: int
    extranonce1: str = "aabbccdd"  # the same at all of them, as are the job ids
    job_every_s: float = 30.0
    block: int = 1
    difficulty: float = 1e-12  # every hash is a share
    mute: bool = False  # reads, and says nothing any more
    jobless: bool = False  # authorizes, and gives no work
    refuses: bool = False  # every user
    at_once: bool = False  # another difficulty counts for jobs that were given before
    answer: tuple[object, object] | None = ACCEPTED  # to a share that is in order; None: none at all
    beside: dict[str, object] = field(default_factory=dict[str, object])  # stands beside each result
    refused: list[str] = field(default_factory=list[str])  # why shares were not in order
    opened_s: list[float] = field(default_factory=list[float])
    closed_s: list[float] = field(default_factory=list[float])
    authorized: list[list[object]] = field(default_factory=list[list[object]])  # params, as of the next two
    submits: list[list[object]] = field(default_factory=list[list[object]])
    suggested: list[list[object]] = field(default_factory=list[list[object]])
    talks: set[_Talk] = field(default_factory=set["_Talk"])
    _listener: MemoryListener | None = None

    @property
    def url(self) -> PoolURL:
        return PoolURL("10.0.0.1", self.port)

    async def up(self) -> None:
        if self._listener is None:
            self._listener, *_ = await self.network.listen(lambda: _Talk(self), port=self.port)
            await self._listener.start_serving()

    def down(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for talk in list(self.talks):
            talk.transport.abort()

    def tell(self, method: str, params: list[object]) -> None:
        """To all that are authorized."""
        for talk in self.talks:
            if talk.ready:
                talk.tell(method, params)

    def set_difficulty(self, difficulty: float) -> None:
        self.difficulty = difficulty
        self.tell(EASIEST.method, [difficulty])

    def new_block(self) -> None:
        self.block += 1
        for talk in self.talks:
            talk.give(clean=True)


@dataclass(frozen=True)
class _Given:
    """A job, and what counted when it was given."""

    notify: Notify
    extranonce1: str
    difficulty: float

    def number(self, submit: Submit) -> int:
        """The hash of a share, as compared with targets."""
        given = self.notify
        coinbase = given.coinb1 + bytes.fromhex(self.extranonce1) + submit.extranonce2 + given.coinb2
        root = fold(double_sha256(coinbase), given.branches)
        version = given.version & ~MASK | (submit.version_bits or 0)
        return header_number(Header(version, given.prev_hash, root, submit.ntime, given.nbits, submit.nonce).pack())


class _Talk(asyncio.Protocol):
    """One connection."""

    def __init__(self, pool: LivePool) -> None:
        self.pool, self.ready = pool, False
        self.extranonce1 = pool.extranonce1
        self._rest, self._n_jobs = b"", 0
        self._jobs: dict[object, _Given] = {}
        self._seen: set[int] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._answers: dict[object, Callable[[dict[str, object]], tuple[object, object]]] = {
            "mining.configure": lambda _: ({"version-rolling": True, "version-rolling.mask": f"{MASK:08x}"}, None),
            "mining.subscribe": lambda _: ([[["mining.notify", "s"]], self.extranonce1, 4], None),
            "mining.authorize": self._authorize,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.pool.talks.add(self)
        self.pool.opened_s.append(asyncio.get_running_loop().time())

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.pool.talks.discard(self)
        self.pool.closed_s.append(asyncio.get_running_loop().time())
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def tell(self, method: str, params: list[object]) -> None:
        self._write({"id": None, "method": method, "params": params})

    def give(self, *, clean: bool) -> None:
        if not self.ready or self.pool.jobless:
            return
        self._n_jobs += 1
        self.extranonce1 = self.pool.extranonce1  # another one counts from the next job on
        if clean:
            self._jobs.clear()
        name = str(self._n_jobs)
        self.repeat(name, job(name, self.pool.block, clean, 1_700_000_000 + self._n_jobs))

    def repeat(self, name: str, notify: Tell) -> None:
        """Give a job, be it one that was given before."""
        self._jobs[name] = _Given(Notify.decode(notify.params), self.extranonce1, self.pool.difficulty)
        self.tell(notify.method, notify.params)
        self._again()

    def _again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self.pool.job_every_s, lambda: self.give(clean=False))

    def _hear(self, request: dict[str, object]) -> None:
        params = _params(request)
        match request["method"]:
            case "mining.submit":
                self.pool.submits.append(params)
                answer = self._weigh(Submit.decode(params))
                if answer is not None:
                    self._answer(request, answer)
            case "mining.suggest_difficulty":
                self.pool.suggested.append(params)
            case method if method in self._answers:
                self._answer(request, self._answers[method](request))
            case method:
                raise AssertionError(f"{method!r} is nothing that a miner asks")
        if self.ready and not self._n_jobs:
            self.tell(EASIEST.method, [self.pool.difficulty])
            self.give(clean=True)

    def _authorize(self, request: dict[str, object]) -> tuple[object, object]:
        params = _params(request)
        self.pool.authorized.append(params)
        self.ready = not self.pool.refuses
        return (True, None) if self.ready else (None, [24, "no such user", None])

    def _weigh(self, submit: Submit) -> tuple[object, object] | None:
        """As a pool that trusts nobody: the header is made anew from what this connection was given."""
        given = self._jobs.get(submit.job)
        if given is None:
            return self._refuse(21, "Job not found")
        number = given.number(submit)
        difficulty = self.pool.difficulty if self.pool.at_once else given.difficulty
        if number > target_from_difficulty(Fraction(str(difficulty))):
            return self._refuse(23, "Low difficulty share")
        if number in self._seen:
            return self._refuse(22, "Duplicate share")
        self._seen.add(number)
        return self.pool.answer

    def _refuse(self, code: int, reason: str) -> tuple[object, object]:
        self.pool.refused.append(reason)
        return None, [code, reason, None]

    def _answer(self, request: dict[str, object], answer: tuple[object, object]) -> None:
        self._write({"id": request["id"], "result": answer[0], "error": answer[1], **self.pool.beside})

    def _write(self, message: dict[str, object]) -> None:
        if not self.pool.mute:
            self.transport.write(json.dumps(message).encode() + b"\n")


def _params(request: dict[str, object]) -> list[object]:
    params = request["params"]
    assert isinstance(params, list)
    return cast("list[object]", params)
