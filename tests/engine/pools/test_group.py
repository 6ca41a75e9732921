"""Several pools as one, in virtual time: who is mined on, who is left, who is returned to, and how fast."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.errors import InputError
from joulehash.engine.events import PoolSwitched
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.member import Policy
from joulehash.engine.tally import Outcome, Result
from tests.support.group_stage import GroupStage
from tests.support.live_pool import REJECTED
from tests.support.shares import share_of

# Ordered failover


def test_the_first_pool_is_mined_on_and_no_other_is_opened() -> None:
    stage = GroupStage(3)
    a, b, c = stage.pools

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        await asyncio.sleep(3600.0)
        assert [len(pool.opened_s) for pool in (a, b, c)] == [1, 0, 0]
        assert stage.switches == []
        assert {job.pool for _, job in stage.jobs if job is not None} == {"a"}
        assert [stats.state for stats in stage.group.stats().members] == ["mining", "backup", "backup"]

    stage.play(body)


def test_each_pool_is_given_its_own_user_and_password() -> None:
    stage = GroupStage(2)

    async def body() -> None:
        await stage.pools[1].up()
        await stage.until_at("b")
        await stage.pools[0].up()
        await stage.until_at("a", 200.0)
        assert stage.pools[0].authorized == [["user.a", "pass.a"]]
        assert stage.pools[1].authorized == [["user.b", "pass.b"]]

    stage.play(body)


def test_where_the_first_is_not_reachable_at_the_start_the_next_one_is_mined_on_at_once() -> None:
    stage = GroupStage(3)

    async def body() -> None:
        await stage.pools[2].up()
        assert await stage.until_at("c") < 1.0
        (switched,) = stage.of(PoolSwitched)
        assert switched == PoolSwitched("c", None, "a: connection refused")

    stage.play(body)


def test_where_the_first_answers_nothing_at_the_start_the_next_one_is_tried_after_a_moment() -> None:
    stage = GroupStage(2)

    async def body() -> None:
        a, b = stage.pools
        a.mute = True
        await a.up()
        await b.up()
        assert 10.0 <= await stage.until_at("b") < 11.0

    stage.play(body)


def test_where_the_first_gives_no_work_the_next_one_is_tried_after_a_moment() -> None:
    stage = GroupStage(2)

    async def body() -> None:
        a, b = stage.pools
        a.jobless = True
        await a.up()
        await b.up()
        assert 10.0 <= await stage.until_at("b") < 11.0
        await asyncio.sleep(100.0)
        assert stage.at == "b"
        a.jobless = False
        for talk in a.talks:
            talk.give(clean=False)
        given_s = stage.now
        assert 60.0 <= await stage.until_at("a", 100.0) - given_s < 61.0

    stage.play(body)


def test_a_lost_connection_is_no_second_without_work() -> None:
    stage = GroupStage(2)

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        await asyncio.sleep(100.0)
        stage.pools[0].down()
        lost_s = stage.now
        assert await stage.until_at("b") - lost_s < 1.0
        assert stage.switches == [("a", "b")]
        assert (
            "closed the connection" in stage.of(PoolSwitched)[0].reason or "reset" in stage.of(PoolSwitched)[0].reason
        )

    stage.play(body)


# Fail-back


def test_mining_returns_to_the_first_when_it_is_stable_on_the_connection_that_tried_it() -> None:
    stage = GroupStage(2)
    a, b = stage.pools

    async def body() -> None:
        await b.up()
        await stage.until_at("b")
        await asyncio.sleep(500.0)
        assert len(b.opened_s) == 1
        await a.up()
        up_s = stage.now
        back_s = await stage.until_at("a", 200.0)
        assert a.opened_s[0] - up_s <= 60.0, "tries are a minute apart at most"
        assert 60.0 <= back_s - a.opened_s[0] < 61.0
        assert len(a.opened_s) == 1, "no second handshake"
        assert a.submits == []
        await asyncio.sleep(40.0)
        assert len(b.closed_s) == 1, "the backup is let go"
        assert a.closed_s == []
        assert [stats.state for stats in stage.group.stats().members] == ["mining", "backup"]

    stage.play(body)


def test_a_first_that_comes_and_goes_is_not_returned_to() -> None:
    stage = GroupStage(2)
    a, b = stage.pools

    async def body() -> None:
        await b.up()
        await stage.until_at("b")
        for _ in range(20):
            await a.up()
            await asyncio.sleep(50.0)
            a.down()
            await asyncio.sleep(10.0)
        assert len(a.opened_s) > 5
        assert stage.switches == [(None, "b")]
        assert b.closed_s == []

    stage.play(body)


def test_who_wants_to_stay_stays_and_does_not_ask_the_first_again() -> None:
    stage = GroupStage(2, Policy(failback=None))
    a, b = stage.pools

    async def body() -> None:
        await b.up()
        await stage.until_at("b")
        await a.up()
        await asyncio.sleep(1000.0)
        assert stage.at == "b"
        assert a.talks == set()
        b.down()
        lost_s = stage.now
        assert await stage.until_at("a") - lost_s < 1.0
        await b.up()
        await asyncio.sleep(1000.0)
        assert stage.at == "a"

    stage.play(body)


# Nobody has work


def test_when_all_are_dead_there_is_no_work_and_the_first_job_of_any_ends_that_at_once() -> None:
    stage = GroupStage(2)
    a, b = stage.pools

    async def body() -> None:
        await a.up()
        await stage.until_at("a")
        await asyncio.sleep(100.0)
        a.down()
        await stage.until_at(None)
        await asyncio.sleep(1000.0)
        assert stage.jobs[-1][1] is None
        await b.up()
        back_s = await stage.until_at("b", 100.0)
        assert back_s - b.opened_s[0] < 0.1
        assert stage.switches == [("a", None), (None, "b")]

    stage.play(body)


# Shares


def test_a_share_goes_to_the_pool_of_its_job_and_to_no_other() -> None:
    """Both have the same extranonce1, the same job ids, and the same block."""
    stage = GroupStage(2)
    a, b = stage.pools

    async def body() -> None:
        await b.up()
        await stage.until_at("b")
        of_b = stage.job
        await a.up()
        await stage.until_at("a", 200.0)
        of_a = stage.job
        assert of_a is not None
        assert of_b is not None
        assert of_a.session != of_b.session
        late, fresh = share_of(of_b, 1), share_of(of_a, 2)
        assert (await stage.group.submit(late)).outcome is Outcome.ACCEPTED
        assert (await stage.group.submit(fresh)).outcome is Outcome.ACCEPTED
        assert [params[4] for params in b.submits] == [f"{late.found.nonce:08x}"]
        assert [params[4] for params in a.submits] == [f"{fresh.found.nonce:08x}"]
        await asyncio.sleep(60.0)
        assert (await stage.group.submit(share_of(of_b, 3))).outcome is Outcome.STALE, "its connection is closed"
        assert len(b.submits) == 1

    stage.play(body)


def test_shares_of_a_connection_that_was_lost_are_stale_and_go_nowhere() -> None:
    stage = GroupStage(2)
    a, b = stage.pools

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        old = stage.job
        assert old is not None
        a.down()
        await stage.until_at("b")
        await a.up()
        await stage.until(lambda: a.talks)
        await asyncio.sleep(5.0)
        assert (await stage.group.submit(share_of(old))).outcome is Outcome.STALE
        assert a.submits == b.submits == []

    stage.play(body)


# Pools that only look well


def test_a_pool_that_falls_silent_is_left() -> None:
    stage = GroupStage(2)
    a = stage.pools[0]

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        a.mute = True
        muted_s = stage.now
        assert await stage.until_at("b", 400.0) - muted_s < 302.0
        assert "not a word" in stage.of(PoolSwitched)[0].reason

    stage.play(body)


def test_a_pool_that_leaves_shares_unanswered_is_left() -> None:
    stage = GroupStage(2)
    a = stage.pools[0]

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        a.answer = None
        job = stage.job
        assert job is not None
        result = await stage.group.submit(share_of(job))
        assert result.outcome is Outcome.LOST
        assert stage.now < 62.0
        assert await stage.until_at("b") < 63.0

    stage.play(body)


def test_a_pool_that_refuses_the_user_is_left_at_once_and_asked_again_after_minutes() -> None:
    stage = GroupStage(2)
    a = stage.pools[0]

    async def body() -> None:
        a.refuses = True
        await stage.up()
        assert await stage.until_at("b") < 1.0
        assert "no such user" in stage.of(PoolSwitched)[0].reason
        await asyncio.sleep(4000.0)
        asked = [round(s / 60) for s in a.opened_s]
        assert asked == [0, 5, 15, 35]
        a.refuses = False
        await stage.until_at("a", 4000.0)

    stage.play(body)


def test_a_pool_that_rejects_everything_is_left_and_tried_again_later() -> None:
    stage = GroupStage(2)
    a = stage.pools[0]

    async def mine(nonce: int) -> Outcome:
        job = stage.job
        assert job is not None
        return (await stage.group.submit(share_of(job, nonce))).outcome

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        a.answer = REJECTED
        nonce = 0
        while stage.at == "a":
            nonce += 1
            await mine(nonce)
            await asyncio.sleep(6.0)
        assert nonce == 11, "more than ten, and over more than a minute"
        assert "11 shares rejected one after the other: not liked (20)" in stage.of(PoolSwitched)[0].reason
        assert stage.at == "b"
        await asyncio.sleep(1.0)
        assert a.talks == set()
        assert [stats.state for stats in stage.group.stats().members] == ["resting", "mining"]
        a.answer = (True, None)
        back_s = await stage.until_at("a", 1000.0)
        assert 360.0 <= back_s - a.closed_s[0] < 365.0, "five minutes of rest, one to prove itself"

    stage.play(body)


def test_a_few_rejects_are_no_reason() -> None:
    stage = GroupStage(2)
    a, _ = stage.pools

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        job = stage.job
        assert job is not None
        for nonce in range(100):
            a.answer = (True, None) if nonce % 11 == 10 else REJECTED
            await stage.group.submit(share_of(job, 10 * nonce))
            await asyncio.sleep(10.0)
            job = stage.job
            assert job is not None
        assert stage.at == "a"

    stage.play(body)


def test_where_no_other_works_one_that_rejects_is_still_better_than_none() -> None:
    stage = GroupStage(2)
    a, b = stage.pools

    async def body() -> None:
        await a.up()
        await stage.until_at("a")
        a.answer = REJECTED
        for nonce in range(20):
            if (job := stage.job) is not None:
                await stage.group.submit(share_of(job, 10 * nonce))
            await asyncio.sleep(6.0)
        assert stage.at == "a"
        await b.up()
        await stage.until_at("b", 100.0)

    stage.play(body)


# By hand


def test_a_switch_by_hand_is_made_when_the_other_has_work_and_holds() -> None:
    stage = GroupStage(3)
    a, _, c = stage.pools

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        asked_s = stage.now
        stage.group.switch("c")
        assert await stage.until_at("c") - asked_s < 0.1
        await asyncio.sleep(600.0)
        assert stage.at == "c"
        assert len(a.closed_s) == 1, "the other pools are let alone"
        c.down()
        await stage.until_at("a")
        await c.up()
        await stage.until_at("c", 200.0)
        stage.group.switch(None)
        await stage.until_at("a", 200.0)

    stage.play(body)


def test_a_switch_to_a_pool_that_does_not_exist_lists_those_that_do() -> None:
    stage = GroupStage(2)
    with pytest.raises(InputError, match=r"'x': choose from a, b"):
        stage.group.switch("x")
    with pytest.raises(InputError, match="a name of its own"):
        PoolGroup([stage.members[0], stage.members[0]], stage.events.append)


def test_a_pool_that_takes_shares_and_never_answers_does_not_get_every_other_minute() -> None:
    """It connects and gives work each time: by that alone it would be returned to for ever."""
    stage = GroupStage(2)
    a = stage.pools[0]

    async def body() -> None:
        a.answer = None
        await stage.up()
        at_a_s = 0.0
        waiting: set[asyncio.Task[Result]] = set()
        for nonce in range(360):
            await asyncio.sleep(10.0)
            if (job := stage.job) is not None:
                at_a_s += 10.0 * (job.pool == "a")
                waiting.add(asyncio.create_task(stage.group.submit(share_of(job, 3 * nonce))))
        assert at_a_s < 300.0, "of an hour"
        await asyncio.wait(waiting)

    stage.play(body)


# Changed while it runs


def test_a_pool_that_stays_keeps_its_connection_and_its_work() -> None:
    """Whatever is added, taken away and moved around it."""
    stage = GroupStage(4)
    a, b, c, d = stage.members

    async def body() -> None:
        await stage.up()
        await stage.until_at("a")
        n = len(stage.jobs)
        stage.group.change([a, c, d], stage.policy)
        stage.group.change([d, a], Policy(failback=None))
        await asyncio.sleep(20.0)
        assert stage.at == "a"
        assert [job for _, job in stage.jobs[n:] if job is None or job.clean] == []
        assert [len(pool.opened_s) for pool in stage.pools] == [1, 0, 0, 0]
        stage.group.change([d, a, b], Policy(failback=5.0))
        await stage.until_at("d")
        assert stage.switches == [("a", "d")]
        with pytest.raises(InputError, match="takes one or more, each with a name of its own"):
            stage.group.change([a, a])
        assert [stats.name for stats in stage.group.stats().members] == ["d", "a", "b"]

    stage.play(body)


def test_a_pool_that_is_taken_away_is_mined_on_until_another_has_work_and_settles_what_is_on_its_way() -> None:
    stage = GroupStage(3)
    _, b, c = stage.members

    async def body() -> None:
        await stage.pools[0].up()
        await stage.until_at("a")
        job = stage.job
        assert job is not None
        stage.group.change([b, c])
        await asyncio.sleep(10.0)
        assert stage.at == "a"
        await stage.pools[1].up()
        await stage.until_at("b")
        late = await stage.group.submit(share_of(job))
        assert (late.outcome, late.reason) == (Outcome.ACCEPTED, "")
        assert stage.switches == [("a", "b")]
        assert stage.of(PoolSwitched)[0].reason == "it is not named any more"
        await stage.until(lambda: stage.pools[0].closed_s)
        assert stage.pools[0].submits
        assert stage.pools[1].submits == []

    stage.play(body)


def test_a_pool_that_is_taken_away_is_left_even_if_nothing_else_works() -> None:
    stage = GroupStage(2)
    a, b = stage.members

    async def body() -> None:
        await stage.pools[0].up()
        await stage.until_at("a")
        stage.group.change([b])
        left_s = await stage.until(lambda: stage.job is None, 60.0)
        assert left_s < stage.policy.linger + 5.0
        await stage.until(lambda: stage.pools[0].closed_s)
        stage.group.change([a, b])
        await stage.until_at("a")

    stage.play(body)
