"""Jobs of patterns as frames, and what their answers mean."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.ext._scan import midstate
from joulehash.hw.chips.chip import Chip
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.patterns.job import blank_job, job, mask_for, version_of
from joulehash.hw.patterns.pattern import Pattern
from joulehash.hw.wire.bm13xx import HeaderJob, MidstateJob, Nonce, ResponseDecoder
from joulehash.hw.wire.midstate import midstate_words
from tests.support.patterns import GAMMA_SHARE, GENESIS

CAPTURED = (  # MUJ test_data.rs: the job that the share answers, with all sixteen bits to roll
    "55AA2156680100000000043A0217D76854685519A7CB044F88726355919E61A98BCF71A0C28795EA54DB8C36414B06DDF5F0"
    "00000000000000009652"
    "01001D3996BCA3F4670DFCD4F201C162B96DFD55646B00000020721C"
)
GAMMA = CHIPS["BM1370"]


def test_the_captured_job_but_for_the_version_bits_that_are_fixed() -> None:
    sent = job(GAMMA, GAMMA_SHARE, 0x68)
    assert isinstance(sent, HeaderJob)
    assert mask_for(GAMMA, GAMMA_SHARE) == 0x1E000
    assert sent.version == 0x20000000 | 0x05A0 << 13
    captured = bytes.fromhex(CAPTURED)
    assert sent.encode()[:82] == captured[:82]


def test_the_captured_answer_means_the_share() -> None:
    """Under the mask that it was captured with, and under ours, where the chip tells the low bits alone."""
    (answer,) = ResponseDecoder(11).feed(bytes.fromhex("AA 55 4C 03 52 75 0C D2 05 A2 9C"))
    assert isinstance(answer, Nonce)
    wanted = GAMMA_SHARE.header
    assert (answer.nonce, answer.version) == (wanted.nonce, 0x05A2)
    assert version_of(GAMMA, GAMMA_SHARE, Nonce(wanted.nonce, 0, 0, 2, b"")) == wanted.version
    assert version_of(GAMMA, GAMMA_SHARE, Nonce(wanted.nonce, 0, 0, 3, b"")) == wanted.version | 1 << 13


@pytest.mark.parametrize(("rolled", "mask"), [(0, 0x1FFFE000), (15, 0x1FFFE000), (16, 0x1E000), (0xFFFF, 0x1E000)])
def test_all_bits_are_rolled_where_that_comes_to_it_at_once(rolled: int, mask: int) -> None:
    pattern = Pattern(replace(GENESIS.header, version=0x20000000 | rolled << 13), 43)
    assert mask_for(GAMMA, pattern) == mask
    sent = job(GAMMA, pattern, 0)
    assert isinstance(sent, HeaderJob)
    assert sent.version & mask == 0


@given(st.integers(0, 2**32 - 1), st.sampled_from(["BM1362", "BM1366", "BM1368", "BM1370"]))
def test_the_chips_own_bits_make_the_patterns_version(version: int, name: str) -> None:
    chip, pattern = CHIPS[name], Pattern(replace(GENESIS.header, version=version), 43)
    rolled = version & mask_for(chip, pattern)
    assert rolled >> 13 < chip.small_per_core  # among the first that are tried
    assert version_of(chip, pattern, Nonce(0, 0, 0, rolled >> 13, b"")) == version


@given(st.integers(0, 2**32 - 1), st.sampled_from(["BM1397", "BM1387"]))
def test_one_of_four_midstates_is_the_patterns(version: int, name: str) -> None:
    chip, pattern = CHIPS[name], Pattern(replace(GENESIS.header, version=version), 43)
    sent = job(chip, pattern, chip.ids[3])
    assert isinstance(sent, MidstateJob)
    assert len(set(sent.midstates)) == 4
    index = version >> 13 & 3
    assert version_of(chip, pattern, Nonce(0, 0, chip.ids[3] | index, None, b"")) == version
    header = pattern.header.pack()
    assert midstate_words(sent.midstates[index]) == midstate(header[:64])
    assert sent.merkle_tail + header[68:76] == header[64:76]


@pytest.mark.parametrize("chip", CHIPS.values(), ids=lambda chip: chip.name)
def test_a_blank_job_can_be_sent(chip: Chip) -> None:
    sent = blank_job(chip, chip.ids[1])
    assert isinstance(sent, HeaderJob if chip.job == "header" else MidstateJob)
    assert sent.encode()
