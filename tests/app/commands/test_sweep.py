from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from joulehash.app.cli import run
from joulehash.hw.passport.store import Passport

BOARD = "sim:bitaxe-gamma?scale=25"
TINY = ("--mhz", "100", "--volts", "1.0", "--settle", "1", "--errors", "20%", "--precision", "0.2")


@pytest.fixture
def kept(tmp_path: Path) -> tuple[str, ...]:
    return "--passport", str(tmp_path / "p.sqlite3"), "--progress", str(tmp_path / "progress.json")


def test_json_has_each_cell_and_the_result_last_and_the_passport_keeps_it(
    tmp_path: Path, kept: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    assert run(["sweep", f"{BOARD}&label=bench-1", *TINY, *kept, "--json", "--report", str(page)]) == 0
    events: list[dict[str, Any]] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["event"] for event in events] == ["began", "cell", "sweep"]
    result = events[-1]
    assert (result["schema"], result["key"], result["simulated"]) == ("joulehash.sweep/1", "sim:bench-1", True)
    assert result["best"]["j_per_th"] == result["best"]["rate"] == [100.0, 1.0]
    assert result["cells"] == [events[1]]
    assert "Bitaxe Gamma" in page.read_text(encoding="utf-8")
    assert not (tmp_path / "progress.json").exists()

    async def sweeps() -> int:
        async with Passport(tmp_path / "p.sqlite3") as passport:
            return len((await passport.book("sim:bench-1")).sweeps)

    assert asyncio.run(sweeps()) == 1


def test_plain_lines_end_with_the_map(kept: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sweep", BOARD, *TINY, *kept, "--meter", "none", "--resume"]) == 0
    out = capsys.readouterr().out
    assert "it begins anew" in out
    assert "1 of 1 points measured" in out
    assert "unknown: no meter" in out


def test_where_no_point_is_sound_it_fails(kept: tuple[str, ...]) -> None:
    point = ("--mhz", "475", "--volts", "1.0", "--settle", "1")
    assert run(["sweep", BOARD, *point, *kept]) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cpu",), "is no board"),
        (("sim:icarus",), "nothing to sweep"),
        (("sim:compac-f",), "no sensors"),
        ((BOARD, "--mhz", "100..900"), "takes 50 to 625 MHz"),
        ((BOARD, "--volts", "1.4"), "takes 1 to 1.25 V"),
        ((BOARD, "--mhz", "x"), "LOW..HIGH:STEP"),
        ((BOARD, "--errors", "x"), "--errors"),
        ((BOARD, "--errors", "60%"), "takes more than 0 and less than 50 %"),
        ((BOARD, "--settle", "0"), "--settle"),
        ((BOARD, "--chip-c", "90"), "takes up to 75 °C"),
        ((BOARD, "--meter", "nothing:"), "meter"),
        ((BOARD, "--report", "/nowhere/at/all.html"), "--report"),
        (("bitaxe-gamma:/dev/null", "--virtual-time"), "no simulated board"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_line(
    arguments: tuple[str, ...], said: str, kept: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["sweep", *arguments, *kept]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_it_goes_on_only_with_the_same_sweep(
    tmp_path: Path, kept: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "progress.json").write_text("{}", encoding="utf-8")
    assert run(["sweep", BOARD, *TINY, *kept, "--resume"]) == 2
    assert "progress.json" in capsys.readouterr().err
