"""Boards that speak Icarus, against a line that a test holds: answers that are torn, late, or to nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from joulehash.engine.chain.header import pack_header
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, cause
from joulehash.engine.judge import Judge, Quality
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import Assignment, Work
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from joulehash.hw.wire.icarus import GOLDEN_ANSWER, GOLDEN_WORK, WORK_SIZE, WorkDecoder, answer
from joulehash.hw.wire.midstate import midstate_bytes
from tests.support.jobs import job
from tests.support.scripted_line import Line, fed, nonce_of
from tests.support.standstill import still_then

BITS = 24  # of scale: a nonce has eight zero bits, and a range 256 nonces
EASY = MAX_TARGET >> 8
GIVEN = job(target=EASY, version_mask=0x6000)
Course = Callable[[Line], Awaitable[None]]


def row_of(name: str = "icarus", answer_bytes: int = 4) -> Row:
    row = board_row(name).scaled(BITS)
    assert row.icarus is not None
    return replace(row, icarus=replace(row.icarus, answer_bytes=answer_bytes))


def on(row: Row, course: Course, golden: bytes = GOLDEN_ANSWER) -> None:
    async def main() -> None:
        async with fed(row) as line:
            assert await line.heard() == GOLDEN_WORK
            line.say(golden)
            await asyncio.sleep(0.01)
            await course(line)

    run_virtual(main())


def range_s(row: Row) -> float:
    assert row.icarus is not None
    return 256 / row.icarus.hps


def works(n: int) -> list[Work]:
    """As the feeder draws them from a space of its own."""
    twin = Assignment(GIVEN, HeaderSpace(4), lambda: 0.0, EASY)
    return [work for work in (twin.draw() for _ in range(n)) if work is not None]


async def given(line: Line, n: int) -> list[Work]:
    """So many works, one after the other at once."""
    space, drawn = HeaderSpace(4), works(n)
    for work in drawn:
        line.give(GIVEN, space)
        (sent,) = WorkDecoder().feed(await line.heard())
        assert sent.midstate == midstate_bytes(work.midstates())
    return drawn


def true_nonce(work: Work, ntime: int, after: int = 0) -> int:
    return nonce_of(lambda nonce: pack_header(work.versions[0], work.hashes, ntime, GIVEN.nbits, nonce), EASY, after)


@pytest.mark.parametrize(
    "golden",
    [GOLDEN_ANSWER, b"\x12\x34\x56\x78" + GOLDEN_ANSWER, b"\x07" + GOLDEN_ANSWER],
    ids=["at once", "after what another program left", "after a stray byte"],
)
def test_it_is_known_by_the_nonce_of_a_known_block(golden: bytes) -> None:
    async def course(line: Line) -> None:
        line.give(GIVEN)
        assert len(await line.heard()) == WORK_SIZE

    on(row_of(), course, golden)


@pytest.mark.parametrize("said", [b"", b"\0\0\0\0", GOLDEN_ANSWER[:3]], ids=["nothing", "another", "a part"])
def test_what_does_not_find_it_is_no_icarus(said: bytes) -> None:
    async def course(line: Line) -> None:
        line.give(GIVEN)
        await asyncio.sleep(1e5)

    with pytest.raises(BaseExceptionGroup) as raised:
        on(row_of(), course, said)
    error = cause(raised.value)
    assert isinstance(error, DeviceError)
    assert "where an Icarus finds 000187a2; is it another board, or off?" in str(error)
    assert ("did not answer" in str(error)) is (not said)


def test_a_clones_fifth_byte_belongs_to_the_answer_before() -> None:
    async def course(line: Line) -> None:
        (work,) = await given(line, 1)
        nonce = true_nonce(work, GIVEN.ntime)
        line.say(answer(nonce) + b"\x01")
        await asyncio.sleep(0.01)
        assert [found.nonce for found in line.claims] == [nonce]
        assert line.claims[0].raw == answer(nonce) + b"\x01"

    on(row_of("block-erupter", answer_bytes=5), course, GOLDEN_ANSWER + b"\x01")


def test_an_answer_belongs_to_the_last_work_or_the_one_before() -> None:
    async def course(line: Line) -> None:
        drawn = await given(line, 3)
        judge = Judge()
        judge.accept(GIVEN)
        for work in (drawn[2], drawn[1], drawn[0]):
            line.say(answer(true_nonce(work, GIVEN.ntime)))
            await asyncio.sleep(0.005)
        named = [found.works[0].extranonce2 for found in line.claims]
        versions = [found.version for found in line.claims]
        assert named[:2] == [drawn[2].extranonce2, drawn[1].extranonce2]
        assert versions[:2] == [drawn[2].versions[0], drawn[1].versions[0]]
        qualities = [judge.judge(found, 0.0).quality > Quality.FALSE for found in line.claims]
        assert qualities == [True, True, False], "two works back nobody remembers it: false, and counted"

    on(row_of("block-erupter"), course)


def test_a_torn_answer_spoils_nothing_but_itself() -> None:
    async def course(line: Line) -> None:
        (work,) = await given(line, 1)
        first = true_nonce(work, GIVEN.ntime)
        second = true_nonce(work, GIVEN.ntime, after=first)
        line.say(answer(first)[:2])
        await asyncio.sleep(0.2)
        line.say(answer(second)[:1])
        await asyncio.sleep(0.05)
        line.say(answer(second)[1:])
        await asyncio.sleep(0.2)
        assert [found.nonce for found in line.claims] == [second]
        assert line.account.errors == {"torn answers": 1}
        await asyncio.sleep(1.0)
        assert line.account.errors == {"torn answers": 1}

    on(row_of("block-erupter"), course)


def test_an_answer_whose_rest_came_while_the_host_stood_still_is_not_torn() -> None:
    async def course(line: Line) -> None:
        (work,) = await given(line, 1)
        nonce = true_nonce(work, GIVEN.ntime)
        line.say(answer(nonce)[:2])
        await asyncio.sleep(0.01)
        still_then(0.5, line.say, answer(nonce)[2:])
        await asyncio.sleep(0.01)
        assert [found.nonce for found in line.claims] == [nonce]
        assert not line.account.errors

    row = row_of("block-erupter")
    assert row.icarus is not None
    on(replace(row, icarus=replace(row.icarus, hps=1.0)), course)


def test_one_that_waits_after_a_nonce_gets_work_at_once_and_one_that_goes_on_does_not() -> None:
    async def course(line: Line) -> None:
        (work,) = await given(line, 1)
        line.say(answer(true_nonce(work, GIVEN.ntime)))
        sent = await line.heard(0.01)
        assert line.row.icarus is not None
        assert len(sent) == (0 if line.row.icarus.goes_on else WORK_SIZE)

    on(row_of("icarus"), course)
    on(row_of("block-erupter"), course)


def test_a_range_is_replaced_before_it_ends() -> None:
    row = row_of("fpga")

    async def course(line: Line) -> None:
        await given(line, 1)
        assert await line.heard(0.85 * range_s(row)) == b""
        assert len(await line.heard(0.06 * range_s(row))) == WORK_SIZE

    on(row, course)


def test_told_to_rest_it_goes_on_but_what_it_finds_is_nobodys() -> None:
    async def course(line: Line) -> None:
        (work,) = await given(line, 1)
        line.orders.put(None)
        await asyncio.sleep(0.01)
        line.say(answer(true_nonce(work, GIVEN.ntime)))
        assert await line.heard(5.0) == b""
        assert line.claims == []
        assert line.account.errors == {}

    on(row_of("icarus"), course)


def test_what_it_finds_when_its_range_is_over_it_has_found_before() -> None:
    """An exhausted job: FPGAs begin their range anew, as nothing else comes."""
    row = row_of("fpga")

    async def course(line: Line) -> None:
        space, only = HeaderSpace(0), job(target=EASY, extranonce2_size=0)
        clock_stands_still = Assignment(only, space, lambda: 0.0, EASY)
        line.orders.put(clock_stands_still)
        assert len(await line.heard()) == WORK_SIZE
        work = Assignment(only, HeaderSpace(0), lambda: 0.0, EASY).draw()
        assert work is not None
        nonce = nonce_of(lambda n: pack_header(work.versions[0], work.hashes, only.ntime, only.nbits, n), EASY)
        await asyncio.sleep(0.95 * range_s(row))
        line.say(answer(nonce))
        await asyncio.sleep(0.2 * range_s(row))
        line.say(answer(nonce))
        await asyncio.sleep(0.01)
        assert [found.nonce for found in line.claims] == [nonce]
        assert line.account.starved_s > 0.1 * range_s(row)

    on(row, course)


def test_one_that_says_nothing_any_more_is_given_up() -> None:
    async def course(line: Line) -> None:
        line.give(GIVEN)
        while True:
            await line.heard(60.0)

    with pytest.raises(BaseExceptionGroup) as raised:
        on(row_of("block-erupter"), course)
    assert "no nonce came for" in str(cause(raised.value))
