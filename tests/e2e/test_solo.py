"""Solo mining straight from real nodes: blocks on their chain, paid to the address, by CPU and simulated board."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from joulehash.engine.chain.address import script_for
from tests.conftest import StartNode
from tests.support.bitcoin_node import ANYONE_ADDRESS
from tests.support.blocks import check_block
from tests.support.command import Command, run

pytestmark = pytest.mark.node

TAPROOT = "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6"
FOUND_BY = "cpu", "sim:bitaxe-gamma"


def test_the_nodes_chain_grows_and_its_coinbases_pay_the_address(start_node: StartNode, tmp_path: Path) -> None:
    node = start_node()
    sent = node.send_transactions(5)
    height = node.height
    journal = ("--journal", str(tmp_path / "blocks.sqlite3"))
    devices = [word for device in FOUND_BY for word in ("-d", device)]
    with Command("mine", "-o", node.url, "-u", TAPROOT, *devices, *journal, "--json") as miner:
        # the CPU's thousands of shares leave the board few
        miner.wait_until(lambda events: {*FOUND_BY} <= {e["device"] for e in events if e["event"] == "share"})
        miner.signal(signal.SIGINT)
        assert miner.end() == (0, "")
        summary = miner.events[-1]
    shares = [event for event in miner.events if event["event"] == "share"]
    assert summary["pending"] == summary["lost"] == summary["hardware_errors"] == 0
    grown = [node.call("getblockhash", at) for at in range(height + 1, node.height + 1)]
    assert summary["blocks"] >= len(grown) > 0
    assert set(grown) <= {share["hash"] for share in shares if share["block"] and share["outcome"] == "accepted"}
    assert {share["device"] for share in shares} == {*FOUND_BY}
    assert {share["outcome"] for share in shares} <= {"accepted", "stale"}
    first = check_block(node.block(height + 1))
    assert {tx["raw"] for tx in first["txs"][1:]} == set(sent)
    for at in range(height + 1, node.height + 1):
        outputs = check_block(node.block(at))["txs"][0]["outs"]
        assert outputs[0][1] == script_for(TAPROOT, "regtest")
    listed = [json.loads(line) for line in run("blocks", *journal, "--json").stdout.splitlines()]
    blocks = [share for share in shares if share["block"]]
    assert Counter(block["outcome"] for block in listed) == Counter(share["outcome"] for share in blocks)
    assert {block["hash"] for block in listed} == {share["hash"] for share in blocks}
    assert {block["place"] for block in listed} == {"regtest"}


def test_an_address_of_another_chain_is_told_and_ends_it(start_node: StartNode) -> None:
    done = run("mine", "-o", start_node().url, "-u", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "--duration", "5")
    assert done.returncode == 2
    assert "belongs to another chain; takes one that begins with bcrt1" in done.stderr
    assert "Traceback" not in done.stderr


def test_of_two_nodes_the_second_gives_work_when_the_first_goes(start_node: StartNode, tmp_path: Path) -> None:
    one, two = start_node(), start_node()
    journal = ("--journal", str(tmp_path / "blocks.sqlite3"))
    nodes = ("-o", one.url, "-o", two.url)
    with Command("mine", *nodes, "-u", ANYONE_ADDRESS, *journal, "--json") as miner:
        miner.wait_for("pool_block", lambda event: event["accepted"])
        one.stop()
        height = two.height
        miner.wait_for("note", lambda event: event["text"] == f"work now from node http://127.0.0.1:{two.port}")
        miner.wait_for("pool_block", lambda event: event["accepted"] and event["height"] > height)
    assert two.height > height


def test_a_node_that_is_away_at_the_start_is_waited_for(unused_port: int) -> None:
    node = f"http://user:secret@127.0.0.1:{unused_port}"
    with Command("mine", "-o", node, "-u", ANYONE_ADDRESS, "--duration", "3", "--json") as miner:
        said = miner.wait_for("disconnected")
        assert miner.end(60)[0] == 0
    assert "cannot be reached" in said["reason"]
    assert "secret" not in json.dumps(miner.events)
