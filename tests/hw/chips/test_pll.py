"""Frequencies are compared, never registers: several of these are equal in effect."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.pll import frequency, pll, ramp
from joulehash.hw.chips.table import CHIPS

chips = st.sampled_from(list(CHIPS.values()))

SEEN = [  # what captures and sources write to the PLL register, and what it is said to give
    ("BM1370", 0x50D20265, 62.5),  # MUJ, Gamma
    ("BM1370", 0x50E00263, 100.0),
    ("BM1370", 0x50E00260, 400.0),
    ("BM1366", 0x40A20255, 56.25),  # PIA
    ("BM1362", 0x40A80230, 525.0),  # MUJ, S19j Pro
    ("BM1370", 0x50C00230, 600.0),  # MUJ, S21 Pro
    ("BM1370", 0xC0B40274, 56.25),  # GPT, bm1370: golden frames; the top bits say that the PLL has locked
    ("BM1370", 0xC0AF0264, 62.5),
    ("BM1370", 0xC0B00273, 68.75),
    ("BM1397", 0xC0AD0277, 44.132653),  # GPT, bm1397: golden frame; dividers as they are
    ("BM1366", 0xC0540165, 50.0),  # GPT: out of reset
    ("BM1397", 0xC0600161, 400.0),  # GPT: out of reset
]


@pytest.mark.parametrize(("name", "register", "mhz"), SEEN)
def test_registers_seen_give_what_they_are_said_to(name: str, register: int, mhz: float) -> None:
    assert frequency(CHIPS[name], register) == pytest.approx(mhz, abs=1e-6)


@pytest.mark.parametrize(("name", "register", "mhz"), [row for row in SEEN if row[2] >= 50])
def test_the_search_finds_what_others_found(name: str, register: int, mhz: float) -> None:
    assert pll(CHIPS[name], mhz).mhz == mhz


@given(chips, st.data())
def test_any_frequency_is_met_within_the_limits(chip: Chip, data: st.DataObject) -> None:
    mhz = data.draw(st.floats(chip.mhz.least, chip.mhz.most))
    found = pll(chip, mhz)
    assert frequency(chip, found.register) == found.mhz
    if chip.name == "BM1387":
        assert abs(found.mhz - mhz) <= 3.2
    else:
        assert abs(found.mhz - mhz) <= 0.0035 * mhz
    fb, ref = found.register >> 16 & 0xFF, found.register >> 8 & 0xFF
    vco_mhz = 25 * fb / ref
    assert chip.pll.fb[0] <= fb <= chip.pll.fb[1]
    assert chip.pll.vco_mhz[0] <= vco_mhz <= chip.pll.vco_mhz[1]
    assert ref in (1, 2)
    flag = found.register >> 24
    if chip.name == "BM1387":
        assert flag == 0
    elif chip.name == "BM1397":
        assert flag == 0x40
    else:
        assert flag == (0x50 if vco_mhz >= 2400 else 0x40)
    pd1, pd2 = found.register >> 4 & 0xF, found.register & 0xF
    assert pd1 > pd2  # both less one, or neither
    assert pd1 <= 7


@given(chips, st.data())
def test_the_grid_is_met_exactly(chip: Chip, data: st.DataObject) -> None:
    steps = st.integers(int(chip.mhz.least / 6.25), int(min(chip.mhz.most, 750) / 6.25))
    mhz = 6.25 * data.draw(steps)
    assert pll(chip, mhz).mhz == mhz


def test_a_vco_of_2400_counts_as_high() -> None:
    assert pll(CHIPS["BM1370"], 600).register == 0x50C00230


@pytest.mark.parametrize(("mhz", "register"), [(400.0, 0x00400221), (393.75, 0x007E0241), (100.0, 0x00200241)])
def test_bm1387_takes_its_dividers_by_frequency(mhz: float, register: int) -> None:
    """GEK: fb = f x 8 / 25 and 41 below 400 MHz, f x 4 / 25 and 21 from there."""
    assert pll(CHIPS["BM1387"], mhz).register == register


@pytest.mark.parametrize("mhz", [49.9, 575.1, 0, -1, float("nan")])
def test_a_frequency_outside_the_span_is_refused(mhz: float) -> None:
    with pytest.raises(InputError, match="BM1366 takes 50 to 575 MHz"):
        pll(CHIPS["BM1366"], mhz)
    with pytest.raises(InputError, match="BM1366 takes 50 to 575 MHz"):
        ramp(CHIPS["BM1366"], 50, mhz)


def test_a_register_that_divides_by_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="a divider of 0"):
        frequency(CHIPS["BM1397"], 0xC0600001)


def test_a_ramp_goes_by_the_grid_and_ends_exactly() -> None:
    chip = CHIPS["BM1370"]
    assert ramp(chip, 50, 70) == [56.25, 62.5, 68.75, 70]
    assert ramp(chip, 70, 50) == [68.75, 62.5, 56.25, 50]
    assert ramp(chip, 62.5, 75) == [68.75, 75]
    assert ramp(chip, 525, 525) == [525]


@given(chips, st.data())
def test_a_ramp_never_jumps(chip: Chip, data: st.DataObject) -> None:
    span = st.floats(chip.mhz.least, chip.mhz.most)
    start, target = data.draw(span), data.draw(span)
    path = [start, *ramp(chip, start, target)]
    assert path[-1] == target
    assert all(abs(b - a) <= 6.25 for a, b in pairwise(path))
    assert path == sorted(path, reverse=target < start)
