"""A face with a bug in it, and the miner that must not notice."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.app.faces import STATUS_S, PlainFace, SteadyFace
from joulehash.engine.clock import run_virtual
from joulehash.engine.events import Crash, Event, Note, Summary
from joulehash.engine.miner import Miner
from tests.support.fakes import FakeDevice, FakePool


class BadFace:
    """Its watch fails at each try but the third; it cannot show notes."""

    def __init__(self) -> None:
        self.tries, self.shown, self.closed = list[float](), list[Event](), 0

    def event(self, event: Event) -> None:
        if isinstance(event, Note):
            raise KeyError(event.text)
        self.shown.append(event)

    async def watch(self, miner: Miner, metered: object = None, hand: object = None) -> None:
        self.tries.append(asyncio.get_running_loop().time())
        if len(self.tries) != 3:
            raise ZeroDivisionError("drawing")
        await asyncio.Event().wait()

    def close(self, summary: Summary | None) -> None:
        self.closed += 1


def test_a_watch_that_fails_is_begun_again_and_told_of_once(capsys: pytest.CaptureFixture[str]) -> None:
    async def main() -> None:
        bad = BadFace()
        face = SteadyFace(bad)
        watching = asyncio.create_task(face.watch(Miner(FakePool([]), [FakeDevice()], face.event)))
        await asyncio.sleep(10 * STATUS_S)
        assert bad.tries == [0.0, STATUS_S, 2 * STATUS_S]
        watching.cancel()
        await asyncio.wait([watching])
        assert watching.cancelled()

    run_virtual(main())
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("ZeroDivisionError: drawing") == 2  # its traceback, and the line below it
    assert "begun again in 10 s" in said.err


def test_an_event_that_cannot_be_shown_raises_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    bad = BadFace()
    face = SteadyFace(bad)
    told = Crash("cpu", "a bug", "Traceback", None)
    for event in (Note("hear"), told, Note("hear"), Note("hear again")):
        face.event(event)
    face.close(None)
    assert (bad.shown, bad.closed) == ([told], 1)
    assert capsys.readouterr().err.count("please report it: KeyError") == 2


def test_plain_lines_hold_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    PlainFace().event(Crash("cpu", "a bug", "Traceback\n  File x", None))
    _, *lines = capsys.readouterr().out.splitlines()
    assert lines == ["    Traceback", "      File x"]
