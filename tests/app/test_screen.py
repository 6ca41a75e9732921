"""The live screen as a terminal of 80 columns shows it, and the picture it leaves."""

from __future__ import annotations

import asyncio
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from joulehash.app.screen import ScreenFace, panel
from joulehash.engine.clock import run_virtual
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.device import Capabilities, DeviceStats
from joulehash.engine.events import Note, ShareDone, Summary
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


class Told(CpuDevice):
    """A device that says of itself what it is told to say."""

    def __init__(self, name: str, stats: DeviceStats) -> None:
        super().__init__(name=name)
        self.told = stats

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities()

    def stats(self) -> DeviceStats:
        return self.told


def drawn(
    *devices: Told, width: int = WIDTH, height: int | None = None, failed: str = "", starts: bool = False
) -> list[str]:
    """The lines of the table of devices, without the frame."""

    async def draw() -> list[str]:
        miner = Miner(EmbeddedPool(Settings("me"), print, 1.0), devices, print)
        miner.devices[devices[0].name].failure = failed
        miner.devices[devices[0].name].starting = starts
        out = StringIO()
        Console(file=out, width=width, color_system=None).print(panel(miner, width, height))
        lines = out.getvalue().splitlines()
        assert {len(line) for line in lines} == {width}
        return [line[2:-2].rstrip() for line in lines[7:-1]]

    return run_virtual(draw())


GAMMA = Told(
    "sim:bitaxe-gamma", DeviceStats(0, note="1 x BM1370, simulated at 1/2^22", mhz=525.0, celsius=59.6, watts=19.23)
)
CPU = Told("cpu", DeviceStats(0, note="avx512, 2 threads"))


def test_boards_tell_frequency_temperature_and_power_within_eighty_columns() -> None:
    assert drawn(GAMMA, CPU) == [
        "device            5s  avg  A  R  S  HW  MHz  °C     W",
        "sim:bitaxe-gamma   -    -  0  0  0   0  525  60  19.2",
        "  1 x BM1370, simulated at 1/2^22",
        "cpu                -    -  0  0  0   0    -   -     -  avx512, 2 threads",
    ]
    assert drawn(GAMMA, width=100)[1].endswith("525  60  19.2  1 x BM1370, simulated at 1/2^22")
    assert drawn(CPU)[0] == "device  5s  avg  A  R  S  HW"  # no columns that nobody fills


def test_an_alarm_is_read_in_lines_of_its_own() -> None:
    silent = ", ".join(f"core {core} of chip 0" for core in range(40)) + " are silent"
    board = Told("bitaxe-gamma:/dev/serial/by-id/usb-OSMU-0", DeviceStats(0, alarm=silent))
    lines = drawn(board)
    assert lines[1].startswith("…rial/by-id/usb-OSMU-0 ")
    assert lines[2].startswith("  core 0 of chip 0, core 1 of chip 0")
    assert len(lines) == 5
    assert lines[4].endswith(" …")
    failed = drawn(Told("board", DeviceStats(0)), failed="board: no chip answers; is it powered, and the line whole?")
    assert failed[2:] == ["  no chip answers; is it powered, and the line whole?"]
    assert drawn(Told("board", DeviceStats(0)), starts=True)[1].endswith("  starts")


def test_where_lines_are_few_those_that_are_not_urgent_go() -> None:
    boards = [
        Told(
            f"sim:bitaxe-{n}",
            DeviceStats(0, note="6 x BM1366, simulated at 1/2^21", mhz=485.0, celsius=50.0, watts=40.0),
        )
        for n in "ab"
    ]
    hot = Told("sim:bitaxe-c", DeviceStats(0, alarm="it overheated; it cools down and then goes on at 500 MHz"))
    assert len(drawn(*boards, hot, height=30)) == 7
    assert len(drawn(*boards, hot, height=14)) == 5


def test_the_panel_moves_though_there_are_new_lines_each_second() -> None:
    async def watched() -> str:
        out = StringIO()
        face = ScreenFace(console=Console(file=out, width=WIDTH, height=40, force_terminal=True, color_system=None))
        board = Told("board", DeviceStats(0))
        watching = asyncio.create_task(face.watch(Miner(EmbeddedPool(Settings("me"), print, 1.0), [board], print)))
        for celsius in range(41, 44):
            board.told = DeviceStats(0, celsius=float(celsius))
            face.event(Note("something new"))
            await asyncio.sleep(1)
        watching.cancel()
        await asyncio.wait([watching])
        return out.getvalue()

    shown = run_virtual(watched())
    assert [f"0   0  {celsius} " in shown for celsius in range(41, 44)] == [True] * 3


def test_many_shares_of_a_second_are_counted() -> None:
    out = StringIO()
    face = ScreenFace(console=Console(file=out, width=WIDTH, force_terminal=True, color_system=None))
    for device, n in (("fast", 30), ("slow", 2)):
        for _ in range(n):
            face.event(ShareDone("pool", device, "accepted", "", 1.0, False, "00", 0.001))
    face.event(ShareDone("pool", "fast", "accepted", "", 1.0, True, "00", 0.001))
    face.close(None)
    text = out.getvalue()
    assert text.count("accepted share of difficulty 1 by fast") == 2
    assert text.count("accepted share of difficulty 1 by slow") == 2
    assert text.count("accepted BLOCK") == 1
    assert "accepted 28 more by fast" in text
    assert "more by slow" not in text
