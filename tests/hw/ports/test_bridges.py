from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import InputError
from joulehash.hw.ports.bridges import BRIDGES, Control, ftdi_divisor

FT230X, CP2102, CP2105 = BRIDGES[0x0403, 0x6015], BRIDGES[0x10C4, 0xEA60], BRIDGES[0x10C4, 0xEA70]


@pytest.mark.parametrize(
    ("baud", "divisor"),
    [
        (115200, 0x001A),  # as cgminer writes it
        (1_500_000, 0x0002),
        (500_000, 0x0006),
        (9600, 0x4138),  # these two as ftdi_sio.c lists them
        (57600, 0xC034),
        (2_000_000, 0x0001),
        (3_000_000, 0x0000),
    ],
)
def test_the_divisor_is_the_one_of_the_drivers(baud: int, divisor: int) -> None:
    assert ftdi_divisor(baud) == divisor


def read_divisor(divisor: int) -> float:
    """What baud a divisor stands for, computed the other way round."""
    whole, code = divisor & 0x3FFF, divisor >> 14
    if divisor in (0, 1):
        return (3_000_000, 2_000_000)[divisor]
    eighths = {0: 0, 3: 1, 2: 2, 4: 3, 1: 4, 5: 5, 6: 6, 7: 7}[code]
    return 3_000_000 / (whole + eighths / 8)


@given(st.integers(184, 1_545_000))
def test_any_usual_baud_is_made_within_three_percent(baud: int) -> None:
    assert read_divisor(ftdi_divisor(baud)) == pytest.approx(baud, rel=0.031)


@pytest.mark.parametrize("baud", [0, -1, 100, 1_800_000, 2_500_000, 3_125_000, 12_000_000])
def test_a_baud_it_cannot_make_is_refused_by_name(baud: int) -> None:
    with pytest.raises(InputError, match=f"baud {baud}: "):
        ftdi_divisor(baud)


def test_a_cp2105_has_two_sides_with_their_own_limits() -> None:
    assert CP2105.baud(0, 1_000_000)[0].data == bytes.fromhex("40420F00")
    with pytest.raises(InputError, match="baud 1000000: interface 1 of a CP2105 takes 2400–921600"):
        CP2105.baud(1, 1_000_000)


def test_status_bytes_are_taken_out_of_every_packet() -> None:
    full = b"\x01\x60" + bytes(range(62))
    assert FT230X.payload(full + b"\x01\x60" + b"end", 64) == bytes(range(62)) + b"end"
    assert FT230X.payload(b"\x01\x60", 64) == b""
    assert FT230X.payload(full + b"\x01\x60", 64) == bytes(range(62))


def test_pins_are_the_requests_of_the_sheet() -> None:
    assert FT230X.pins(0b10, 0b10) == Control(0x40, 0x0B, 0x20F2, 0)
    assert FT230X.pins(0b00, 0b10) == Control(0x40, 0x0B, 0x20F0, 0)
    assert CP2105.pins(0b111, 0b111) == Control(0x41, 0xFF, 0x37E1, 0, b"\x07\x07")
    assert CP2105.pins(0b000, 0b111) == Control(0x41, 0xFF, 0x37E1, 0, b"\x07\x00")
    with pytest.raises(InputError, match="CP2102 has no pins"):
        CP2102.pins(0, 1)
