"""`joulehash bench energy` as a user runs it."""

from __future__ import annotations

import json

import pytest

from joulehash.app.cli import run
from joulehash.app.commands.bench_energy import measured_lines
from joulehash.bench.decide.intervals import Interval
from joulehash.bench.energy import Energy, efficiency
from joulehash.bench.joules import Measured

ENERGY = Energy(1140.0, 11.4, 60.0, "wall", "measured", "shelly:plug")


def result(energy: Energy | None = ENERGY, hps: float = 8e6, ratio: Interval | None = None) -> Measured:
    return Measured(
        device="cpu",
        note="avx512, 2 threads",
        seconds=60.0,
        counted_hps=hps,
        claimed=Interval(0.8 * hps, 0.9 * hps, hps),
        claims=118,
        hardware_errors=0,
        ratio=ratio,
        disagrees=ratio is not None and 1.0 not in ratio,
        energy=energy,
        counted=efficiency(energy, 60 * hps, 0.0, "counted"),
        by_claims=None,
        idle_w=12.0,
    )


def test_a_cpu_has_both_units() -> None:
    assert list(measured_lines(result())) == [
        "cpu: avx512, 2 threads",
        "    2.375 ± 0.048 J/MH, that is 2375000 ± 47500 J/TH (k = 2)",
        "    19 W at the wall: 1140 J in 60.0 s, by shelly:plug",
        "    12 W while idle, not subtracted",
        "    8.00 MH/s counted, 7.20 MH/s by 118 verified claims",
    ]


def test_a_board_has_joules_per_terahash() -> None:
    assert list(measured_lines(result(hps=1.2e12)))[1] == "    15.83 ± 0.32 J/TH (k = 2)"


def test_without_a_meter_it_is_unknown_and_says_why() -> None:
    assert list(measured_lines(result(None), "no RAPL here"))[1] == "    J/TH unknown: no RAPL here"


def test_a_ratio_that_is_no_chance_is_told() -> None:
    lines = list(measured_lines(result(ratio=Interval(1.9, 2.0, 2.1))))
    assert lines[-2:] == [
        "    claims over counted: 2.000 (1.900 to 2.100, 95 %)",
        "    that is no chance: nonces are lost, or something counts wrong",
    ]


def test_lines_fit_a_terminal() -> None:
    assert all(len(line) <= 80 for line in measured_lines(result(ratio=Interval(1.9, 2.0, 2.1))))


def test_it_measures_a_cpu(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "energy", "-k", "portable", "--meter", "fixed:30W", "--seconds", "1", "--json"]) == 0
    (measured,) = json.loads(capsys.readouterr().out)["energy"]
    assert measured["device"] == "cpu:portable"
    assert measured["energy"]["source"] == "declared"
    assert measured["idle_w"] is None
    assert measured["counted"]["j_per_th"] == pytest.approx(30.0 / measured["counted_hps"] * 1e12, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bench", "--meter", "rapl:"], "-d, --meter and --supply: are for energy; leave them out with kernels"),
        (["bench", "energy", "-k", "portable", "-d", "cpu"], "-k is short for -d cpu:KERNEL: give one of them"),
        (["bench", "energy", "--meter", "kasa:x"], "meter kasa:…: is unknown"),
        (["bench", "energy", "--plot", "x.svg"], "--plot: is for the kernels; leave it out with energy"),
        (["bench", "energy", "-d", "icarus:/dev/nowhere"], "nowhere"),
    ],
)
def test_what_it_does_not_take(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err
