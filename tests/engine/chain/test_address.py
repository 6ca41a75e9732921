from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.chain.address import CHAINS, chain_named, script_for
from joulehash.engine.errors import InputError

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "data/addresses.json").read_text())
VALID: list[list[str]] = VECTORS["core"] + VECTORS["segwit_valid"]
TEST_LIKE = {"test", "testnet4", "signet"}  # they share their prefixes


def no_address(address: str, chain: str) -> str:
    """Why it is none, after asserting that the message names both."""
    with pytest.raises(InputError) as caught:
        script_for(address, chain)
    assert repr(address.strip()) in str(caught.value)
    assert chain in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("chain", "address", "script"), VALID)
def test_each_type_on_its_chain(chain: str, address: str, script: str) -> None:
    assert script_for(address, chain).hex() == script
    assert script_for(f" {address}\n", chain).hex() == script  # as copied


@pytest.mark.parametrize(("chain", "address", "script"), VALID)
def test_the_same_on_every_other_chain(chain: str, address: str, script: str) -> None:
    base58 = script.startswith(("76", "a9"))
    for other in CHAINS:
        same = chain == other or {chain, other} <= TEST_LIKE or (base58 and "main" not in (chain, other))
        if same:
            assert script_for(address, other).hex() == script
        else:
            assert "another chain" in no_address(address, other)


@pytest.mark.parametrize(("chain", "address", "script"), VALID)
def test_one_changed_character_is_noticed(chain: str, address: str, script: str) -> None:
    for i in range(5, len(address)):
        for other in "qQ2":
            if address[i].lower() != other.lower():
                changed = address[:i] + (other.upper() if address.isupper() else other) + address[i + 1 :]
                with pytest.raises(InputError):
                    script_for(changed, chain)


@pytest.mark.parametrize("address", VECTORS["segwit_invalid"])
def test_what_bip_350_calls_invalid(address: str) -> None:
    for chain in CHAINS:
        no_address(address, chain)


@pytest.mark.parametrize(("chain", "address"), VECTORS["segwit_unknown"])
def test_witness_versions_of_the_future_are_not_paid(chain: str, address: str) -> None:
    assert "type that is not known" in no_address(address, chain)


@pytest.mark.parametrize(("chain", "key"), VECTORS["core_private_keys"])
def test_a_private_key_is_no_address(chain: str, key: str) -> None:
    no_address(key, chain)


@pytest.mark.parametrize(
    "address",
    [
        *("", "1", "bc1", "bc1q", "BTC", "notanaddress", "0x52908400098527886E0F7030069857D2E4169EE7"),
        "1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2m0",  # 0 is not in base58
        "1" * 34,
        "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9",  # another coin's
        "bcrt1",
    ],
)
def test_what_is_nothing_at_all(address: str) -> None:
    for chain in CHAINS:
        no_address(address, chain)


@pytest.mark.parametrize("size", [18, 20, 22, 24])
def test_base58_of_another_length_is_no_address(size: int) -> None:
    encode: Callable[[bytes], str] = import_module("embit.base58").encode_check
    assert script_for(encode(bytes(21)), "main") == b"\x76\xa9\x14" + bytes(20) + b"\x88\xac"
    assert "takes" in no_address(encode(bytes(size)), "main")


@given(st.one_of(st.text(max_size=60), st.text("bc1qpzry9x8gf2tvdw0s3jn54khce6mua7l", max_size=80).map("bc1".__add__)))
def test_any_text_is_an_input_error(text: str) -> None:
    with pytest.raises(InputError):
        script_for(text, "main")


@pytest.mark.parametrize(
    ("name", "chain"), [("mainnet", "main"), ("testnet", "test"), ("testnet3", "test"), ("regtest", "regtest")]
)
def test_chains_have_more_than_one_name(name: str, chain: str) -> None:
    assert chain_named(name).name == chain


def test_an_unknown_chain_is_an_error_that_lists_them() -> None:
    with pytest.raises(InputError, match="'litecoin' is unknown; choose from main, test, testnet4, signet, regtest"):
        script_for("1FsSia9rv4NeEwvJ2GvXrX7LyxYspbN2mo", "litecoin")


def test_the_library_is_loaded_only_when_an_address_is_read() -> None:
    code = "import sys, joulehash.engine.chain.address as a; assert not any('embit' in m for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
