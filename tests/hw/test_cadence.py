from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.cadence import Cadence, cadence, job_bytes
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.nonce import granted_bits
from joulehash.hw.chips.partition import epoch_s
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.wire.bm13xx import HeaderJob, MidstateJob

chips = st.sampled_from(list(CHIPS.values()))

NONE, TWO, EIGHT, ALL = 0, 0x6000, 0x001F_E000, 0x1FFF_E000
HOLES_9, HOLES_4 = 0x1AAA_A000, 0x1010_4040  # the bit 0x40 of the second is one that only midstates can use

WORKS = [  # chip, chips, MHz, baud, mask, the longest interval in ms: half of what a job lasts, a second at most
    ("BM1397", 1, 425, 3_125_000, NONE, 4.934),  # one midstate
    ("BM1397", 1, 425, 3_125_000, TWO, 19.738),  # half of ESP's 39.5
    ("BM1397", 1, 425, 3_125_000, EIGHT, 19.738),
    ("BM1397", 1, 425, 3_125_000, ALL, 19.738),
    ("BM1397", 1, 425, 3_125_000, HOLES_4, 19.738),
    ("BM1397", 6, 450, 1_500_000, ALL, 2.330),
    ("BM1366", 1, 485, 115_200, EIGHT, 553.475),
    ("BM1366", 1, 485, 115_200, ALL, 1000),
    ("BM1366", 6, 485, 1_041_667, EIGHT, 69.184),
    ("BM1366", 6, 485, 1_041_667, HOLES_9, 138.368),
    ("BM1368", 1, 490, 115_200, EIGHT, 273.914),
    ("BM1368", 6, 490, 1_041_667, ALL, 1000),
    ("BM1370", 1, 525, 115_200, EIGHT, 255.567),
    ("BM1370", 1, 525, 115_200, HOLES_9, 511.134),
    ("BM1370", 2, 525, 1_041_667, EIGHT, 127.740),
    ("BM1370", 65, 600, 3_125_000, ALL, 425.411),
    ("BM1362", 1, 300, 115_200, EIGHT, 894.785),
    ("BM1362", 126, 525, 3_125_000, EIGHT, 3.994),
    ("BM1362", 126, 525, 3_125_000, ALL, 1000),
    ("BM1387", 2, 100, 1_500_000, NONE, 83.886),
    ("BM1387", 12, 550, 1_500_000, TWO, 7.626),
    ("BM1387", 12, 550, 1_500_000, ALL, 7.626),
]

LACKS = [  # chip, chips, MHz, baud, mask, bits needed (None: no number helps), granted
    ("BM1366", 1, 485, 115_200, NONE, 3, 0),
    ("BM1366", 1, 485, 115_200, TWO, 3, 2),
    ("BM1366", 110, 475, 3_125_000, TWO, 8, 2),
    ("BM1368", 1, 490, 115_200, NONE, 4, 0),
    ("BM1370", 1, 525, 115_200, TWO, 4, 2),
    ("BM1370", 2, 525, 1_041_667, 1 << 13 | 1 << 28, 4, 2),
    ("BM1370", 1, 525, 115_200, HOLES_4, 4, 3),
    ("BM1370", 65, 600, 3_125_000, EIGHT, 9, 8),
    ("BM1362", 1, 300, 115_200, TWO, 3, 2),
    ("BM1397", 6, 450, 1_500_000, NONE, 2, 0),
    ("BM1397", 6, 450, 1_500_000, 1 << 20, 2, 1),
    ("BM1397", 1, 425, 115_200, ALL, None, 2),
]


@pytest.mark.parametrize(("name", "n", "mhz", "baud", "mask", "interval_ms"), WORKS)
def test_intervals(name: str, n: int, mhz: float, baud: int, mask: int, interval_ms: float) -> None:
    given = cadence(CHIPS[name], n, mhz, mask, baud)
    assert min(given.epoch_s / 2, 1.0) * 1000 == pytest.approx(interval_ms, rel=1e-3)
    assert given.epoch_s / 4 - 1e-9 <= given.interval_s <= given.epoch_s / 2 or given.interval_s == 1.0


def test_a_line_or_ids_that_bear_no_more_get_half_of_what_a_job_lasts() -> None:
    roomy, tight = cadence(CHIPS["BM1397"], 1, 425, ALL, 3_125_000), cadence(CHIPS["BM1397"], 6, 450, ALL, 1_500_000)
    assert roomy.interval_s == pytest.approx(roomy.epoch_s / 4)
    assert tight.interval_s > tight.epoch_s * 0.4


@pytest.mark.parametrize(("name", "n", "mhz", "baud", "mask", "needed", "granted"), LACKS)
def test_a_refusal_says_how_many_bits(
    name: str, n: int, mhz: float, baud: int, mask: int, needed: int | None, granted: int
) -> None:
    chip = CHIPS[name]
    assert granted_bits(chip, mask) == granted
    with pytest.raises(InputError) as told:
        cadence(chip, n, mhz, mask, baud)
    text = str(told.value)
    assert text.startswith(f"{n} {name} at {mhz:g} MHz and {baud} baud: ")
    if needed is None:
        assert "use a faster line, a lower frequency or fewer chips" in text
        assert cadence(chip, n, mhz, mask, 1_000_000)
        return
    assert f"needs {needed} version bits, is granted {granted}: " in text
    assert cadence(chip, n, mhz, ((1 << needed) - 1) << 13, baud)
    with pytest.raises(InputError):
        cadence(chip, n, mhz, ((1 << needed - 1) - 1) << 13, baud)


@given(chips, st.integers(1, 128), st.floats(50, 575), st.integers(0, 2**32 - 1), st.sampled_from([115200, 3_125_000]))
def test_what_is_accepted_keeps_the_bounds(chip: Chip, n: int, mhz: float, mask: int, baud: int) -> None:
    try:
        given = cadence(chip, n, mhz, mask, baud)
    except InputError:
        return
    bits = granted_bits(chip, mask)
    space = given.versions * 2**32
    assert given.interval_s * 2 <= epoch_s(chip, n, mhz, bits)
    assert given.interval_s * 2 <= space / (n * chip.rate_hps(mhz)) * (1 + 1e-12)
    assert given.interval_s <= 1
    assert job_bytes(chip, given.versions) * 10 / baud <= given.interval_s / 2 * (1 + 1e-12)
    assert len(chip.ids) * given.interval_s >= 0.05
    assert given.versions == (1 << bits if not chip.midstates else 4 if bits == 2 else 1)


@given(chips, st.integers(1, 16), st.floats(50, 575), st.integers(0, 15))
def test_more_bits_never_hurt(chip: Chip, n: int, mhz: float, bits: int) -> None:
    def tried(bits: int) -> Cadence | None:
        try:
            return cadence(chip, n, mhz, ((1 << bits) - 1) << 13, 3_125_000)
        except InputError:
            return None

    few, more = tried(bits), tried(bits + 1)
    if few:
        assert more
        assert more.interval_s >= few.interval_s


def test_jobs_are_as_long_as_the_codec_makes_them() -> None:
    header = HeaderJob(0, 0, 0, bytes(32), bytes(32), 0).encode()
    assert job_bytes(CHIPS["BM1370"], 1 << 16) == len(header)
    for versions in (1, 4):
        midstates = MidstateJob(0, 0, 0, bytes(4), (bytes(32),) * versions).encode()
        assert job_bytes(CHIPS["BM1397"], versions) == len(midstates)
        assert job_bytes(CHIPS["BM1387"], versions) == len(midstates) - 2  # no preamble
