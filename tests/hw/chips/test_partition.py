from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.partition import (
    addresses,
    chip_at_offset,
    epoch_s,
    hcn,
    offsets,
    versions_per_job,
)
from joulehash.hw.chips.table import CHIPS

chips = st.sampled_from(list(CHIPS.values()))
header_chips = st.sampled_from([chip for chip in CHIPS.values() if chip.job == "header"])


@pytest.mark.parametrize(
    ("n", "given"),
    [
        (1, [0]),
        (2, [0, 128]),
        (3, [0, 85, 170]),
        (6, [0, 42, 84, 126, 168, 210]),
        (12, [21 * i for i in range(12)]),
        (110, [2 * i for i in range(110)]),  # S19 XP
        (126, [2 * i for i in range(126)]),  # S19j Pro: stock goes on to 128 of them
        (256, list(range(256))),
    ],
)
def test_addresses(n: int, given: list[int]) -> None:
    assert addresses(n) == given


@pytest.mark.parametrize("n", [0, -1, 257])
def test_no_chain_has_so_many_chips(n: int) -> None:
    chip = CHIPS["BM1366"]
    asked: list[Callable[[], object]] = [lambda: addresses(n), lambda: offsets(n), lambda: hcn(chip, n, 400)]
    for ask in asked:
        with pytest.raises(InputError, match=f"{n} chips: a chain takes 1 to 256"):
            ask()


def test_offsets_are_those_of_an_s21_pro() -> None:
    found = offsets(65)
    assert [f"{each:04X}" for each in (*found[:4], found[5], found[-1])] == [
        "0000",
        "03F1",  # golden frames, bm13xx-rs: chips 1, 3 and 5 at addresses 02, 06, 0A
        "07E1",
        "0BD1",
        "13B2",
        "FC10",
    ]


@given(st.integers(1, 256), st.data())
def test_an_offset_is_the_chips_first(n: int, data: st.DataObject) -> None:
    begin = offsets(n)
    i = data.draw(st.integers(0, n - 1))
    assert chip_at_offset(n, begin[i] << 9) == i
    assert not i or chip_at_offset(n, (begin[i] << 9) - 1) == i - 1
    assert chip_at_offset(n, 0x1FF_FFFF) == n - 1


@pytest.mark.parametrize(
    ("name", "n", "mhz", "factory", "part"),
    [  # factory values against the frequency at which the machine makes its nominal rate; the part is what it comes to
        ("BM1368", 108, 484, 0x15A4, 0.82),  # S21, 200 TH/s
        ("BM1366", 77, 581, 0x115A, 0.79),  # S19k Pro, 120 TH/s
        ("BM1362", 126, 525, 0x1381, 0.80),  # S19j Pro, capture at 525 MHz
        ("BM1366", 110, 475, 0x151C, 0.78),  # S19 XP, 140 TH/s
        ("BM1370", 65, 600, 0x1EB5, 1.51),  # S21 Pro: parts the slice by 65, where np2 is 128
    ],
)
def test_hcn_is_near_the_factory_values(name: str, n: int, mhz: float, factory: int, part: float) -> None:
    assert factory / hcn(CHIPS[name], n, mhz) == pytest.approx(part, abs=0.01)


def test_the_factory_value_of_an_s21_pro_fits_its_part() -> None:
    ticks = 2**25 / 65 * 25 / 600 * 0.5
    assert 0x1EB5 / ticks == pytest.approx(0.73, abs=0.01)


@pytest.mark.parametrize("n", [1, 2])
def test_sticks_are_given_less_than_they_could_take(n: int) -> None:
    assert hcn(CHIPS["BM1362"], n, 800) > 0x12C9  # GEK, always
    assert hcn(CHIPS["BM1370"], n, 800) > 0x0F25


def test_bm1370_stops_early() -> None:
    assert hcn(CHIPS["BM1370"], 1, 525) == hcn(CHIPS["BM1368"], 1, 525) - 268 == 798915 - 268


@given(chips, st.integers(1, 128), st.floats(50, 575))
def test_a_sweep_ends_before_the_next_chips_part(chip: Chip, n: int, mhz: float) -> None:
    """At one nonce a clock, and at two as well: in h, whose top bits are the core's."""
    swept = 2 * (hcn(chip, n, mhz) + chip.hcn_overrun) / 25 * mhz
    assert swept <= 2**chip.slice_bits / n * (1 + 1e-9)
    if chip.chip_shift in (16, 17):
        step = addresses(n)[1] if n > 1 else 256
        assert swept <= step * 2**chip.chip_shift * (1 + 1e-9)
    if chip.chip_shift is None:
        begin = [*offsets(n), 1 << 16]
        assert swept <= min(b - a for a, b in pairwise(begin)) << 9


def test_a_chain_too_fast_for_a_sweep_is_refused() -> None:
    chip = CHIPS["BM1370"]
    assert hcn(chip, 256, 800) > 0
    with pytest.raises(InputError, match="no time for a sweep"):
        hcn(chip, 256, 6500)


@pytest.mark.parametrize(
    ("name", "ticks", "seconds"),
    [("BM1368", 0x15A4, 0.91), ("BM1370", 0x1EB5, 1.29), ("BM1366", 0x115A, 1.46), ("BM1366", 0x151C, 1.77)],
)
def test_epochs_of_factory_values(name: str, ticks: int, seconds: float) -> None:
    chip = CHIPS[name]
    assert 2**16 / chip.small_per_core * ticks / 25e6 == pytest.approx(seconds, abs=0.01)
    assert epoch_s(chip, 1, 400, 16) == 2**16 / chip.small_per_core * hcn(chip, 1, 400) / 25e6


def test_the_epoch_of_a_bm1397_is_esps() -> None:
    assert epoch_s(CHIPS["BM1397"], 1, 425, 2) == pytest.approx(0.0395, abs=5e-5)
    assert epoch_s(CHIPS["BM1397"], 1, 425, 1) == epoch_s(CHIPS["BM1397"], 1, 425, 2) / 4


@given(chips, st.integers(1, 128), st.floats(50, 575), st.integers(0, 16))
def test_an_epoch_never_outlasts_the_headers(chip: Chip, n: int, mhz: float, bits: int) -> None:
    headers = versions_per_job(chip, bits) * 2**32
    if chip.midstates or 1 << bits >= chip.small_per_core:
        assert epoch_s(chip, n, mhz, bits) <= headers / (n * chip.rate_hps(mhz))


@pytest.mark.parametrize(
    ("name", "bits", "versions"),
    [("BM1370", 0, 1), ("BM1370", 16, 65536), ("BM1397", 0, 1), ("BM1397", 1, 1), ("BM1397", 2, 4), ("BM1387", 2, 4)],
)
def test_versions_of_a_job(name: str, bits: int, versions: int) -> None:
    assert versions_per_job(CHIPS[name], bits) == versions
