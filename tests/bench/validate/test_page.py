"""The page says what was run, what came, and what is lacking."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import fromstring

from joulehash.bench.check.result import Verdict
from joulehash.bench.validate.kinds import SOUND, cells
from joulehash.bench.validate.page import Made, matrix, page
from joulehash.bench.validate.picture import heat_map
from joulehash.bench.validate.study import Aim
from joulehash.bench.validate.trial import Failure, Trial
from tests.support.svg import inside

GAMMA, NEWPAC = "bitaxe-gamma?scale=23&mhz=200", "newpac?scale=21"
CELLS = cells([GAMMA, NEWPAC])


def made(aim: Aim) -> Made:
    return Made("make validate", "2026-11-22", "1.2.3", "0123abcd", [], aim, CELLS)


def trial(board: str, label: str, fault: str, seed: int, verdict: Verdict, *findings: tuple[str, str]) -> Trial:
    failed = [Failure("fan", 2.0 + seed, 1.0)] if findings else []
    return Trial(
        board=board, label=label, seed=seed, fault=fault, verdict=verdict, failed=failed, findings=list(findings)
    )


TRIALS = [
    *(trial(GAMMA, SOUND, "", seed, "pass") for seed in range(1, 31)),
    trial(GAMMA, "fan-stall", "fan-stall", 1, "fail", ("bad-fan", "fan")),
    trial(GAMMA, "fan-stall", "fan-stall", 2, "fail", ("low-rate", "")),
    trial(NEWPAC, "dead-core", "dead-core:0.3", 1, "pass"),
]


def test_before_anything_was_run() -> None:
    said = page([], made(Aim()))
    assert "**not complete**" in said
    assert "None was checked yet." in said
    assert "None was tried yet." in said


def test_counts_and_bounds() -> None:
    said = page(TRIALS, made(Aim()), Path("bench.svg"))
    assert "**0 false fails in 30 runs: at most 9.50% of sound boards are failed**" in said
    assert "300 runs without one are needed" in said
    assert "| fan-stall | fan (2) | 2 | 1 | 0 | 1 | 0 | 0 | 0: 0.0% (0.0% to 84.2%) | 3.0, 4.0 | 1.0, 1.0 |" in said
    assert "| fan-stall | 1 of 2 | – |" in said
    assert "| dead-core | `newpac?scale=21` | cannot be seen: its nonces do not tell their core | 1 | 1 |" in said
    assert "the board has nothing that it could break" in said
    assert f"| `{GAMMA}` | fan-stall (`fan-stall`) | 2 | fail by fan: low-rate |" in said
    assert "![How often each fault was named rightly, by family of chips](bench.svg)" in said


def test_what_is_rare_is_told_before_what_came_often() -> None:
    often = [trial(GAMMA, "slow, to 85 %", "slow:0.85", seed, "pass") for seed in range(1, 100)]
    said = page([*often, *TRIALS], made(Aim())).partition("## What did not go")[2]
    assert said.index("| fan-stall (`fan-stall`) | 2 | fail") < said.index("slow:0.85")
    assert "And 40 more" in said


def test_whole_when_every_cell_has_its_runs() -> None:
    assert "complete:" in page([], made(Aim(0, 0)))
    assert "not complete" not in page([], made(Aim(0, 0)))


def test_seeds_that_were_spent_on_mending_are_named() -> None:
    assert "what went wrong with seeds below 1001 was mended before" in page([], made(Aim(first=1001)))
    assert "was mended before" not in page([], made(Aim()))


def test_rows_have_as_many_fields_as_their_table() -> None:
    lines = page(TRIALS, made(Aim())).splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert above.count("|") == line.count("|"), line


def test_the_picture_says_its_counts() -> None:
    drawn = heat_map(TRIALS, CELLS)
    assert inside(fromstring(drawn))
    assert "fan-stall, BM1370: 1 of 2" in drawn
    assert ("dead-core", "BM1387") not in matrix(TRIALS, CELLS)
