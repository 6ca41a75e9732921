from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.header import hash_text
from joulehash.engine.chain.transaction import Input, Output, Reader, Transaction, txid, varint
from tests.support.blocks import parse_tx

# The genesis block's coinbase; its txid is the merkle root of the genesis header.
GENESIS_COINBASE = bytes.fromhex(
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65"
    "732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062"
    "616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4c"
    "ef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
)

u32 = st.integers(0, 2**32 - 1)
inputs = st.builds(
    Input,
    prev_hash=st.binary(min_size=32, max_size=32),
    prev_index=u32,
    script=st.binary(max_size=300),
    sequence=u32,
    witness=st.lists(st.binary(max_size=300), max_size=3).map(tuple),
)
outputs = st.builds(Output, value=st.integers(0, 2**64 - 1), script=st.binary(max_size=300))
transactions = st.builds(
    Transaction,
    version=u32,
    inputs=st.lists(inputs, min_size=1, max_size=4).map(tuple),
    outputs=st.lists(outputs, max_size=4).map(tuple),
    locktime=u32,
)


def test_the_first_transaction_of_all() -> None:
    parsed = Transaction.parse(GENESIS_COINBASE)
    assert parsed.is_coinbase
    assert parsed.outputs[0].value == 50 * 10**8
    assert parsed.pack() == GENESIS_COINBASE
    root = "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
    assert hash_text(txid(GENESIS_COINBASE)) == hash_text(parsed.wtxid) == root


@given(transactions)
def test_what_is_packed_is_parsed_here_and_by_the_second_reader(transaction: Transaction) -> None:
    raw = transaction.pack()
    assert Transaction.parse(raw) == transaction
    other, end = parse_tx(raw)
    assert end == len(raw)
    assert (other["txid"], other["wtxid"]) == (transaction.txid, transaction.wtxid)
    assert other["outs"] == [(o.value, o.script) for o in transaction.outputs]
    assert [tuple(w) for w in other["witness"]] == (
        [i.witness for i in transaction.inputs] if transaction.has_witness else []
    )


@given(transactions)
def test_ids_differ_exactly_when_there_is_a_witness(transaction: Transaction) -> None:
    assert (transaction.txid != transaction.wtxid) == transaction.has_witness
    assert txid(transaction.pack()) == txid(transaction.pack(witness=False)) == transaction.txid


@given(transactions, st.data())
def test_a_cut_or_lengthened_transaction_is_an_error(transaction: Transaction, data: st.DataObject) -> None:
    raw = transaction.pack()
    with pytest.raises(ValueError, match=r"byte|transaction"):
        Transaction.parse(raw[: data.draw(st.integers(0, len(raw) - 1))])
    with pytest.raises(ValueError, match="left over"):
        Transaction.parse(raw + b"\0")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_transaction_or_a_value_error(raw: bytes) -> None:
    try:
        transaction = Transaction.parse(raw)
    except ValueError:
        return
    assert transaction.pack() == raw


def test_a_witness_that_is_announced_must_be_there() -> None:
    source = bytes(36) + b"\0" + bytes(4)
    with pytest.raises(ValueError, match="marked as having a witness"):
        Transaction.parse(bytes(4) + b"\x00\x01\x01" + source + b"\x00" + b"\x00" + bytes(4))


@pytest.mark.parametrize(
    ("n", "text"),
    [
        *((0, "00"), (0xFC, "fc"), (0xFD, "fdfd00"), (0xFFFF, "fdffff"), (0x10000, "fe00000100")),
        *((0xFFFFFFFF, "feffffffff"), (2**32, "ff0000000001000000"), (2**64 - 1, "ff" + "ff" * 8)),
    ],
)
def test_lengths_at_the_edges_of_their_forms(n: int, text: str) -> None:
    assert varint(n).hex() == text
    assert Reader(bytes.fromhex(text)).varint() == n


@pytest.mark.parametrize("text", ["fdfc00", "feffff0000", "ffffffffff00000000"])
def test_a_length_has_one_form(text: str) -> None:
    with pytest.raises(ValueError, match="shortest form"):
        Reader(bytes.fromhex(text)).varint()


def test_a_huge_count_is_refused_before_anything_is_read_for_it() -> None:
    with pytest.raises(ValueError, match="18446744073709551615 items announced"):
        Transaction.parse(bytes(4) + b"\xff" * 9)
