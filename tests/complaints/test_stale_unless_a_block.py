"""A stale share is never sent, for pools count it against its miner; a stale block always is, for it may win the race.

bfgminer's --no-submit-stale and its exceptions (p2pool and solo pools want possible blocks), ckpool, which weighs late
shares as blocks; public-pool and others answer 21 and some of them ban.
"""

from __future__ import annotations

import asyncio

from joulehash.engine.judge import Fate, Judge, Quality
from joulehash.engine.space import HeaderSpace
from joulehash.engine.tally import Outcome
from joulehash.engine.work import Assignment, Found
from tests.support.fake_pool import EASIEST, Answer, Pause, handshake, job
from tests.support.pool_stage import Stage, in_virtual_time

REGTEST = 0x207FFFFF  # every second hash is a block


def test_of_the_claims_of_an_old_job_only_blocks_reach_the_pool() -> None:
    async def body(played: Stage) -> None:
        old = await played.job()
        await played.until(lambda: played.jobs[-1] is not None and played.jobs[-1].id == "2")
        now, judge = asyncio.get_running_loop().time, Judge()
        judge.accept(played.jobs[-1])
        work = Assignment(old, HeaderSpace(old.extranonce2_size), now, old.target).draw()
        assert work is not None
        late = [
            judge.judge(Found("a", (work,), nonce, work.versions[0], work.ntime, now()), now()) for nonce in range(20)
        ]
        assert {verdict.fate for verdict in late} == {Fate.STALE}
        assert {verdict.quality for verdict in late} == {Quality.SHARE, Quality.BLOCK}
        assert all(verdict.sendable is (verdict.quality is Quality.BLOCK) for verdict in late)
        block = next(verdict for verdict in late if verdict.sendable)
        assert (await played.pool.submit(block)).outcome is Outcome.ACCEPTED

    first, second = job("1", 1, nbits=REGTEST), job("2", 2, nbits=REGTEST)
    script = [*handshake(EASIEST, first), (None, Pause(1.0), second), ("mining.submit", Answer(True))]
    in_virtual_time([script], body)
