"""Errors and the steps that they belong to; and that texts play no part."""

from __future__ import annotations

import pytest

from joulehash.bench.check.attribution import may_be_chance, step_of, verdict_of
from joulehash.bench.check.steps import STEPS
from joulehash.engine.errors import DeviceAbsent, DeviceError, JoulehashError
from joulehash.hw.errors import AddressStuck, ChipReset, ChipsMissing, Mute, NoChips, RailFailed, Unplugged
from joulehash.hw.parts.bus import NoAnswer
from joulehash.hw.watch import Overheated, Unfit, Violation

CASES: list[tuple[Exception, str]] = [
    (NoChips("", (), 3), "chips, slow line"),
    (ChipsMissing("", (1,), 3), "chips, slow line"),
    (AddressStuck("", 0, 3), "addresses"),
    (RailFailed("", 1.2, None), "core voltage comes"),
    (Unfit("", "fan"), "fan"),
    (Violation("", "input"), "input voltage"),
    (Violation("", "frozen"), "sensors move"),
    (Overheated("", "chip"), "temperature"),
    (Overheated("", "regulator"), "regulator temperature"),
    (Mute("", "reset"), "resets"),
    (Mute("", "silent"), "hash rate"),
    (ChipReset(""), "resets"),
    (NoAnswer(""), "identify"),
    (Unplugged(""), "patterns"),
    (DeviceError("of a kind that nobody knows"), "patterns"),
]


@pytest.mark.parametrize(("error", "step"), CASES)
def test_each_error_has_its_step(error: Exception, step: str) -> None:
    assert step_of(error, "patterns") == step
    assert step in {kind.name for kind in STEPS}


def test_a_board_that_was_never_reached_is_not_judged() -> None:
    assert verdict_of(DeviceAbsent(""), opened=False) == "inconclusive"
    assert verdict_of(DeviceError("permission denied"), opened=False) == "inconclusive"
    assert verdict_of(JoulehashError("interrupted"), opened=True) == "inconclusive"
    assert verdict_of(DeviceError(""), opened=True) == "fail"
    assert verdict_of(Unplugged(""), opened=True) == "fail"


def test_only_counts_of_chips_are_tried_again() -> None:
    assert may_be_chance(NoChips("", (), 1))
    assert not may_be_chance(Mute("", "silent"))
    assert not may_be_chance(Overheated("", "chip"))
