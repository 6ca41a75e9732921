"""The block desk: written down before it is sent, sent until there is an answer, and told what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from joulehash.engine.chain.header import double_sha256, hash_number, hash_text
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.errors import NodeError
from joulehash.engine.events import Event, Note, PoolBlock
from joulehash.engine.journal import BLOCK, Entry, Journal, Listed
from joulehash.engine.poolserver import blocks as module
from joulehash.engine.poolserver.blocks import BlockDesk, result_of
from joulehash.engine.poolserver.book import Hashed, JobBook
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.template import Template
from tests.support.mining import candidate, solve


class Source(MemoryChain):
    """Answers as it is told: reasons, or errors to raise; when they are used up, None. It looks into the journal."""

    chain = "regtest"

    def __init__(self, *answers: str | NodeError | None, journal: Journal | None = None) -> None:
        super().__init__(MAX_TARGET)
        self.answers, self.journal = list(answers), journal
        self.sent: list[str] = []
        self.written: list[bool] = []  # whether it was in the journal when it came

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        name = hash_text(double_sha256(block[:80]))
        self.sent.append(name)
        if self.journal is not None:
            self.written.append(name in {each.hash for each in await self.journal.all()})
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, NodeError):
            raise answer
        return answer


def found(source: MemoryChain, extranonce: int = 0) -> Hashed:
    job, _ = JobBook().add(source.template)
    header, _ = candidate(source.template)
    solved = solve(header).pack()
    return Hashed(job, solved, job.coinbase(extranonce.to_bytes(12, "big")), hash_number(double_sha256(solved)))


async def desk_at_work(desk: BlockDesk, body: Callable[[], Awaitable[None]]) -> None:
    running = asyncio.create_task(desk.run())
    try:
        await body()
    finally:
        desk.finish()
        await asyncio.wait([running], timeout=0.5)
        running.cancel()
        await asyncio.wait([running])


def listed(path: Path) -> list[Listed]:
    async def read() -> list[Listed]:
        async with Journal(path, lambda _: None, create=False) as journal:
            return await journal.all()

    return asyncio.run(read())


async def put(desk: BlockDesk, hashed: Hashed) -> Result:
    results = list[Result]()

    async def body() -> None:
        results.append(await desk.put(hashed))

    await desk_at_work(desk, body)
    return results[0]


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (None, Outcome.ACCEPTED),
        ("duplicate", Outcome.DUPLICATE),
        ("inconclusive", Outcome.STALE),
        ("stale-prevblk", Outcome.STALE),
        ("high-hash", Outcome.REJECTED),
        ("inconclusive (node a); bad-prevblk (node b)", Outcome.STALE),
        ("bad-prevblk (node a); inconclusive (node b)", Outcome.STALE),
    ],
)
def test_each_answer_of_bip_22_has_its_outcome(reason: str | None, outcome: Outcome) -> None:
    assert result_of(reason) == Result(outcome, reason or "")


@pytest.mark.parametrize("answer", [None, "inconclusive", "high-hash"])
def test_it_is_written_down_whole_before_it_is_sent_and_its_answer_after(tmp_path: Path, answer: str | None) -> None:
    events = list[Event]()

    async def main() -> None:
        async with Journal(tmp_path / "blocks", events.append) as journal:
            source = Source(answer, journal=journal)
            hashed = found(source)
            result = await put(BlockDesk(source, events.append, journal), hashed)
            assert result.reason == (answer or "")
            assert source.written == [True]
            block = hashed.job.template.block(hashed.header, hashed.coinbase)
            assert (await journal.entry(1)).content == block

    asyncio.run(main())
    (block,) = listed(tmp_path / "blocks")
    (said,) = block.answers
    assert (said.by, said.reason, block.kind, block.place) == ("memory", answer or "", BLOCK, "regtest")
    (told,) = events
    assert isinstance(told, PoolBlock)
    assert (told.accepted, told.height) == (answer is None, block.height)


def test_what_an_earlier_run_left_is_handed_in_first_thing(tmp_path: Path) -> None:
    events = list[Event]()

    async def main() -> None:
        async with Journal(tmp_path / "blocks", events.append) as journal:
            source = Source("duplicate", None)
            for n, place in enumerate(("regtest", "main", "regtest")):
                content = bytes([n]) * 90
                await journal.keep(Entry(hash_text(double_sha256(content[:80])), BLOCK, place, 1.0, n, content))
            desk = BlockDesk(source, events.append, journal)

            async def body() -> None:
                await asyncio.sleep(0.1)
                assert source.sent == [], "the node was not ready"
                desk.begin()
                while len(events) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            await desk_at_work(desk, body)

    asyncio.run(main())
    first, other, last = listed(tmp_path / "blocks")
    assert [(a.outcome, a.reason) for a in first.answers] == [("accepted", "duplicate")], "only the answer was missed"
    assert [(a.outcome, a.reason) for a in last.answers] == [("accepted", "")]
    assert other.answers == [], "it is of another chain"


def test_without_an_answer_it_is_lost_for_now_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("_TRY_S", 0.05), ("_RETRY_S", 0.01), ("_LATER_S", 0.05)):
        monkeypatch.setattr(module, name, seconds)
    events = list[Event]()

    async def main() -> None:
        async with Journal(tmp_path / "blocks", events.append) as journal:
            source = Source(*[NodeError("away")] * 40)
            desk = BlockDesk(source, events.append, journal)

            async def body() -> None:
                assert await desk.put(found(source)) == Result(Outcome.LOST, "away")
                source.answers.clear()
                while len(events) < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

            await desk_at_work(desk, body)

    asyncio.run(main())
    assert [event.accepted for event in events if isinstance(event, PoolBlock)] == [False, True]
    (block,) = listed(tmp_path / "blocks")
    assert block.outcome == "accepted"


def test_one_without_an_answer_holds_up_no_other_and_one_is_handed_in_once() -> None:
    async def main() -> None:
        source = Source()
        gate = asyncio.Event()
        slow, quick = found(source, 1), found(source, 2)

        async def submit(block: bytes, template: Template | None = None) -> str | None:
            source.sent.append("")
            if block == slow.job.template.block(slow.header, slow.coinbase):
                await gate.wait()
            return None

        source.submit = submit  # type: ignore[method-assign]
        quick = Hashed(quick.job, b"\1" * 80, quick.coinbase, 1)
        desk = BlockDesk(source, lambda _: None)

        async def body() -> None:
            first = desk.put(slow)
            assert desk.put(slow) is first
            assert (await desk.put(quick)).outcome is Outcome.ACCEPTED
            assert not first.done()
            gate.set()
            assert (await first).outcome is Outcome.ACCEPTED
            assert len(source.sent) == 2

        await desk_at_work(desk, body)

    asyncio.run(main())


def test_stopped_before_an_answer_it_says_so_and_the_journal_has_it(tmp_path: Path) -> None:
    events = list[Event]()

    async def main() -> None:
        async with Journal(tmp_path / "blocks", events.append) as journal:
            source = Source(*[NodeError("away")] * 1000)
            desk = BlockDesk(source, events.append, journal)
            settled: list[asyncio.Future[Result]] = []

            async def body() -> None:
                settled.append(desk.put(found(source)))
                await asyncio.sleep(0.2)

            await desk_at_work(desk, body)
            assert settled[0].result().reason == (
                "the pool was stopped before the chain answered; the next start hands it in"
            )

    asyncio.run(main())
    (block,) = listed(tmp_path / "blocks")
    assert block.answers == []


def test_a_journal_that_cannot_be_written_is_told_and_the_block_is_sent(tmp_path: Path) -> None:
    events = list[Event]()
    (tmp_path / "file").write_text("")

    async def main() -> None:
        async with Journal(tmp_path / "file" / "blocks", events.append) as journal:
            source = Source()
            desk = BlockDesk(source, events.append, journal)
            desk.begin()
            assert (await put(desk, found(source))).outcome is Outcome.ACCEPTED

    asyncio.run(main())
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes
    assert all("its folder cannot be made" in note for note in notes)
    assert len(notes) <= 2
