"""Miners and pools killed at random moments while they find blocks for a real node: not one of the blocks is lost.

After each kill the same command starts again with the same journal. JOULEHASH_KILLS says how many times,
JOULEHASH_KILLS_SEED when. `pytest -s` shows the figures.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from joulehash.engine.chain.header import double_sha256, hash_text
from joulehash.engine.journal import Journal, Listed
from tests.conftest import StartNode
from tests.support.bitcoin_node import ANYONE_ADDRESS, BitcoinNode, RpcFailed
from tests.support.command import Command

pytestmark = [pytest.mark.node, pytest.mark.long, pytest.mark.alone]

KILLS = int(os.environ.get("JOULEHASH_KILLS", "5"))
SEED = int(os.environ.get("JOULEHASH_KILLS_SEED", "1"))
MOST_S = 1.0  # from its first block to its death
BUSY, QUIET = "0.00005", "1000"  # difficulties: several blocks a second, or none

Run = Callable[[BitcoinNode, Path, str], AbstractContextManager[Command]]


@contextmanager
def solo(node: BitcoinNode, journal: Path, difficulty: str) -> Generator[Command]:
    """A miner straight from the node."""
    rate = ("--threads", "1", "--difficulty", difficulty)
    with Command("mine", "-o", node.url, "-u", ANYONE_ADDRESS, *rate, "--journal", str(journal), "--json") as miner:
        yield miner


@contextmanager
def pool(node: BitcoinNode, journal: Path, difficulty: str) -> Generator[Command]:
    """A pool in front of the node, and a miner that is ended with it."""
    where = ("--node", node.url, "--address", ANYONE_ADDRESS, "--journal", str(journal), "--listen", "127.0.0.1:0")
    with ExitStack() as stack:
        served = stack.enter_context(Command("pool", *where, "--difficulty", difficulty, "--json"))
        url = served.wait_for("note", lambda event: "listening" in event["text"])["text"].split()[2].rstrip(",")
        rate = ("--threads", "1", "--difficulty", difficulty)
        stack.enter_context(Command("mine", "-o", url, "-u", "joe", *rate, "--json"))
        yield served


def listed(path: Path) -> list[Listed]:
    async def read() -> list[Listed]:
        async with Journal(path, lambda _: None, create=False) as journal:
            return await journal.all()

    return asyncio.run(read())


def is_whole(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def check(node: BitcoinNode, path: Path) -> Counter[str]:
    """Each block answered; those that the node took known to it, in its chain or with a sibling there. The answers."""
    blocks = listed(path)
    chain = {hash_text(double_sha256(node.block(at)[:80])) for at in range(451, node.height + 1)}
    for block in blocks:
        assert block.answers, f"{block.hash} has no answer"
        assert block.height is not None
        assert block.height <= node.height, f"{block.hash} is missing from the chain, and no sibling is there"
        if block.outcome == "accepted":
            try:
                node.call("getblock", block.hash, False)
            except RpcFailed as error:
                raise AssertionError(f"{block.hash} was accepted, and the node does not know it") from error
    assert chain <= {block.hash for block in blocks}, "the chain has blocks that were never written down"
    answers = Counter(f"{a.outcome} {a.reason}".strip() for block in blocks for a in block.answers)
    return answers + Counter({"in the chain": len(chain), "blocks": len(blocks)})


@pytest.mark.parametrize("run", [solo, pool], ids=["solo", "pool"])
def test_every_block_is_answered_and_none_is_missing(
    run: Run, start_node: StartNode, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    random, path, node = Random(SEED), tmp_path / "blocks.sqlite3", start_node()
    told, left, kills_with_left = set[str](), 0, 0
    for kill in range(KILLS):
        with run(node, path, BUSY) as killed:
            if kill % 10 != 9:
                killed.wait_for("pool_block")
                time.sleep(random.uniform(0.0, MOST_S))
            else:  # in the midst of starting
                time.sleep(random.uniform(0.0, 2.0))
            killed.signal(signal.SIGKILL)
            killed.end()
            told |= {event["hash"] for event in killed.events if event["event"] == "pool_block" and event["accepted"]}
        if not path.exists():
            continue
        assert is_whole(path), "the journal is corrupt"
        written = listed(path)
        unanswered = sum(not block.answers for block in written)
        left += unanswered
        kills_with_left += unanswered > 0
        assert told <= {block.hash for block in written}, "a block was sent that had not been written down"
    with run(node, path, QUIET) as last:
        last.wait_until(lambda events: events and all(block.answers for block in listed(path)), 60)
        last.signal(signal.SIGINT)
        assert last.end()[0] == 0
    assert is_whole(path)
    answers = check(node, path)
    figures = f"{left} blocks without an answer after {kills_with_left} kills; {answers}"
    print(f"\n{request.node.callspec.id}: {KILLS} kills, seed {SEED}; {figures}")
