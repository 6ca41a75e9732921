"""bitaxe-raw control: golden requests, and what the firmware makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.wire.bitaxe_raw import (
    NOT_UNDERSTOOD,
    USB_PACKET,
    Adc,
    Bridge,
    Fan,
    Gpio,
    I2CFrequency,
    I2CRead,
    I2CWrite,
    I2CWriteRead,
    Led,
    Operation,
    Request,
    RequestDecoder,
    Restart,
    Unparsable,
    answer_size,
    encode,
)

# RAW README, by way of the fact sheet, section 11; the last from RAW's README of the Bonanza firmware.
GOLDEN: list[tuple[str, int, Operation]] = [
    ("0A 00 01 00 05 10 80 1A 06 00", 1, I2CFrequency(400_000)),
    ("08 00 01 00 05 20 4F DE", 1, I2CWrite(0x4F, b"\xde")),
    ("08 00 01 00 05 30 4C 01", 1, I2CRead(0x4C, 1)),
    ("07 00 00 00 06 00 00", 0, Gpio(0, level=False)),
    ("07 00 00 00 06 01 01", 0, Gpio(1, level=True)),
    ("06 00 00 00 07 50", 0, Adc(0x50)),
    ("07 00 00 00 09 10 32", 0, Fan(50)),
    ("09 00 01 00 05 40 32 FE 02", 1, I2CWriteRead(0x32, b"\xfe", 2)),
    ("06 00 00 00 06 03", 0, Gpio(3)),
    ("06 00 00 00 09 20", 0, Fan()),
    ("06 00 2A 00 00 01", 0x2A, Bridge(1)),  # RAW bridge_protocol.rs, its test
    ("09 00 07 00 08 10 01 02 03", 7, Led(1, 2, 3)),
    ("0A 00 07 00 09 01 DE AD BE EF", 7, Restart()),
    ("0A 00 07 00 09 02 B0 07 10 AD", 7, Restart(bootloader=True)),
]

byte = st.integers(0, 255)
address = st.integers(0, 127)
ids = st.integers(0, 254)
operations: st.SearchStrategy[Operation] = st.one_of(
    st.builds(I2CFrequency, st.integers(0, 2**32 - 1)),
    st.builds(I2CWrite, address, st.binary(max_size=80)),
    st.builds(I2CRead, address, byte),
    st.builds(I2CWriteRead, address, st.binary(max_size=80), byte),
    st.builds(Gpio, byte, st.none() | st.booleans()),
    st.builds(Adc, byte),
    st.builds(Led, byte, byte, byte),
    st.builds(Fan, st.none() | st.integers(0, 100)),
    st.builds(Bridge, byte),
    st.builds(Restart, st.booleans()),
)


@pytest.mark.parametrize(("frame", "identity", "operation"), GOLDEN)
def test_golden_requests_both_ways(frame: str, identity: int, operation: Operation) -> None:
    raw = bytes.fromhex(frame)
    assert encode(operation, identity) == raw
    assert RequestDecoder().feed(raw) == [Request(identity, operation)]


@given(operations, ids, st.integers(1, 70))
def test_a_request_is_understood_however_it_is_cut(operation: Operation, identity: int, piece: int) -> None:
    raw, firmware = encode(operation, identity), RequestDecoder()
    got = [request for at in range(0, len(raw), piece) for request in firmware.feed(raw[at : at + piece])]
    assert got == [Request(identity, operation)]


def test_one_usb_packet_brings_out_one_request_and_silence_drops_the_rest() -> None:
    first, second = encode(Gpio(0, level=False), 1), encode(Gpio(1, level=False), 2)
    firmware = RequestDecoder()
    assert firmware.feed(first + second) == [Request(1, Gpio(0, level=False))]
    assert firmware.feed(first) == [Request(2, Gpio(1, level=False))]
    firmware.silence()
    assert firmware.feed(second) == [Request(2, Gpio(1, level=False))]
    many = (first + second) * (2 * USB_PACKET // len(first + second) + 1)
    assert len(RequestDecoder().feed(many)) == -(-len(many) // USB_PACKET)


def test_a_partial_request_is_dropped_after_silence() -> None:
    raw, firmware = encode(I2CRead(0x4C, 2), 9), RequestDecoder()
    assert firmware.feed(raw[:5]) == []
    firmware.silence()
    assert firmware.feed(raw) == [Request(9, I2CRead(0x4C, 2))]


@pytest.mark.parametrize("frame", ["06 00 00 00 0B 20", "07 00 00 00 09 10 65", "09 00 00 00 05 10 01 02 03"])
def test_what_the_firmware_does_not_understand(frame: str) -> None:
    assert RequestDecoder().feed(bytes.fromhex(frame)) == [Unparsable(bytes.fromhex(frame))]


@given(st.lists(st.binary(max_size=100)))
def test_the_firmware_survives_garbage(pieces: list[bytes]) -> None:
    firmware = RequestDecoder()
    for piece in pieces:
        firmware.feed(piece)
    firmware.silence()
    assert firmware.feed(encode(Adc(), 3)) == [Request(3, Adc())]


def test_an_id_that_means_garbled_and_numbers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="FF"):
        encode(Adc(), NOT_UNDERSTOOD)
    with pytest.raises(ValueError, match="256"):
        encode(I2CRead(0x24, 256), 1)


def test_how_much_an_answer_holds() -> None:
    sizes = [answer_size(o) for o in (I2CRead(1, 3), I2CWriteRead(1, b"", 4), Gpio(0), Adc(), I2CWrite(1, b""), Fan())]
    assert sizes == [3, 4, 1, 2, None, None]
