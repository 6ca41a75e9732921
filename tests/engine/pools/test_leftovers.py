"""What a lost connection left unanswered: sent again where the session goes on, else lost with the reason; and blocks,
which are sent however stale they are, and stand in the journal whatever becomes of them."""

from __future__ import annotations

import asyncio
from pathlib import Path

from joulehash.engine.events import Note
from joulehash.engine.journal import SHARE, Entry, Journal, Listed
from joulehash.engine.judge import Judge, Quality, Verdict
from joulehash.engine.pool import Demand
from joulehash.engine.pools.timing import Timing
from joulehash.engine.space import HeaderSpace
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.work import Assignment, Found, Job
from tests.support.fake_pool import EASIEST, REST, Action, Answer, Close, Pause, Step, handshake, job
from tests.support.pool_stage import QUICK, Stage, in_virtual_time, on_tcp
from tests.support.shares import share_of

ACCEPT: Step = ("mining.submit", Answer(True))
CUT: Step = ("mining.submit", Close())
REGTEST = 0x207FFFFF  # every second hash is a block


def with_blocks(name: str = "1", block: int = 1, *, clean: bool = True) -> tuple[Action, Action]:
    return EASIEST, job(name, block, clean=clean, nbits=REGTEST)


def block_of(of: Job, newest: Job | None) -> Verdict:
    """A block in the job, found when `newest` is what the miner works on."""
    now = asyncio.get_running_loop().time
    work = Assignment(of, HeaderSpace(of.extranonce2_size), now, of.target).draw()
    assert work is not None
    judge = Judge()
    judge.accept(newest)
    for nonce in range(1000):
        verdict = judge.judge(Found("test", (work,), nonce, work.versions[0], work.ntime, now()), now())
        if verdict.quality is Quality.BLOCK:
            assert verdict.sendable
            return verdict
    raise AssertionError("not easy enough for a test")


async def two_jobs(played: Stage) -> tuple[Job, Job]:
    """Of the first connection, and of the one after it."""
    first = await played.job()
    await played.until(lambda: None in played.jobs, 600.0)
    await played.until(lambda: played.jobs[-1] is not None, 600.0)
    second = played.jobs[-1]
    assert second is not None
    return first, second


def submits(fake_requests: list[dict[str, object]]) -> list[object]:
    return [request["params"] for request in fake_requests if request["method"] == "mining.submit"]


def test_a_session_that_goes_on_gets_what_it_left_unanswered_once_more() -> None:
    async def body(played: Stage) -> None:
        share = share_of(await played.job())
        result = await played.pool.submit(share)
        assert (result.outcome, result.reason) == (Outcome.ACCEPTED, "")

    again = [EASIEST, job("2", 1)]  # another job of the same block
    fake = in_virtual_time([[*handshake(), CUT], [*handshake(*again), ACCEPT]], body)
    first, second = submits(fake.requests)
    assert first == second
    subscribes = [request["params"] for request in fake.requests if request["method"] == "mining.subscribe"]
    assert subscribes == [["joulehash/test"], ["joulehash/test", "session"]]


def test_duplicate_to_what_is_sent_again_says_that_it_came_and_not_that_it_counted() -> None:
    async def body(played: Stage) -> None:
        result = await played.pool.submit(share_of(await played.job()))
        assert result.outcome is Outcome.DUPLICATE
        assert result.reason == "sent again after a lost connection: Duplicate share (22)"

    duplicate: Step = ("mining.submit", Answer(None, [22, "Duplicate share", None]))
    in_virtual_time([[*handshake(), CUT], [*handshake(), duplicate]], body)


def test_another_extranonce1_is_another_session_and_nothing_of_the_old_one_is_sent() -> None:
    async def body(played: Stage) -> None:
        assert await played.pool.submit(share_of(await played.job())) == Result(
            Outcome.LOST, "the pool closed the connection"
        )
        await played.job()

    fake = in_virtual_time([[*handshake(), CUT], [*handshake(extranonce1="00000001")]], body)
    assert len(submits(fake.requests)) == 1


