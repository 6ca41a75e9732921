"""The study's own door: it goes on where it was, writes its page, and tells what is wrong in one line."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from joulehash.app.validate import main

BOARD = ["--board", "compac-a1?scale=23"]
Run = Callable[..., str]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """What it prints; its exit code is 0."""
    before = signal.getsignal(signal.SIGTERM)

    def go(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["validate", "--data", str(tmp_path / "data"), *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0, ended.value.code
        return capsys.readouterr().out

    yield go
    signal.signal(signal.SIGTERM, before)


def test_it_writes_its_page_and_goes_on_where_it_was(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "bench.md"
    few = (*BOARD, "--fault", "no-chips", "--fault", "wrong-chip", "--page", str(page))
    assert run(*few, "--runs", "1").count(": fail, ") == 2
    assert "| no-chips | chips, slow line (1) | 1 | 1 |" in page.read_text(encoding="utf-8")
    assert run(*few, "--runs", "2").count(": fail, ") == 2
    assert "| no-chips | chips, slow line (2) | 2 | 2 |" in page.read_text(encoding="utf-8")
    assert "no-chips, BM1362: 2 of 2" in page.with_suffix(".svg").read_text(encoding="utf-8")
    assert run(*few, "--runs", "2") == ""


def test_one_run_again(run: Run) -> None:
    said = run("--once", "compac-a1?scale=23", "--fault", "unplug", "--seed", "3")
    assert "unplug:" in said
    assert "seed 3: fail" in said
    assert said.rstrip().endswith("unplugged") or "failed at" in said


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--fault", "dead-cores"], "--fault 'dead-cores': is unknown; takes sound, dead-core, "),
        (["--board", "bitaxe-gama"], "is unknown; there are bitaxe-max"),
        (["--duration", "soon"], "--duration soon: takes a time above 0"),
    ],
)
def test_what_is_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], says: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["validate", "--data", str(tmp_path), *arguments])
    with pytest.raises(SystemExit, match=says) as ended:
        main()
    assert "\n" not in str(ended.value.code)
