from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.cadence import cadence
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.partition import epoch_s, hcn
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.chips.ticket import nonces_per_s

chips = st.sampled_from(list(CHIPS.values()))


@given(chips, st.integers(0, 24), st.integers(1, 128), st.floats(50, 575), st.integers(0, 16), st.integers(0, 20))
def test_scale_leaves_time_as_it_is(chip: Chip, bits: int, n: int, mhz: float, granted: int, ticket: int) -> None:
    scaled = chip.scaled(bits)
    assert hcn(scaled, n, mhz) == hcn(chip, n, mhz)
    assert epoch_s(scaled, n, mhz, granted) == epoch_s(chip, n, mhz, granted)
    assert nonces_per_s(scaled, n, mhz, ticket) == pytest.approx(nonces_per_s(chip, n, mhz, ticket), rel=1e-12)
    assert scaled.rate_hps(mhz) / scaled.count_hashes == pytest.approx(chip.rate_hps(mhz) / chip.count_hashes)


@given(chips, st.integers(0, 24), st.integers(1, 8), st.floats(100, 575))
def test_scale_leaves_the_cadence_as_it_is(chip: Chip, bits: int, n: int, mhz: float) -> None:
    mask, baud = 0x1FFFE000, 3_125_000
    assert cadence(chip.scaled(bits), n, mhz, mask, baud) == cadence(chip, n, mhz, mask, baud)


def test_scale_shrinks_the_work() -> None:
    chip, small = CHIPS["BM1370"], CHIPS["BM1370"].scaled(20)
    assert small.rate_hps(525) == chip.rate_hps(525) / 2**20
    assert (small.zero_bits, small.slice_bits, small.version_bits) == (12, 5, 16)
    assert small.scaled(5) == chip.scaled(25)


@pytest.mark.parametrize(("name", "bits", "most"), [("BM1370", 26, 25), ("BM1397", 25, 24), ("BM1366", -1, 25)])
def test_a_scale_that_does_not_fit_is_refused(name: str, bits: int, most: int) -> None:
    with pytest.raises(InputError, match=rf"{name} takes 2\^0 to 2\^-{most}"):
        CHIPS[name].scaled(bits)
