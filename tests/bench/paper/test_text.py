from __future__ import annotations

import msgspec
import pytest

from joulehash.bench.check.result import CheckResult, Counted, Finding, Step
from joulehash.bench.paper.text import WIDTH, text
from tests.support.checked import chain_result, failed_result, sound_result


@pytest.mark.parametrize("result", [sound_result(), failed_result(), chain_result()], ids=lambda r: str(r.verdict))
def test_no_line_is_longer_than_80_columns(result: CheckResult) -> None:
    long = msgspec.structs.replace(
        result,
        title="a board whose maker has put very much into its name " * 3,
        steps=[
            *result.steps,
            Step("a step with a long name " * 4, "one" * 9, "other " * 9, "V", "bound " * 30, "fail", 1),
        ],
    )
    lines = text(long).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert not any(line != line.rstrip() for line in lines)


def test_the_verdict_comes_first_and_the_finding_before_the_steps() -> None:
    said = text(failed_result())
    assert said.index("FAIL after 58 s") < said.index("dead-core: chip 0, core 17") < said.index("identify")
    assert "Lower the frequency by 25 MHz" in said.replace("\n  ", " ")


def test_the_bound_stands_where_a_step_did_not_pass() -> None:
    said = text(failed_result())
    assert f"fail           cores{'125':>60}\n               expected 128; none dead at 0.1 % over all\n" in said
    assert f"not applicable known nonces{'no patterns':>53}\n" in said
    assert "below 0.1 V" not in said


def test_the_map_of_cores() -> None:
    said = text(failed_result())
    assert f"chip 0      0  {17 * '·'}×{22 * '·'}▾{23 * '·'}\n" in said
    assert f"           64  {64 * '·'}\n" in said


def test_of_a_long_chain_only_the_chips_that_are_not_sound_are_drawn() -> None:
    valid = [[20] * 112 for _ in range(30)]
    valid[9][111] = 0
    said = text(msgspec.structs.replace(sound_result(), counted=Counted([[20.0] * 112] * 30, valid)))
    assert "dead: chip 9, core 111" in said
    assert "chip 9      0" in said
    assert "chip 8 " not in said


def test_what_is_not_known_is_said_and_is_not_zero() -> None:
    bare = msgspec.structs.replace(sound_result(), rate=None, counted=None, key=None, steps=[])
    said = text(msgspec.structs.replace(bare, energy=None, efficiency=None))
    assert "rate           –\n" in said
    assert "J/TH           unknown: no meter\n" in said
    assert "cores" not in said


def test_a_finding_of_the_whole_board() -> None:
    finding = Finding("no-answer", "", "0 of 1 chips", "look at the plug")
    assert "* no-answer: the board\n  0 of 1 chips\n  look at the plug\n" in text(
        msgspec.structs.replace(sound_result(), findings=[finding])
    )
