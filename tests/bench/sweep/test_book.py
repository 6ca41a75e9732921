from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from joulehash.bench.sweep.book import Kept, Progress, Whose, load, save
from joulehash.bench.sweep.grid import Grid
from joulehash.bench.sweep.result import Cell
from joulehash.engine.errors import InputError
from tests.support.landscapes import cell

GRID = Grid((400.0, 425.0), (1.0, None))
WHOSE = Whose.of("osmu:1234", "bitaxe-gamma", GRID, {"ceiling": 0.035, "watts": None}, "board", every=False)
PROGRESS = Progress(
    WHOSE, "2026-11-22T10:00:00Z", 61.5, [cell(400.0, 1.0, 8e11, 10.0), cell(425.0, None, 8e11, 9, "hot")]
)


class Heard:
    def __init__(self) -> None:
        self.cells: list[Cell] = []

    def began(self, mhz: float, volts: float | None, left_s: float) -> None: ...
    def note(self, text: str) -> None: ...
    def cell(self, cell: Cell) -> None:
        self.cells.append(cell)


def test_what_is_saved_is_loaded_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "sweeps" / "gamma.json"
    save(path, PROGRESS)
    assert load(path, WHOSE) == PROGRESS
    save(path, replace(PROGRESS, seconds=99.0))
    assert [each.name for each in path.parent.iterdir()] == ["gamma.json"]
    assert load(tmp_path / "other.json", WHOSE) is None


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (replace(WHOSE, board="osmu:9"), "another board"),
        (replace(WHOSE, mhz=[400.0]), "another range of MHz"),
        (replace(WHOSE, volts=[1.0]), "another range of volts"),
        (replace(WHOSE, rules={"ceiling": 0.02}), "another set of rules"),
        (replace(WHOSE, meter="shelly:plug"), "another meter"),
        (replace(WHOSE, every=True), "another kind of sweep"),
    ],
)
def test_a_sweep_does_not_go_on_with_another(tmp_path: Path, other: Whose, said: str) -> None:
    save(tmp_path / "a.json", PROGRESS)
    with pytest.raises(InputError, match=said):
        load(tmp_path / "a.json", other)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": "other/1"}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="tart without --resume"):
        load(path, WHOSE)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.json", replace(PROGRESS, schema="joulehash.sweep-progress/9"))
    with pytest.raises(InputError, match=r"sweep-progress/9"):
        load(tmp_path / "a.json", WHOSE)


def test_a_cell_is_on_the_disk_before_anybody_hears_of_it(tmp_path: Path) -> None:
    path, heard = tmp_path / "a.json", Heard()

    async def main() -> None:
        kept = Kept(path, PROGRESS, heard)
        kept.cell(cell(425.0, 1.0, 8e11, 12.0))
        found = load(path, WHOSE)
        assert found is not None
        assert found.cells == [*PROGRESS.cells, *heard.cells]
        assert found.seconds >= PROGRESS.seconds
        path.unlink()
        path.mkdir()
        with pytest.raises(InputError, match="--progress"):
            kept.cell(cell(450.0, 1.0, 8e11, 12.0))
        assert len(heard.cells) == 1

    asyncio.run(main())
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]
