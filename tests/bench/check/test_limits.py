"""Limits: of the row, of a file, of the command line; and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from joulehash.bench.check.limits import BOUNDS, CheckLimits, held_to, limits_of
from joulehash.engine.errors import InputError
from joulehash.hw.boards.table import BOARDS, board_row

GAMMA = board_row("bitaxe-gamma")


def test_the_later_word_counts(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text("chip_c = 70\nwatts = 30\n[bitaxe-gamma]\nwatts = 25\n[bitaxe-max]\nchip_c = 60\n")
    limits = limits_of(GAMMA, file, ["vr_c=95"])
    assert (limits.chip_c, limits.watts, limits.vr_c, limits.fan_rpm) == (70.0, 25.0, 95.0, 500.0)
    assert limits_of(board_row("bitaxe-max"), file).chip_c == 60.0


def test_the_watch_is_held_to_them() -> None:
    row = held_to(GAMMA, limits_of(GAMMA, None, ["chip_c=60", "input_least_v=4.8"]))
    assert row.limits.chip_c == 60.0
    assert row.limits.input_v == (4.8, 5.5)
    assert replace(row, limits=GAMMA.limits) == GAMMA


@pytest.mark.parametrize("name", BOARDS)
def test_without_a_word_the_watch_keeps_what_the_row_says(name: str) -> None:
    row = board_row(name)
    assert held_to(row, limits_of(row)) == row


def test_every_limit_has_bounds() -> None:
    assert set(BOUNDS) == set(CheckLimits.__struct_fields__)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("chip_c", "takes NAME=VALUE"),
        ("speed=3", "'speed' is no limit; takes chip_c"),
        ("chip_c=hot", "takes 30 to 110 °C"),
        ("chip_c=nan", "takes 30 to 110 °C"),
        ("chip_c=200", "takes 30 to 110 °C"),
        ("rate_good=0.5", "rate_bad 0.8 and rate_good 0.5"),
        ("errors_good=0.5", "the first takes less than the second"),
    ],
)
def test_what_is_refused(given: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        limits_of(GAMMA, None, [given])
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chip_c = ", "limits "),
        ("hot = 1", "is no limit"),
        ("chip_c = true", "takes 30"),
        ("bitaxe-gamma = 3", "table"),
        ("chip_c = " + 3000 * "[", "too deep"),
        ("chip_c = " + 5000 * "9", "5000 digits"),
    ],
)
def test_files_that_are_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(text)
    with pytest.raises(InputError) as raised:
        limits_of(GAMMA, file)
    assert said in str(raised.value)
    with pytest.raises(InputError, match="No such file"):
        limits_of(GAMMA, tmp_path / "none")
