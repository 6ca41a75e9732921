from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.block import Block, pack_block
from joulehash.engine.chain.header import Header
from joulehash.engine.chain.transaction import Transaction
from tests.engine.chain.test_transaction import GENESIS_COINBASE, transactions
from tests.support.blocks import parse_block

HEADER = Header(2, bytes(32), bytes(range(32)), 1, 2, 3)


@given(st.lists(transactions, max_size=5))
def test_what_is_packed_is_parsed_here_and_by_the_second_reader(txs: list[Transaction]) -> None:
    raw = pack_block(HEADER.pack(), [t.pack() for t in txs])
    assert Block.parse(raw) == Block(HEADER, tuple(txs))
    assert [t["raw"] for t in parse_block(raw)["txs"]] == [t.pack() for t in txs]


def test_many_transactions_need_a_longer_count() -> None:
    raw = pack_block(HEADER.pack(), [GENESIS_COINBASE] * 300)
    assert raw[80:83] == bytes.fromhex("fd2c01")
    assert len(Block.parse(raw).transactions) == 300


@given(st.binary(max_size=200))
def test_any_bytes_are_a_block_or_a_value_error(tail: bytes) -> None:
    raw = HEADER.pack() + tail
    try:
        block = Block.parse(raw)
    except ValueError:
        return
    assert pack_block(block.header.pack(), [t.pack() for t in block.transactions]) == raw


@pytest.mark.parametrize("size", [76, 81])
def test_a_header_has_80_bytes(size: int) -> None:
    with pytest.raises(ValueError, match=f"{size} bytes; takes 80"):
        pack_block(bytes(size), [])
