"""The live screen as a terminal of 80 columns shows it, and the picture it leaves."""

from __future__ import annotations

import asyncio
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from joulehash.app.screen import ScreenFace
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.events import Note, Summary
from joulehash.engine.miner import Miner
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.stratum.client import Settings

WIDTH = 80


async def mine(face: ScreenFace) -> Summary:
    miner = Miner(EmbeddedPool(Settings("me"), face.event, 0.2), [CpuDevice("portable", 1)], face.event)
    watching = asyncio.create_task(face.watch(miner))
    try:
        return await miner.run(duration_s=2.5)
    finally:
        watching.cancel()
        await asyncio.wait([watching])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Summary]:
    """What the terminal showed, the picture, and the summary of one short run."""
    picture = tmp_path_factory.mktemp("picture") / "mine.svg"
    out = StringIO()
    face = ScreenFace(picture, Console(file=out, width=WIDTH, force_terminal=True, color_system=None))
    summary = asyncio.run(mine(face))
    face.close(summary)
    return out.getvalue(), picture, summary


def test_it_speaks_the_miners_vocabulary(shown: tuple[str, Path, Summary]) -> None:
    text, _, _ = shown
    for word in ("(5s)", "(1m)", "(15m)", "(avg)", "A ", "R ", "S ", "HW ", "best ", "blocks ", "height", "one in"):
        assert word in text
    assert "connected" in text
    assert "portable, 1 thread" in text


def test_no_line_is_wider_than_the_terminal(shown: tuple[str, Path, Summary]) -> None:
    text, _, _ = shown
    panel = [line for line in text.splitlines() if line.startswith(("│", "╭", "╰"))]
    assert panel
    assert {len(line) for line in panel} == {WIDTH}


def test_it_ends_with_the_account(shown: tuple[str, Path, Summary]) -> None:
    text, _, summary = shown
    assert text.splitlines()[-2:] == [
        f"accepted {summary.accepted}, rejected 0, stale 0, duplicate 0, lost 0",
        f"blocks {summary.blocks}, hardware errors 0",
    ]


def test_the_picture_is_an_svg_that_needs_nothing_from_elsewhere(shown: tuple[str, Path, Summary]) -> None:
    _, picture, _ = shown
    svg = picture.read_text(encoding="utf-8")
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    assert "url(http" not in svg
    assert "portable" in svg


def test_markup_and_control_characters_in_a_line_are_only_text() -> None:
    out = StringIO()
    face = ScreenFace(console=Console(file=out, width=WIDTH, force_terminal=True, color_system=None))
    face.event(Note("[bold]no markup[/bold]"))
    face.close(None)
    assert "[bold]no markup[/bold]" in out.getvalue()
