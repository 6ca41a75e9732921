"""CRC5 and CRC16 against division of polynomials, one bit after the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.wire.crc import crc5, crc16, last_byte


def remainder(data: bytes, divisor: int) -> int:
    """Of the message, its first bits inverted, times x^width, by the polynomial over GF(2)."""
    width = divisor.bit_length() - 1
    bits = 8 * len(data)
    dividend = (int.from_bytes(data, "big") ^ ((1 << width) - 1) << bits - width) << width
    for place in range(bits + width - 1, width - 1, -1):
        if dividend >> place & 1:
            dividend ^= divisor << place - width
    return dividend


@given(st.binary(min_size=1, max_size=20))
def test_crc5(data: bytes) -> None:
    assert crc5(data) == remainder(data, 0b100101)


@given(st.binary(min_size=2, max_size=160))
def test_crc16(data: bytes) -> None:
    assert crc16(data) == remainder(data, 0x11021)


def test_crc16_is_the_one_that_catalogues_call_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1


@given(st.binary(max_size=10), st.integers(0, 7))
def test_the_last_byte_of_a_response_makes_the_whole_zero(payload: bytes, kind: int) -> None:
    last = last_byte(payload, kind)
    assert last >> 5 == kind
    assert crc5(payload + bytes([last])) == 0
    assert sum(crc5(payload + bytes([kind << 5 | bits])) == 0 for bits in range(32)) == 1


@pytest.mark.parametrize("size", [7, 9])
def test_every_flipped_bit_is_seen(size: int) -> None:
    """Two flipped bits too, unless they are 31 apart: the polynomial is primitive."""
    frame = bytes(range(size - 1))
    good = int.from_bytes(frame + bytes([last_byte(frame, 4)]), "big")
    bits = 8 * size
    for first in range(bits):
        assert crc5((good ^ 1 << first).to_bytes(size, "big"))
        for second in range(first):
            passes = crc5((good ^ 1 << first ^ 1 << second).to_bytes(size, "big")) == 0
            assert passes == ((first - second) % 31 == 0)
