from __future__ import annotations

from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from joulehash.bench.paper.sweep_figures import unit_of
from joulehash.bench.paper.sweep_html import sweep_html
from joulehash.bench.paper.sweep_text import WIDTH, cell_line, shmoo, sweep_text
from joulehash.bench.sweep.frontier import best_of
from joulehash.bench.sweep.grid import Grid
from joulehash.bench.sweep.plan import whole
from joulehash.bench.sweep.result import SweepResult
from tests.support.landscapes import Landscape, cell, walk

GRID = Grid((400.0, 425.0, 450.0), (1.0, 1.02, 1.04), (425.0, 1.04))
LAND = Landscape(GRID, (410.0, 430.0, 500.0))


def result(land: Landscape = LAND, **changes: object) -> SweepResult:
    cells = walk(land.grid, land.cell)
    made = SweepResult(
        board="sim:bitaxe-gamma",
        title="Bitaxe Gamma",
        began="2026-11-22T10:00:00Z",
        seconds=200.0,
        ended="done",
        mhz=[*land.grid.mhz],
        volts=[*land.grid.volts],
        cells=whole(land.grid, cells),
        best=best_of(cells.values()),
        usual=(425.0, 1.04),
        rules={"ceiling": 0.035, "precision": 0.03, "chip_c": 72.0, "vr_c": None, "watts": 38.8},
    )
    return replace(made, **changes)


def test_the_map_has_each_point_in_its_place() -> None:
    lines = list(shmoo(result()))
    assert lines[0] == "  MHz  1.00 1.02 1.04"
    assert [row.split()[0] for row in lines[1:4]] == ["450", "425", "400"]
    figures = {row.split()[0]: row.split()[1:] for row in lines[1:4]}
    assert figures["450"][:2] == ["x", "X"]
    assert figures["450"][2].endswith("^") or figures["450"][2].endswith("*")
    assert figures["400"][1:] == [".", "."]
    assert "X errors" in "".join(lines[4:])


@pytest.mark.parametrize("columns", [1, 3, 12, 14, 40, 100])
def test_it_never_is_wider_than_a_terminal(columns: int) -> None:
    volts = tuple(round(1 + 0.0025 * j, 4) for j in range(columns))
    grid = Grid(tuple(100.0 + 25 * i for i in range(20)), volts)
    text = sweep_text(result(Landscape(grid, tuple(200.0 + 4 * j for j in range(columns)))))
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_text_says_what_is_best_and_what_it_saves() -> None:
    text = sweep_text(result())
    assert "best J/TH" in text
    assert "less than at its usual 425 MHz, 1.04 V" in " ".join(text.split())
    assert "measured at VR output by board" in text


def test_without_a_meter_or_a_sound_point() -> None:
    cells = [replace(each, cost=None, watts=None) for each in result().cells]
    text = sweep_text(result(cells=cells, best=best_of(cells)))
    assert "unknown: no meter" in text
    assert "frontier" not in text
    none = Landscape(GRID, (0.0, 0.0, 0.0))
    assert "no point is sound" in sweep_text(result(none))
    assert "no point is sound" in sweep_html(result(none))


def test_one_that_did_not_end_by_itself_says_so() -> None:
    cut = result(ended="unplugged", why="ttyACM0: was unplugged; plug it in again")
    assert "unplugged: ttyACM0" in sweep_text(cut)
    assert "unplugged: ttyACM0" in sweep_html(cut)


def test_the_unit_is_the_one_that_can_be_read() -> None:
    assert unit_of([cell(400.0, 1.0, 1e12, 15.0)])[0] == "J/TH"
    assert unit_of([cell(400.0, 1.0, 2e5, 10.0)])[0] == "J/MH"
    assert unit_of([]) == ("J/TH", 1.0)
    assert "15.0 ± 1.5 J/TH" in cell_line(cell(400.0, 1.0, 1e12, 15.0))
    assert cell_line(cell(400.0, 1.0, 1e12, 15.0, "hot")).split() == ["400", "MHz,", "1", "V", "hot:", "was", "hot"]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_has_map_curve_and_every_cell_and_escapes_what_it_is_given() -> None:
    page = _Text()
    page.feed(sweep_html(result(title="<b>Gamma</b>")))
    said = page.said
    assert "<b>Gamma</b>" in said
    for head in ("What is best", "The map", "The efficiency frontier", "Cells that were measured", "Rules"):
        assert head in said
    measured = [each.text for each in result().measured]
    assert all(said.count(text) >= 1 for text in measured)
    assert "(errors)" in said


def test_a_board_with_one_voltage() -> None:
    land = Landscape(Grid((200.0, 225.0), (None,)), (210.0,))
    assert "225" in "\n".join(shmoo(result(land, usual=(200.0, None))))
    assert "The map" in sweep_html(result(land, usual=(200.0, None)))
