"""The validator on simulators, on virtual time: sound boards pass, and each fault fails its own step and has its name.

A sample runs always; every fault of every family of boards in the long tier.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from joulehash.bench.check.measuring import Plan
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
}
_SOUND = ("", "")


def wanted(board: str, fault: str) -> tuple[str, str]:
    """The step that has to fail and the code that names the fault; empty: this board cannot notice it."""
    row, name = board_row(board), fault.partition(":")[0]
    assert row.chip is not None
    old, axe, several = row.chip.job == "bm1387", row.link == "bitaxe-raw", row.chips > 1
    found = {
        "dead-core": ("cores", "dead-core"),
        "dead-chip": ("chips" if several else "hash rate", "dead-chip"),
        "no-chips": ("chips, slow line", "no-answer"),
        "wrong-chip": ("chips, slow line", "wrong-chip"),
        "address-stuck": (("repeats" if old else "addresses"), "address-stuck") if several else _SOUND,
        "stuck-nonce": ("hash rate", "stuck-nonce"),
        "duplicate-nonces": ("repeats", "duplicate-nonces"),
        "chain-cut": ("chips, slow line", "cut-chain" if several else "no-answer"),
        "brown-out": ("resets", "brown-out"),
        "mute": ("hash rate", "falls-silent"),
        "noise": ("line", "noisy-line"),
        "lost-bytes": ("line", "noisy-line"),
        "overheat": ("temperature", "overheat") if row.watched else _SOUND,
        "fan-stall": ("fan", "bad-fan") if axe else _SOUND,
        "sensor-open": ("sensors", "bad-sensor") if row.watched else _SOUND,
        "sensor-frozen": ("sensors move", "bad-sensor") if row.watched else _SOUND,
        "i2c-dead": ("identify", "dead-bus"),
        "lying-counter": ("counter", "lying-counter") if row.chip.counters.total is not None else _SOUND,
        "slow-start": ("core voltage comes", "slow-start"),
        "unplug": ("", "unplugged"),
    }[name]
    if name == "slow-start" and (row.link == "serial" or old):  # nobody sees its rail, but how late its chips answer
        return "chips, slow line", "slow-start"
    if name == "slow-start" and board in ("bitaxe-max", "compac-f"):  # their reset lasts as long
        return _SOUND
    if name == "fan-stall" and board == "compac-a1":  # its fan tells no speed, but is missed
        return "temperature", "overheat"
    if name == "stuck-nonce" and row.chips >= 6:  # the others hash on: 83 % is between good and bad
        return "chips", "stuck-nonce"
    if name == "sensor-open" and board == "bitaxe-hex":  # one of two thermometers, which does not answer at all
        return "identify", "bad-sensor"
    if name == "overheat" and board == "bitaxe-hex":  # its regulator is the first that is too hot
        return "regulator temperature", "overheat"
    return found


def faults_of(board: str) -> list[str]:
    row, found = board_row(board), list[str]()
    assert row.chip is not None
    for name in FAULTS:
        argument = ARGUMENTS.get(name, "")
        if name in ("dead-chip", "chain-cut"):
            argument = str(min(2, row.chips - 1))
        if name == "wrong-chip" and row.chip.name == "BM1366":
            argument = "1370"
        if name == "dead-core" and not row.chip.core_bits:
            continue
        if name not in simulator(board).absent:
            found.append(f"{name}:{argument}" if argument else name)
    return found


def options_of(board: str, fault: str) -> str:
    """A board heats up at its full clock only."""
    options = BOARDS[board]
    return options.partition("&mhz")[0] if fault == "overheat" else options


def check_fault(board: str, fault: str) -> None:
    plan = Plan() if fault in ("overheat", "sensor-frozen") else BRISK
    found = checked(f"sim:{board}?{options_of(board, fault)}&fault={fault}", plan)
    step, code = wanted(board, fault)
    if not code:
        assert found.result.verdict == "pass", [s for s in found.result.steps if s.verdict not in ("pass",)]
        return
    told = [(f.code, f.where, f.evidence) for f in found.result.findings]
    assert found.result.verdict == "fail", told
    assert not step or step in found.steps("fail"), (found.steps("fail"), told)
    assert code in found.codes, told
    assert set(found.codes) <= {code, *AND_SO.get(code, ())}, told
    assert_off(found, fault)


AND_SO = {  # what else a fault may well be called, as it follows from it
    "noisy-line": ("low-rate",),
    "stuck-nonce": ("duplicate-nonces",),
}


def assert_off(found: Checked, fault: str) -> None:
    link = board_row(found.simulated.name).link
    if link != "serial" and not fault.startswith(("unplug", "i2c-dead")):
        assert found.rails.reset


SAMPLE = [
    ("bitaxe-gamma", "dead-core:17"),
    ("bitaxe-gamma", "fan-stall"),
    ("bitaxe-gamma", "sensor-open"),
    ("bitaxe-gamma", "i2c-dead"),
    ("bitaxe-gamma", "slow-start"),
    ("bitaxe-gamma", "unplug:5"),
    ("bitaxe-max", "no-chips"),
    ("compac-a2", "brown-out:5"),
    ("compac-a2", "mute:5"),
    ("chain:bm1362x3", "chain-cut:2"),
    ("chain:bm1362x3", "address-stuck"),
    ("newpac", "wrong-chip"),
]
EVERY = [(board, fault) for board in BOARDS for fault in faults_of(board) if (board, fault) not in SAMPLE]


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


@pytest.mark.long
@pytest.mark.parametrize("board", BOARDS)
def test_a_sound_board_of_each_family_passes(board: str) -> None:
    found = checked(f"sim:{board}?{BOARDS[board]}")
    assert found.result.verdict == "pass", [s for s in found.result.steps if s.verdict in ("fail", "inconclusive")]
    assert found.result.findings == []


@pytest.mark.long
@pytest.mark.parametrize(("board", "fault"), EVERY)
def test_every_fault(board: str, fault: str) -> None:
    check_fault(board, fault)
