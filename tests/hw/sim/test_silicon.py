"""The second computation against the drivers' one: what they write means the same to the chips, and what these answer
means the same to them. That neither is wrong alone is shown by captured frames in test_chips.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.chips.nonce import job_id, origin, versions_register
from joulehash.hw.chips.partition import addresses, offsets
from joulehash.hw.chips.pll import pll
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.chips.ticket import ticket_register
from joulehash.hw.sim import silicon
from joulehash.hw.sim.search import Search

NAMES = sorted(silicon.SILICON)


@pytest.mark.parametrize("name", NAMES)
@given(st.data())
def test_a_register_that_a_driver_writes_gives_the_frequency_it_means(name: str, data: st.DataObject) -> None:
    row = CHIPS[name]
    wanted = data.draw(st.floats(row.mhz.least, row.mhz.most))
    setting = pll(row, wanted)
    registers = {silicon.PLL0: setting.register, silicon.PLL0_DIVIDERS: 0x0F0F0F00}
    assert silicon.mhz(silicon.SILICON[name], registers) == pytest.approx(setting.mhz)


@pytest.mark.parametrize(
    ("name", "value", "mhz"),
    [
        ("BM1370", 0x50D20265, 62.5),
        ("BM1370", 0x50E00263, 100.0),
        ("BM1370", 0x40A20255, 56.25),
        ("BM1362", 0x40A80230, 525.0),  # S19j Pro
        ("BM1370", 0x50C00230, 600.0),  # S21 Pro
        ("BM1366", 0xC0540165, 50.0),  # out of reset
    ],
)
def test_captured_frequencies(name: str, value: int, mhz: float) -> None:
    assert silicon.mhz(silicon.SILICON[name], {silicon.PLL0: value}) == mhz


def test_bm1397_begins_at_50_mhz_and_its_dividers_are_then_set() -> None:
    chip = silicon.SILICON["BM1397"]
    assert silicon.mhz(chip, chip.reset) == 50.0
    assert silicon.mhz(chip, {**chip.reset, silicon.PLL0_DIVIDERS: 0x0F0F0F00}) == 400.0


@pytest.mark.parametrize("value", [0, 0x40000000, 0x40A80030])
def test_no_clock_is_no_error(value: int) -> None:
    assert silicon.mhz(silicon.SILICON["BM1370"], {silicon.PLL0: value}) == 0.0


@pytest.mark.parametrize("bits", range(33))
def test_a_ticket_is_leading_bits(bits: int) -> None:
    assert silicon.ticket_bits(ticket_register(bits)) == ((1 << bits) - 1) << 32 - bits


@pytest.mark.parametrize("name", NAMES)
def test_ids_come_back(name: str) -> None:
    row = CHIPS[name]
    for sent in row.ids:
        for small in range(row.small_per_core):
            answered = silicon.answer_id(silicon.SILICON[name], sent, small)
            assert job_id(row, answered) == sent
            assert origin(row, 1, 0, answered).small_core == small


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 6, 16, 65, 77, 110, 126])
def test_a_driver_tells_the_chip_by_its_part_of_the_counter(name: str, n: int) -> None:
    row, chip = CHIPS[name], silicon.SILICON[name]
    search = Search(row, chip)
    most = 1 << chip.counter_bits
    width = 1 << (n - 1).bit_length()  # a sweep ends within what so many chips would each have
    for index, (address, offset) in enumerate(zip(addresses(n), offsets(n), strict=True)):
        start = search.start_of(address, 0x80000000 | offset)
        for core in (0, row.cores - 1):
            for position in (start, start + most // width // 2 - 1):
                h = core << chip.counter_bits | position
                nonce = int.from_bytes(h.to_bytes(4, "big"), "little")
                found = origin(row, n, nonce, 0)
                assert (found.chip, found.core) == (index, core)


@pytest.mark.parametrize(("celsius", "shown"), [(-20.0, -20.0), (60.0, 60.0), (110.5, 110.5)])
def test_the_sensor_on_the_die_tells_the_temperature(celsius: float, shown: float) -> None:
    """ESP: T = code * 0.171342 - 299.5144."""
    value = silicon.sensor_value(celsius)
    assert value >> 31 == 1
    assert (value & 0xFFFF) * 0.171342 - 299.5144 == pytest.approx(shown, abs=0.1)


@pytest.mark.parametrize(("one", "other", "same"), [(115200, 115740, True), (1e6, 1041667, True), (115200, 1e6, False)])
def test_near_speeds_are_the_same(one: float, other: float, same: bool) -> None:
    assert silicon.same_speed(one, other) is same


def test_a_driver_enables_rolling() -> None:
    assert versions_register(0x1FFFE000) >> 31 == 1
    assert versions_register(0x1FFFE000) & 0xFFFF == 0xFFFF
