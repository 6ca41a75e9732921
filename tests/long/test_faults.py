"""The fault proxy between the real miner and the real pool: every share is accounted for, whatever happens to the line.

How it hurts and what it knows: tests/support/fault_proxy.py; the account: tests/support/under_faults.py. `make soak`
plays ten times as many.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

import msgspec
import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.judge import Fate, Judge, Verdict
from joulehash.engine.pool import Demand
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.member import Member
from joulehash.engine.pools.stratum import StratumPool
from joulehash.engine.stratum.client import ClientProtocol
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.work import Job
from tests.support.bad_miner import KINDS as ATTACKS
from tests.support.fault_proxy import KINDS, Cut
from tests.support.shares import share_of
from tests.support.under_faults import Stage, WatchedPool, attacked, grouped, in_virtual_time, sockets, virtual

pytestmark = pytest.mark.long

SCHEDULES, FAULTS = 20, 500  # 10 000


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_random_schedules(seed: int) -> None:
    account = virtual(seed, FAULTS)
    assert account.wrong == []
    assert account.faults.total() >= FAULTS
    assert set(account.faults) == set(KINDS)
    assert account.found == sum(account.outcomes.values())
    assert account.accepted_by_pool == account.outcomes["accepted"] + account.unheard + account.repeated
    assert account.outcomes["accepted"] > FAULTS / 10
    assert account.sessions > FAULTS / 10


@pytest.mark.parametrize("quotas", [(), (2, 1)], ids=["in order", "by quota"])
@pytest.mark.parametrize("seed", range(2))
def test_random_schedules_of_two_pools(seed: int, quotas: tuple[int, ...]) -> None:
    """Nothing of one reaches the other, and work comes of one or the other."""
    account = grouped(seed, FAULTS, quotas)
    assert account.wrong == []
    assert account.faults.total() >= FAULTS
    assert account.found == sum(account.outcomes.values())
    assert account.accepted_by_pool == account.outcomes["accepted"] + account.unheard + account.repeated
    assert account.outcomes["accepted"] > FAULTS / 10
    assert account.sessions > FAULTS / 10


@pytest.mark.alone
def test_three_hundred_over_sockets() -> None:
    account = sockets(1, 300)
    assert account.wrong == []
    assert account.faults.total() >= 300
    assert account.found == sum(account.outcomes.values())


@pytest.mark.parametrize("seed", range(2))
def test_miners_that_misbehave_are_not_felt_by_one_beside_them(seed: int) -> None:
    account, bad = attacked(seed, 150)
    assert account.wrong == []
    assert bad.attacks.total() >= 150
    assert set(bad.attacks) == set(ATTACKS)
    assert set(account.outcomes) <= {"accepted", "stale"}
    assert account.outcomes["accepted"] > 50
    assert account.sessions == 1
    assert account.slowest_s < 0.1


# The account itself


def cheated(monkeypatch: pytest.MonkeyPatch, submit: Callable[..., Result | None]) -> str:
    monkeypatch.setattr(ClientProtocol, "submit", submit)
    wrong = [line for seed in range(12) for line in virtual(seed, 60).wrong]
    assert wrong
    return wrong[0]


_honest = ClientProtocol.submit


def test_a_miner_that_submits_shares_of_a_lost_session_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(client: ClientProtocol, share: Verdict, now: float, *, again: bool = False) -> Result | None:
        client.session = share.work.job.session
        return _honest(client, share, now, again=again)

    def fresh(*_: object) -> Fate:
        return Fate.FRESH

    monkeypatch.setattr(Judge, "_fate", fresh)
    assert "was refused with" in cheated(monkeypatch, submit)


def test_a_miner_that_submits_twice_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(client: ClientProtocol, share: Verdict, now: float, *, again: bool = False) -> Result | None:
        _honest(client, share, now, again=again)
        return _honest(client, share, now, again=again)

    assert "was sent twice" in cheated(monkeypatch, submit)


def test_a_miner_that_counts_what_the_pool_has_not_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(client: ClientProtocol, share: Verdict, now: float, *, again: bool = False) -> Result | None:
        return _honest(client, share, now, again=again) if share.found.nonce % 2 else Result(Outcome.ACCEPTED)

    assert "counts for the miner and not for the pool" in cheated(monkeypatch, submit)


def test_a_miner_that_takes_a_share_to_another_pool_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    async def submit(group: PoolGroup, share: Verdict) -> Result:
        honest = StratumPool.submit
        members: list[Member] = vars(group)["_members"]
        for member in members:
            other = member.job
            if member.name != share.work.job.pool and other is not None:
                job = replace(share.work.job, session=other.session, id=other.id)
                share = msgspec.structs.replace(share, work=replace(share.work, job=job))
                return await honest(cast("StratumPool", member.pool), share)
        return Result(Outcome.LOST)

    monkeypatch.setattr(PoolGroup, "submit", submit)
    wrong = [line for seed in range(4) for line in grouped(seed, 60, (1, 1)).wrong]
    assert any("was refused with 23" in line for line in wrong), wrong[:3]


# A reset at every byte


class Miner:
    """A pool's client, and the newest job that it was given."""

    def __init__(self, pool: WatchedPool) -> None:
        self.pool = pool
        self.job: Job | None = None
        self.changed = asyncio.Event()

    async def read(self) -> None:
        async for job in self.pool.jobs():
            self.job = job
            self.changed.set()

    async def next_job(self) -> Job:
        async with asyncio.timeout(300.0):
            while self.job is None:
                self.changed.clear()
                await self.changed.wait()
        return self.job


