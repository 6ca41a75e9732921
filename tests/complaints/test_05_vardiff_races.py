"""Rejects for low difficulty whenever a pool changes it, as some count the change for running jobs and some do not.

NerdQAxe #511, VerthashMiner #9, c2pool #762, node-stratum-pool #38, stratum-mining-proxy #56 ("98 % reject").
"""

from __future__ import annotations

import asyncio

import pytest

from tests.support.mine_stage import SOME, MineStage


@pytest.mark.parametrize("at_once", [False, True])
def test_a_difficulty_that_goes_up_and_down_costs_one_share_a_habit_at_most(at_once: bool) -> None:
    """What the pool does is learnt at the first reject of each kind; those count as stale, no fault of a device."""
    stage = MineStage(1)
    (pool,) = stage.pools
    pool.at_once = at_once

    async def body() -> None:
        await pool.up()
        await stage.until_at("a")
        for n in range(40):
            await asyncio.sleep(17.0)
            pool.set_difficulty(SOME * (4.0 if n % 2 == 0 else 0.5))

    summary = stage.mine(body)
    assert len(pool.refused) <= 2
    assert summary.rejected == 0
    assert summary.accepted > 100
