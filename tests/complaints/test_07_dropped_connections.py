"""Connections that drop, with no reason told and long pauses ("stratum_recv_line failed", "connection interrupted").

pooler's cpuminer #86, #124, #169, #176 and dozens more: pools drop slow miners that are idle. What helps: the reason in
plain words, a reconnect at once, a difficulty that a slow miner can meet, and an end to hashing where there is no pool.
"""

from __future__ import annotations

import asyncio

from joulehash.engine.events import Disconnected
from tests.support.mine_stage import MineStage
from tests.support.steady_device import SteadyDevice


def test_a_pool_that_drops_us_now_and_then_has_us_back_within_a_second() -> None:
    stage = MineStage(1)
    (pool,) = stage.pools

    async def body() -> None:
        await pool.up()
        for _ in range(20):
            await stage.until_at("a")
            await asyncio.sleep(90.0)
            dropped_s = stage.now
            for talk in list(pool.talks):
                talk.transport.close()
            await stage.until_at(None)
            assert stage.device.work is None
            assert await stage.until_at("a") - dropped_s < 1.1

    stage.mine(body)
    assert {event.reason for event in stage.of(Disconnected)} == {
        f"{pool.url}: the pool closed the connection",
    }
    assert all(event.retry_s is not None and event.retry_s <= 1.0 for event in stage.of(Disconnected))


def test_a_slow_miner_asks_for_shares_that_it_can_find() -> None:
    stage = MineStage(1, devices=[SteadyDevice(rate_hps=50e3)])

    async def body() -> None:
        await stage.pools[0].up()
        await stage.until_at("a")

    stage.mine(body)
    ((difficulty,),) = stage.pools[0].suggested
    assert isinstance(difficulty, float)
    assert 2.0 < difficulty * 2**32 / 50e3 < 4.0, "seconds for a share"