@asynccontextmanager
async def mining(stage: Stage) -> AsyncGenerator[Miner]:
    miner = Miner(stage.pool())
    await miner.pool.start(Demand())
    reading = asyncio.create_task(miner.read())
    try:
        yield miner
    finally:
        await miner.pool.stop()
        await reading


async def counts(stage: Stage, miner: Miner) -> None:
    """A share of the newest job reaches the pool and counts on both sides."""
    share = share_of(await miner.next_job())
    assert (await miner.pool.submit(share)).outcome is Outcome.ACCEPTED
    assert stage.server.accepted[share.header] == 1


def played(body: Callable[[Stage], Awaitable[None]]) -> None:
    async def main() -> None:
        async with in_virtual_time(1) as stage:
            await body(stage)

    run_virtual(main())


@pytest.mark.parametrize("close", [False, True], ids=["reset", "close"])
@pytest.mark.parametrize("of", ["miner", "pool"])
def test_an_end_at_every_byte_of_a_handshake(of: str, close: bool) -> None:
    async def body(stage: Stage) -> None:
        async with mining(stage) as miner:
            await miner.next_job()
            length = stage.proxy.links[-1].passed[of]
        assert length > 200
        for after in range(length + 1):
            stage.proxy.next_cut = Cut(of, after, close)
            async with mining(stage) as miner:
                async with asyncio.timeout(900.0):
                    while miner.pool.stats().reconnects < 1:  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                await counts(stage, miner)

    played(body)


@pytest.mark.parametrize("of", ["miner", "pool"])
def test_an_end_at_every_byte_of_a_submit_and_its_answer(of: str) -> None:
    """What the pool has and what the miner counts are told apart to the byte."""

    async def body(stage: Stage) -> None:
        async with mining(stage) as miner:
            await miner.next_job()
            link = stage.proxy.links[-1]
            before = link.passed[of]
            await counts(stage, miner)
            length = link.passed[of] - before
        assert length > 30
        for after in range(length + 3):
            async with mining(stage) as miner:
                share = share_of(await miner.next_job())
                link = stage.proxy.links[-1]
                link.cut = Cut(of, link.passed[of] + after)
                result = await miner.pool.submit(share)
                miner.job = None
                whole = after >= length
                assert stage.server.accepted[share.header] == (whole or of == "pool")
                if of == "pool":
                    assert result.outcome is (Outcome.ACCEPTED if whole else Outcome.LOST)
                link.reset()
                await counts(stage, miner)

    played(body)
