"""The journal of found blocks: what is written stays, whatever happens to who writes and to the disk."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Event as ThreadEvent

import pytest

from joulehash.engine import journal as module
from joulehash.engine.errors import InputError
from joulehash.engine.events import Event, Note
from joulehash.engine.journal import BLOCK, SHARE, Entry, Journal, JournalError, journal_path
from joulehash.engine.tally import Outcome

ONE = Entry("aa" * 32, BLOCK, "regtest", 1_800_000_000.25, 7, bytes(300))
TWO = Entry("bb" * 32, BLOCK, "regtest", 1_800_000_001.0, None, b"\1" * 90)
OTHER = Entry("cc" * 32, BLOCK, "main", 1_800_000_002.0, 8, b"\2")
SHARED = Entry("dd" * 32, SHARE, "pool:3333 joe", 1_800_000_003.0, 8, bytes(80), {"job": "bf", "nonce": "00000001"})


def play(path: Path, body: Callable[[Journal], Awaitable[None]]) -> list[str]:
    """What it told."""
    events = list[Event]()

    async def main() -> None:
        async with Journal(path, events.append) as journal:
            await body(journal)

    asyncio.run(main())
    assert all(isinstance(event, Note) for event in events)
    return [event.text for event in events if isinstance(event, Note)]


def test_what_has_no_answer_is_found_again_by_kind_and_place(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "blocks.sqlite3"

    async def write(journal: Journal) -> None:
        for entry in (ONE, TWO, OTHER, SHARED):
            await journal.keep(entry)
        await journal.answer(ONE.hash, "node a", Outcome.ACCEPTED)
        await journal.answer("ee" * 32, "node a", Outcome.ACCEPTED)  # of none that was kept

    async def read(journal: Journal) -> None:
        numbers = await journal.unanswered(BLOCK, "regtest")
        assert [await journal.entry(number) for number in numbers] == [TWO]
        (number,) = await journal.unanswered(SHARE, SHARED.place)
        assert await journal.entry(number) == SHARED
        assert await journal.unanswered(SHARE, "pool:3333 jim") == []
        one, two, other, shared = await journal.all()
        assert [(a.by, a.outcome, a.reason) for a in one.answers] == [("node a", "accepted", "")]
        assert [each.outcome for each in (one, two, other, shared)] == ["accepted", "", "", ""]
        assert (one.bytes, one.at, one.height) == (300, ONE.at, 7)

    assert play(path, write) == play(path, read) == []


def test_the_best_of_several_answers_counts_and_a_hash_is_kept_once(tmp_path: Path) -> None:
    async def body(journal: Journal) -> None:
        await journal.keep(ONE)
        await journal.keep(ONE)
        await journal.answer(ONE.hash, "a", Outcome.LOST, "no answer")
        await journal.answer(ONE.hash, "b", Outcome.STALE, "inconclusive")
        (listed,) = await journal.all()
        assert listed.outcome == "stale"
        await journal.answer(ONE.hash, "c", Outcome.ACCEPTED)
        (listed,) = await journal.all()
        assert listed.outcome == "accepted"

    assert play(tmp_path / "blocks", body) == []


def test_rows_are_never_changed_and_are_on_the_disk_when_it_says_so(tmp_path: Path) -> None:
    async def body(journal: Journal) -> None:
        await journal.keep(ONE)
        with sqlite3.connect(journal.path) as other:  # another program sees it already
            assert other.execute("SELECT hash FROM block").fetchall() == [(ONE.hash,)]
            for statement in ("UPDATE block SET height = 1", "DELETE FROM block"):
                with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                    other.execute(statement)
        other.close()
        connection = journal._connection  # pyright: ignore[reportPrivateUsage]
        assert connection is not None
        assert await journal._call(lambda: connection.execute("PRAGMA synchronous").fetchone()) == (2,)  # pyright: ignore[reportPrivateUsage]

    assert play(tmp_path / "blocks", body) == []


def test_a_file_that_cannot_be_written_is_told_once_and_nobody_waits(tmp_path: Path) -> None:
    async def body(journal: Journal) -> None:
        for _ in range(3):
            await journal.keep(ONE)
        with pytest.raises(JournalError):
            await journal.all()

    (tmp_path / "file").write_text("no folder")
    (told,) = play(tmp_path / "file" / "blocks", body)
    assert "its folder cannot be made" in told
    assert told.endswith("--journal FILE; blocks are sent all the same")
    (tmp_path / "text").write_text("something else, and longer than a header of SQLite has ever been, by far" * 9)
    (told,) = play(tmp_path / "text", body)
    assert "not a database" in told


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_is_told_and_what_comes_later_is_kept(tmp_path: Path) -> None:
    async def body(journal: Journal) -> None:
        await journal.keep(ONE)
        connection = journal._connection  # pyright: ignore[reportPrivateUsage]
        assert connection is not None

        def most(pages: int) -> Callable[[], object]:
            return lambda: connection.execute(f"PRAGMA max_page_count = {pages}").fetchone()

        await journal._call(most(1))  # pyright: ignore[reportPrivateUsage]  # no more than it has
        big = Entry("ff" * 32, BLOCK, "regtest", 1.0, 9, bytes(1_000_000))
        await journal.keep(big)
        await journal.keep(big)
        assert len(await journal.all()) == 1
        await journal._call(most(10_000))  # pyright: ignore[reportPrivateUsage]
        await journal.keep(big)
        assert len(await journal.all()) == 2

    (told,) = play(tmp_path / "blocks", body)
    assert "database or disk is full; make room on the disk; blocks are sent all the same" in told


def test_a_disk_that_hangs_holds_up_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.05)
    monkeypatch.setattr(module, "_CLOSE_S", 0.05)
    hangs = ThreadEvent()

    async def body(journal: Journal) -> None:
        await journal.keep(ONE)
        blocked = asyncio.create_task(journal._call(lambda: hangs.wait(20)))  # pyright: ignore[reportPrivateUsage]
        await asyncio.sleep(0)
        began_s = asyncio.get_running_loop().time()
        for n in range(3):
            await journal.keep(Entry(f"{n:064x}", BLOCK, "regtest", 1.0, 1, b""))
        assert asyncio.get_running_loop().time() - began_s < 2
        hangs.set()
        assert await blocked
        assert len(await journal.all()) == 4  # they were only late

    (told,) = play(tmp_path / "blocks", body)
    assert "takes longer than 0.05 s to write; is its disk well?" in told


def test_reading_does_not_begin_one(tmp_path: Path) -> None:
    path = tmp_path / "blocks"

    async def main() -> None:
        async with Journal(path, lambda _: None, create=False) as journal:
            assert await journal.unanswered(SHARE, "pool", begin=False) == []
            with pytest.raises(JournalError, match="there is none yet; the first found block begins it"):
                await journal.all()

    asyncio.run(main())
    assert not path.exists()


def test_where_it_lies() -> None:
    assert journal_path("here", {}, "linux") == Path("here")
    assert journal_path(None, {"JOULEHASH_JOURNAL": "/there"}, "linux") == Path("/there")
    assert journal_path(None, {"HOME": "/h"}, "linux") == Path("/h/.local/share/joulehash/blocks.sqlite3")


def test_without_a_home_it_is_said_how(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(InputError, match="say where with --journal FILE or JOULEHASH_JOURNAL"):
        journal_path(None, {}, "linux")
