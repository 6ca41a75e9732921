"""The vectors that sources verified end to end, and what must hold for all nonces."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.work import Origin
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.nonce import (
    granted_bits,
    job_id,
    midstate_index,
    origin,
    sent_version,
    version,
    versions_register,
)
from joulehash.hw.chips.partition import addresses, hcn, offsets
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.wire.bm13xx import Nonce, ResponseDecoder

chips = st.sampled_from(list(CHIPS.values()))
MASK = 0x1FFF_E000


def decoded(frame: str) -> Nonce:
    raw = bytes.fromhex(frame)
    decoder = ResponseDecoder(11 if len(raw) == 11 else 9)
    (nonce,) = decoder.feed(raw)
    assert isinstance(nonce, Nonce)
    return nonce


@pytest.mark.parametrize(
    ("name", "n", "frame", "job", "where", "rolled"),
    [
        ("BM1370", 1, "AA 55 4C 03 52 75 0C D2 05 A2 9C", 0x68, Origin(0, 0x26, 2), 0x00B44000),  # MUJ, 1370-A
        ("BM1370", 65, "AA 55 18 00 A6 40 02 99 22 F9 91", 9 << 3, Origin(0, 0x0C, 9), 0x045F2000),  # MUJ, S21 Pro
        ("BM1362", 126, "AA 55 6D B8 8E E1 01 04 03 54 94", 0, Origin(110, 0x36, 4), 0x006A8000),  # MUJ, S19j Pro
        ("BM1362", 128, "AA 55 6D B8 8E E1 01 04 03 54 94", 0, Origin(110, 0x36, 4), 0x006A8000),  # ... step 2 as stock
        ("BM1366", 1, "AA 55 07 35 CD CF 02 5E 00 2E 96", 0x58, Origin(0, 3, 6), 0x0005C000),  # GPT, golden frame
        ("BM1370", 1, "AA 55 7B 8D 81 60 02 55 00 85 81", 0x28, Origin(0, 0x3D, 5), 0x0010A000),  # MUJ, golden frame
    ],
)
def test_captured_nonces(name: str, n: int, frame: str, job: int, where: Origin, rolled: int) -> None:
    nonce, chip = decoded(frame), CHIPS[name]
    assert job_id(chip, nonce.id) == job
    assert origin(chip, n, nonce.nonce, nonce.id) == where
    assert nonce.version is not None
    assert version(0, MASK, nonce.version) == rolled
    assert nonce.version & chip.small_per_core - 1 == nonce.id & chip.small_per_core - 1  # small core = low bits


def test_1370_a_is_a_block_header_of_its_difficulty() -> None:
    """MUJ test_data.rs: a pool accepted it. Job fields as they are on the wire; the hash is computed here."""
    nonce = decoded("AA 55 4C 03 52 75 0C D2 05 A2 9C")
    job = bytes.fromhex(
        "55AA2156680100000000043A0217D76854685519A7CB044F887263559 19E61A98BCF71A0C28795EA54DB8C36414B06DDF5F0"
        "000000000000000096520100 1D3996BCA3F4670DFCD4F201C162B96DFD55646B00000020721C".replace(" ", "")
    )
    base = int.from_bytes(job[82:86], "little")
    rolled = version(base, MASK, nonce.version or 0)
    assert (base, rolled) == (0x20000000, 0x20B44000)

    def words(data: bytes) -> bytes:
        return b"".join(data[i : i + 4] for i in range(28, -1, -4))

    header = (
        rolled.to_bytes(4, "little")
        + words(job[50:82])
        + words(job[18:50])
        + job[14:18]
        + job[10:14]
        + nonce.nonce.to_bytes(4, "little")
    )
    digest = hashlib.sha256(hashlib.sha256(header).digest()).digest()[::-1]
    assert digest.hex() == "0000000000023704cface997bcf7388694ea43dae96c51d80658687a7d8827fe"


def test_1397_a() -> None:
    """ESP test_job_command.c: job 18, the third midstate, nonce bytes 9B 04 4C 0A."""
    chip = CHIPS["BM1397"]
    nonce = int.from_bytes(bytes.fromhex("9B044C0A"), "little")
    assert (job_id(chip, 0x1A), midstate_index(chip, 0x1A)) == (0x18, 2)
    assert origin(chip, 1, nonce, 0x1A) == Origin(0, 0x9B, 2)
    assert origin(chip, 64, nonce, 0x1A) == Origin(1, 0x9B, 2)  # GPT: 04 of the view is its address, of 4 apart


@given(chips, st.data())
def test_job_ids_come_back(chip: Chip, data: st.DataObject) -> None:
    sent = data.draw(st.sampled_from(chip.ids))
    low = data.draw(st.integers(0, (chip.midstates or chip.small_per_core) - 1))
    received = sent << chip.id_shift | low
    assert received <= 0xFF
    assert job_id(chip, received) == sent
    assert midstate_index(chip, received) == (low if chip.midstates else 0)


@given(chips, st.integers(1, 128), st.floats(100, 575), st.data())
def test_each_core_of_each_chip_is_told(chip: Chip, n: int, mhz: float, data: st.DataObject) -> None:
    """A nonce built as a chip counts: its core, its begin, and how far its sweep has gone."""
    if not chip.core_bits:
        return
    i, core = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, chip.cores - 1))
    swept = data.draw(st.integers(0, int(2 * hcn(chip, n, mhz) / 25 * mhz)))
    begin = offsets(n)[i] << 9 if chip.chip_shift is None else addresses(n)[i] << chip.chip_shift
    h = core << 32 - chip.core_bits | begin + swept
    nonce = int.from_bytes(h.to_bytes(4, "big"), "little")
    small = data.draw(st.integers(0, chip.small_per_core - 1))
    assert origin(chip, n, nonce, 0x40 | small) == Origin(i, core, small)


@given(st.sampled_from([CHIPS["BM1362"], CHIPS["BM1366"], CHIPS["BM1368"]]), st.integers(1, 128), st.data())
def test_the_lowest_bit_of_an_address_does_not_matter(chip: Chip, n: int, data: st.DataObject) -> None:
    """MUJ reads seven bits of it, ESP eight."""
    i = data.draw(st.integers(0, n - 1))
    swept = data.draw(st.integers(0, (1 << 25) // (1 << (n - 1).bit_length()) - 1))
    h = ((addresses(n)[i] & 0xFE) << 17) + swept
    assert origin(chip, n, int.from_bytes(h.to_bytes(4, "big"), "little"), 0).chip == i


@given(chips, st.integers(1, 256), st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_an_origin_is_one_of_the_chain_or_unknown(chip: Chip, n: int, nonce: int, id_byte: int) -> None:
    where = origin(chip, n, nonce, id_byte)
    assert where.chip is None or 0 <= where.chip < n
    assert where.core is None or 0 <= where.core < chip.cores
    assert where.small_core is None or 0 <= where.small_core < chip.small_per_core


def test_what_no_core_or_chip_can_have_is_unknown() -> None:
    assert origin(CHIPS["BM1368"], 6, 0xFFFF_FFFF, 0xFF) == Origin(None, None, 15)  # core 127 of 80, address 255 of 6
    assert origin(CHIPS["BM1387"], 2, 0x0000_0080, 0x00) == Origin(1, None, None)  # GEK: the first byte tells the chip


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1), st.integers(0, 0xFFFF))
def test_a_rolled_version_stays_in_the_mask(base: int, mask: int, field: int) -> None:
    field &= mask >> 13
    rolled = version(base, mask, field)
    assert (rolled ^ base) & ~mask == 0
    assert rolled >> 13 & 0xFFFF & mask >> 13 == field
    assert sent_version(rolled, mask) == sent_version(base, mask)


def test_bits_of_the_base_inside_the_mask_are_cleared_first() -> None:
    assert version(0x2FFF_E004, MASK, 0x05A2) == 0x20B4_4004
    assert version(0x2FFF_E004, 0x0000_6000, 0x0001) == 0x2FFF_A004


@pytest.mark.parametrize(
    ("mask", "register"),
    [(MASK, 0x9000FFFF), (0xFFFFFFFF, 0x9000FFFF), (0, 0x90000000), (0x1AAAA000, 0x9000D555), (0x6000, 0x90000003)],
)
def test_the_register_of_a_mask(mask: int, register: int) -> None:
    assert versions_register(mask) == register


@pytest.mark.parametrize(
    ("name", "mask", "bits"),
    [
        ("BM1370", MASK, 16),
        ("BM1370", 0xFFFF_FFFF, 16),
        ("BM1370", 0xE000_1FFF, 0),  # none of those that it can roll
        ("BM1370", 0x1AAA_A000, 9),
        ("BM1397", 0x8000_0001, 2),  # any bit will do: the host makes the midstates
        ("BM1397", MASK, 2),
        ("BM1397", 0x0010_0000, 1),
        ("BM1387", 0, 0),
    ],
)
def test_bits_granted(name: str, mask: int, bits: int) -> None:
    assert granted_bits(CHIPS[name], mask) == bits
