"""One run: the same again to the bit, and what it keeps of the check."""

from __future__ import annotations

import msgspec
import pytest

from joulehash.bench.validate.kinds import SOUND
from joulehash.bench.validate.trial import Trial, on_simulated, run_trial
from joulehash.engine.errors import InputError

BOARD = "compac-a1?scale=23"


def test_a_sound_board_and_the_same_once_more() -> None:
    first, again = (msgspec.structs.replace(run_trial(BOARD, SOUND, 1), cpu_s=0.0) for _ in range(2))
    assert (first.verdict, first.failed, first.findings, first.error) == ("pass", [], [], "")
    assert first == again


def test_a_dead_core_and_when_it_was_told() -> None:
    found = run_trial(BOARD, "dead-core", 1)
    assert found.findings == [("dead-core", f"chip 0, core {found.fault.rpartition('.')[2]}")]
    assert {failure.step for failure in found.failed} == {"patterns", "cores"}
    patterns, cores = sorted(found.failed, key=lambda failure: failure.at_s)
    assert 0 < patterns.after_s < patterns.at_s < cores.at_s <= found.seconds
    assert cores.after_s == pytest.approx(cores.at_s - patterns.at_s)


def test_what_breaks_the_check_is_told() -> None:
    found = run_trial("compac-a1?scale=99", SOUND, 1)
    assert found.verdict is None
    assert "scale" in found.error


def test_limits_are_kept() -> None:
    assert run_trial(BOARD, SOUND, 1, ["chip_c=35"]).verdict == "fail"


def test_real_boards_are_not_for_it() -> None:
    with pytest.raises(InputError, match="is not simulated"):
        on_simulated("bitaxe-gamma:/dev/ttyACM0")


def test_a_run_is_a_line() -> None:
    trial = Trial(board="b", label="l", seed=1, fault="", verdict="pass")
    assert b"\n" not in msgspec.json.encode(trial)
