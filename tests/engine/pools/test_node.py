"""Solo mining as a pool, on virtual time: jobs of templates, shares that stay here, blocks that go to the node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from joulehash.engine.chain.target import difficulty_from_target, target_from_bits, target_from_difficulty
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError, NodeError
from joulehash.engine.events import Connected, Disconnected, Event, JobReceived, Note, PoolBlock
from joulehash.engine.judge import Quality
from joulehash.engine.pool import Demand
from joulehash.engine.pools.node import NodePool
from joulehash.engine.tally import Outcome
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.template import Template
from joulehash.engine.work import Job
from tests.support.pool_stage import no_tasks_left
from tests.support.shares import share_of

EVERY_HASH = Fraction(1, 10**12)
REGTEST = target_from_bits(0x207FFFFF)  # every second hash is a block


class Node(MemoryChain):
    """May be away, at the start and later."""

    name, chain = "node http://node:8332", "regtest"

    def __init__(self, target: int = REGTEST) -> None:
        super().__init__(target, clock=lambda: 1_800_000_000 + asyncio.get_running_loop().time())
        self.away: Exception | None = None
        self.blocks: list[bytes] = []

    async def start(self) -> None:
        if self.away is not None:
            raise self.away
        await super().start()

    def leave(self) -> None:
        self.away = NodeError("node http://node:8332: cannot be reached")
        self._latest.fail(self.away)

    def templates(self) -> AsyncIterator[Template]:
        return super().templates()

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        self.blocks.append(block)
        if isinstance(self.away, NodeError):
            raise self.away
        return await super().submit(block, template)


class Played:
    def __init__(self, node: Node, pool: NodePool, events: list[Event]) -> None:
        self.node, self.pool, self.events = node, pool, events
        self.jobs: list[Job | None] = []
        self.error: BaseException | None = None

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    async def job(self, n: int = 1) -> Job:
        """The newest, once there are so many."""
        async with asyncio.timeout(600):
            while len(self.jobs) < n or self.jobs[-1] is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        job = self.jobs[-1]
        assert job is not None
        return job

    async def read(self) -> None:
        try:
            async for job in self.pool.jobs():
                self.jobs.append(job)
        except Exception as error:
            self.error = error


def play(
    body: Callable[[Played], Awaitable[None]],
    node: Callable[[], Node] = Node,
    difficulty: Fraction | None = EVERY_HASH,
    demand: Demand | None = None,
) -> Played:
    async def main() -> Played:
        events = list[Event]()
        source = node()
        pool = NodePool(source, "an address", events.append, difficulty=difficulty, random=Random(1))
        played = Played(source, pool, events)
        await pool.start(demand or Demand())
        reading = asyncio.create_task(played.read())
        try:
            await body(played)
        finally:
            await pool.stop()
            await reading
        await no_tasks_left()
        return played

    return run_virtual(main())


def test_a_block_is_handed_in_and_the_next_job_builds_on_it() -> None:
    async def body(played: Played) -> None:
        job = await played.job()
        assert (job.height, job.clean, job.extranonce2_size) == (1, True, 8)
        share = next(s for s in (share_of(job, n) for n in range(0, 99, 9)) if s.quality is Quality.BLOCK)
        result = await played.pool.submit(share)
        assert (result.outcome, result.reason) == (Outcome.ACCEPTED, "")
        assert played.node.tip.pack() == share.header
        after = await played.job(2)
        assert after.prev_hash == played.node.tip.hash
        assert after.height == 2

    played = play(body)
    (connected,) = played.of(Connected)
    assert isinstance(connected, Connected)
    assert connected.extranonce2_size == 8
    assert [type(event) for event in played.events if not isinstance(event, Note)][:2] == [Connected, JobReceived]
    (block,) = played.of(PoolBlock)
    assert isinstance(block, PoolBlock)
    assert block.accepted
    (note,) = played.of(Note)
    assert isinstance(note, Note)
    assert "only blocks go to the node" in note.text


def test_a_share_that_is_no_block_is_weighed_here_and_sent_to_nobody() -> None:
    async def body(played: Played) -> None:
        job = await played.job()
        share = share_of(job)
        assert share.quality is Quality.SHARE
        assert (await played.pool.submit(share)).outcome is Outcome.ACCEPTED
        wrong = replace(job, coinb2=job.coinb2 + b"\0")
        result = await played.pool.submit(share_of(wrong))
        assert (result.outcome, result.reason) == (
            Outcome.LOST,
            "its header is not that of its job: a bug, please report it",
        )
        other = await played.pool.submit(share_of(replace(job, session=job.session + 1)))
        assert (other.outcome, other.reason) == (Outcome.LOST, "its job is of another pool")
        assert played.node.blocks == []

    play(body, lambda: Node(target_from_difficulty(Fraction(1))))


def test_a_block_is_handed_in_however_stale() -> None:
    async def body(played: Played) -> None:
        old = await played.job()
        blocks = [s for s in (share_of(old, n) for n in range(0, 200, 9)) if s.quality is Quality.BLOCK][:2]
        assert (await played.pool.submit(blocks[0])).outcome is Outcome.ACCEPTED
        for n in range(2, 40):
            await asyncio.sleep(31.0)  # template after template
            await played.job(n)
        late = await played.pool.submit(blocks[1])
        assert (late.outcome, late.reason) == (Outcome.STALE, "stale-prevblk")
        assert len(played.node.blocks) == 2

    play(body)


def test_while_the_node_is_away_devices_are_idle_and_a_block_is_kept_trying() -> None:
    async def body(played: Played) -> None:
        job = await played.job()
        share = next(s for s in (share_of(job, n) for n in range(0, 99, 9)) if s.quality is Quality.BLOCK)
        played.node.leave()
        submitting = asyncio.create_task(played.pool.submit(share))
        await asyncio.sleep(5.0)
        assert played.jobs[-1] is None
        assert not played.pool.stats().connected
        played.node.away = None
        played.node.refresh()
        assert (await submitting).outcome is Outcome.ACCEPTED
        await played.job(3)
        assert played.pool.stats().connected
        assert played.pool.stats().reconnects == 1

    played = play(body)
    (ended,) = played.of(Disconnected)
    assert isinstance(ended, Disconnected)
    assert ended.reason == "no work: node http://node:8332: cannot be reached"


def test_a_node_that_is_away_at_the_start_is_tried_again() -> None:
    async def body(played: Played) -> None:
        played.node.away = NodeError("node http://node:8332: does not accept the user and password")
        await played.pool.stop()
        await played.pool.start(Demand())
        await asyncio.sleep(120.0)
        waits = [event.retry_s for event in played.of(Disconnected) if isinstance(event, Disconnected)]
        assert 4 <= len(waits) < 12, "with backoff"
        played.node.away = None
        await asyncio.sleep(61.0)
        assert played.pool.stats().connected

    play(body)


def test_an_address_of_another_chain_reaches_who_reads_jobs() -> None:
    def wrong() -> Node:
        node = Node()
        node.away = InputError("address 'bc1…' on chain regtest: belongs to another chain")
        return node

    async def body(played: Played) -> None:
        await asyncio.sleep(1.0)

    assert isinstance(play(body, wrong).error, InputError)


@pytest.mark.parametrize(
    ("demand", "network", "expected"),
    [
        (Demand(1e12), Fraction(10**6), 1e12 / 2**32),  # one a second
        (Demand(1e12), Fraction(1), 1e12 / 2**32),  # blocks are easier still: as many as that, and no more
        (Demand(1e15), Fraction(2000), 2000),  # never harder than a block
        (Demand(41e6, 0, 1e6), Fraction(10**6), 4e6 / 2**32),  # so that the slowest is seen
    ],
)
def test_work_is_shown_by_the_rate_and_is_never_harder_than_a_block(
    demand: Demand, network: Fraction, expected: float
) -> None:
    async def body(played: Played) -> None:
        job = await played.job()
        assert float(difficulty_from_target(job.target)) == pytest.approx(expected, rel=0.02)
        assert job.block_target == min(job.target, job.network_target)

    play(body, lambda: Node(target_from_difficulty(network)), None, demand)
