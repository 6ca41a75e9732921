"""Harvesting a node's blocks, from a real node and from ones that tell nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

import pytest

from joulehash.engine.chain.header import Header, hash_text
from joulehash.engine.errors import NodeError
from joulehash.engine.templates.rpc import NodeRpc
from joulehash.hw.boards.row import Row
from joulehash.hw.boards.table import board_row
from joulehash.hw.patterns.harvest import Harvest, harvest
from joulehash.hw.patterns.pattern import Pattern
from tests.support.bitcoin_node import BitcoinNode
from tests.support.patterns import GENESIS


async def _all(rpc: NodeRpc, row: Row, blocks: int | None = None) -> Harvest | None:
    """The last that it says."""
    try:
        said = [account async for account in harvest(rpc, row, 100.0, blocks)]
    finally:
        await rpc.close()
    return said[-1] if said else None


@pytest.mark.node
def test_a_real_nodes_blocks_are_looked_at_from_the_newest_back(bitcoin_node: BitcoinNode) -> None:
    """On regtest a block has 1 zero bit, and the node counts nonces up from 0: in h, the core's bits and no others. So
    half of them serve a chip that tells hashes of 2 zero bits, whichever nonces of its cores it tries."""
    row, height = board_row("chain:bm1397"), bitcoin_node.height
    assert row.chip is not None
    row = replace(row, chip=replace(row.chip, zero_bits=2))
    account = asyncio.run(_all(NodeRpc(bitcoin_node.url), row, 60))
    assert account is not None
    assert (account.looked, account.needed, account.cores, account.whole) == (60, 2, 168, False)
    headers = [Header.parse(bitcoin_node.block(at)[:80]) for at in range(height - 59, height + 1)]
    qualified = [each for each in map(Pattern.of, headers) if each.zero_bits >= 2]
    assert account.qualified == len(qualified)
    assert 0 < account.qualified < 60
    assert (0, 0) in account.kept
    for spot, of_core in account.kept.items():
        assert len(of_core) <= 3
        for pattern in of_core.values():
            assert pattern in qualified
            assert spot == (0, pattern.header.nonce)


@pytest.mark.node
def test_silicon_finds_nothing_of_use_on_regtest(bitcoin_node: BitcoinNode) -> None:
    account = asyncio.run(_all(NodeRpc(bitcoin_node.url), board_row("bitaxe-gamma"), 20))
    assert account is not None
    assert (account.looked, account.qualified, account.kept) == (20, 0, {})


class _Told(NodeRpc):
    """Answers by method and parameter."""

    def __init__(self, answers: Mapping[str, object]) -> None:
        super().__init__("http://127.0.0.1:1")
        self._answers = answers

    async def call(self, result: type, method: str, *params: object, timeout_s: float = 1.0) -> object:  # type: ignore[override]  # pyright: ignore
        del timeout_s
        told = self._answers[f"{method} {params[0]}" if params else method]
        assert isinstance(told, result)
        return told


def _node(**changes: object) -> _Told:
    """Whose chain is the genesis block alone."""
    name = hash_text(GENESIS.header.hash)
    header = f"getblockheader {name}"
    answers = {"getbestblockhash": name, header: GENESIS.header.pack().hex()}
    return _Told({**answers, **({header: changes["header"]} if "header" in changes else {})})


def test_the_first_block_is_the_last_that_is_asked_for() -> None:
    account = asyncio.run(_all(_node(), board_row("bitaxe-gamma")))
    assert account is not None
    assert (account.looked, account.qualified, account.patterns) == (1, 1, [GENESIS])
    assert list(account.kept) == [(0, 0x0E)]


def test_a_few_patterns_of_a_core_are_kept_each_of_another_small_core() -> None:
    """The first of them may be of a small core that is missing by design: check asks for the others then."""
    account, every = Harvest(32, 1), [replace(GENESIS, zero_bits=bits) for bits in range(32, 38)]
    for small_core, pattern in zip((5, 5, 2, 7, 1), every, strict=False):
        account.keep((0, 3), small_core, pattern)
    assert account.patterns == [every[0], every[2], every[3]]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", "is no header"),
        ("00" * 79, "is no header"),
        ("none", "is no header"),
        ("x" * 100_000, "is no header"),
        ("00" * 80, "does not hash to 000000000019d668"),
    ],
)
def test_a_node_that_tells_nonsense_is_told_so(header: str, says: str) -> None:
    with pytest.raises(NodeError, match=says) as raised:
        asyncio.run(_all(_node(header=header), board_row("bitaxe-gamma")))
    assert len(str(raised.value)) < 200
