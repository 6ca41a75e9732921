"""Duplicate shares after set_difficulty and a job with clean_jobs false, or after the same job again.

ESP-Miner #1587 (jobs that were not clean were ignored, and the nonce range wrapped), PR #1694, #1731 (the extranonce2
counter began anew), PR #420. The device here begins each header with nonce 0, as boards do.
"""

from __future__ import annotations

import asyncio

from tests.support.fake_pool import job
from tests.support.mine_stage import SOME, MineStage


def test_no_header_is_hashed_twice_however_often_a_job_is_given() -> None:
    stage = MineStage(1)
    (pool,) = stage.pools

    async def body() -> None:
        await pool.up()
        await stage.until_at("a")
        for n in range(100):
            await asyncio.sleep(5.0)
            pool.set_difficulty(SOME * (1 + n % 3))
            for talk in pool.talks:
                talk.repeat("1", job("1", clean=False))

    summary = stage.mine(body)
    assert pool.refused == []
    assert summary.duplicates == 0
    assert summary.accepted > 90
