"""Job ids that are used again, the order on the wire, and what comes back: against a line that a test holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from joulehash.engine.chain.header import pack_header
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.judge import Judge, Quality
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import Assignment, Work
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from joulehash.hw.wire.bm13xx import (
    CommandDecoder,
    HeaderJob,
    MidstateJob,
    WriteRegister,
    nonce_response,
)
from joulehash.hw.wire.midstate import midstate_bytes
from tests.support.jobs import job
from tests.support.scripted_line import Line, fed, nonce_of

BITS = 24  # of scale: a nonce has eight zero bits
EASY = MAX_TARGET >> 8
HCN, VERSIONS, TICKET, CLOCKS = 0x10, 0xA4, 0x14, 0x20
MASK = 0x1FFFE000


def on(name: str, course: Callable[[Line], Awaitable[None]]) -> None:
    async def main() -> None:
        async with fed(row_of(name)) as line:
            await asyncio.sleep(0.3)  # it asks for counters
            await line.heard()
            await course(line)

    run_virtual(main())


def row_of(name: str) -> Row:
    return board_row(name).scaled(BITS)


async def commands(line: Line, seconds: float = 0.001) -> list[object]:
    assert line.row.chip is not None
    decoder = CommandDecoder("header" if line.row.chip.job == "header" else "midstate")
    return list(decoder.feed(await line.heard(seconds)))


async def jobs(line: Line, n: int) -> list[HeaderJob]:
    """The next n."""
    found: list[HeaderJob] = []
    while len(found) < n:
        found += [each for each in await commands(line) if isinstance(each, HeaderJob)]
    return found


def header_of(sent: HeaderJob, rolled: int, nonce: int) -> bytes:
    version = sent.version | rolled << 13
    return pack_header(version, sent.prev_hash + sent.merkle_root, sent.ntime, sent.nbits, nonce)


def answer(line: Line, sent: HeaderJob, rolled: int = 5, after: int = 0) -> int:
    """A true one; the id byte is as BM1366 makes it."""
    nonce = nonce_of(lambda nonce: header_of(sent, rolled, nonce), EASY, after)
    line.say(nonce_response(nonce, 0, sent.id | rolled & 7, rolled))
    return nonce


def test_a_job_on_the_wire_is_the_work_that_a_claim_names() -> None:
    async def course(line: Line) -> None:
        line.give(job(target=EASY, version_mask=MASK, version=0x3FFFE004))
        (sent,) = await jobs(line, 1)
        assert sent.version == 0x20000004, "the bits that the chip rolls are clear"
        nonce = answer(line, sent)
        await asyncio.sleep(0.01)
        (found,) = line.claims
        assert (found.nonce, found.version, found.ntime) == (nonce, 0x20000004 | 5 << 13, sent.ntime)
        assert found.works[0].merkle_root == sent.merkle_root
        assert found.stands_for == 2.0**8
        assert Judge().judge(found, 0.0).quality >= Quality.SHARE

    on("bitaxe-ultra", course)


def test_an_id_that_is_used_again_still_answers_for_its_last_holder() -> None:
    async def course(line: Line) -> None:
        space, sent = HeaderSpace(4), list[HeaderJob]()
        for _ in range(33):
            line.give(job(target=EASY, version_mask=MASK), space)
            sent += await jobs(line, 1)
        assert sent[0].id == sent[16].id == sent[32].id
        assert len({each.id for each in sent}) == 16
        for holder in (32, 16):
            line.claims.clear()
            answer(line, sent[holder])
            await asyncio.sleep(0.01)
            (found,) = line.claims
            assert found.works[0].merkle_root == sent[holder].merkle_root
            assert Judge().judge(found, 0.0).quality > Quality.FALSE
        line.claims.clear()
        await asyncio.sleep(0.1)  # before, it might be of older work
        answer(line, sent[0])
        await asyncio.sleep(0.01)
        (found,) = line.claims
        assert Judge().judge(found, 0.0).quality is Quality.FALSE, "two holders back nobody remembers it"
        assert line.account.errors == {}

    on("bitaxe-ultra", course)


def test_an_id_that_nobody_holds_is_counted_and_no_claim() -> None:
    async def course(line: Line) -> None:
        line.give(job(target=EASY, version_mask=MASK))
        (sent,) = await jobs(line, 1)
        line.say(nonce_response(7, 0, (sent.id + 64) % 128, 5))
        await asyncio.sleep(0.01)
        assert line.claims == []
        assert line.account.errors == {"nonces of no job": 1}

    on("bitaxe-ultra", course)


def test_what_chips_that_hashed_before_say_under_the_first_id_is_no_false_nonce() -> None:
    """Chips with a supply of their own, that go on while nobody listens: their last id may be our first."""

    async def course(line: Line) -> None:
        line.give(job(target=EASY, version_mask=MASK))
        (sent,) = await jobs(line, 1)
        for _ in range(12):
            line.say(nonce_response(7, 0, sent.id, 0))
        await asyncio.sleep(0.02)
        assert (line.claims, line.account.errors) == ([], {"nonces of no job": 12})
        answer(line, sent)
        await asyncio.sleep(0.1)
        assert len(line.claims) == 1, "a true one counts at once"
        line.say(nonce_response(7, 0, sent.id, 0))
        await asyncio.sleep(0.02)
        assert Judge().judge(line.claims[-1], 0.0).quality is Quality.FALSE
        assert line.account.errors == {"nonces of no job": 12}

    on("bitaxe-ultra", course)


def test_each_midstate_is_a_version_of_the_work() -> None:
    """BM1397: the low two bits of the answer's id say which of the four it was."""
    given = job(target=EASY, version_mask=0x00006000)

    async def course(line: Line) -> None:
        space, sent = HeaderSpace(4), list[MidstateJob]()
        for _ in range(40):
            line.give(given, space)
            sent += [each for each in await commands(line) if isinstance(each, MidstateJob)]
        works = drawn(40, 4)
        by_tail = {work.merkle_root[28:]: work for work in works}
        for each in (sent[-1], sent[-33]):  # the second: the holder before, of the same id
            assert each.id == sent[-1].id
            work = by_tail[each.merkle_tail]
            for index, version in enumerate(work.versions):
                assert each.midstates[index] == midstate_bytes(work.midstates()[8 * index : 8 * index + 8])
                nonce = nonce_of(lambda nonce, w=work, v=version, n=each.ntime: w.header(v, n, nonce), EASY)  # type: ignore[misc]
                line.say(nonce_response(nonce, 0, each.id | index, None))
                await asyncio.sleep(0.01)
                found = line.claims[-1]
                assert (found.version, found.nonce) == (version, nonce)
                assert found.works[0].merkle_root == work.merkle_root
        assert len(line.claims) == 8

    def drawn(n: int, versions: int) -> list[Work]:
        """The same as the feeder draws: a space of its own gives them in the same order."""
        twin = Assignment(given, HeaderSpace(4), lambda: 0.0, EASY)
        return [work for work in (twin.draw(versions) for _ in range(n)) if work is not None]

    on("compac-f", course)


