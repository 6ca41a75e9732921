"""Numbers as PMBus parts write them. Source: PMBus specification part II, sections 7 and 8, and the fact sheet."""

from __future__ import annotations

from math import floor, ldexp

from .bus import signed


def slinear11(word: int) -> float:
    """5 bits of exponent, 11 of mantissa, both signed."""
    return ldexp(signed(word & 0x7FF, 11), signed(word >> 11, 5))


def to_slinear11(value: float, exponent: int | None = None) -> int:
    """The nearest there is, with the finest exponent or the one given. Raises ValueError when it does not fit."""
    exponents = range(-16, 16) if exponent is None else (exponent,)
    for one in exponents:
        mantissa = round(ldexp(value, -one))
        if -1024 <= mantissa <= 1023:
            return (one & 0x1F) << 11 | mantissa & 0x7FF
    raise ValueError(f"{value}: SLINEAR11 has 11 bits and an exponent of {exponents[0]} to {exponents[-1]}")


def exponent_of(vout_mode: int) -> int:
    """Of ULINEAR16, from the register VOUT_MODE. Raises ValueError when it is in another mode (bits 6..5)."""
    if vout_mode & 0x60:
        raise ValueError(f"VOUT_MODE reads {vout_mode:02X}, and is not linear")
    return signed(vout_mode & 0x1F, 5)


def ulinear16(word: int, exponent: int) -> float:
    return ldexp(word, exponent)


def to_ulinear16(value: float, exponent: int) -> int:
    """The highest that is no more than `value`. Raises ValueError when it does not fit."""
    word = floor(ldexp(value, -exponent) + 1e-9)
    if not 0 <= word <= 0xFFFF:
        raise ValueError(f"{value} V: ULINEAR16 takes 0–{ldexp(0xFFFF, exponent):g} V at exponent {exponent}")
    return word
