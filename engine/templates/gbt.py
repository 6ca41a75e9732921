"""What a node answers to getblocktemplate, made into a Template; and what to ask it.

Sources: BIP 22, BIP 23, BIP 9 (rules), BIP 145 (segwit), BIP 325 (signet), Bitcoin Core src/rpc/mining.cpp. Leaves
out coinbasetxn (the node's own coinbase, which no node of today sends) and choosing among the transactions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from ..chain.coinbase import COMMITMENT_PREFIX, TAG, Coinbase, witness_commitment
from ..chain.header import double_sha256
from ..chain.merkle import merkle_branches
from ..chain.target import target_from_bits
from ..chain.transaction import Output, txid
from ..errors import NodeError
from .template import MIN_DIFFICULTY_S, Template

CAPABILITIES = ["coinbasetxn", "coinbasevalue", "longpoll", "workid"]
UNDERSTOOD = {"csv", "segwit", "signet", "taproot"}  # BIP 9: a "!rule" that is not understood must not be mined
TEST_CHAINS = {"test", "testnet4"}  # where 20 minutes without a block let the difficulty fall
RETARGET = 2016  # blocks; the first of each such run has the difficulty computed from times alone
OP_TRUE = "51"

Height: TypeAlias = Annotated[int, Meta(ge=0, lt=2**31)]
Time: TypeAlias = Annotated[int, Meta(ge=0, lt=2**32)]  # seconds, as a header has them
Satoshi: TypeAlias = Annotated[int, Meta(ge=0, le=21_000_000 * 10**8)]  # Bitcoin Core's MAX_MONEY


class OfferedTransaction(msgspec.Struct):
    data: str
    txid: str | None = None


class Offer(msgspec.Struct):
    """The answer's fields, as BIP 22 names them; those that are not used here are left out."""

    version: int
    previousblockhash: str
    height: Height
    bits: str
    curtime: Time
    transactions: list[OfferedTransaction]
    rules: list[str] = []
    mintime: Time | None = None
    maxtime: Time | None = None
    coinbaseaux: dict[str, str] = {}
    coinbasevalue: Satoshi | None = None
    default_witness_commitment: str | None = None
    signet_challenge: str | None = None
    longpollid: str | None = None
    workid: str | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What does not come from the node: whom the coinbase pays, and how it is signed."""

    chain: str  # a name of address.CHAINS
    script: bytes
    tag: bytes = TAG


def request(chain: str, longpollid: str | None = None) -> dict[str, object]:
    """getblocktemplate's one parameter. Without the segwit rule Bitcoin Core answers with error -8."""
    asked: dict[str, object] = {"capabilities": CAPABILITIES, "rules": ["segwit"]}
    if chain == "signet":
        asked["rules"] = ["segwit", "signet"]
    if longpollid is not None:
        asked["longpollid"] = longpollid
    return asked


def template_from(offer: Offer, terms: Terms, serial: int, prev_time: int | None = None) -> Template:
    """The template of an offer. `prev_time` is the time of the block before, needed on the TEST_CHAINS.

    Raises NodeError when the offer cannot be mined: an unknown rule, or fields that do not fit together.
    """
    try:
        return _template_from(offer, terms, serial, prev_time)
    except ValueError as error:
        raise NodeError(f"the node's block template at height {offer.height} cannot be used: {error}") from None


def _template_from(offer: Offer, terms: Terms, serial: int, prev_time: int | None) -> Template:
    _check_rules(offer)
    if offer.coinbasevalue is None:
        raise ValueError("coinbasevalue is missing; joulehash makes its own coinbase and does not take coinbasetxn")
    transactions = tuple(bytes.fromhex(t.data) for t in offer.transactions)
    txids = [_hash(t.txid) if t.txid else txid(raw) for t, raw in zip(offer.transactions, transactions, strict=True)]
    nbits = int(offer.bits, 16)
    if not target_from_bits(nbits):
        raise ValueError(f"bits {offer.bits}: a target of 0 cannot be met")
    follows_rule = terms.chain in TEST_CHAINS and prev_time is not None and offer.height % RETARGET != 0
    return Template(
        serial=serial,
        height=offer.height,
        version=offer.version & 0xFFFFFFFF,
        prev_hash=_hash(offer.previousblockhash),
        nbits=nbits,
        curtime=offer.curtime,
        mintime=offer.curtime if offer.mintime is None else offer.mintime,
        maxtime=offer.maxtime,
        coinbase=Coinbase(
            height=offer.height,
            outputs=(Output(offer.coinbasevalue, terms.script),),
            flags=b"".join(bytes.fromhex(value) for value in offer.coinbaseaux.values()),
            tag=terms.tag,
            commitment=_commitment(offer, transactions),
        ),
        transactions=transactions,
        branches=tuple(merkle_branches(txids)),
        min_difficulty_after=prev_time + MIN_DIFFICULTY_S if follows_rule and prev_time is not None else None,
        longpollid=offer.longpollid,
        workid=offer.workid,
    )


def _check_rules(offer: Offer) -> None:
    unknown = [rule for rule in offer.rules if rule.startswith("!") and rule[1:] not in UNDERSTOOD]
    if unknown:
        raise ValueError(
            f"it demands the rules {', '.join(unknown)}, which this version does not know; update joulehash"
        )
    if "!signet" in offer.rules and offer.signet_challenge != OP_TRUE:
        raise ValueError("blocks of this signet must be signed by its owner; only a signet of OP_TRUE can be mined")


def _commitment(offer: Offer, transactions: tuple[bytes, ...]) -> bytes | None:
    """BIP 141's commitment, computed and compared; None before segwit (bcoin offers one even then)."""
    if not {"segwit", "!segwit"} & set(offer.rules):
        return None
    ours = witness_commitment(map(double_sha256, transactions))
    theirs = offer.default_witness_commitment
    # There may be more after it: BIP 325 puts a signet's signature there.
    if theirs is not None and not bytes.fromhex(theirs).startswith(COMMITMENT_PREFIX + ours):
        raise ValueError(
            f"its default_witness_commitment {theirs[12:76]} is not that of its transactions, {ours.hex()}"
        )
    return ours


def _hash(text: str) -> bytes:
    digest = bytes.fromhex(text)[::-1]
    if len(digest) != 32:
        raise ValueError(f"a hash of {len(digest)} bytes: {text[:80]}")
    return digest
