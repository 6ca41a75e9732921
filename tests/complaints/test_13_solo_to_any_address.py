"""Solo mining from one's own node pays any type of address, and goes on working with nodes of today.

pooler/cpuminer #174 and cpuminer-opt #307: bech32 refused; cpuminer-opt #311: coins lost to a script that was not the
P2SH address's; pooler/cpuminer #285 and #166: signet and testnet.
"""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from joulehash.engine.chain.address import script_for
from joulehash.engine.errors import NodeError
from joulehash.engine.events import Event
from joulehash.engine.judge import Quality
from joulehash.engine.pool import Demand
from joulehash.engine.pools.node import NodePool
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.templates.gbt import Offer, Terms, request, template_from
from joulehash.engine.templates.node import NodeSource
from tests.support.bitcoin_node import BitcoinNode
from tests.support.blocks import check_block
from tests.support.shares import share_of

ADDRESSES = {
    "P2PKH": "n4fajahJrAuKbN7uNsKjLjQkz9Qn5ewJXQ",
    "P2SH": "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br",
    "P2WPKH": "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    "P2WSH": "bcrt1qft5p2uhsdcdc3l2ua4ap5qqfg4pjaqlp250x7us7a8qqhrxrxfsqseac85",
    "P2TR": "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6",
}


@pytest.mark.node
@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES)
def test_a_real_node_takes_a_block_that_pays_it(bitcoin_node: BitcoinNode, address: str) -> None:
    async def mine_one() -> Result:
        events = list[Event]()
        source = NodeSource(bitcoin_node.url, address)
        pool = NodePool(source, address, events.append, difficulty=Fraction(1, 10**12))
        await pool.start(Demand())
        try:
            job = await anext(pool.jobs())
            assert job is not None
            shares = (share_of(job, nonce) for nonce in range(0, 900, 9))
            return await pool.submit(next(share for share in shares if share.quality is Quality.BLOCK))
        finally:
            await pool.stop()

    height = bitcoin_node.height
    assert asyncio.run(mine_one()).outcome is Outcome.ACCEPTED
    assert bitcoin_node.height == height + 1
    coinbase = check_block(bitcoin_node.block(height + 1))["txs"][0]
    assert coinbase["outs"][0][1] == script_for(address, "regtest")


def offer(**changes: object) -> Offer:
    fields: dict[str, object] = {
        "version": 0x20000000, "previousblockhash": "00" * 32, "height": 200_000, "bits": "1e0377ae",
        "curtime": 1_800_000_000, "mintime": 1_799_990_000, "transactions": [], "coinbasevalue": 50,
    }  # fmt: skip
    return Offer(**{**fields, **changes})  # type: ignore[arg-type]


def test_signet_is_asked_for_by_its_rule_and_one_that_needs_a_signature_is_told() -> None:
    assert request("signet")["rules"] == ["segwit", "signet"]
    assert request("test")["rules"] == request("main")["rules"] == ["segwit"]
    terms = Terms("signet", script_for("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "signet"))
    rules = ["csv", "!segwit", "!signet", "taproot"]
    assert template_from(offer(rules=rules, signet_challenge="51"), terms, 1).height == 200_000
    with pytest.raises(NodeError, match="blocks of this signet must be signed by its owner"):
        template_from(offer(rules=rules, signet_challenge="512103ad5e"), terms, 1)


def test_on_testnet_a_template_counts_for_its_own_side_of_the_20_minutes() -> None:
    """After them the difficulty is 1, before them it is not: nBits hold on one side only."""
    terms = Terms("test", script_for("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "test"))
    before = template_from(offer(rules=["segwit"]), terms, 1, prev_time=1_800_000_000 - 600)
    assert before.last_ntime == 1_800_000_000 + 600
    after = template_from(offer(rules=["segwit"], bits="1d00ffff"), terms, 1, prev_time=1_800_000_000 - 1300)
    assert after.first_ntime == 1_800_000_000 - 1300 + 1201
