from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from joulehash.engine.database import BUSY_S
from joulehash.hw.passport.records import Hours, Service, now
from joulehash.hw.passport.schema import PassportError
from joulehash.hw.passport.store import Passport
from tests.support.passports import GAMMA, START, a_life, fill, kept, use, writer

KEY = "osmu:1a2b3c4d"


def test_what_is_written_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "a folder" / "that is?new#" / "passport.sqlite3"
    assert fill(path, KEY, [GAMMA, Service(START, "fan replaced"), Hours(START, 3600.0, 10**15)]) == 3
    assert fill(path, KEY, [GAMMA, Service(START, "fan replaced")]) == 0, "the same again is no news"
    book = use(path, lambda passport: passport.book(KEY), create=False)
    assert (book.identity, book.services, book.total.hashes) == (GAMMA, [Service(START, "fan replaced")], 10**15)
    assert path.parent.stat().st_mode & 0o077 == 0


def test_the_results_of_check_and_sweep_are_kept_as_they_are(tmp_path: Path) -> None:
    async def work(passport: Passport) -> list[bytes]:
        await passport.record_check(KEY, b'{"verdict": "pass", "rate": {"low": 1.0, "value": 2.0, "high": 3e0}}')
        await passport.record_sweep(KEY, b'{"points": [1, 2.50, "\xc3\xa4"]}')
        with pytest.raises(ValueError, match="Expected `object`"):
            await passport.record_check(KEY, b"[]")
        with pytest.raises(ValueError, match="takes 16777216 at most"):
            await passport.record_check(KEY, b'{"a": "' + b"x" * (16 << 20) + b'"}')
        lines: list[bytes] = []
        await passport.export_to(KEY, lines.append)
        return lines

    lines = use(tmp_path / "p", work)
    assert b'"result":{"verdict":"pass","rate":{"low":1.0,"value":2.0,"high":3.0}}' in lines[1]
    assert b'"result":{"points":[1,2.5,"\xc3\xa4"]}' in lines[2]


def test_the_loop_goes_on_while_the_file_is_held_by_another(tmp_path: Path) -> None:
    path = tmp_path / "p"
    fill(path, KEY, [GAMMA])

    async def work() -> tuple[int, float]:
        async with Passport(path) as passport:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                writing = asyncio.create_task(passport.add(KEY, [Service(now(), "waits")]))
                ticks, slowest, last = 0, 0.0, time.monotonic()
                while ticks < 50:
                    await asyncio.sleep(0.01)
                    slowest, last, ticks = max(slowest, time.monotonic() - last), time.monotonic(), ticks + 1
                assert not writing.done()
                other.execute("ROLLBACK")
            return await writing, slowest

    added, slowest = asyncio.run(work())
    assert added == 1
    assert slowest < BUSY_S / 2


def test_all_calls_are_made_in_one_thread_which_ends(tmp_path: Path) -> None:
    threads: set[int] = set()

    async def work(passport: Passport) -> None:
        for _ in range(3):
            await passport.export_to(KEY, lambda _: threads.add(threading.get_ident()))
        assert "passport" in {thread.name for thread in threading.enumerate()}

    use(tmp_path / "p", work)
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    deadline_s = time.monotonic() + 10
    while "passport" in {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_who_is_cancelled_has_written_all_the_same_and_the_next_is_not_disturbed(tmp_path: Path) -> None:
    async def work(passport: Passport) -> int:
        first = asyncio.create_task(passport.add(KEY, [Service(START, "first")]))
        await asyncio.sleep(0)
        first.cancel()
        await passport.add(KEY, [Service(START, "second")])
        return len((await passport.book(KEY)).services)

    assert use(tmp_path / "p", work) == 2


def test_a_call_fails_as_a_whole(tmp_path: Path) -> None:
    async def work(passport: Passport) -> int:
        with pytest.raises(ValueError, match="takes UTC, from 1970 on"):
            Service(START.replace(tzinfo=None), "of no zone")
        with pytest.raises(ValueError, match=r"at `\$.hashes`"):
            await passport.add(KEY, [Service(START, "before"), Hours(START, 1.0, -1)])
        return len((await passport.book(KEY)).services)

    assert use(tmp_path / "p", work) == 0


def test_a_year_is_summed_in_well_under_a_second(tmp_path: Path) -> None:
    """Stated loosely, for the machine may be busy: it takes some twenty milliseconds."""
    fill(tmp_path / "p", KEY, a_life())

    async def work(passport: Passport) -> float:
        began_s = time.perf_counter()
        book = await passport.book(KEY)
        assert len(book.days) == 356
        assert book.total.seconds == pytest.approx(355 * 86400, rel=0.01)
        return time.perf_counter() - began_s

    assert use(tmp_path / "p", work) < 1.0


def test_what_is_closed_may_be_closed_again_and_cannot_be_used(tmp_path: Path) -> None:
    async def work() -> None:
        passport = Passport(tmp_path / "p")
        with pytest.raises(RuntimeError, match="is not open"):
            await passport.boards()
        await passport.close()
        await passport.open()
        await passport.close()
        await passport.close()

    asyncio.run(work())


def test_without_create_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(PassportError, match="there is none yet"):
        use(tmp_path / "no" / "p", lambda passport: passport.boards(), create=False)
    assert list(tmp_path.iterdir()) == []


def test_several_processes_begin_a_file_and_write_at_once(tmp_path: Path) -> None:
    path, each = tmp_path / "new" / "p", 25
    writers = [writer(path, KEY, f"writer-{number}", each) for number in range(4)]
    for process in writers:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert said.split() == ["open", *map(str, range(each))]
    notes, n_hours = kept(path, KEY)
    assert notes == {f"writer-{writer} {number}" for writer in range(4) for number in range(each)}
    assert n_hours == 4 * each
    total = use(path, lambda passport: passport.book(KEY)).total
    assert (total.hashes, sum(metered.joules for metered in total.energy)) == (4 * each << 40, 2.0 * 4 * each)
