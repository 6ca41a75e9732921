from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.merkle import fold, merkle_branches, merkle_root
from tests.support.blocks import root_of


def ids(n: int) -> list[bytes]:
    return [sha256(bytes([i >> 8, i & 255])).digest() for i in range(n)]


# Every count up to 70 passes powers of two, one before and one after, several times; 1000 is a busy block.
@pytest.mark.parametrize("n", [*range(1, 71), 1000])
def test_the_branch_of_the_coinbase_leads_to_the_root(n: int) -> None:
    coinbase, *others = ids(n)
    branches = merkle_branches(others)
    assert len(branches) == (n - 1).bit_length()
    assert fold(coinbase, branches) == merkle_root([coinbase, *others]) == root_of([coinbase, *others])


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.binary(min_size=32, max_size=32))
def test_the_branch_does_not_depend_on_the_coinbase(txids: list[bytes], coinbase: bytes) -> None:
    assert fold(coinbase, merkle_branches(txids)) == merkle_root([coinbase, *txids])


def test_a_block_of_one_transaction_has_its_id_as_root() -> None:
    assert merkle_root(ids(1)) == ids(1)[0]
    assert merkle_branches([]) == []


def test_there_is_no_root_of_nothing() -> None:
    with pytest.raises(ValueError, match="at least the coinbase"):
        merkle_root([])


def test_inputs_are_left_as_they_were() -> None:
    txids = ids(7)
    merkle_root(txids)
    merkle_branches(txids)
    assert txids == ids(7)
