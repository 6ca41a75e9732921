"""`joulehash patterns` as a person types it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from joulehash.app.cli import run
from joulehash.hw.boards.table import BOARDS, board_row
from joulehash.hw.patterns.known import known
from joulehash.hw.patterns.pattern import Library, load, save
from tests.support.bitcoin_node import BitcoinNode
from tests.support.patterns import GAMMA_SHARE, GENESIS

GAMMA = "sim:bitaxe-gamma?scale=22"


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_board_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["patterns"]) == 1  # most cores have none
    lines = capsys.readouterr().out.splitlines()
    row = board_row("bitaxe-gamma")
    assert len(lines) == len(BOARDS)
    assert f"bitaxe-gamma    {len(known(row, row.mhz.most))} of 128 cores" in lines
    assert "newpac          2 of 2 units" in lines
    assert "block-erupter   1 of 1 unit" in lines


def test_one_board_passes_when_every_core_has_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["patterns", "newpac", "--json"]) == 0
    assert said(capsys) == [{"event": "patterns", "board": "newpac", "known": 2, "cores": 2}]
    assert run(["patterns", GAMMA]) == 0
    assert capsys.readouterr().out == f"{GAMMA} 128 of 128 cores\n"


def test_a_chain_has_what_a_file_of_ones_own_adds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.json"
    save(mine, Library((GAMMA_SHARE,)))
    chains = [f"chain:bm1370x{n}" for n in range(10, 66)]
    board = next(name for name in chains if _adds(name))
    run(["patterns", board, "--json"])
    run(["patterns", board, "--file", str(mine), "--json"])
    before, after = said(capsys)
    assert (before["cores"], after["known"]) == (128 * int(board[13:]), before["known"] + 1)


def _adds(board: str) -> bool:
    """Whether what is shipped has none for the core of that share."""
    row = board_row(board)
    return len(known(row, 100.0, [GAMMA_SHARE])) > len(known(row, 100.0))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["no-board"], "board 'no-board': is unknown"),
        (["sim:no-board"], "no-board"),
        (["bitaxe-gamma", "--file", "none.json"], "none.json: No such file"),
        (["--search"], "--file: where shall the patterns be kept"),
        (["--search", "bitaxe-gamma", "--file", "x.json"], "leave out the board"),
        (["--duration", "5"], "--duration 5: takes seconds above 0, with --search"),
        (["--search", "--file", "x.json", "--duration", "0"], "--duration 0"),
        (["--node", "http://127.0.0.1:1", "--file", "x.json"], "--node: for which board"),
        (["--blocks", "5"], "--blocks 5"),
        (["bitaxe-gamma", "--node", "http://127.0.0.1:1", "--file", "x.json", "--blocks", "0"], "--blocks 0"),
        (["bitaxe-gamma", "--node", "ftp://x", "--file", "x.json"], "node URL"),
        (["bitaxe-gamma", "--node", "http://127.0.0.1:1", "--file", "none/x.json"], "there is no folder none"),
        (["bitaxe-gamma", "--node", "http://127.0.0.1:1", "--file", "x.json"], "cannot be reached"),
    ],
)
def test_what_cannot_be_done_is_a_line_and_leaves_nothing(
    arguments: list[str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["patterns", *arguments]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_search_is_gone_on_with_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.json"
    save(mine, Library((GENESIS,), searched=1000))
    assert run(["patterns", "--search", "--file", str(mine), "--duration", "0.001", "--json"]) == 1
    (told,) = said(capsys)
    after = load(mine)
    assert (after.patterns[0], after.searched) == (GENESIS, 1001)
    assert told == {"event": "search", "hashes": 1001 << 25, "patterns": len(after.patterns)}


@pytest.mark.node
def test_a_real_nodes_blocks_are_added_to_the_file(
    bitcoin_node: BitcoinNode, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of regtest nothing is of use to silicon; to a simulator of 7 zero bits it may be. What the file held stays."""
    mine = tmp_path / "mine.json"
    save(mine, Library((GENESIS,)))
    arguments = ["--node", bitcoin_node.url, "--file", str(mine), "--blocks", "30", "--json"]
    assert run(["patterns", "sim:chain:bm1370?scale=25", *arguments]) == 1
    (told,) = said(capsys)
    assert (told["event"], told["blocks"], told["zero_bits"], told["cores"]) == ("harvest", 30, 7, 128)
    after = load(mine)
    assert 7 <= after.zero_bits <= 32
    assert after.patterns[0] == GENESIS
    assert len(after.patterns) == 1 + told["known"]
    assert told["known"] <= told["qualified"]
