"""The guided walk: which points in which order, readings as people type them, and what they come to."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.check.guided import Measured, conclude, judge, points
from joulehash.bench.check.hints import HINTS
from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import board_row
from joulehash.hw.point import Point

GAMMA = points(board_row("bitaxe-gamma"), Point(525.0, 1.15))
SOUND = {"input": 5.0, "VDD core": 1.15, "1.8 V": 1.8, "CLKI": 0.6, "NRST": 1.8, "CI": 1.7, "RO": 1.7}


def test_points_come_in_the_order_of_what_needs_what() -> None:
    assert [one.name for one in GAMMA] == list(SOUND)


def test_each_domain_has_its_own() -> None:
    names = [one.name for one in points(board_row("bitaxe-hex"), Point(485.0, 1.2))]
    assert names[:4] == ["input", "VDD of domain 0", "VDD of domain 1", "VDD of domain 2"]


@pytest.mark.parametrize(
    ("name", "volts", "code"),
    [
        ("input", 3.0, "bad-supply"),
        ("VDD core", 0.0, "no-rail"),
        ("VDD core", 1.6, "bad-regulator"),
        ("1.8 V", 0.2, "no-rail"),
        ("CLKI", 0.0, "no-clock"),
        ("CLKI", 1.8, "no-clock"),
        ("NRST", 0.0, "reset-held"),
        ("CI", 0.0, "no-command"),
        ("RO", 0.0, "no-response"),
    ],
)
def test_the_first_that_is_wrong_is_named(name: str, volts: float, code: str) -> None:
    readings = SOUND | {name: volts}
    found = conclude([Measured(one, readings[one.name]) for one in GAMMA])
    assert (found.code, found.where) == (code, name)
    assert found.hint == HINTS[code]


def test_all_as_it_should_be_is_the_chip_itself() -> None:
    found = conclude([Measured(one, SOUND[one.name]) for one in GAMMA])
    assert (found.code, found.where) == ("no-answer", "chip 0")


def test_what_was_skipped_stays_open() -> None:
    found = conclude([Measured(one, None if one.name == "CLKI" else SOUND[one.name]) for one in GAMMA])
    assert found.code == "no-answer"
    assert "not measured: CLKI" in found.evidence


@pytest.mark.parametrize(
    ("text", "volts"), [("1.18", 1.18), (" 1,18 V\n", 1.18), ("620 mV", 0.62), ("-0.1", -0.1), ("\n", None)]
)
def test_readings_as_people_type_them(text: str, volts: float | None) -> None:
    assert judge(GAMMA[0], text).volts == pytest.approx(volts)


@given(st.text(max_size=20))
def test_any_text_is_a_reading_or_refused_in_one_line(text: str) -> None:
    volts: float | None = None
    with suppress(InputError):
        volts = judge(GAMMA[0], text).volts
    assert volts is None or -100 <= volts <= 100


def test_what_is_no_reading_is_refused_in_one_line() -> None:
    with pytest.raises(InputError, match=r"reading 'ok': takes volts, as in 1\.18 or 620 mV"):
        judge(GAMMA[0], "ok\n")
