from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from joulehash.app import cli
from joulehash.engine.journal import BLOCK, SHARE, Entry, Journal
from joulehash.engine.tally import Outcome


def write(path: Path, *, all_answered: bool) -> None:
    async def main() -> None:
        async with Journal(path, lambda _: None) as journal:
            await journal.keep(Entry("aa" * 32, BLOCK, "regtest", 1.0, 451, bytes(300)))
            await journal.answer("aa" * 32, "node http://a:1", Outcome.STALE, "inconclusive")
            await journal.keep(Entry("bb" * 32, SHARE, "pool:3333 joe", 2.0, None, bytes(80), {"job": "7"}))
            if all_answered:
                await journal.answer("bb" * 32, "pool:3333 joe", Outcome.ACCEPTED)

    asyncio.run(main())


def test_each_block_is_listed_with_its_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "blocks", all_answered=False)
    assert cli.run(["blocks", "--journal", str(tmp_path / "blocks")]) == 1
    first, name, answer, second, other = capsys.readouterr().out.splitlines()
    assert first.endswith("  block 451 on regtest: stale")
    assert (name, other) == (f"  {'aa' * 32}", f"  {'bb' * 32}")
    assert answer.endswith(" node http://a:1: stale: inconclusive")
    assert second.endswith("  block on pool:3333 joe: not answered yet: the next start closes it")


def test_as_json_one_a_line_and_the_code_says_that_all_are_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "blocks", all_answered=True)
    assert cli.run(["blocks", "--journal", str(tmp_path / "blocks"), "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["outcome"], first["bytes"], first["height"]) == ("stale", 300, 451)
    assert second["detail"] == {"job": "7"}
    assert [(a["by"], a["outcome"]) for a in second["answers"]] == [("pool:3333 joe", "accepted")]


def test_without_a_journal_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["blocks", "--journal", str(tmp_path / "none")]) == 2
    assert "there is none yet; the first found block begins it" in capsys.readouterr().err
