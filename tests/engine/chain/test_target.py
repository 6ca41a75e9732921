from __future__ import annotations

import json
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from joulehash.engine.chain.target import (
    DIFFICULTY_1,
    MAX_TARGET,
    Difficulty,
    bits_from_target,
    difficulty_from_target,
    exact_difficulty,
    expected_hashes,
    target_from_bits,
    target_from_difficulty,
)


def near_power(exponent: int, distance: int) -> int:
    return min(MAX_TARGET, max(0, (1 << exponent) + distance))


targets = st.one_of(
    st.integers(0, MAX_TARGET),
    st.integers(0, 2**25),
    st.builds(near_power, st.integers(0, 256), st.integers(-2, 2)),
)

# Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact: nBits, target, the nBits written back
COMPACT = [
    *((bits, 0, 0) for bits in (0, 0x00123456, 0x01003456, 0x02000056, 0x03000000, 0x04000000)),
    *((bits, 0, 0) for bits in (0x00923456, 0x01803456, 0x02800056, 0x03800000, 0x04800000)),
    (0x01123456, 0x12, 0x01120000),
    (0x02123456, 0x1234, 0x02123400),
    (0x03123456, 0x123456, 0x03123456),
    (0x04123456, 0x12345600, 0x04123456),
    (0x05009234, 0x92340000, 0x05009234),
    (0x20123456, 0x123456 << 232, 0x20123456),
    (0x1D00FFFF, DIFFICULTY_1, 0x1D00FFFF),
    (0x207FFFFF, 0x7FFFFF << 232, 0x207FFFFF),
]


@pytest.mark.parametrize(("bits", "target", "again"), COMPACT)
def test_nbits_as_bitcoin_core_reads_and_writes_them(bits: int, target: int, again: int) -> None:
    assert target_from_bits(bits) == target
    assert bits_from_target(target) == again


def test_nbits_are_written_without_the_sign_bit() -> None:
    assert bits_from_target(0x80) == 0x02008000  # also from arith_uint256_tests


@pytest.mark.parametrize("bits", [0x01FEDCBA, 0x04923456, 0x1D80FFFF])
def test_negative_nbits_are_no_target(bits: int) -> None:
    with pytest.raises(ValueError, match="sign bit"):
        target_from_bits(bits)


@pytest.mark.parametrize("bits", [0xFF123456, 0x23000001, 0x22000100, 0x21010000])
def test_nbits_above_256_bits_are_no_target(bits: int) -> None:
    with pytest.raises(ValueError, match="exceed"):
        target_from_bits(bits)


@pytest.mark.parametrize("bits", [0x22000001, 0x2100FFFF, 0x20FFFF])
def test_the_largest_that_still_fit(bits: int) -> None:
    assert target_from_bits(bits) <= MAX_TARGET


@pytest.mark.parametrize("bits", [-1, 2**32])
def test_nbits_have_32_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="takes 0 to"):
        target_from_bits(bits)


def largest_representable(target: int) -> int:
    """By trying every exponent: the largest mantissa · 256^(e-3) not above `target`."""
    best = 0
    for exponent in range(35):
        unit = Fraction(256) ** (exponent - 3)
        best = max(best, math.floor(min(0x7FFFFF, math.floor(target / unit)) * unit))
    return best


@given(targets)
@example(MAX_TARGET)
@example(0x7FFFFF)
@example(0x800000)
@example(0x80)
def test_nbits_round_down_to_the_nearest_target(target: int) -> None:
    rounded = target_from_bits(bits_from_target(target))
    assert rounded == largest_representable(target)
    assert bits_from_target(rounded) == bits_from_target(target)


@given(st.integers(0, 2**32 - 1))
def test_every_nbits_is_a_target_or_an_error(bits: int) -> None:
    mantissa, exponent = bits & 0x7FFFFF, bits >> 24
    value = math.floor(mantissa * Fraction(256) ** (exponent - 3))
    if value > MAX_TARGET or (value and bits & 0x800000):
        with pytest.raises(ValueError, match="nBits"):
            target_from_bits(bits)
    else:
        assert target_from_bits(bits) == value