def test_after_a_new_block_a_share_is_lost_and_a_block_is_sent() -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        found = block_of(work, work)
        share = next(s for s in (share_of(work, n) for n in range(100, 1000)) if s.quality is Quality.SHARE)
        results = await asyncio.gather(played.pool.submit(share), played.pool.submit(found))
        assert results[0].outcome is Outcome.LOST
        assert results[0].reason.endswith("a new block came before the session went on")
        assert results[1].outcome is Outcome.STALE
        assert results[1].reason == "sent again after a lost connection: Job not found (21)"

    stale: Step = ("mining.submit", Answer(None, [21, "Job not found", None]))
    first = [*handshake(*with_blocks()), ("mining.submit",), CUT]
    in_virtual_time([first, [*handshake(*with_blocks("2", 2)), stale]], body)


def test_a_pool_that_goes_on_with_the_session_and_not_with_its_jobs_has_lost_the_share() -> None:
    async def body(played: Stage) -> None:
        result = await played.pool.submit(share_of(await played.job()))
        assert result.outcome is Outcome.LOST
        assert result.reason == "sent again after a lost connection: Job not found (21)"

    unknown: Step = ("mining.submit", Answer(None, [21, "Job not found", None]))
    in_virtual_time([[*handshake(), CUT], [*handshake(), unknown]], body)


def test_a_pool_that_refuses_the_old_session_is_asked_without_it() -> None:
    async def body(played: Stage) -> None:
        await two_jobs(played)

    refusing = list(handshake())
    refusing[1:2] = [("mining.subscribe", Answer(None, [20, "Too many params", None])), refusing[1]]
    fake = in_virtual_time([[*handshake(), (None, Close())], refusing], body)
    subscribes = [request["params"] for request in fake.requests if request["method"] == "mining.subscribe"]
    assert subscribes == [["joulehash/test"], ["joulehash/test", "session"], ["joulehash/test"]]


def test_when_no_session_comes_in_time_they_are_lost() -> None:
    async def body(played: Stage) -> None:
        share = share_of(await played.job())
        began_s = asyncio.get_running_loop().time()
        assert await played.pool.submit(share) == Result(Outcome.LOST, "the pool closed the connection")
        assert 60.0 <= asyncio.get_running_loop().time() - began_s < 61.0

    mute: list[Step] = [("mining.configure",), (REST,)]
    in_virtual_time([[*handshake(), CUT], mute, mute], body, Timing(retry_most=1.0))


def test_it_is_sent_again_once_and_then_lost() -> None:
    async def body(played: Stage) -> None:
        result = await played.pool.submit(share_of(await played.job()))
        assert result == Result(Outcome.LOST, "the pool closed the connection")

    fake = in_virtual_time([[*handshake(), CUT], [*handshake(), CUT]], body)
    assert len(submits(fake.requests)) == 2


def test_to_a_pool_that_does_not_answer_only_a_block_is_sent_again() -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        plain = next(s for s in (share_of(work, n) for n in range(100, 1000)) if s.quality is Quality.SHARE)
        results = await asyncio.gather(played.pool.submit(plain), played.pool.submit(block_of(work, work)))
        assert results[0] == Result(Outcome.LOST, "no answer to a share in 60 s")
        assert results[1].outcome is Outcome.ACCEPTED

    first = [*handshake(*with_blocks()), ("mining.submit",), ("mining.submit",), (REST,)]
    in_virtual_time([first, [*handshake(*with_blocks()), ACCEPT]], body)


def test_a_block_found_in_an_old_job_is_sent_after_a_clean_one() -> None:
    async def body(played: Stage) -> None:
        old = await played.job()
        await played.until(lambda: played.jobs[-1] is not None and played.jobs[-1].id == "2")
        assert (await played.pool.submit(block_of(old, played.jobs[-1]))).outcome is Outcome.ACCEPTED

    in_virtual_time([[*handshake(*with_blocks()), (None, *with_blocks("2", 2)), ACCEPT]], body)


