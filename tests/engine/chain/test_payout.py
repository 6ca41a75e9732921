"""Whom a coinbase pays: real ones, those of every type of address, and rubbish."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.address import CHAINS, script_for
from joulehash.engine.chain.coinbase import Coinbase
from joulehash.engine.chain.payout import (
    MAX_OUTPUTS,
    Payout,
    address_in,
    address_of,
    chains_of,
    payout_of,
    script_of,
)
from joulehash.engine.chain.transaction import Input, Output, Transaction
from joulehash.engine.errors import InputError

# Of each type one, from BIP 173, BIP 350 and block 0.
ADDRESSES = {
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa": "main",
    "3P14159f73E4gFr7JterCCQh9QjiTjiZrG": "main",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4": "main",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": "main",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": "test",
    "n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ": "regtest",
}
# The coinbase of block 0 (Bitcoin Core, src/kernel/chainparams.cpp): it pays a bare key.
GENESIS = bytes.fromhex(
    "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d"
    "65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f7220"
    "62616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f"
    "4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000"
)


@pytest.mark.parametrize(("address", "chain"), ADDRESSES.items())
def test_a_script_reads_back_as_its_address(address: str, chain: str) -> None:
    script = script_for(address, chain)
    assert address_of(script, chain) == address
    assert script_of(address) == script
    assert address_in(f"{address}.rig1") == address_in(f" {address}_rig1 ") == address_in(address) == address


@given(st.sampled_from(list(CHAINS)), st.binary(min_size=20, max_size=20), st.binary(min_size=32, max_size=32))
def test_every_type_on_every_chain(chain: str, short: bytes, long: bytes) -> None:
    pkh, sh = b"\x76\xa9\x14" + short + b"\x88\xac", b"\xa9\x14" + short + b"\x87"
    for script in (pkh, sh, b"\x00\x14" + short, b"\x00\x20" + long, b"\x51\x20" + long):
        address = address_of(script, chain)
        assert address is not None
        assert script_for(address, chain) == script
        assert chain in {each.name for each in chains_of(address)}


@pytest.mark.parametrize("user", ["", "joe", "joe.rig1", "bc1q", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb.rig", "\x1b[31m"])
def test_other_user_names_have_no_address(user: str) -> None:
    assert address_in(user) is None
    with pytest.raises(InputError, match="is none of any chain"):
        script_of(user)


def test_the_coinbase_of_block_0_pays_a_key_and_no_address() -> None:
    payout = payout_of(GENESIS)
    (output,) = payout.paying
    assert payout.total == output.value == 50 * 10**8
    assert address_of(output.script, "main") is None
    assert payout.part(script_of("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")) == 0.0


def test_the_part_of_several_outputs_and_a_commitment_that_carries_nothing() -> None:
    mine, fee = (script_of(address) for address in list(ADDRESSES)[2:4])
    outputs = (Output(300, mine), Output(40, fee), Output(60, mine))
    coinb1, coinb2 = Coinbase(800_000, outputs, commitment=bytes(32)).halves(12)
    payout = payout_of(coinb1 + bytes(12) + coinb2)
    assert (payout.total, payout.to(mine), payout.part(mine), payout.part(fee)) == (400, 360, 0.9, 0.1)
    assert len(payout.paying) == 3


def test_what_pays_nothing_pays_nobody() -> None:
    assert Payout(0, ()).part(b"\x51") == 0.0


def test_no_coinbase_and_too_many_outputs_are_refused() -> None:
    coinbase = Transaction.parse(GENESIS)
    spends = replace(coinbase, inputs=(Input(b"\1" * 32, 0, b""),))
    with pytest.raises(ValueError, match="no coinbase"):
        payout_of(spends.pack())
    many = replace(coinbase, outputs=(Output(1, b""),) * (MAX_OUTPUTS + 1))
    with pytest.raises(ValueError, match="at most 4096 are looked at"):
        payout_of(many.pack())


@given(st.binary(max_size=300) | st.binary(max_size=200).map(lambda tail: GENESIS[:60] + tail))
def test_rubbish_is_refused_or_read(data: bytes) -> None:
    try:
        payout = payout_of(data)
    except ValueError:
        return
    assert payout.total == sum(output.value for output in payout.paying)
