from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.coinbase import Coinbase, push, push_height, witness_commitment
from joulehash.engine.chain.transaction import Output, Transaction
from joulehash.engine.errors import InputError
from tests.support.blocks import dsha, parse_tx, root_of

PAID = bytes.fromhex("0014751e76e8199196d454941c45d1b3a323f1433bd6")


@pytest.mark.parametrize(
    ("height", "script"),
    [
        *((0, "00"), (1, "51"), (16, "60"), (17, "0111"), (127, "017f"), (128, "028000"), (255, "02ff00")),
        *((256, "020001"), (32767, "02ff7f"), (32768, "03008000"), (227931, "035b7a03"), (901936, "0330c30d")),
        *((2**23 - 1, "03ffff7f"), (2**23, "0400008000"), (2**31, "050000008000")),
    ],
)
def test_heights_are_pushed_as_bip_34_wants(height: int, script: str) -> None:
    assert push_height(height).hex() == script


def test_a_height_is_not_negative() -> None:
    with pytest.raises(InputError, match="height -1"):
        push_height(-1)


def test_the_height_in_a_real_pools_coinbase() -> None:
    vector = json.loads((Path(__file__).parents[2] / "data/kat.json").read_text())["bitaxe-gamma-2025-06-19"]
    raw = bytes.fromhex(vector["notify"][2] + vector["extranonce1"] + vector["submit"][2] + vector["notify"][3])
    assert Transaction.parse(raw).inputs[0].script.startswith(push_height(901936))


@given(
    st.integers(0, 2**31),
    st.binary(max_size=16),
    st.binary(max_size=20),
    st.binary(max_size=20),
    st.one_of(st.none(), st.binary(min_size=32, max_size=32)),
    st.lists(st.tuples(st.integers(0, 2**63), st.binary(max_size=40)), min_size=1, max_size=3),
)
def test_the_halves_and_any_extranonce_are_a_coinbase(
    height: int, extranonce: bytes, tag: bytes, flags: bytes, commitment: bytes | None, outs: list[tuple[int, bytes]]
) -> None:
    recipe = Coinbase(height, tuple(Output(v, s) for v, s in outs), flags, tag, commitment)
    coinb1, coinb2 = recipe.halves(len(extranonce))
    tx, end = parse_tx(coinb1 + extranonce + coinb2)
    assert end == len(coinb1 + extranonce + coinb2)
    script = push_height(height) + push(extranonce) + push(tag) + flags
    assert tx["ins"] == [(bytes(32), 0xFFFFFFFF, script, 0xFFFFFFFE)]
    assert tx["locktime"] == max(height - 1, 0)  # BIP 54
    expected = list(outs)
    if commitment is not None:
        expected.append((0, bytes.fromhex("6a24aa21a9ed") + commitment))
    assert tx["outs"] == expected
    in_block, _ = parse_tx(recipe.in_block(coinb1 + extranonce + coinb2))
    assert in_block["txid"] == tx["txid"]
    assert in_block["witness"] == ([[bytes(32)]] if commitment is not None else [])


def recipe(tag: bytes) -> Coinbase:
    return Coinbase(500_000, (Output(1, PAID),), tag=tag)


def test_the_script_is_at_most_100_bytes_long() -> None:
    # 4 for the height, 1 + 30 for the extranonce, 1 + 64 for the tag
    coinb1, coinb2 = recipe(bytes(64)).halves(30)
    assert len(Transaction.parse(coinb1 + bytes(30) + coinb2).inputs[0].script) == 100
    with pytest.raises(InputError, match="101 bytes: takes 2 to 100; shorten the tag or the extranonces"):
        recipe(bytes(65)).halves(30)
    with pytest.raises(InputError, match="101 bytes"):
        recipe(bytes(64)).halves(31)


def test_the_script_is_at_least_2_bytes_long() -> None:
    coinb1, coinb2 = Coinbase(1, (), tag=b"").halves(0)
    assert len(Transaction.parse(coinb1 + coinb2).inputs[0].script) == 3


@pytest.mark.parametrize("size", [-1, 76])
def test_an_extranonce_that_one_push_cannot_hold(size: int) -> None:
    with pytest.raises(InputError, match="takes 0 to 75"):
        recipe(b"").halves(size)


def test_a_tag_that_one_push_cannot_hold() -> None:
    with pytest.raises(InputError, match="76 bytes to push"):
        recipe(bytes(76)).halves(0)


def test_the_commitment_of_a_block_without_transactions() -> None:
    # as every node offers it for an empty mempool
    assert witness_commitment([]).hex() == "e2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9"


@given(st.lists(st.binary(min_size=32, max_size=32), max_size=20))
def test_the_commitment_by_definition(wtxids: list[bytes]) -> None:
    assert witness_commitment(wtxids) == dsha(root_of([bytes(32), *wtxids]) + bytes(32))