# What pools send: regtest's smallest, ckpool's 17 digits, integers, and mainnet's largest.
DIFFICULTIES: list[tuple[Difficulty, Fraction]] = [
    (1, Fraction(1)),
    (2.33e-10, Fraction(233, 10**12)),
    ("2.33e-10", Fraction(233, 10**12)),
    ("0.00050000000000000001", Fraction(50000000000000001, 10**20)),
    (0.1, Fraction(1, 10)),  # the number that stood in the JSON, not the double
    (512, Fraction(512)),
    ("1e15", Fraction(10**15)),
    (1e15, Fraction(10**15)),
    (Decimal("0.3"), Fraction(3, 10)),
    (Fraction(1, 3), Fraction(1, 3)),
    (2**60 + 1, Fraction(2**60 + 1)),
    (10**100, Fraction(10**100)),
    ("1e-100", Fraction(1, 10**100)),
]


@pytest.mark.parametrize(("difficulty", "exact"), DIFFICULTIES)
def test_difficulties_are_exact(difficulty: Difficulty, exact: Fraction) -> None:
    assert exact_difficulty(difficulty) == exact
    target = target_from_difficulty(difficulty)
    assert target == min(MAX_TARGET, math.floor(DIFFICULTY_1 / exact))
    if 0 < target < MAX_TARGET:  # it is the highest target of at least that difficulty
        assert difficulty_from_target(target) >= exact > Fraction(DIFFICULTY_1, target + 1)


@given(st.floats(2.33e-10, 1e15))
def test_a_float_is_the_number_that_it_prints_as(difficulty: float) -> None:
    assert exact_difficulty(difficulty) == exact_difficulty(json.dumps(difficulty)) == Fraction(repr(difficulty))


@given(st.integers(1, 10**15), st.integers(0, 24))
def test_decimal_strings_floats_and_fractions_agree(digits: int, places: int) -> None:
    text = f"{digits}e-{places}"
    exact = Fraction(digits, 10**places)
    assert exact_difficulty(text) == exact_difficulty(Decimal(text)) == exact_difficulty(exact) == exact
    assert target_from_difficulty(text) == target_from_difficulty(exact)


@given(st.floats(2.33e-10, 1e15), st.floats(2.33e-10, 1e15))
def test_more_difficult_is_never_a_higher_target(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert target_from_difficulty(low) >= target_from_difficulty(high)


@given(st.integers(1, DIFFICULTY_1 * 2**32 - 1))
def test_targets_survive_the_way_over_their_difficulty(target: int) -> None:
    assert target_from_difficulty(difficulty_from_target(target)) == target


NO_DIFFICULTIES: list[Difficulty] = [
    *(0, -1, 0.0, -0.5, "0", "-3", "", "abc", "1/3", "0x10", "nan", "inf", "-inf", "sNaN", "1e101", "1e-101"),
    *("1e999999999", "1e-999999999", "0e-500", math.nan, math.inf, -math.inf, 10**101, Fraction(1, 10**101)),
    *(Decimal("NaN"), Decimal("Infinity"), Decimal("1e400")),
]


@pytest.mark.parametrize("difficulty", NO_DIFFICULTIES, ids=repr)
def test_no_difficulty(difficulty: Difficulty) -> None:
    with pytest.raises(ValueError, match="takes a number from 1e-100 to 1e100"):
        exact_difficulty(difficulty)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_too_long_to_be_written_out_is_no_difficulty(sign: int) -> None:
    with pytest.raises(ValueError, match="takes a number from 1e-100 to 1e100"):
        exact_difficulty(sign * 10**5000)  # Python writes no more than 4300 digits


@given(st.text(max_size=30))
def test_any_text_is_a_difficulty_or_a_value_error(text: str) -> None:
    try:
        assert exact_difficulty(text) > 0
    except ValueError as error:
        assert "takes a number" in str(error)  # noqa: PT017


def test_expected_hashes() -> None:
    assert expected_hashes(MAX_TARGET) == 1
    assert expected_hashes(0) == 2**256
    assert math.isclose(expected_hashes(DIFFICULTY_1), 2**48 / 65535)  # difficulty 1
    assert difficulty_from_target(0) == DIFFICULTY_1


@pytest.mark.parametrize("target", [-1, 2**256])
def test_targets_have_256_bits(target: int) -> None:
    for function in (bits_from_target, difficulty_from_target, expected_hashes):
        with pytest.raises(ValueError, match="takes 0 to"):
            function(target)
