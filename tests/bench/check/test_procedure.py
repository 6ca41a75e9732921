"""The validator on simulators, on virtual time: sound boards pass, and each fault fails its own step and has its name.

A sample runs always; every fault of the boards that bench/validate leaves out in the long tier, those that it has in
tests/long/test_validate.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from joulehash.bench.check.measuring import Plan
from joulehash.bench.validate.kinds import BOARDS as STUDIED
from joulehash.bench.validate.signs import sign
from joulehash.hw.boards.table import board_row
from joulehash.hw.sim.faults import FAULTS
from joulehash.hw.sim.table import simulator
from tests.support.checks import Checked, checked

# Little to hash; slow clocks where they make no difference, and not so slow that cores come due late.
BOARDS: Mapping[str, str] = {
    "bitaxe-gamma": "scale=24&mhz=200",
    "bitaxe-max": "scale=20&mhz=300",
    "bitaxe-gt": "scale=24&mhz=100",
    "bitaxe-hex": "scale=21&mhz=100",
    "compac-f": "scale=20",
    "compac-a1": "scale=24",
    "compac-a2": "scale=24&mhz=200",
    "newpac": "scale=21",
    "chain:bm1362x3": "scale=22",
    "chain:bm1368x6": "scale=22",
}
BRISK = Plan(least_s=16.0, most_s=600.0)
ARGUMENTS = {
    "dead-core": "17",
    "noise": "1e-2",
    "lost-bytes": "1e-2",
    "brown-out": "5",
    "mute": "5",
    "unplug": "5",
    "slow": "0.7",
    "slow-start": "4",
}


def faults_of(board: str) -> list[str]:
    row, found = board_row(board), list[str]()
    assert row.chip is not None
    for name in FAULTS:
        argument = ARGUMENTS.get(name, "")
        if name in ("dead-chip", "chain-cut"):
            argument = str(min(2, row.chips - 1))
        if name == "wrong-chip" and row.chip.name == "BM1366":
            argument = "1370"
        if name == "weak-core":  # which may be seen or not: bench/validate counts how often
            continue
        if name not in simulator(board).absent:
            found.append(f"{name}:{argument}" if argument else name)
    return found


def options_of(board: str, fault: str) -> str:
    """A board heats up at its full clock only; a slow one does not come to the last cores where each has few nonces."""
    options = BOARDS[board]
    if fault.startswith("slow:"):
        return options.replace("scale=24", "scale=21").replace("scale=20", "scale=19")
    return options.partition("&mhz")[0] if shows_by_heat(board, fault) else options


def shows_by_heat(board: str, fault: str) -> bool:
    """Which takes its full clock, and time."""
    return fault == "overheat" or (fault == "fan-stall" and board_row(board).limits.fan_rpm_least is None)


def check_fault(board: str, fault: str) -> None:
    plan = Plan() if fault == "sensor-frozen" or shows_by_heat(board, fault) else BRISK
    found = checked(f"sim:{board}?{options_of(board, fault)}&fault={fault}", plan)
    own = sign(board_row(board), fault)
    told = [(f.code, f.where, f.evidence) for f in found.result.findings]
    if isinstance(own, str):
        assert found.result.verdict == "pass", [s for s in found.result.steps if s.verdict not in ("pass",)]
        return
    assert found.result.verdict == "fail", told
    assert not own.steps or own.steps & found.steps("fail"), (found.steps("fail"), told)
    assert any(code == own.code and own.where in ("", where) for code, where, _ in told), told
    assert set(found.codes) <= {own.code, *own.also}, told
    assert_off(found, fault)


def assert_off(found: Checked, fault: str) -> None:
    link = board_row(found.simulated.name).link
    if link != "serial" and not fault.startswith(("unplug", "i2c-dead")):
        assert found.rails.reset


SAMPLE = [
    ("bitaxe-gamma", "dead-core:17"),
    ("bitaxe-gamma", "fan-stall"),
    ("bitaxe-gamma", "sensor-open"),
    ("bitaxe-gamma", "i2c-dead"),
    ("bitaxe-gamma", "slow-start:4"),
    ("bitaxe-gamma", "unplug:5"),
    ("bitaxe-max", "no-chips"),
    ("compac-a2", "brown-out:5"),
    ("compac-a2", "mute:5"),
    ("chain:bm1362x3", "chain-cut:2"),
    ("chain:bm1362x3", "address-stuck"),
    ("newpac", "wrong-chip"),
]
OTHERS = [board for board in BOARDS if board not in {name.partition("?")[0] for name in STUDIED}]
EVERY = [(board, fault) for board in OTHERS for fault in faults_of(board) if (board, fault) not in SAMPLE]


def test_a_sound_board_passes_step_by_step() -> None:
    found = checked("sim:bitaxe-gamma?scale=24&mhz=200")
    assert found.result.verdict == "pass"
    assert found.result.findings == []
    assert found.steps("fail", "inconclusive") == set()
    assert found.steps("not applicable") == {"addresses", "chips", "soak"}
    assert found.told == [step.name for step in found.result.steps]  # as it went, each once
    assert found.result.seconds < 60
    assert found.result.rate is not None
    assert 0.9 < found.result.rate.value / (200e6 * 2040 / 2**24) < 1.1
    assert found.result.counted is not None
    assert len(found.result.counted.valid[0]) == 128
    assert len(found.result.moments) > 30
    assert found.rails.reset
    assert found.rails.core_v < 0.05


@pytest.mark.parametrize(("board", "fault"), SAMPLE)
def test_fault(board: str, fault: str) -> None:
    check_fault(board, fault)


def test_a_line_that_breaks_a_chips_name_twice_is_no_cut_chain() -> None:
    found = checked("sim:chain:bm1362x3?scale=22&seed=2&fault=noise:0.00827", BRISK)
    assert found.steps("fail") == {"chips, slow line"}
    assert [(one.code, one.where) for one in found.result.findings] == [("noisy-line", "")]
    assert "2 of 3 chips answer at 115200 baud; 11 bytes came broken" in found.result.findings[0].evidence


@pytest.mark.long
@pytest.mark.parametrize("board", OTHERS)
def test_another_sound_board_passes(board: str) -> None:
    found = checked(f"sim:{board}?{BOARDS[board]}")
    assert found.result.verdict == "pass", [s for s in found.result.steps if s.verdict in ("fail", "inconclusive")]
    assert found.result.findings == []


@pytest.mark.long
@pytest.mark.parametrize(("board", "fault"), EVERY)
def test_every_fault(board: str, fault: str) -> None:
    check_fault(board, fault)
