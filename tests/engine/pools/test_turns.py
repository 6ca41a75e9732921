"""Work shared by quota, in virtual time: who gets how much of an hour, and what becomes of a dead one's part."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from math import sin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.events import PoolSwitched
from joulehash.engine.pool import Demand
from joulehash.engine.pools.member import Member, Policy
from joulehash.engine.pools.turns import Turns
from joulehash.engine.tally import Outcome
from tests.support.group_stage import GroupStage
from tests.support.shares import share_of

RATE_HPS = 1e12


def parts(stage: GroupStage, done: Callable[[float], float], since_s: float = 0.0) -> dict[str, float]:
    """Of the work since then, by the jobs that were given out: what a device that is always busy has done for each."""
    work = Counter[str]()
    for (from_s, job), (to_s, _) in pairwise([*stage.jobs, (stage.now, None)]):
        if job is not None and to_s > since_s:
            work[job.pool] += int(done(to_s) - done(max(from_s, since_s)))
    return {name: n / work.total() for name, n in work.items()}


def steady(s: float) -> float:
    return RATE_HPS * s


def uneven(s: float) -> float:
    """A rate that swings with the very period of the turns of two equal pools."""
    return RATE_HPS * (s + 8.0 * sin(s * 6.283 / 60.0))


@pytest.mark.parametrize(
    ("quotas", "done"), [((2, 1), steady), ((2, 1), uneven), ((1, 1), uneven), ((7, 2, 1), steady)]
)
def test_over_an_hour_the_parts_come_out(quotas: tuple[int, ...], done: Callable[[float], float]) -> None:
    stage = GroupStage(len(quotas), quotas=quotas)

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(3600.0)
        for name, quota in zip(stage.names, quotas, strict=True):
            assert parts(stage, done)[name] == pytest.approx(quota / sum(quotas), abs=0.02)
        assert [len(pool.opened_s) for pool in stage.pools] == [1] * len(quotas), "side by side, not by turns"
        assert stage.of(PoolSwitched) == []

    stage.play(body, Demand(RATE_HPS, hashes=lambda: int(done(asyncio.get_running_loop().time()))))


def test_where_nobody_counts_time_is_shared() -> None:
    stage = GroupStage(2, quotas=(2, 1))

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(3600.0)
        assert parts(stage, steady)["a"] == pytest.approx(2 / 3, abs=0.02)

    stage.play(body)


def test_a_dead_members_part_goes_to_the_others_and_is_not_owed_to_it() -> None:
    stage = GroupStage(2, quotas=(2, 1))
    a, _ = stage.pools

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(600.0)
        await stage.until_at("a", 100.0)
        a.down()
        dead_s = stage.now
        assert await stage.until_at("b", 1.0) - dead_s < 0.1
        await asyncio.sleep(1800.0)
        assert parts(stage, steady, dead_s + 0.1) == {"b": 1.0}
        await a.up()
        back_s = await stage.until_at("a", 100.0)
        await asyncio.sleep(1800.0)
        assert parts(stage, steady, back_s)["a"] == pytest.approx(2 / 3, abs=0.02)

    stage.play(body)


def test_a_backup_without_quota_is_opened_when_all_that_have_one_are_dead() -> None:
    stage = GroupStage(3, quotas=(2, 1))
    a, b, c = stage.pools

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(100.0)
        a.down()
        await asyncio.sleep(100.0)
        assert c.opened_s == []
        b.down()
        await stage.until_at("c")
        await b.up()
        up_s = stage.now
        assert 60.0 <= await stage.until_at("b", 200.0) - up_s < 125.0, "a try a minute, a minute to prove itself"
        await asyncio.sleep(40.0)
        assert c.talks == set()

    stage.play(body)


def test_a_turn_is_no_end_of_the_others_jobs() -> None:
    """Devices need not stop at once, and what they still find goes to its own pool."""
    stage = GroupStage(2, quotas=(1, 1))
    a, b = stage.pools

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        of_a = stage.job
        assert of_a is not None
        await stage.until_at("b")
        of_b = stage.job
        assert of_b is not None
        assert not of_b.clean
        assert (await stage.group.submit(share_of(of_a))).outcome is Outcome.ACCEPTED
        assert (len(a.submits), len(b.submits)) == (1, 0)
        a.new_block()
        await asyncio.sleep(1.0)
        assert stage.at == "b"
        assert (await stage.group.submit(share_of(of_a, 5))).outcome is Outcome.STALE, (
            "a's own news count, though unread"
        )
        assert (await stage.group.submit(share_of(of_b, 5))).outcome is Outcome.ACCEPTED
        assert (len(a.submits), len(b.submits)) == (1, 1)

    stage.play(body)


def test_by_hand_one_of_them_gets_all() -> None:
    stage = GroupStage(2, quotas=(2, 1))

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(100.0)
        stage.group.switch("b")
        since_s = stage.now + 0.1
        await asyncio.sleep(1000.0)
        assert parts(stage, steady, since_s) == {"b": 1.0}
        assert stage.pools[0].talks == set()

    stage.play(body)


def test_each_is_told_its_part_of_the_rate() -> None:
    stage = GroupStage(3, quotas=(3, 1))
    a, b, c = stage.pools

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(10.0)
        a.down()
        b.down()
        await stage.until_at("c")
        whole = RATE_HPS * 3 / 2**32
        for pool, part in ((a, 0.75), (b, 0.25), (c, 1.0)):
            ((told,),) = pool.suggested[:1]
            assert told == pytest.approx(whole * part, rel=0.01)

    stage.play(body, Demand(RATE_HPS))


# The turns themselves


@given(st.lists(st.floats(0.1, 10.0), max_size=60))
def test_nobody_is_ever_ahead_by_more_than_a_slice(slices: list[float]) -> None:
    stage = GroupStage(3, quotas=(1, 2, 3))
    members = [
        Member(pool, Policy(), lambda _: None, stage.events.append, n + 1) for n, pool in enumerate(stage.members)
    ]
    turns, had = Turns(), dict.fromkeys(members, 0.0)
    turns.take_part(members)
    for work in slices:
        member = turns.next_of(members)
        turns.credit(member, work)
        had[member] += work / member.quota
        assert max(had.values()) - min(had.values()) <= 10.0
    assert sum(member.worked for member in members) == pytest.approx(sum(slices))


def test_who_joins_late_begins_with_the_others() -> None:
    stage = GroupStage(2, quotas=(1, 1))
    early, late = (Member(pool, Policy(), lambda _: None, stage.events.append, 1) for pool in stage.members)
    turns = Turns()
    turns.take_part([early])
    turns.credit(early, 1000.0)
    turns.take_part([early, late])
    turns.credit(late, 1.0)
    assert turns.next_of([late, early]) is early
