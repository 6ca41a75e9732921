from __future__ import annotations

import json
from pathlib import Path

from joulehash.bench.boards import boards_lines
from joulehash.bench.compare import Change
from joulehash.bench.copies import Copies, Placed
from joulehash.bench.page import Findings, page, to_json
from joulehash.bench.report import pipeline_lines
from joulehash.bench.results import cpu_ticks, load
from joulehash.bench.suites import Case, Stats, Suites
from tests.bench.test_boards import BOARDS
from tests.bench.test_report import PIPELINE
from tests.support.rates import MACHINE, rate

ROWS = [
    rate("portable", 1, 1, [1000.0, 1010.0]),
    rate("avx512", 8, 1, [80.0, 81.0], [70.0, 71.0]),
    rate("avx512", 8, 2, [82.0, 83.0], [70.0, 71.0]),
]
FOUND = Findings(
    MACHINE,
    ROWS[:2],
    PIPELINE,
    Copies([Placed("avx512", 8, [80.0, 81.0], 80.5)]),
    Suites([Case("tests/speed/test_x.py::test_y", Stats(1e-3, 1e-3, 1e-3, 5))]),
    [Change("avx512", 8, 1, 1.02, 0.98, 1.06, "no difference", "avx512")],
    BOARDS,
    0.161,
)


def test_the_page_has_machine_command_and_every_figure() -> None:
    text = page(FOUND, "joulehash bench all", Path("kernels.svg"))
    assert "Written by `joulehash bench all` on " in text
    assert "* compiler: gcc\n" in text
    assert "* time that the host gave to others meanwhile: 16%\n" in text
    assert "* clock, GHz, as measured: 2\n" in text
    assert "| avx512 | 8 | 24.85 |" in text
    assert "![The rates as bars, with the floors](kernels.svg)" in text
    assert "80.0 to 81.0 (1.2%)" in text
    for what, figure in pipeline_lines(PIPELINE):
        assert f"| {what} | {figure} |" in text
    for what, figure in boards_lines(BOARDS):
        assert f"| {what} | {figure} |" in text
    assert "| x | y | 1 ms |" in text


def test_what_was_not_measured_is_not_on_the_page() -> None:
    text = page(Findings(MACHINE, []), "joulehash bench pipeline")
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# Benchmarks"]


def test_the_json_has_the_promised_names() -> None:
    told = json.loads(to_json(FOUND))
    assert set(told) == {"machine", "stolen", "kernels", "pipeline", "copies", "boards", "comparison"}
    assert set(told["machine"]) == {"cpu", "cores", "system", "python", "compiler", "clock_ghz"}
    promised = {"name", "lanes", "midstates", "threads", "rate_hps", "cycles_per_hash", "floor_fraction"}
    more = {"spread_hps", "spread_cycles", "ratio", "scaling", "floor_of", "floor_operations", "rounds"}
    for row in told["kernels"]:
        assert set(row) == promised | more
    assert told["kernels"][0]["floor_fraction"] is None
    assert told["kernels"][1]["floor_fraction"] == 0.875 + (71 / 81 - 0.875) / 2
    assert set(told["kernels"][0]["rounds"]) == {"rate_hps", "cycles_per_hash", "floor_cycles_per_hash"}
    assert told["pipeline"]["efficiency_ratio"] == 0.99
    assert told["copies"][0]["spread"] == 81 / 80 - 1
    assert told["boards"]["host"][0]["board"] == "bitaxe-gamma"
    assert told["comparison"][0]["verdict"] == "no difference"
    assert set(json.loads(to_json(Findings(MACHINE, [])))) == {"machine", "stolen", "kernels"}


def test_a_comparison_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(to_json(Findings(MACHINE, ROWS, PIPELINE)))
    assert load(path).kernels == ROWS


def test_the_hosts_share_of_time_only_grows() -> None:
    before, now = cpu_ticks(), cpu_ticks()
    assert 0 <= before[0] <= now[0]
    assert before[0] <= before[1] <= now[1]
