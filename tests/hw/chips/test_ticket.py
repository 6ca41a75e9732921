from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.target import target_from_difficulty
from joulehash.engine.errors import InputError
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.chips.ticket import best_ticket, nonces_per_s, ticket_bits, ticket_register, ticket_target

chips = st.sampled_from(list(CHIPS.values()))

ESP = {1: 0, 2: 0x80, 4: 0xC0, 8: 0xE0, 16: 0xF0, 32: 0xF8, 64: 0xFC, 256: 0xFF, 512: 0x80FF, 1024: 0xC0FF}


@pytest.mark.parametrize(("difficulty", "register"), ESP.items())
def test_registers_are_those_of_the_sources(difficulty: int, register: int) -> None:
    bits = difficulty.bit_length() - 1
    assert ticket_register(bits) == register
    assert ticket_bits(register) == bits


@pytest.mark.parametrize("bits", range(33))
def test_every_power_goes_both_ways(bits: int) -> None:
    assert ticket_bits(ticket_register(bits)) == bits


@given(st.integers(0, 2**32 - 1))
def test_what_is_no_power_is_refused(register: int) -> None:
    if register in {ticket_register(bits) for bits in range(33)}:
        return
    with pytest.raises(InputError, match=f"{register:08X}"):
        ticket_bits(register)


@pytest.mark.parametrize("bits", [-1, 33])
def test_bits_that_no_register_holds_are_refused(bits: int) -> None:
    with pytest.raises(InputError, match="0 to 32"):
        ticket_register(bits)


@pytest.mark.parametrize(
    ("name", "mhz", "chips", "bits", "rate"),
    [
        ("BM1397", 425, 1, 8, 0.260),
        ("BM1366", 485, 1, 8, 0.394),
        ("BM1368", 490, 1, 8, 0.569),
        ("BM1370", 525, 1, 8, 0.974),
        ("BM1370", 525, 1, 4, 15.6),  # ESP's self-test
        ("BM1370", 600, 65, 8, 72.4),  # S21 Pro
    ],
)
def test_nonce_rates_are_those_of_the_sheet(name: str, mhz: float, chips: int, bits: int, rate: float) -> None:
    assert nonces_per_s(CHIPS[name], chips, mhz, bits) == pytest.approx(rate, rel=5e-3)


@pytest.mark.parametrize(
    ("name", "chips", "baud", "bits"),
    [
        ("BM1370", 1, 115200, 0),  # 262 of them a second would be a quarter of the line; it finds 249 of 32 bits
        ("BM1370", 2, 115200, 1),
        ("BM1370", 65, 115200, 6),
        ("BM1370", 65, 3_125_000, 2),
    ],
)
def test_the_line_decides(name: str, chips: int, baud: int, bits: int) -> None:
    assert best_ticket(CHIPS[name], chips, 525, baud, target_from_difficulty(1 << 20)) == bits


def test_no_share_is_withheld() -> None:
    chip = CHIPS["BM1370"]
    assert best_ticket(chip, 65, 525, 115200, target_from_difficulty(32)) == 5  # where the line asks for 6
    assert best_ticket(chip, 65, 525, 115200, 2**256 - 1) == 4  # what a full line asks for
    assert best_ticket(chip, 1, 525, 115200, 2**256 - 1) == 0


@given(
    chips,
    st.integers(1, 128),
    st.floats(50, 575),
    st.sampled_from([115200, 1_000_000, 3_125_000]),
    st.integers(1, 2**256 - 1),
    st.integers(0, 20),
)
def test_the_best_ticket_is_the_lowest(
    chip: Chip, n: int, mhz: float, baud: int, share_target: int, scale: int
) -> None:
    chip = chip.scaled(scale)
    bits = best_ticket(chip, n, mhz, baud, share_target)

    def part(bits: int) -> float:
        return nonces_per_s(chip, n, mhz, bits) * chip.response_size * 10 / baud

    if not chip.ticket_most:
        assert bits == 0
        return
    assert part(bits) <= 1
    withheld = share_target > ticket_target(chip, bits)
    if part(bits) > 0.25:  # only for the shares' sake
        assert share_target > ticket_target(chip, bits + 1)
    elif bits and not withheld:
        assert part(bits - 1) > 0.25
    if withheld and bits:
        assert part(bits - 1) > 1


@given(chips, st.integers(0, 32), st.integers(0, 20))
def test_a_ticket_is_so_many_zero_bits(chip: Chip, bits: int, scale: int) -> None:
    target = ticket_target(chip.scaled(scale), bits)
    assert 256 - target.bit_length() == 32 - scale + bits
    assert target & target + 1 == 0
