"""Frames as stock firmware and other miners have them, byte for byte, and captured work that hashes as it should."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.header import Header
from joulehash.engine.chain.target import DIFFICULTY_1
from joulehash.hw.wire import bm13xx
from joulehash.hw.wire.bm13xx import (
    ChainInactive,
    Command,
    CommandDecoder,
    HeaderJob,
    MidstateJob,
    Nonce,
    ReadRegister,
    RegisterValue,
    ResponseDecoder,
    SetAddress,
    WriteRegister,
)
from joulehash.hw.wire.crc import crc16
from tests.hw.wire.test_icarus import hash_of
from tests.support.frames import DATA, listed

FRAMES = listed("bm13xx_frames.txt")
COMMANDS = [frame for frame in FRAMES if frame.startswith(b"\x55\xaa")]
RESPONSES = [frame for frame in FRAMES if frame.startswith(b"\xaa\x55")]
KAT = json.loads((DATA / "kat.json").read_text(encoding="utf-8"))
GAMMA_JOB = next(frame for frame in COMMANDS if len(frame) == 88)
BYTE, WORD, HASH = st.integers(0, 255), st.integers(0, 2**32 - 1), st.binary(min_size=32, max_size=32)
ADDRESS = st.none() | BYTE
MIDSTATE_JOBS = st.builds(
    MidstateJob,
    id=BYTE,
    nbits=WORD,
    ntime=WORD,
    merkle_tail=st.binary(min_size=4, max_size=4),
    midstates=st.tuples(HASH) | st.tuples(HASH, HASH, HASH, HASH),
    start_nonce=WORD,
)
HEADER_JOBS = st.builds(
    HeaderJob, id=BYTE, nbits=WORD, ntime=WORD, merkle_root=HASH, prev_hash=HASH, version=WORD, start_nonce=WORD
)


def encoded(command: Command) -> bytes:
    match command:
        case SetAddress(address):
            return bm13xx.set_address(address)
        case ChainInactive():
            return bm13xx.chain_inactive()
        case ReadRegister(register, address):
            return bm13xx.read(register, address)
        case WriteRegister(register, value, address):
            return bm13xx.write(register, value, address)
        case MidstateJob() | HeaderJob():
            return command.encode()


def answered(raw: bytes) -> RegisterValue | Nonce:
    (value,) = ResponseDecoder(11 if len(raw) == 11 else 9).feed(raw)
    assert isinstance(value, RegisterValue | Nonce)
    assert value.raw == raw
    return value


def test_the_file_has_all_of_them() -> None:
    assert (len(COMMANDS), len(RESPONSES)) == (85, 9)
    assert sorted(len(frame) for frame in COMMANDS if frame[2] == 0x21) == [56, 88]


@pytest.mark.parametrize("frame", COMMANDS, ids=bytes.hex)
def test_a_golden_command_both_ways(frame: bytes) -> None:
    decoder = CommandDecoder("midstate" if len(frame) == 56 else "header")
    (command,) = decoder.feed(frame)
    assert not isinstance(command, bm13xx.Garbage)
    assert encoded(command) == frame
    assert decoder.flush() == []


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("55 AA 40 05 08 00 07", SetAddress(8)),
        ("55 AA 53 05 00 00 03", ChainInactive()),
        ("55 AA 52 05 00 00 0A", ReadRegister(0, None)),
        ("55 AA 51 09 00 A8 00 07 00 0F 15", WriteRegister(0xA8, 0x0007000F, None)),
        ("55 AA 41 09 0A 0C 80 00 13 B2 0B", WriteRegister(0x0C, 0x800013B2, 0x0A)),
        ("55 AA 41 09 00 2C 00 18 00 03 10", WriteRegister(0x2C, 0x00180003, 0)),
    ],
)
def test_what_commands_mean(text: str, command: Command) -> None:
    assert bytes.fromhex(text) in COMMANDS
    assert CommandDecoder("header").feed(bytes.fromhex(text)) == [command]
    assert encoded(command) == bytes.fromhex(text)


@pytest.mark.parametrize("raw", RESPONSES, ids=bytes.hex)
def test_a_golden_response_both_ways(raw: bytes) -> None:
    size: Literal[9, 11] = 11 if len(raw) == 11 else 9
    match answered(raw):
        case RegisterValue(value, address, register):
            assert bm13xx.register_response(value, address, register, size) == raw
        case Nonce(nonce, midstate, id, version):
            assert bm13xx.nonce_response(nonce, midstate, id, version) == raw


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AA 55 13 97 18 00 00 00 06", (0x13971800, 0, 0)),
        ("AA 55 13 70 00 00 00 00 00 00 10", (0x13700000, 0, 0)),
        ("AA 55 97 C3 28 B6 01 63 9C", (0xB628C397, 1, 0x63, None)),
        ("AA 55 07 35 CD CF 02 5E 00 2E 96", (0xCFCD3507, 2, 0x5E, 0x002E)),
        ("AA 55 6D B8 8E E1 01 04 03 54 94", (0xE18EB86D, 1, 0x04, 0x0354)),
        ("AA 55 18 00 A6 40 02 99 22 F9 91", (0x40A60018, 2, 0x99, 0x22F9)),
        ("AA 55 7B 8D 81 60 02 55 00 85 81", (0x60818D7B, 2, 0x55, 0x0085)),
    ],
)
def test_what_responses_mean(text: str, value: tuple[int | None, ...]) -> None:
    raw = bytes.fromhex(text)
    assert raw in RESPONSES
    got = answered(raw)
    fields = (
        (got.nonce, got.midstate, got.id, got.version)
        if isinstance(got, Nonce)
        else (got.value, got.address, got.register)
    )
    assert fields == value


def test_the_share_of_a_bitaxe_gamma() -> None:
    """mujina test_data.rs: job and answer, as captured; a pool took it. The hash and difficulty by hashlib."""
    job = HeaderJob(
        id=0x68,
        nbits=0x17023A04,
        ntime=0x685468D7,
        merkle_root=bytes.fromhex("06ddf5f08c36414b95ea54db71a0c28761a98bcf6355919e044f88725519a7cb"),
        prev_hash=bytes.fromhex("fd55646bc162b96dfcd4f201a3f4670d1d3996bc965201000000000000000000"),
        version=0x20000000,
    )
    assert job.encode() == GAMMA_JOB
    assert CommandDecoder("header").feed(GAMMA_JOB) == [job]
    answer = answered(bytes.fromhex("AA 55 4C 03 52 75 0C D2 05 A2 9C"))
    assert isinstance(answer, Nonce)
    assert answer.version is not None
    assert (answer.nonce, answer.id) == (0x7552034C, 0xD2)
    version = job.version | answer.version << 13
    assert version == 0x20B44000
    header = Header(version, job.prev_hash, job.merkle_root, job.ntime, job.nbits, answer.nonce).pack()
    assert header.hex() == KAT["bitaxe-gamma-2025-06-19"]["header"]  # as the engine's own tests have it
    hashed = sha256(sha256(header).digest()).digest()[::-1]
    assert hashed.hex() == "0000000000023704cface997bcf7388694ea43dae96c51d80658687a7d8827fe"
    assert DIFFICULTY_1 / int.from_bytes(hashed, "big") == pytest.approx(29588.01, abs=0.005)


def test_a_block_by_bm1397() -> None:
    """ESP-Miner components/asic/test/test_job_command.c: the third of four midstates has it."""
    third = bytes.fromhex("7E027035B1ACBAF23EA01A527344FAF76AB476D328216118B7760F7B1B22D229")
    midstates = (bytes(32), bytes(32), third, bytes(32))
    tail = bytes.fromhex("50E37161")
    job = MidstateJob(0x18, 0x1705AE3A, 0x647384A0, tail, midstates, start_nonce=0x0A4C049B)
    frame = job.encode()
    fields = bytes.fromhex("55AA 21 96 18 04 9B044C0A 3AAE0517 A0847364 50E37161")
    assert frame[:-2] == fields + b"".join(midstates)
    assert CommandDecoder("midstate").feed(frame) == [job]
    answer = answered(bm13xx.nonce_response(0x0A4C049B, 0, 0x18 | 2, None))
    assert isinstance(answer, Nonce)
    assert answer.raw[2:6].hex() == "9b044c0a"
    head = tail + frame[14:18] + frame[10:14]  # merkle tail, ntime, nbits: the header's order
    assert hash_of(job.midstates[answer.id & 3], head, answer.nonce).hex() == (
        "000000000002d330e1b68e2ab8a0039df1eeaa77654c5743f7b70e03817ef55a"
    )


@given(ADDRESS, BYTE, WORD)
def test_commands_there_and_back(address: int | None, register: int, value: int) -> None:
    said: list[Command] = [
        SetAddress(register),
        ReadRegister(register, address),
        WriteRegister(register, value, address),
        ChainInactive(),
    ]
    for kind in ("midstate", "header"):
        assert CommandDecoder(kind).feed(b"".join(map(encoded, said))) == said


@given(MIDSTATE_JOBS)
def test_midstate_jobs_there_and_back(job: MidstateJob) -> None:
    frame = job.encode()
    assert len(frame) == 24 + 32 * len(job.midstates) == frame[3] + 2
    assert CommandDecoder("midstate").feed(frame) == [job]


@given(HEADER_JOBS)
def test_header_jobs_there_and_back(job: HeaderJob) -> None:
    frame = job.encode()
    assert len(frame) == 88 == frame[3] + 2
    assert CommandDecoder("header").feed(frame) == [job]


@pytest.mark.parametrize(("length", "count"), [(0x36, 1), (0xFF, 0), (0x00, 4)])
def test_a_header_job_is_one_whatever_its_length_says(length: int, count: int) -> None:
    """Stock firmware says 36; cgminer FF, and no midstate."""
    body = bytearray(GAMMA_JOB[2:-2])
    body[1], body[3] = length, count
    frame = b"\x55\xaa" + body + crc16(bytes(body)).to_bytes(2, "big")
    decoder = CommandDecoder("header")
    assert decoder.feed(frame + bm13xx.read(0)) == [*CommandDecoder("header").feed(GAMMA_JOB), ReadRegister(0, None)]


@given(WORD, BYTE, BYTE)
def test_register_values_there_and_back(value: int, address: int, register: int) -> None:
    for size in (9, 11):
        raw = bm13xx.register_response(value, address, register, size)
        assert len(raw) == size
        assert ResponseDecoder(size).feed(raw) == [RegisterValue(value, address, register, raw)]


@given(WORD, BYTE, BYTE, st.none() | st.integers(0, 2**16 - 1))
def test_nonces_there_and_back(nonce: int, midstate: int, id: int, version: int | None) -> None:
    raw = bm13xx.nonce_response(nonce, midstate, id, version)
    assert answered(raw) == Nonce(nonce, midstate, id, version, raw)


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="midstates: 2; a job takes 1 or 4"):
        MidstateJob(0, 0, 0, bytes(4), (bytes(32), bytes(32)))
    with pytest.raises(ValueError, match="midstate: 31 bytes; takes 32"):
        MidstateJob(0, 0, 0, bytes(4), (bytes(31),))
    with pytest.raises(ValueError, match="merkle_tail: 5 bytes; takes 4"):
        MidstateJob(0, 0, 0, bytes(5), (bytes(32),))
    with pytest.raises(ValueError, match="prev_hash: 0 bytes; takes 32"):
        HeaderJob(0, 0, 0, bytes(32), b"", 0)
    with pytest.raises(ValueError, match="range"):
        bm13xx.set_address(256)
    with pytest.raises(ValueError, match="range"):
        bm13xx.read(0, -1)
    with pytest.raises(OverflowError):
        bm13xx.write(0, 2**32)
