"""`joulehash check` and `sweep`, killed at random moments: their board is off within a second, or made safe first thing
at the next start; the passport is whole; the sweep goes on where it was.

JOULEHASH_KILLS says how often each, JOULEHASH_KILLS_SEED when; with `pytest -s` the figures are told.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.command import Command, Event
from tests.support.killed import Bench, Kill, bench, killed_again_and_again, told

pytestmark = [pytest.mark.long, pytest.mark.alone]

KILLS = int(os.environ.get("JOULEHASH_KILLS", "4"))  # one of each way
SEED = int(os.environ.get("JOULEHASH_KILLS_SEED", "1"))
SOON_S = 1.0
CHECK_S, SWEEP_S = 21.0, 25.0  # from start to end of the one, of the other a part; without power for a tenth of it
END_S = 300.0


def check(on: Bench) -> Command:
    """As short as it can be; it has power for most of its time."""
    return Command("check", on.device, "--time", "1", "--most", "4", "--passport", str(on.passport), "--json")


def sweep(on: Bench) -> Command:
    grid = ("--mhz", "100..150:25", "--volts", "1.0..1.05:0.05", "--all")
    hasty = ("--errors", "20%", "--precision", "20%", "--settle", "1")
    kept = ("--progress", str(progress_of(on)), "--passport", str(on.passport))
    return Command("sweep", on.device, *grid, *hasty, *kept, "--resume", "--json")


def progress_of(on: Bench) -> Path:
    return on.folder / "progress.json"


def cells_in(on: Bench) -> list[Event]:
    """Of the progress file, which is whole whenever it is there."""
    path = progress_of(on)
    return [] if not path.exists() else json.loads(path.read_bytes())["cells"]


def assert_soon(kills: list[Kill]) -> None:
    print(f"\n{told(kills)}")
    slow = [kill for kill in kills if kill.off_s is not None and kill.off_s - kill.late_s > SOON_S]
    assert not slow


def test_a_check_leaves_the_board_off_and_its_passport_whole(tmp_path: Path) -> None:
    with bench(tmp_path) as on:
        killed_again_and_again(
            on,
            lambda: check(on),
            lambda command: any(event["event"] == "verdict" for event in command.events),
            lambda _: None,
            KILLS,
            SEED,
            CHECK_S,
        )
        assert_soon(on.kills)


def test_a_sweep_leaves_the_board_off_and_its_passport_whole_and_goes_on(tmp_path: Path) -> None:
    before, kept = list[Event](), 0

    def look(results: int) -> None:
        """Nothing of what was measured is lost, until all is in the passport."""
        nonlocal before, kept
        cells = cells_in(on)
        if results == kept:
            assert cells[: len(before)] == before
        before, kept = cells, results

    with bench(tmp_path) as on:
        killed_again_and_again(on, lambda: sweep(on), lambda _: len(cells_in(on)) == 6, look, KILLS, SEED, SWEEP_S)
        assert_soon(on.kills)
        with sweep(on) as last:
            result = last.wait_for("sweep", timeout_s=END_S)
            assert last.end()[0] == 0
    assert result["ended"] == "done"
    measured = {(cell["mhz"], cell["volts"]): cell for cell in result["cells"]}
    assert len(measured) == 6
    for cell in before:
        assert measured[cell["mhz"], cell["volts"]] == cell
    assert not progress_of(on).exists()


def test_ctrl_c_tells_what_a_sweep_has_and_restores_the_voltage(tmp_path: Path) -> None:
    with bench(tmp_path) as on, sweep(on) as sweeping:
        first = sweeping.wait_for("cell", timeout_s=60)
        kill = on.kill(sweeping, "SIGINT", 0.0)
        result = sweeping.wait_for("sweep", timeout_s=60)
        assert sweeping.end()[0] == 2
        assert (result["ended"], cells_in(on)[0]) == ("interrupted", first)
        volts = [round(event["core_v"], 2) for event in on.sim.events if event["event"] == "rails"]
        assert [each for each in volts if each > 0][-1] == 1.15, "its regulator keeps the voltage of the sweep"
        assert_soon([kill])
