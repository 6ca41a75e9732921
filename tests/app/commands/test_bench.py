from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import msgspec
import pytest

from joulehash.app.cli import run
from joulehash.bench import boards, results
from joulehash.bench.boards import Boards
from joulehash.bench.results import Results, this_machine
from tests.bench.test_boards import BOARDS
from tests.support.rates import MACHINE, rate

QUICK = ["bench", "kernels", "-k", "portable", "--seconds", "0.05"]


def earlier(path: Path, here: bool = True) -> Path:
    machine = this_machine() if here else MACHINE
    path.write_bytes(msgspec.json.encode(Results(machine, [rate("portable", 1, 1, [1000.0] * 8)])))
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seconds", "0"], "--seconds: 0; takes seconds above 0"),
        (["--seconds", "nan"], "--seconds: nan; takes seconds above 0"),
        (["--midstates", "1", "--midstates", "257"], "--midstates: 257; takes 1 to 256"),
        (["--kernel", "sha3"], "kernel 'sha3' is unknown; choose from "),
        (["--plot", "{here}/k.gif"], "--plot {here}/k.gif: takes a name that ends in .svg or .png"),
        (["--plot", "/nowhere/k.svg"], "there is no folder /nowhere"),
        (["--write", "/nowhere/k.md"], "there is no folder /nowhere"),
        (["--compare", "{here}/none.json"], "--compare {here}/none.json: No such file or directory"),
        (["--compare", "{here}"], "--compare {here}: Is a directory"),
        (["--compare", "{here}/bad.json"], "--compare {here}/bad.json: Object missing required field `machine`"),
        (["--suites", "{here}/bad.json"], "missing required field `benchmarks`"),
        (["pipeline", "--compare", "x"], "--compare: is for the kernels; leave it out with pipeline"),
        (["boards", "--compare", "x"], "--compare: is for the kernels; leave it out with boards"),
        (["copies", "--plot", "x.svg"], "--plot: is for the kernels; leave it out with copies"),
        (["copies", "-k", "reference"], "kernel reference: no C kernel that runs here"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.json").write_text("{}")
    assert run(["bench", *(a.format(here=tmp_path) for a in arguments)]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    *progress, line = error.splitlines()
    assert line.startswith("joulehash: ")
    assert said.format(here=tmp_path) in line
    assert all("warming up" in told for told in progress)


def test_what_the_host_took_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for stolen, told in ((12, True), (0, False)):
        ticks = iter([(100, 1000), (100 + stolen, 1100)])
        monkeypatch.setattr(results, "cpu_ticks", lambda ticks=ticks: next(ticks))
        assert run([*QUICK, "--midstates", "2"]) == 0
        assert ("the host gave 12% of the time to others" in capsys.readouterr().err) is told


def test_the_table(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "cpu_ticks", lambda: (0, 0))
    assert run([*QUICK, "--midstates", "2"]) == 0
    out, error = capsys.readouterr()
    head, line = out.splitlines()
    assert head.startswith("kernel")
    assert line.split()[:2] == ["portable", "2"]
    assert max(map(len, out.splitlines())) <= 80
    assert error.splitlines() == ["portable: warming up"]  # a log has no line for each round


def test_boards_are_a_table_of_80_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(kernel: str | None, progress: object) -> Boards:
        del kernel, progress
        return BOARDS

    monkeypatch.setattr(boards, "measure_boards", measured)
    assert run(["bench", "boards"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("double hashes by hashlib per second of CPU time ")
    assert max(map(len, out)) <= 80
    assert run(["bench", "boards", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["boards"]["latency"]["missing"] == 1


def test_json_may_be_compared_with_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*QUICK, "--json"]) == 0
    first = capsys.readouterr().out
    (tmp_path / "first.json").write_text(first)
    rows = json.loads(first)["kernels"]
    assert {(row["name"], row["midstates"]) for row in rows} == {("portable", 1), ("portable", 8)}
    assert run([*QUICK, "--json", "--compare", str(tmp_path / "first.json")]) == 0
    comparison = json.loads(capsys.readouterr().out)["comparison"]
    assert len(comparison) == len(rows)
    assert all(change["low"] <= change["ratio"] <= change["high"] for change in comparison)


def test_a_comparison_follows_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*QUICK, "--midstates", "1", "--compare", str(earlier(tmp_path / "e.json"))]) == 0
    table, _, changes = capsys.readouterr().out.partition("\n\n")
    assert table.startswith("kernel")
    assert "now/then" in changes
    assert any(verdict in changes for verdict in ("faster", "slower", "no difference"))


def test_another_machine_and_nothing_in_common_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = earlier(tmp_path / "e.json", here=False)
    assert run([*QUICK, "--midstates", "3", "--compare", str(path)]) == 0
    out, error = capsys.readouterr()
    assert "another machine: the earlier run had 2 cores of Test CPU; now it is" in error
    assert "nothing to compare" in out


def test_the_page_shows_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "docs").mkdir()
    files = ["--plot", str(tmp_path / "k.svg"), "--write", str(tmp_path / "docs/page.md")]
    assert run([*QUICK, *files]) == 0
    assert capsys.readouterr().out == ""
    assert "](../k.svg)" in (tmp_path / "docs/page.md").read_text()
    assert "portable-8" in (tmp_path / "k.svg").read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_file_that_cannot_be_written_is_said_before_measuring(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tmp_path.chmod(stat.S_IREAD | stat.S_IEXEC)
    assert run([*QUICK, "--plot", str(tmp_path / "k.svg")]) == 2
    assert "warming up" not in capsys.readouterr().err
