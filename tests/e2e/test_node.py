"""A stranger's whole path: a real Bitcoin node, our pool in front of it, our miner through Stratum, the node's word."""

from __future__ import annotations

import pytest

from tests.support.bitcoin_node import ANYONE_ADDRESS, BitcoinNode
from tests.support.blocks import check_block
from tests.support.command import Command

pytestmark = pytest.mark.node


def test_the_nodes_chain_grows_by_mined_blocks_with_its_transactions(bitcoin_node: BitcoinNode) -> None:
    bitcoin_node.generate(6)
    sent = bitcoin_node.send_transactions(5)
    height = bitcoin_node.height
    listen = ("--listen", "127.0.0.1:0")
    with Command("pool", "--node", bitcoin_node.url, "--address", ANYONE_ADDRESS, *listen, "--json") as pool:
        said = pool.wait_for("note", lambda event: "listening" in event["text"])["text"]
        url = said.split()[2].rstrip(",")
        with Command("mine", "-o", url, "-u", "worker.1", "--shares", "3", "--duration", "90", "--json") as miner:
            assert miner.end(120) == (0, "")
            summary = miner.events[-1]
        pool.wait_for("pool_block", lambda event: event["accepted"])
    assert summary["accepted"] >= 3
    assert summary["rejected"] == summary["hardware_errors"] == summary["pending"] == 0
    assert bitcoin_node.height > height
    block = check_block(bitcoin_node.block(height + 1))
    assert {tx["raw"] for tx in block["txs"][1:]} == set(sent)
