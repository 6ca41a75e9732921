"""BM1387 by cgminer's constants, captured nonces, and the two nonces that every healthy chip finds in empty work."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.wire import bm1387
from joulehash.hw.wire.bm13xx import (
    ChainInactive,
    Command,
    Garbage,
    MidstateJob,
    Nonce,
    ReadRegister,
    SetAddress,
    WriteRegister,
)
from tests.hw.wire.test_bm13xx import MIDSTATE_JOBS
from tests.hw.wire.test_icarus import hash_of
from tests.support.frames import cut, decoded, frames, listed

FRAMES = listed("bm1387_frames.txt")
COMMANDS = [frame for frame in FRAMES if len(frame) == 9]
NONCES = [frame for frame in FRAMES if len(frame) == 7]
BYTE, WORD = st.integers(0, 255), st.integers(0, 2**32 - 1)


def encoded(command: Command) -> bytes:
    match command:
        case SetAddress(address):
            return bm1387.set_address(address)
        case ChainInactive():
            return bm1387.chain_inactive()
        case ReadRegister(register, address):
            return bm1387.read(register, address)
        case WriteRegister(register, value, address):
            return bm1387.write(register, value, address)
        case MidstateJob():
            return bm1387.job(command)
        case _:
            raise AssertionError(command)


def test_golden_commands_both_ways() -> None:
    assert [bm1387.write(0x1C, 0x00200700), bm1387.write(0x1C, 0x40209980)] == COMMANDS
    (first, second) = bm1387.CommandDecoder().feed(b"".join(COMMANDS))
    assert (first, second) == (WriteRegister(0x1C, 0x00200700, None), WriteRegister(0x1C, 0x40209980, None))


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (ChainInactive(), "55 05 00 00"),
        (SetAddress(0x80), "41 05 80 00"),
        (ReadRegister(0x0C, 0x80), "44 05 80 0C"),
        (ReadRegister(0, None), "54 05 00 00"),
        (WriteRegister(0x0C, 0x00500241, 0x80), "48 09 80 0C 00 50 02 41"),
    ],
)
def test_commands_as_cgminer_has_them(command: Command, text: str) -> None:
    """It works the CRC out when it sends them."""
    assert encoded(command)[:-1] == bytes.fromhex(text)
    assert bm1387.CommandDecoder().feed(encoded(command)) == [command]


def test_captured_nonces_both_ways() -> None:
    assert len(NONCES) == 14
    values = bm1387.ResponseDecoder().feed(b"".join(NONCES))
    for raw, value in zip(NONCES, values, strict=True):
        assert isinstance(value, Nonce)
        assert (value.raw, value.version) == (raw, None)
        assert bm1387.nonce_response(value.nonce, value.midstate, value.id) == raw
    assert values[6] == Nonce(0xA1F0CFA8, 0, 0x27, None, NONCES[6])


@pytest.mark.parametrize("found", ["7203ea83", "e16bf809"])
def test_what_empty_work_holds(found: str) -> None:
    """cgminer opens the cores with it: midstate 0, twelve bytes FF. It counts chips healthy that answer either."""
    job = MidstateJob(0, 0xFFFFFFFF, 0xFFFFFFFF, b"\xff" * 4, (bytes(32),))
    assert bm1387.job(job)[:-2] == bytes.fromhex("21 36 00 01 00000000") + b"\xff" * 12 + bytes(32)
    (answer,) = bm1387.ResponseDecoder().feed(
        bm1387.nonce_response(int.from_bytes(bytes.fromhex(found), "little"), 0, 0)
    )
    assert isinstance(answer, Nonce)
    assert answer.raw[:4].hex() == found
    assert hash_of(job.midstates[0], b"\xff" * 12, answer.nonce)[:4] == bytes(4)


@given(MIDSTATE_JOBS)
def test_jobs_there_and_back(job: MidstateJob) -> None:
    frame = bm1387.job(job)
    assert len(frame) == (54 if len(job.midstates) == 1 else 150) == frame[1]
    assert bm1387.CommandDecoder().feed(frame) == [job]


@given(WORD)
def test_register_values_there_and_back(value: int) -> None:
    raw = bm1387.register_response(value)
    assert raw[4:6] == bytes(2)
    assert bm1387.ResponseDecoder().feed(raw) == [bm1387.RegisterValue(value, raw)]


@given(st.lists(st.builds(bm1387.nonce_response, WORD, BYTE, BYTE), max_size=6), st.lists(st.integers(0, 99)))
def test_a_stream_without_faults_is_read_exactly_however_it_is_cut(sent: list[bytes], cuts: list[int]) -> None:
    values = decoded(bm1387.ResponseDecoder(), cut(b"".join(sent), cuts))
    assert [None if isinstance(value, Garbage) else value.raw for value in values] == sent


@pytest.mark.parametrize("lost", [1, 2, 3, 4, 5, 6])
def test_lost_bytes_cost_the_frame_that_lost_them(lost: int) -> None:
    for at in range(7 - lost + 1):
        stream = [*NONCES[:3], NONCES[3][:at] + NONCES[3][at + lost :], *NONCES[4:8]]
        raws = [value.raw for value in frames(bm1387.ResponseDecoder(), [b"".join(stream)])]
        assert raws[:3] == NONCES[:3]
        assert raws[-4:] == NONCES[4:8]
        assert NONCES[3] not in raws


def test_a_command_after_a_cut_job() -> None:
    """The chip cannot tell before as many bytes have come as the job would have had, or the line is silent."""
    job = bm1387.job(MidstateJob(1, 2, 3, bytes(4), (bytes(32),)))
    decoder = bm1387.CommandDecoder()
    assert decoder.feed(job[:-9] + bm1387.read(0)) == []
    assert decoder.flush() == [Garbage(job[:-9]), ReadRegister(0, None)]
    assert decoder.feed(bm1387.set_address(4)) == [SetAddress(4)]
