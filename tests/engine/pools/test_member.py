"""One of several pools, where it is no Stratum pool: it may fail to begin, or end by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import NodeError
from joulehash.engine.events import Crash, Event, PoolSwitched
from joulehash.engine.judge import Verdict
from joulehash.engine.pool import Demand, PoolStats
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.slot import JobSlot
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.work import Job
from tests.support.jobs import job
from tests.support.pool_stage import no_tasks_left


class OddPool:
    """A Pool. Each start takes a step: an error, or how long it takes."""

    def __init__(self, name: str, *steps: Exception | float) -> None:
        self.name, self.steps = name, list(steps)
        self.started_s: list[float] = []
        self.stops = 0
        self.slot = JobSlot()

    async def start(self, demand: Demand) -> None:
        del demand
        self.started_s.append(asyncio.get_running_loop().time())
        step = self.steps.pop(0) if self.steps else 0.0
        if isinstance(step, Exception):
            raise step
        await asyncio.sleep(step)
        self.slot = JobSlot()
        self.slot.put(job(session=100 * len(self.name) + len(self.started_s)))

    def jobs(self) -> AsyncIterator[Job | None]:
        return self.slot.read()

    async def submit(self, share: Verdict) -> Result:
        del share
        return Result(Outcome.ACCEPTED)

    def stats(self) -> PoolStats:
        return PoolStats()

    async def stop(self) -> None:
        self.stops += 1
        self.slot.end()


async def follow(group: PoolGroup, seen: list[str | None]) -> None:
    async for given in group.jobs():
        seen.append(None if given is None else given.pool)


def test_one_that_cannot_begin_rests_and_begins_later() -> None:
    async def main() -> None:
        a, b = OddPool("a", NodeError("node: no route"), NodeError("node: no route")), OddPool("b")
        events: list[Event] = []
        seen: list[str | None] = []
        group = PoolGroup([a, b], events.append)
        await group.start(Demand())
        reading = asyncio.create_task(follow(group, seen))
        await asyncio.sleep(2000.0)
        assert seen == ["b", "a"]
        assert [round(s) for s in a.started_s] == [0, 300, 900]
        assert events == [PoolSwitched("b", None, "a: node: no route"), PoolSwitched("a", "b", "it is back")]
        await group.stop()
        await reading
        await no_tasks_left()

    run_virtual(main())


def test_where_there_is_no_other_it_is_tried_again_every_few_seconds() -> None:
    async def main() -> None:
        a = OddPool("a", *[NodeError("node: no route")] * 3)
        group = PoolGroup([a], lambda event: None)
        seen: list[str | None] = []
        await group.start(Demand())
        reading = asyncio.create_task(follow(group, seen))
        await asyncio.sleep(60.0)
        assert len(a.started_s) == 4
        assert all(10.0 <= later - earlier <= 11.0 for earlier, later in pairwise(a.started_s))
        assert seen == ["a"]
        await group.stop()
        await reading

    run_virtual(main())


def test_one_that_ends_by_itself_is_begun_again() -> None:
    async def main() -> None:
        a, b = OddPool("a"), OddPool("b")
        group = PoolGroup([a, b], lambda event: None)
        seen: list[str | None] = []
        await group.start(Demand())
        reading = asyncio.create_task(follow(group, seen))
        await asyncio.sleep(5.0)
        a.slot.end()
        await asyncio.sleep(100.0)
        assert seen == ["a", None, "b", "a"]
        assert len(a.started_s) == 2
        await group.stop()
        await reading
        await no_tasks_left()

    run_virtual(main())


def test_one_that_is_not_up_yet_can_be_stopped() -> None:
    async def main() -> None:
        a = OddPool("a", 1000.0)
        group = PoolGroup([a], lambda event: None)
        await group.start(Demand())
        await asyncio.sleep(5.0)
        await group.stop()
        assert asyncio.get_running_loop().time() < 6.0
        assert a.stops == 1
        await no_tasks_left()

    run_virtual(main())


def test_a_bug_in_one_is_told_and_the_others_go_on() -> None:
    async def main() -> None:
        a, b = OddPool("a", ZeroDivisionError("ours")), OddPool("b")
        events: list[Event] = []
        seen: list[str | None] = []
        group = PoolGroup([a, b], events.append)
        await group.start(Demand())
        reading = asyncio.create_task(follow(group, seen))
        await asyncio.sleep(100.0)
        assert seen == ["b", "a"]
        (told,) = (event for event in events if isinstance(event, Crash))
        assert (told.part, told.retry_s) == ("a", 10.0)
        assert "ZeroDivisionError: ours" in told.error
        await group.stop()
        await reading
        await no_tasks_left()

    run_virtual(main())
