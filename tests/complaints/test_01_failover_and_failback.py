"""Users ask for failover that works, and for a way back.

ESP-Miner #1618 (never returns to the primary), #1964 (a silent pool is never left), #1248 (no failover at start-up),
#1311 (a pool that restarts is never joined again), #1554 and #1451 (primary's and fallback's users mixed up); ethminer
#48, cpuminer #55; sgminer #350 (stay where it works); bfgminer #96 (a minute without work is too long).
"""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from joulehash.engine.events import PoolSwitched, ShareDone
from joulehash.engine.pools.member import Policy
from tests.support.mine_stage import MineStage


def idle_s(stage: MineStage, since_s: float) -> float:
    """How long the device had nothing to do since then."""
    spans = [*stage.device.worked, (stage.now, "the end")]
    return sum(
        to_s - max(from_s, since_s) for (from_s, pool), (to_s, _) in pairwise(spans) if pool is None and to_s > since_s
    )


def test_it_returns_to_the_primary() -> None:  # ESP-Miner #1618
    stage = MineStage(2)
    a, b = stage.pools

    async def body() -> None:
        await a.up()
        await b.up()
        await stage.until_at("a")
        await asyncio.sleep(300.0)
        a.down()
        lost_s = stage.now
        await stage.until_at("b")
        assert idle_s(stage, lost_s) < 0.1
        await asyncio.sleep(300.0)
        await a.up()
        up_s = stage.now
        await stage.until_at("a", 200.0)
        assert idle_s(stage, up_s) == 0.0
        await asyncio.sleep(60.0)

    summary = stage.mine(body)
    assert [pool.name for pool in summary.pools] == ["a", "b"]
    assert all(pool.accepted > 50 for pool in summary.pools)
    assert a.refused == b.refused == []


def test_a_silent_pool_is_left() -> None:  # ESP-Miner #1964: 154 unanswered requests, and no failover
    stage = MineStage(2)
    a, b = stage.pools

    async def body() -> None:
        await a.up()
        await b.up()
        await stage.until_at("a")
        a.mute = True
        muted_s = stage.now
        assert await stage.until_at("b", 100.0) - muted_s < 66.0
        assert "no answer to a share in 60 s" in stage.of(PoolSwitched)[0].reason
        assert len(a.submits) < 30
        await asyncio.sleep(60.0)

    summary = stage.mine(body)
    lost = next(pool.lost for pool in summary.pools if pool.name == "a")
    assert lost == len(a.submits), "what was not answered is counted"
    assert summary.accepted == len(b.submits)


def test_it_fails_over_at_the_start() -> None:  # ESP-Miner #1248
    stage = MineStage(2)

    async def body() -> None:
        await stage.pools[1].up()
        assert await stage.until_at("b") < 1.0

    stage.mine(body)


def test_a_pool_that_restarts_is_joined_again() -> None:  # ESP-Miner #1311
    stage = MineStage(1)
    (pool,) = stage.pools

    async def body() -> None:
        await pool.up()
        await stage.until_at("a")
        await asyncio.sleep(100.0)
        pool.down()
        await stage.until_at(None)
        await asyncio.sleep(600.0)
        assert stage.device.work is None, "it burns no power for nothing"
        pool.extranonce1 = "00112233"
        await pool.up()
        back_s = await stage.until_at("a", 61.0)
        assert back_s - pool.opened_s[-1] < 0.1
        assert stage.device.work is not None
        await asyncio.sleep(100.0)

    summary = stage.mine(body)
    assert pool.refused == []
    assert summary.accepted > 50
    assert (summary.rejected, summary.lost) == (0, 0)


def test_no_pool_hears_of_anothers_user_or_shares() -> None:  # ESP-Miner #1554, #1451
    stage = MineStage(2)  # both with the same extranonce1, job ids and block

    async def body() -> None:
        a, b = stage.pools
        await b.up()
        for _ in range(5):
            await a.up()
            await asyncio.sleep(150.0)
            a.down()
            await asyncio.sleep(50.0)

    stage.mine(body)
    for name, pool in zip(stage.names, stage.pools, strict=True):
        assert pool.authorized
        assert all(params == [f"user.{name}", f"pass.{name}"] for params in pool.authorized)
        assert pool.submits
        assert {params[0] for params in pool.submits} == {f"user.{name}"}
        assert set(pool.refused) <= {"Job not found"}  # sent again: its own, of the session before, whose jobs are gone
    nonces = [{(params[2], params[3], params[4], params[5]) for params in pool.submits} for pool in stage.pools]
    assert not nonces[0] & nonces[1], "equal jobs, but no header is hashed twice"
    told = {event.pool for event in stage.of(ShareDone)}
    assert told == {"a", "b"}


def test_who_wants_to_stay_where_it_works_stays() -> None:  # sgminer #350
    stage = MineStage(2, Policy(failback=None))
    a, b = stage.pools

    async def body() -> None:
        await b.up()
        await stage.until_at("b")
        await a.up()
        await asyncio.sleep(1000.0)
        assert stage.at == "b"
        assert a.submits == []

    stage.mine(body)


@pytest.mark.parametrize("other_is_known", [False, True])
def test_a_lost_pool_costs_less_than_a_second(other_is_known: bool) -> None:  # bfgminer #96: not a minute
    stage = MineStage(2)

    async def body() -> None:
        a, b = stage.pools
        await a.up()
        await b.up()
        if other_is_known:
            stage.group.switch("b")
            await stage.until_at("b")
            stage.group.switch(None)
        await stage.until_at("a", 100.0)
        await asyncio.sleep(10.0)
        a.down()
        lost_s = stage.now
        assert await stage.until_at("b") - lost_s < 1.0

    stage.mine(body)
