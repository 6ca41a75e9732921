from __future__ import annotations

from typing import Any

import msgspec
import pytest

from joulehash.engine.chain.coinbase import COMMITMENT_PREFIX, witness_commitment
from joulehash.engine.chain.header import hash_text
from joulehash.engine.chain.merkle import merkle_branches
from joulehash.engine.chain.transaction import Output, Transaction
from joulehash.engine.errors import NodeError
from joulehash.engine.templates.gbt import Offer, Terms, request, template_from
from joulehash.engine.templates.memory import MemoryChain
from joulehash.engine.templates.template import Template

TXS = [Transaction.parse(raw) for raw in MemoryChain(1 << 255).template.transactions]
COMMITMENT = witness_commitment(t.wtxid for t in TXS)
MAIN = Terms("main", b"\x51")

# The fields of Bitcoin Core 28 on mainnet, those that are not used included.
CORE: dict[str, Any] = {
    "capabilities": ["proposal"],
    "version": 0x20000000,
    "rules": ["csv", "!segwit", "taproot"],
    "vbavailable": {},
    "vbrequired": 0,
    "previousblockhash": "00000000000000000002" + "ab" * 22,
    "transactions": [
        {
            "data": t.pack().hex(),
            "txid": hash_text(t.txid),
            "hash": hash_text(t.wtxid),
            "depends": [],
            "fee": 100,
            "sigops": 0,
            "weight": 400,
        }
        for t in TXS
    ],
    "coinbaseaux": {},
    "coinbasevalue": 312_500_500,
    "longpollid": "00000000000000000002abcd12",
    "target": "0000000000000000000292e00000000000000000000000000000000000000000",
    "mintime": 1_800_000_000,
    "mutable": ["time", "transactions", "prevblock"],
    "noncerange": "00000000ffffffff",
    "sigoplimit": 80000,
    "sizelimit": 4000000,
    "weightlimit": 4000000,
    "curtime": 1_800_003_000,
    "bits": "170292e0",
    "height": 1_000_001,
    "default_witness_commitment": (COMMITMENT_PREFIX + COMMITMENT).hex(),
}


def made(terms: Terms = MAIN, prev_time: int | None = None, without: str = "", **changed: object) -> Template:
    fields = {name: value for name, value in (CORE | changed).items() if name != without}
    return template_from(msgspec.convert(fields, Offer), terms, 7, prev_time)


def refused(**changed: Any) -> str:
    with pytest.raises(NodeError) as caught:
        made(**changed)
    assert str(caught.value).startswith("the node's block template at height 1000001 cannot be used: ")
    return str(caught.value)


def test_an_offer_of_bitcoin_core() -> None:
    template = made()
    assert (template.serial, template.height, template.version) == (7, 1_000_001, 0x20000000)
    assert hash_text(template.prev_hash) == CORE["previousblockhash"]
    assert template.target == int(CORE["target"], 16)
    assert (template.curtime, template.mintime, template.maxtime) == (1_800_003_000, 1_800_000_000, None)
    assert template.transactions == tuple(t.pack() for t in TXS)
    assert template.branches == tuple(merkle_branches([t.txid for t in TXS]))
    assert template.coinbase.outputs == (Output(312_500_500, b"\x51"),)
    assert template.coinbase.commitment == COMMITMENT
    assert (template.longpollid, template.workid) == ("00000000000000000002abcd12", None)
    assert template.min_difficulty_after is None


def test_what_a_node_may_leave_out() -> None:
    ids_left_out = [{"data": t["data"]} for t in CORE["transactions"]]
    assert made(transactions=ids_left_out) == made()
    assert made(without="default_witness_commitment") == made()
    assert made(without="mintime").mintime == CORE["curtime"]
    assert made(without="longpollid").longpollid is None
    assert made(without="coinbaseaux") == made()


