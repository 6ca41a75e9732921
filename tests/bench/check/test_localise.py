"""From evidence to findings, without a board: what has no simulated fault, and what must not be told beside another."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from joulehash.bench.check.evidence import Evidence, Failed
from joulehash.bench.check.hints import HINTS
from joulehash.bench.check.limits import limits_of
from joulehash.bench.check.localise import findings
from joulehash.bench.check.patterns import Outcome, State
from joulehash.bench.check.result import Step
from joulehash.bench.check.steps import STEPS
from joulehash.bench.decide.sprt import ProportionTest, RateTest
from joulehash.bench.window import Place
from joulehash.engine.chain.header import Header
from joulehash.engine.errors import DeviceAbsent
from joulehash.hw.boards.table import board_row
from joulehash.hw.errors import ChipsMissing, Mute, NoChips, RailFailed, WrongChips
from joulehash.hw.parts.bus import NoAnswer
from joulehash.hw.patterns.known import Known
from joulehash.hw.patterns.pattern import Pattern
from joulehash.hw.patterns.place import Place as Lies
from joulehash.hw.point import point_of
from joulehash.hw.watch import Overheated, Unfit
from tests.support.counts import even

HEX = board_row("bitaxe-hex").scaled(21)


def evidence(error: Exception | None = None) -> Evidence:
    found = Evidence("hex", HEX, limits_of(HEX), point_of(HEX, "hex"))
    found.error = Failed(error, "patterns") if error is not None else None
    return found


def failed(e: Evidence) -> list[Step]:
    steps: list[Step] = []
    for kind in STEPS:
        judged = kind.judge(e)
        if judged is not None:
            steps.append(Step(kind.name, *judged, 0.0))
    return steps


def named(e: Evidence) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in findings(e, failed(e))]


@pytest.mark.parametrize(
    ("error", "code", "where"),
    [
        (ChipsMissing("", (0x1366,) * 2, 6), "cut-chain", "between chip 1 and chip 2"),
        (ChipsMissing("", (0x1366,) * 2, 6, 1), "cut-chain", "between chip 1 and chip 2"),
        (ChipsMissing("", (0x1366,) * 4, 6, 16), "noisy-line", ""),
        (NoChips("", (), 6, 54), "noisy-line", ""),
        (NoChips("", (), 6, 3), "no-answer", ""),
        (WrongChips("", (0x1366, 0x1368, 0x1366), 6), "wrong-chip", "chip 1"),
        (WrongChips("", (0x1368, 0x1368), 6), "wrong-chip", ""),
        (WrongChips("", (0x1366, 0x136E, 0x1326), 6), "noisy-line", ""),
        (WrongChips("", (0x1366, 0x136E, 0x1368), 6), "wrong-chip", "chip 1, chip 2"),
        (WrongChips("", (0x1366, 0x000F, 0x000F), 6, 4), "noisy-line", ""),
        (WrongChips("", (0x1366, 0x000F, 0x000F), 6), "wrong-chip", "chip 1, chip 2"),
        (WrongChips("", (0x000F, 0x000F), 6, 4), "wrong-chip", ""),
        (RailFailed("", 3.6, 0.2), "bad-regulator", "core voltage"),
        (Unfit("", "fan"), "bad-fan", "fan"),
        (Unfit("", "sensor"), "bad-sensor", "sensor"),
        (Overheated("", "regulator"), "overheat", "regulator"),
        (Unfit("", "watts"), "over-power", ""),
        (Unfit("", "input"), "bad-supply", "input"),
        (Mute("", "reset"), "brown-out", ""),
        (Mute("", "hash nothing"), "dead-chip", "all 6 chips"),
        (NoAnswer("", 0x24), "bad-regulator", "regulator TPS546 (24)"),
        (NoAnswer("", 0x4B), "bad-sensor", "thermometer TMP1075 (4B)"),
        (NoAnswer("", 0x77), "missing-part", "a part on I2C"),
    ],
)
def test_an_error_has_a_name_and_a_place(error: Exception, code: str, where: str) -> None:
    assert named(evidence(error)) == [(code, where)]


def test_a_board_that_is_not_there_has_no_finding() -> None:
    assert named(evidence(DeviceAbsent(""))) == []


def test_a_chip_that_was_silent_all_along_is_named_where_the_others_fell_silent_by_chance() -> None:
    e = evidence(Mute("", "hash nothing"))
    e.counts = even(HEX, 60_000.0, {(4, core): 0.0 for core in range(112)})
    assert [where for code, where in named(e) if code == "dead-chip"] == ["chip 4"]
    e.counts = even(HEX, 60_000.0, {})
    assert named(e) == [("dead-chip", "all 6 chips")]


def of_counts(parts: dict[Place, float]) -> list[tuple[str, str]]:
    e = evidence()
    e.counts = even(HEX, 60_000.0, parts)
    return named(e)


def test_the_chips_and_cores_of_a_dead_domain_are_not_told_beside_it() -> None:
    gone: dict[Place, float] = {(chip, core): 0.0 for chip in (2, 3) for core in range(112)}
    assert of_counts(gone) == [("dead-domain", "domain 1 (chips 2 to 3)")]


def test_a_dead_chip_is_one_finding() -> None:
    found = of_counts({(4, core): 0.0 for core in range(112)})
    assert ("dead-chip", "chip 4") in found
    assert not [where for code, where in found if code == "dead-core"]


def test_a_quarter_of_a_chips_cores_is_a_hash_domain() -> None:
    found = of_counts({(1, core): 0.0 for core in range(28, 56)})
    assert ("dead-domain", "chip 1, hash domain 1") in found
    assert not [where for code, where in found if code == "dead-core"]


def test_many_cores_are_not_a_hundred_lines() -> None:
    found = of_counts({(chip, core): 0.0 for chip in range(6) for core in range(0, 112, 5)})
    assert len(found) == 17
    assert found[-1] == ("dead-core", f"{6 * 23 - 16} more")


def test_on_a_slow_board_a_core_that_was_silent_by_chance_is_not_dead() -> None:
    """16 are due of each at the nominal rate, which makes silence improbable; 11 at that of the board, which does not.
    A core of which the board as it is would have had 18 is."""
    slow: dict[Place, float] = {(chip, core): 0.7 for chip in range(6) for core in range(112)}
    e = evidence()
    e.counts = even(HEX, 16.0 * 6 * 112, slow | {(3, 7): 0.0})
    assert [code for code, _ in named(e)] == []
    e.counts = even(HEX, 26.0 * 6 * 112, slow | {(3, 7): 0.0})
    assert named(e) == [("dead-core", "chip 3, core 7")]


def outcome(core: int, tries: int, others: int, *, chip: int = 0, state: State = "missing") -> Outcome:
    header = Header(0x20000000, bytes(32), bytes(32), 0, 0x1D00FFFF, 0)
    where = Lies(chip, core, 0, 0.01)
    return Outcome(Known(Pattern.of(header), where), state, tries, others, 0)


def test_a_core_without_its_pattern_is_weak_if_it_finds_others_and_dead_if_it_does_not() -> None:
    e = evidence()
    e.patterns = [outcome(5, 4, 0), outcome(6, 4, 0), outcome(7, 4, 2)]
    e.counts = even(HEX, 2000.0, {(0, 6): 0.0, (0, 7): 0.0})  # three of each: too few to call a silent core dead
    assert named(e) == [
        ("weak-core", "chip 0, core 5"),
        ("dead-core", "chip 0, core 6"),
        ("weak-core", "chip 0, core 7"),
    ]


def test_a_clock_that_is_slow_as_a_whole_comes_late_to_what_is_known() -> None:
    e = evidence()
    e.patterns = [outcome(core, 4, 1) for core in range(100, 112)]
    e.rate = RateTest()
    e.counts = even(HEX, 60_000.0, {(chip, core): 0.7 for chip in range(6) for core in range(112)})
    e.rate.see(42_000, 60_000.0)
    assert named(e) == [("low-rate", "")]


REPEATING: dict[Place, float] = {(chip, core): 0.0 for chip in range(1, 6) for core in range(112)}


@pytest.mark.parametrize("error", [None, Mute("", "hash nothing")])
def test_of_chips_that_search_the_same_the_others_are_not_dead(error: Exception | None) -> None:
    """Whether or not the first fell silent for a while, too."""
    e = evidence(error)
    e.counts = replace(even(HEX, 6_000.0, REPEATING), duplicate=5_000)
    e.repeats = ProportionTest(good=0.001, bad=0.01)
    e.repeats.see(5_000, 6_000)
    assert named(e) == [("address-stuck", "")]


def test_chips_that_were_reset_have_one_address_and_say_all_twice() -> None:
    e = evidence(Mute("", "reset"))
    e.counts = replace(even(HEX, 6_000.0, REPEATING), duplicate=5_000)
    e.repeats = ProportionTest(good=0.001, bad=0.01)
    e.repeats.see(5_000, 6_000)
    assert named(e) == [("brown-out", "")]


def test_on_a_noisy_line_a_silent_core_that_found_its_own_nonce_is_not_dead() -> None:
    e = evidence()
    e.counts = even(HEX, 18.0 * 6 * 112, {(3, 7): 0.0, (4, 9): 0.0})
    e.patterns = [outcome(7, 1, 0, chip=3, state="found")]
    assert named(e) == [("dead-core", "chip 3, core 7"), ("dead-core", "chip 4, core 9")]
    e.broken, e.frames = ProportionTest(good=0.001, bad=0.006), (400, 10_000)
    e.broken.see(*e.frames)
    assert named(e) == [("noisy-line", ""), ("dead-core", "chip 4, core 9")]


def test_a_weak_core() -> None:
    assert of_counts({(3, 7): 0.3}) == [("weak-core", "chip 3, core 7")]


def test_every_code_has_a_hint() -> None:
    assert all(len(hint) > 40 and hint[-1] not in ".;," for hint in HINTS.values())
