"""A suggested difficulty that follows the hash rate, and passwords that carry wishes (d=4096): asked for by many.

ESP-Miner #913 (a suggestion before authorize is lost); mujina's dead band.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.support.mine_stage import MineStage


def suggestions(stage: MineStage) -> list[float]:
    """Seconds that a share takes at each, were the rate that of 1 GH/s."""
    return [float(str(params[0])) * 2**32 / 1e9 for params in stage.pools[0].suggested]


def test_the_suggestion_follows_the_rate_and_is_not_repeated_for_trifles() -> None:
    stage = MineStage(1)
    device = stage.device

    async def body() -> None:
        await stage.pools[0].up()
        await asyncio.sleep(1200.0)
        assert suggestions(stage) == [pytest.approx(3.0, rel=0.1)]
        device.rate_hps = 1.2e9
        await asyncio.sleep(1200.0)
        assert len(suggestions(stage)) == 1, "a fifth more is no news"
        device.rate_hps = 4e9
        await asyncio.sleep(1200.0)
        assert suggestions(stage)[-1] == pytest.approx(12.0, rel=0.1)
        device.rate_hps = 0.5e9
        await asyncio.sleep(1200.0)
        assert suggestions(stage)[-1] == pytest.approx(1.5, rel=0.2)
        assert len(suggestions(stage)) <= 8

    stage.mine(body)


def test_pools_that_share_the_work_are_told_their_part_and_not_pestered_by_turns() -> None:
    stage = MineStage(2, quotas=(2, 1))

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(3600.0)

    stage.mine(body)
    assert [len(pool.suggested) for pool in stage.pools] == [1, 1]


def test_the_new_one_is_told_to_the_next_connection_too() -> None:
    stage = MineStage(1)
    (pool,) = stage.pools

    async def body() -> None:
        await pool.up()
        stage.device.rate_hps = 10e9
        await asyncio.sleep(1200.0)
        for talk in list(pool.talks):
            talk.transport.close()
        await asyncio.sleep(10.0)
        assert suggestions(stage)[-1] == pytest.approx(30.0, rel=0.1)
        assert suggestions(stage)[-2:] == [suggestions(stage)[-1]] * 2

    stage.mine(body)
