"""nBits ↔ target ↔ difficulty ↔ expected hashes, in exact integers and fractions.

A target is an integer 0 .. 2^256-1 that a block's hash, read little-endian, must not exceed. Difficulty is the ratio
of DIFFICULTY_1 to it ("bdiff", what pools of today use). Nothing is rounded through a float: a difficulty may be an
int, a Fraction, a Decimal, a decimal string, or a float, which is taken as the decimal number that it prints as,
because that is what stood in the pool's JSON. Source: Bitcoin developer reference, "Target nBits".
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

MAX_TARGET = 2**256 - 1
DIFFICULTY_1 = 0xFFFF << 208  # the target of difficulty 1; nBits 1d00ffff

Difficulty = int | float | str | Decimal | Fraction


def target_from_bits(bits: int) -> int:
    """The target of a header's nBits (an unsigned 32-bit number). ValueError if negative or above 2^256-1."""
    if not 0 <= bits < 2**32:
        raise ValueError(f"nBits {bits:#x}: takes 0 to 0xffffffff")
    exponent, mantissa = bits >> 24, bits & 0x007FFFFF
    target = mantissa << 8 * (exponent - 3) if exponent > 3 else mantissa >> 8 * (3 - exponent)
    if bits & 0x00800000 and target:  # minus 0 is 0, as in Bitcoin Core's SetCompact
        raise ValueError(f"nBits {bits:08x}: the sign bit is set, the target would be negative")
    if target > MAX_TARGET:
        raise ValueError(f"nBits {bits:08x}: the target would exceed 2^256-1")
    return target


def bits_from_target(target: int) -> int:
    """The nBits whose target is the largest not above `target`: what a node would write."""
    _check_target(target)
    size = (target.bit_length() + 7) // 8
    mantissa = target << 8 * (3 - size) if size <= 3 else target >> 8 * (size - 3)
    if mantissa & 0x00800000:  # it would read as a sign
        mantissa >>= 8
        size += 1
    return size << 24 | mantissa


def target_from_difficulty(difficulty: Difficulty) -> int:
    """floor(DIFFICULTY_1 / difficulty), at most 2^256-1. ValueError unless the difficulty is above 0 and finite."""
    exact = exact_difficulty(difficulty)
    return min(MAX_TARGET, DIFFICULTY_1 * exact.denominator // exact.numerator)


def exact_difficulty(difficulty: Difficulty) -> Fraction:
    """The number itself. ValueError unless it is from 1e-100 to 1e100."""
    try:
        number = Decimal(str(difficulty)) if isinstance(difficulty, float | str) else difficulty
        if isinstance(number, Decimal) and (not number.is_finite() or abs(number.adjusted()) > 100):
            raise ValueError  # before Fraction writes all its digits out
        exact = Fraction(number)
    except (ValueError, InvalidOperation):
        raise ValueError(f"difficulty {str(difficulty)!r:.40}: takes a number from 1e-100 to 1e100") from None
    if not Fraction(1, 10**100) <= exact <= 10**100:
        too = "low" if exact < 1 else "high"  # an integer might take thousands of digits, too many to write
        shown = f" {difficulty!r:.40}" if isinstance(difficulty, str) else f" too {too}"
        raise ValueError(f"difficulty{shown}: takes a number from 1e-100 to 1e100")
    return exact


def difficulty_from_target(target: int) -> Fraction:
    """DIFFICULTY_1 / target, exactly; a target of 0 counts as 1."""
    _check_target(target)
    return Fraction(DIFFICULTY_1, max(target, 1))


def expected_hashes(target: int) -> Fraction:
    """How many hashes it takes on average to find one that does not exceed `target`: 2^256 / (target + 1)."""
    _check_target(target)
    return Fraction(2**256, target + 1)


def _check_target(target: int) -> None:
    if not 0 <= target <= MAX_TARGET:
        raise ValueError(f"target {target:#x}: takes 0 to 2^256-1")