def test_a_block_found_before_a_reconnect_is_sent_in_the_session_that_goes_on() -> None:
    async def body(played: Stage) -> None:
        old, new = await two_jobs(played)
        assert old.session != new.session
        assert (await played.pool.submit(block_of(old, new))).outcome is Outcome.ACCEPTED

    in_virtual_time(
        [[*handshake(*with_blocks()), (None, Pause(1.0), Close())], [*handshake(*with_blocks("2", 2)), ACCEPT]], body
    )


def test_a_block_found_while_there_is_no_connection_waits_for_it() -> None:
    async def body(played: Stage) -> None:
        old = await played.job()
        await played.until(lambda: None in played.jobs)
        assert (await played.pool.submit(block_of(old, None))).outcome is Outcome.ACCEPTED

    in_virtual_time(
        [[*handshake(*with_blocks()), (None, Pause(1.0), Close())], [*handshake(*with_blocks("2", 2)), ACCEPT]], body
    )


# The journal


def journaled(path: Path) -> list[Listed]:
    async def read() -> list[Listed]:
        async with Journal(path, lambda _: None, create=False) as journal:
            return await journal.all()

    return asyncio.run(read())


def test_blocks_are_written_down_with_their_job_and_their_answer(tmp_path: Path) -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        found = block_of(work, work)
        assert (await played.pool.submit(found)).outcome is Outcome.ACCEPTED
        plain = next(s for s in (share_of(work, n) for n in range(100, 1000)) if s.quality is Quality.SHARE)
        assert (await played.pool.submit(plain)).outcome is Outcome.ACCEPTED  # no block, and not written down

    told = list[object]()
    journal = Journal(tmp_path / "blocks", told.append)
    on_tcp([[*handshake(*with_blocks()), ACCEPT, ACCEPT]], body, journal=journal)
    assert told == []
    (listed,) = journaled(tmp_path / "blocks")
    assert (listed.kind, listed.height, listed.bytes, listed.outcome) == (SHARE, 1, 80, "accepted")
    assert set(listed.detail) == {"job", "extranonce1", "extranonce2", "ntime", "nonce", "version"}
    assert listed.detail["extranonce1"] == "aabbccdd"
    assert listed.place.endswith(" joe.rig1")


def test_a_block_whose_session_is_gone_is_closed_as_lost_with_the_reason(tmp_path: Path) -> None:
    async def body(played: Stage) -> None:
        work = await played.job()
        assert (await played.pool.submit(block_of(work, work))).outcome is Outcome.LOST
        await played.job()

    first: list[Step] = [*handshake(*with_blocks()), CUT]
    second = handshake(*with_blocks(), extranonce1="00000001")
    on_tcp([first, second], body, journal=Journal(tmp_path / "blocks", lambda _: None))
    (listed,) = journaled(tmp_path / "blocks")
    (answer,) = listed.answers
    assert (answer.by, answer.outcome, answer.reason) == ("joulehash", "lost", "the pool closed the connection")


def test_what_an_earlier_run_left_is_closed_as_its_session_is_gone(tmp_path: Path) -> None:
    async def body(played: Stage) -> None:
        host, port = "127.0.0.1", played.pool.name.rsplit(":", 1)[1]
        await journal.keep(Entry("ab" * 32, SHARE, f"{host}:{port} joe.rig1", 1.0, 5, bytes(80)))
        await journal.keep(Entry("cd" * 32, SHARE, "other:1 joe.rig1", 1.0, 5, bytes(80)))
        await played.pool.stop()
        await played.pool.start(Demand())
        await played.until(lambda: played.of(Note))

    journal = Journal(tmp_path / "blocks", lambda _: None)
    rest: list[Step] = [("mining.configure",), (REST,)]
    on_tcp([rest, rest], body, QUICK, journal=journal)
    closed, other = journaled(tmp_path / "blocks")
    assert (closed.outcome, other.outcome) == ("lost", "")
    assert closed.answers[0].reason == "the miner ended before the pool answered, and its session with it"