def test_a_change_of_mask_stops_the_chips_before_and_starts_them_with_the_new_job() -> None:
    async def course(line: Line) -> None:
        line.give(job(target=EASY, version_mask=MASK))
        first = await commands(line)
        assert [kind_of(each) for each in first] == [VERSIONS, HeaderJob, HCN]
        line.give(job(id="2", target=EASY, version_mask=0x001FE000))
        changed = await commands(line)
        assert [kind_of(each) for each in changed] == [HCN, VERSIONS, HeaderJob, HCN]
        stop, versions, _, start = (each for each in changed)
        assert isinstance(stop, WriteRegister)
        assert isinstance(versions, WriteRegister)
        assert isinstance(start, WriteRegister)
        assert stop.value == 0
        assert versions.value == 0x900000FF
        assert start.value > 0

    on("bitaxe-ultra", course)


def kind_of(command: object) -> object:
    return command.register if isinstance(command, WriteRegister) else type(command)


@pytest.mark.parametrize(("name", "rest", "wake"), [("bitaxe-ultra", (HCN, 0), HCN), ("compac-f", (CLOCKS, 0), CLOCKS)])
def test_without_work_the_chips_rest_and_with_work_they_wake(name: str, rest: tuple[int, int], wake: int) -> None:
    async def course(line: Line) -> None:
        line.give(job(target=EASY, version_mask=MASK))
        await commands(line)
        line.orders.put(None)
        (stop,) = await commands(line)
        assert isinstance(stop, WriteRegister)
        assert (stop.register, stop.value) == rest
        assert [each for each in await commands(line, 3.0) if isinstance(each, HeaderJob | MidstateJob)] == []
        line.give(job(target=EASY, version_mask=MASK))
        sent = await commands(line)
        assert isinstance(sent[0], HeaderJob | MidstateJob), "the job comes first"
        assert kind_of(sent[-1]) == wake

    on(name, course)


def test_what_comes_late_while_it_rests_is_a_claim() -> None:
    async def course(line: Line) -> None:
        line.give(job(target=EASY, version_mask=MASK))
        (sent,) = await jobs(line, 1)
        line.orders.put(None)
        await asyncio.sleep(0.01)
        answer(line, sent)
        await asyncio.sleep(0.01)
        assert [found.works[0].merkle_root for found in line.claims] == [sent.merkle_root]

    on("bitaxe-ultra", course)


def test_an_easier_target_is_told_to_the_chips_and_work_on_its_way_is_judged_by_it() -> None:
    async def course(line: Line) -> None:
        assert line.chain is not None
        hard = job(target=MAX_TARGET >> 14, version_mask=MASK)
        line.chain.set_ticket(6)  # as if many nonces had filled the line
        line.give(replace(hard, target=EASY))
        sent = await commands(line)
        tickets = [each.value for each in sent if isinstance(each, WriteRegister) and each.register == TICKET]
        assert tickets == [0xFC, 0]
        assert line.chain.ticket == 0

    on("bitaxe-ultra", course)
