"""Random courses of three pools that go down, fall silent, refuse, reject and come back, with a miner on them."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from tests.support.live_pool import ACCEPTED, REJECTED, LivePool
from tests.support.mine_stage import MineStage

STEPS = 60


async def disturb(pool: LivePool, random: Random) -> bool:
    """Something happens to it. Whether it is a good pool afterwards."""
    pool.mute = pool.jobless = pool.refuses = False
    pool.answer = ACCEPTED
    pool.extranonce1 = random.choice(["", "aabbccdd", "00", f"{random.randrange(2**32):08x}"])
    pool.tell("mining.set_extranonce", [pool.extranonce1, 4])
    what = random.choice(
        ["good", "good", "good", "down", "mute", "jobless", "refuses", "rejects", "unanswering", "drop"]
    )
    match what:
        case "mute":
            pool.mute = True
        case "jobless":
            pool.jobless = True
        case "refuses":
            pool.refuses = True
        case "rejects":
            pool.answer = REJECTED
        case "unanswering":
            pool.answer = None
        case _:
            pass
    if what in ("down", "drop", "jobless", "refuses") or random.random() < 0.5:
        pool.down()
    await asyncio.sleep(0)
    if what != "down":
        await pool.up()
    pool.new_block()
    return what in ("good", "drop")


@pytest.mark.parametrize("quotas", [(), (2, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_wrong_is_sent_and_work_is_found_wherever_there_is_any(seed: int, quotas: tuple[int, ...]) -> None:
    stage, random = MineStage(3, quotas=quotas), Random(seed)

    async def body() -> None:
        good = [await disturb(pool, random) for pool in stage.pools]
        for _ in range(STEPS):
            quiet_s = random.choice([1.0, 10.0, 100.0])
            await asyncio.sleep(quiet_s)
            if random.random() < 0.2:
                stage.group.switch(random.choice([*stage.names, None]))
            n = random.randrange(len(stage.pools))
            good[n] = await disturb(stage.pools[n], random)
        stage.group.switch(None)
        for n, pool in enumerate(stage.pools):  # in the end one is good, and it is found
            pool.mute = pool.jobless = pool.refuses = False
            pool.answer = ACCEPTED
            await (pool.up() if n == 1 else asyncio.sleep(0.0))
            if n != 1:
                pool.down()
        await stage.until_at("b", 700.0)
        before = len(stage.pools[1].submits)
        await asyncio.sleep(60.0)
        assert len(stage.pools[1].submits) >= before + 19

    summary = stage.mine(body)
    for name, pool in zip(stage.names, stage.pools, strict=True):
        wrong = [reason for reason in pool.refused if reason != "Job not found"]
        assert wrong == [], "what was stale when it arrived was found before the news did"
        assert {params[0] for params in pool.submits} <= {f"user.{name}"}
    assert summary.accepted > 100
    assert summary.duplicates == 0