def test_what_a_node_may_add() -> None:
    template = made(workid="w1", maxtime=1_800_009_000, coinbaseaux={"flags": "0a0b", "other": "0c"})
    assert (template.workid, template.maxtime) == ("w1", 1_800_009_000)
    assert template.coinbase.flags == bytes.fromhex("0a0b0c")


def test_a_version_is_a_signed_number_for_the_node() -> None:
    assert made(version=-1).version == 0xFFFFFFFF


def test_before_segwit_there_is_no_commitment_even_if_one_is_offered() -> None:
    assert made(rules=["csv"]).coinbase.commitment is None


def test_a_rule_that_must_be_understood_is_not_mined() -> None:
    text = refused(rules=["csv", "!segwit", "!quantum", "!covenants"])
    assert "demands the rules !quantum, !covenants, which this version does not know; update joulehash" in text
    assert made(rules=["!segwit", "quantum"]) == made()  # one that need not be understood


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"without": "coinbasevalue"}, "coinbasevalue is missing"),
        ({"default_witness_commitment": (COMMITMENT_PREFIX + bytes(32)).hex()}, "default_witness_commitment 00000000"),
        ({"transactions": CORE["transactions"][1:]}, "is not that of its transactions"),
        ({"bits": "04923456"}, "sign bit"),
        ({"bits": "00000000"}, "a target of 0"),
        ({"bits": "xyz"}, "invalid literal"),
        ({"previousblockhash": "00"}, "a hash of 1 bytes"),
        ({"previousblockhash": "zz"}, "non-hexadecimal"),
        ({"transactions": [{"data": "00"}]}, "ends at byte 1"),
        ({"transactions": [{"data": CORE["transactions"][0]["data"], "txid": "12"}]}, "a hash of 1 bytes"),
    ],
)
def test_what_cannot_be_mined(changed: dict[str, Any], says: str) -> None:
    assert says in refused(**changed)


@pytest.mark.parametrize("name", ["height", "curtime", "mintime", "maxtime", "coinbasevalue"])
@pytest.mark.parametrize("value", ["-1", "99999999999999999", 60 * "5"])
def test_numbers_that_no_block_holds_are_stopped_at_the_door(name: str, value: str) -> None:
    text = msgspec.json.encode(CORE | {name: 0}).replace(f'"{name}":0'.encode(), f'"{name}":{value}'.encode())
    with pytest.raises(msgspec.ValidationError, match=rf"\$\.{name}"):
        msgspec.json.decode(text, type=Offer)


def test_a_signet_needs_its_owners_signature_except_the_trivial_one() -> None:
    signet = Terms("signet", b"\x51")
    rules = ["csv", "!segwit", "!signet", "taproot"]
    assert made(signet, rules=rules, signet_challenge="51").height == 1_000_001
    assert "signed by its owner" in refused(terms=signet, rules=rules, signet_challenge="5121" + "02" * 33 + "51ae")
    assert "signed by its owner" in refused(terms=signet, rules=rules)


@pytest.mark.parametrize("chain", ["test", "testnet4"])
def test_test_networks_have_the_rule_of_twenty_minutes(chain: str) -> None:
    terms = Terms(chain, b"\x51")
    before = CORE["curtime"] - 100
    assert made(terms, before).min_difficulty_after == before + 1200
    assert made(terms, before).last_ntime == before + 1200
    # the first block of a period has its difficulty from the last period alone
    assert made(terms, before, height=2016 * 500).min_difficulty_after is None


@pytest.mark.parametrize("chain", ["main", "signet", "regtest"])
def test_other_chains_do_not(chain: str) -> None:
    assert made(Terms(chain, b"\x51"), CORE["curtime"] - 100).min_difficulty_after is None


def test_what_is_asked() -> None:
    assert request("main") == {
        "capabilities": ["coinbasetxn", "coinbasevalue", "longpoll", "workid"],
        "rules": ["segwit"],
    }
    assert request("signet", "abc")["rules"] == ["segwit", "signet"]
    assert request("signet", "abc")["longpollid"] == "abc"
