"""The soak: the same again for as long as was asked, and what only so many nonces show."""

from __future__ import annotations

import asyncio

import msgspec

from joulehash.bench.check.counting import soak
from joulehash.bench.check.evidence import Evidence
from joulehash.bench.check.judged import Judged
from joulehash.bench.check.limits import limits_of
from joulehash.bench.check.localise import findings
from joulehash.bench.check.measuring import Plan
from joulehash.bench.check.procedure import Check
from joulehash.bench.check.result import Step
from joulehash.bench.window import Counts
from joulehash.hw.boards.table import board_row
from joulehash.hw.point import point_of
from joulehash.hw.sim.run import Simulated
from tests.support.checks import checked
from tests.support.counts import even

BOARD = "sim:bitaxe-gamma?scale=24&mhz=200"
PLAN = Plan(least_s=16.0, most_s=600.0, soak_s=30.0)
GAMMA = board_row("bitaxe-gamma")


def _evidence(counts: Counts, lasted_s: float = 3600.0) -> Evidence:
    e = Evidence("gamma", GAMMA, limits_of(GAMMA), point_of(GAMMA, "gamma"))
    e.soak, e.soak_s, e.soak_for_s = counts, 3600.0, lasted_s
    return e


def _counts(each: float, part: float = 1.0, silent: tuple[tuple[int, int], ...] = ()) -> Counts:
    """`each`: nonces due of a small core; those that are silent give nothing."""
    chip, expected = GAMMA.chip, each * 2040
    assert chip is not None
    counts = even(GAMMA, expected, {(0, core): part for core in range(chip.cores)})
    small = {
        (0, core, one): 0 if (core, one) in silent else round(each * part)
        for core in range(chip.cores)
        for one in range(chip.small_per_core)
    }
    return msgspec.structs.replace(counts, by_small_core={place: n for place, n in small.items() if n})


def _judged(e: Evidence) -> Judged:
    judged = soak(e)
    assert judged is not None
    return judged


def test_a_sound_board_is_soaked_with_its_fan_regulated_after_all_else() -> None:
    fans: list[float] = []

    def meddle(check: Check, simulated: Simulated) -> None:
        del check
        simulated.report = lambda rails: fans.append(rails.fan)

    found = checked(BOARD, PLAN, meddle=meddle)
    step = found.step("soak")
    assert (found.result.verdict, step.verdict) == ("pass", "pass")
    assert 30.0 <= step.seconds < 33.0
    assert "nonces due of a small core" in step.bound, "it does not say that small cores were not judged"
    assert found.told[-2:] == ["soak", "power off"]
    assert found.result.efficiency is not None
    assert found.result.efficiency.seconds < found.result.seconds - 40.0, "figures are those of the window"
    assert min(fans[1:]) < 1.0, "its fan stood at full speed"


def test_what_breaks_in_the_soak_fails_the_board_and_the_soak_is_not_passed() -> None:
    found = checked(f"{BOARD}&fault=mute:60", PLAN)
    assert found.result.verdict == "fail"
    assert found.codes == ["falls-silent"]
    assert found.step("soak").verdict != "pass"
    assert "of 30" in str(found.step("soak").measured)
    assert found.step("cores").verdict == "pass", "what was measured before stands"


def test_interrupted_in_its_soak_a_board_is_not_judged_by_it() -> None:
    def meddle(check: Check, simulated: Simulated) -> None:
        del simulated
        loop = asyncio.get_running_loop()

        def look() -> None:
            if check.evidence.soak_for_s > 10:
                check.interrupt()
            else:
                loop.call_later(1.0, look)

        look()

    found = checked(BOARD, PLAN, meddle=meddle)
    assert (found.result.verdict, found.result.findings) == ("inconclusive", [])
    assert found.steps("inconclusive") == {"soak"}
    assert "interrupted" in str(found.step("soak").measured)
    assert found.rails.reset


def test_small_cores_are_judged_when_enough_is_due_of_each() -> None:
    judged = _judged(_evidence(_counts(each=20.0)))
    assert (judged.verdict, "no small core silent" in judged.bound) == ("pass", True)
    dead = _evidence(_counts(each=20.0, silent=((3, 5), (3, 6))))
    judged = _judged(dead)
    assert judged.verdict == "fail"
    assert "chip 0, core 3, small core 5; chip 0, core 3, small core 6" in str(judged.measured)
    told = findings(dead, [Step("soak", *judged, 3600.0)])
    assert [(each.code, each.where) for each in told] == [
        ("dead-core", "chip 0, core 3, small core 5"),
        ("dead-core", "chip 0, core 3, small core 6"),
    ]


def test_of_too_few_nonces_no_small_core_is_called_dead() -> None:
    judged = _judged(_evidence(_counts(each=5.0, silent=((3, 5),))))
    assert judged.verdict == "pass"
    assert judged.bound.endswith("no core silent; 5.0 nonces due of a small core")


def test_a_low_rate_fails_and_one_in_between_may_do_either() -> None:
    assert _judged(_evidence(_counts(each=20.0, part=0.75))).verdict == "fail"
    assert _judged(_evidence(_counts(each=20.0, part=0.95))).verdict == "pass"


def test_few_nonces_decide_nothing() -> None:
    few = even(GAMMA, 260.0)
    assert _judged(_evidence(few)).verdict == "inconclusive"


def test_one_that_was_cut_short_is_not_passed() -> None:
    judged = _judged(_evidence(_counts(each=20.0), lasted_s=1800.0))
    assert judged.verdict == "inconclusive"
    assert str(judged.measured).endswith("ended after 1800 s of 3600")
