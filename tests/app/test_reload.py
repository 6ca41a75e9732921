"""The configuration's file as editors, people and accidents change it, on virtual time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from itertools import count
from pathlib import Path

import pytest

from joulehash.app.options import MineOptions, load_options, merge
from joulehash.app.reload import Reload
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError
from joulehash.engine.events import Event, Note

_times = count(1_700_000_000)


class Desk:
    """A file, who watches it, and what came of it."""

    def __init__(self, path: Path, given: MineOptions | None = None) -> None:
        self.path, self.events, self.taken = path, list[Event](), list[MineOptions]()
        self.refuse = ""
        given = given or MineOptions()
        self.write("[mine]\nthreads = 1\n")
        self.reload = Reload(path, given, merge(given, load_options(path)), self.apply, self.events.append)

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")
        when = next(_times)  # files written within a tick of the system's clock have the same time
        os.utime(self.path, (when, when))

    async def apply(self, options: MineOptions) -> None:
        if self.refuse:
            raise InputError(self.refuse)
        self.taken.append(options)

    @property
    def told(self) -> list[str]:
        return [event.text.replace(str(self.path), "FILE") for event in self.events if isinstance(event, Note)]


def watched(desk: Desk, story: Callable[[], Coroutine[None, None, None]]) -> None:
    async def main() -> None:
        watching = asyncio.create_task(desk.reload.watch())
        await story()
        assert not watching.done()
        watching.cancel()

    run_virtual(main())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "joulehash.toml")


def test_a_change_is_taken_once_it_has_settled(desk: Desk) -> None:
    async def story() -> None:
        await asyncio.sleep(5.0)
        assert desk.events == []
        for threads in (2, 3, 4):  # someone types, and saves each second
            desk.write(f"[mine]\nthreads = {threads}\n")
            await asyncio.sleep(1.0)
        await asyncio.sleep(5.0)

    watched(desk, story)
    assert [options.threads for options in desk.taken] == [4]
    assert desk.told == ["configuration FILE: is read, and in force"]


def test_a_file_that_cannot_be_used_changes_nothing_and_its_mending_does(desk: Desk) -> None:
    async def story() -> None:
        for text in ("[mine]\nthreads = 'many'\n", "[mine", "[mine]\ntreads = 2\n", "[mine]\nduration = -1\n"):
            desk.write(text)
            await asyncio.sleep(5.0)
        assert desk.taken == []
        desk.refuse = "-d nothing: is no board"
        desk.write("[mine]\nthreads = 2\n")
        await asyncio.sleep(5.0)
        desk.refuse = ""
        desk.write("[mine]\nthreads = 2\n")
        await asyncio.sleep(5.0)

    watched(desk, story)
    assert [options.threads for options in desk.taken] == [2]
    assert len(desk.told) == 6
    assert all(text.endswith("; all goes on as it was") for text in desk.told[:5])
    assert desk.told[4].startswith("-d nothing: is no board")


def test_a_file_that_is_gone_for_a_while_is_waited_for(desk: Desk) -> None:
    async def story() -> None:
        desk.path.unlink()
        await asyncio.sleep(60.0)
        assert desk.events == []
        desk.write("[mine]\nthreads = 3\n")
        await asyncio.sleep(5.0)

    watched(desk, story)
    assert [options.threads for options in desk.taken] == [3]


def test_asked_to_it_reads_at_once_also_what_is_the_same(desk: Desk) -> None:
    async def story() -> None:
        await asyncio.sleep(0.5)
        desk.reload.hurry()
        await asyncio.sleep(0.1)
        assert desk.told == ["configuration FILE: is read, and says what it said"]
        desk.write("[mine]\nthreads = 2\n")
        desk.reload.hurry()
        await asyncio.sleep(0.1)
        assert [options.threads for options in desk.taken] == [2]
        desk.path.unlink()
        desk.reload.hurry()
        await asyncio.sleep(10.0)

    watched(desk, story)
    assert desk.told[2:] == ["config FILE: No such file or directory; all goes on as it was"]


def test_the_command_line_stands_before_the_file(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "joulehash.toml", MineOptions(threads=7))

    async def story() -> None:
        desk.write("[mine]\nthreads = 2\naffinity = false\n")
        await asyncio.sleep(5.0)

    watched(desk, story)
    assert [(options.threads, options.affinity) for options in desk.taken] == [(7, False)]
