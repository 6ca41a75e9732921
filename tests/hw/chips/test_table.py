"""Rows that contradict themselves would be found late, on a bench. Figures stand as in the sheet of each source."""

from __future__ import annotations

import pytest

from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.table import CHIPS


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_a_row_agrees_with_itself(chip: Chip) -> None:
    assert chip.name == f"BM{chip.id:X}" == next(name for name, row in CHIPS.items() if row is chip)
    assert chip.small_cores <= chip.cores * chip.small_per_core
    assert chip.cores <= 1 << (chip.core_bits or 8)
    assert chip.small_per_core.bit_count() == 1  # a mask of its low bits tells small cores apart
    for span in (chip.mhz, chip.volts):
        assert 0 < span.least <= span.usual <= span.most
    assert (chip.midstates > 0) == (chip.job != "header") == (chip.version_bits == 2)
    if chip.midstates:
        assert 1 << chip.version_bits == chip.midstates
    if chip.core_bits:  # the core's bits and its slice make up the nonce
        assert chip.core_bits + chip.slice_bits == 32


@pytest.mark.parametrize("chip", CHIPS.values(), ids=CHIPS)
def test_ids_come_back_as_they_were_sent_whatever_the_low_bits(chip: Chip) -> None:
    assert len(set(chip.ids)) == len(chip.ids) == (32 if chip.midstates else 16)
    assert all(0 <= id < 128 for id in chip.ids)


@pytest.mark.parametrize(
    ("name", "mhz", "ghps"),
    [  # ESP's device_config.h: f x small cores; BM1362: MUJ's 270 at 525
        ("BM1397", 425, 285.6),
        ("BM1366", 485, 433.6),
        ("BM1368", 490, 625.2),
        ("BM1370", 525, 1071.0),
        ("BM1362", 525, 269.9),
    ],
)
def test_rates_are_those_of_the_sheet(name: str, mhz: float, ghps: float) -> None:
    assert CHIPS[name].rate_hps(mhz) / 1e9 == pytest.approx(ghps, abs=0.05)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("BM1366", (0, 8, 16, 24, 32)),
        ("BM1370", (0, 24, 48, 72, 96, 120, 16, 40)),
        ("BM1397", (0, 4, 8, 12)),
    ],
)
def test_ids_cycle_as_in_esp(name: str, ids: tuple[int, ...]) -> None:
    assert CHIPS[name].ids[: len(ids)] == ids
