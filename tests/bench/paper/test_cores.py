from __future__ import annotations

from joulehash.bench.check.result import Counted
from joulehash.bench.paper.cores import core_map, tally, unsound
from tests.support.checked import chain_result, failed_result


def test_each_core_has_its_state() -> None:
    counted = failed_result().counted
    assert counted is not None
    rows = core_map(counted)
    assert {(core.core, core.state) for core in rows[0] if core.state != "sound"} == {(17, "dead"), (40, "weak")}
    assert tally(rows) == "128 cores: 126 sound, 1 weak, 1 dead"
    assert unsound(rows) == ["weak: chip 0, core 40 (2 of 24.0 due)", "dead: chip 0, core 17 (0 of 24.0 due)"]


def test_silence_is_not_death_while_little_is_due() -> None:
    rows = core_map(Counted([[4.0] * 8], [[0, 3, 4, 5, 6, 2, 3, 4]]))
    assert [core.state for core in rows[0]] == ["silent", *["sound"] * 7]
    assert core_map(Counted([[10.0] * 8], [[0] * 8]))[0][0].state == "dead"


def test_chips_whose_cores_cannot_be_told_apart_are_named_as_chips() -> None:
    counted = chain_result().counted
    assert counted is not None
    rows = core_map(counted)
    assert tally(rows) == "38 chips: 36 sound, 1 weak, 1 dead"
    assert unsound(rows) == ["weak: chip 20 (19 of 60.0 due)", "dead: chip 7 (0 of 60.0 due)"]


def test_chips_without_a_count_keep_their_place() -> None:
    rows = core_map(Counted([[20.0], [], [20.0]], [[20], [], [0]]))
    assert [[core.chip for core in row] for row in rows] == [[0], [], [2]]
    assert rows[2][0].state == "dead"


def test_long_lists_are_cut_and_say_so() -> None:
    rows = core_map(Counted([[20.0] * 128], [[0] * 128]))
    (line,) = unsound(rows)
    assert line.endswith("core 11 (0 of 20.0 due) and 116 more")
