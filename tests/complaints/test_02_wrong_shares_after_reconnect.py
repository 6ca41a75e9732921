"""All shares invalid after a reconnect, or after another extranonce1: the old job was mined on with the new one.

cpuminer-opt #180, zcash #2381, xmr-stak #1505, lolMiner-preview #1. The pool here makes each header anew from what its
connection was given; one hash in 43 is a share, so that what is put together wrongly shows.
"""

from __future__ import annotations

import asyncio

from tests.support.mine_stage import MineStage


def test_after_a_reconnect_only_work_of_the_new_connection_is_sent() -> None:
    stage = MineStage(1)
    (pool,) = stage.pools

    async def body() -> None:
        for n in range(10):
            pool.extranonce1 = f"{n:08x}"
            await pool.up()
            await stage.until_at("a", 61.0)
            await asyncio.sleep(70.0)
            for talk in list(pool.talks):
                talk.transport.abort()
            await stage.until_at(None)

    summary = stage.mine(body)
    assert pool.refused == []
    assert summary.accepted > 200
    assert summary.rejected == 0


def test_another_extranonce1_counts_from_the_next_job_on() -> None:
    """mining.set_extranonce, as NiceHash does it: shares of the running job still have the old one."""
    stage = MineStage(1)
    (pool,) = stage.pools

    async def body() -> None:
        await pool.up()
        await stage.until_at("a")
        for n in range(20):
            pool.extranonce1 = f"{n:08x}" if n % 2 else f"{n:04x}"
            pool.tell("mining.set_extranonce", [pool.extranonce1, 4])
            await asyncio.sleep(10.0)  # a pool should send a job at once; some take their time
            for talk in pool.talks:
                talk.give(clean=False)
            await asyncio.sleep(10.0)

    summary = stage.mine(body)
    assert pool.refused == []
    assert summary.accepted > 100
    assert summary.rejected == 0
