from __future__ import annotations

from dataclasses import replace

import pytest

from joulehash.engine.chain.coinbase import Coinbase, witness_commitment
from joulehash.engine.chain.transaction import Output
from joulehash.engine.templates.template import Template
from tests.support.blocks import parse_block
from tests.support.mining import candidate

NOW = 1_800_000_000
PLAIN = Template(
    serial=1,
    height=100,
    version=0x20000000,
    prev_hash=bytes(32),
    nbits=0x207FFFFF,
    curtime=NOW,
    mintime=NOW - 3000,
    coinbase=Coinbase(100, (Output(1, b"\x51"),), commitment=witness_commitment([])),
    transactions=(),
    branches=(),
)


def test_the_target_is_that_of_its_nbits() -> None:
    assert PLAIN.target == 0x7FFFFF << 232


def test_without_other_bounds_the_time_may_be_two_hours_ahead() -> None:
    assert (PLAIN.first_ntime, PLAIN.last_ntime) == (NOW - 3000, NOW + 7200)


def test_a_nodes_maxtime_is_kept() -> None:
    assert replace(PLAIN, maxtime=NOW + 60).last_ntime == NOW + 60
    assert replace(PLAIN, maxtime=NOW + 9000).last_ntime == NOW + 7200


def test_time_ends_with_32_bits() -> None:
    assert replace(PLAIN, curtime=2**32 - 10).last_ntime == 2**32 - 1


@pytest.mark.parametrize("before_s", [0, 1, 1199, 1200])
def test_within_twenty_minutes_the_time_stays_before_the_easy_blocks(before_s: int) -> None:
    """20 minutes after the block before, and not a second more, the difficulty is the usual one."""
    template = replace(PLAIN, min_difficulty_after=NOW - before_s + 1200)
    assert template.last_ntime == NOW - before_s + 1200
    assert template.first_ntime == template.mintime


@pytest.mark.parametrize("before_s", [1201, 5000])
def test_after_twenty_minutes_the_time_stays_among_the_easy_blocks(before_s: int) -> None:
    template = replace(PLAIN, min_difficulty_after=NOW - before_s + 1200)
    assert template.first_ntime == max(NOW - before_s + 1201, template.mintime)
    assert template.last_ntime == NOW + 7200


def test_the_block_has_the_witness_that_the_commitment_speaks_of() -> None:
    header, coinbase = candidate(PLAIN, b"\1\2\3\4")
    block = parse_block(PLAIN.block(header.pack(), coinbase))
    assert block["txs"][0]["witness"] == [[bytes(32)]]
    assert block["txs"][0]["txid"] == block["root"] == header.merkle_root


def test_before_segwit_there_is_no_witness() -> None:
    template = replace(PLAIN, coinbase=replace(PLAIN.coinbase, commitment=None))
    header, coinbase = candidate(template)
    assert template.block(header.pack(), coinbase) == header.pack() + b"\1" + coinbase


def test_its_text_does_not_list_the_transactions() -> None:
    assert len(repr(replace(PLAIN, transactions=(bytes(10**6),)))) < 1000
