from __future__ import annotations

import msgspec
import pytest

from joulehash.bench.check.result import CheckResult, Finding, Step
from joulehash.bench.decide.intervals import Interval
from joulehash.bench.energy import Energy, efficiency
from joulehash.bench.sweep.result import Best, Cell, Cost, SweepResult
from joulehash.hw.passport.records import Check, Sweep, result
from joulehash.hw.passport.results import view_of, view_of_sweep
from tests.support.passports import START, check_of


def test_what_check_writes_is_read() -> None:
    """The real struct of `joulehash check`, so that the two stay together."""
    spent = Energy(540.0, 2.7, 30.0, "DC input", "measured", "scpi://x")
    written = CheckResult(
        board="sim:bitaxe-gamma",
        title="Bitaxe Gamma",
        began="2026-01-01T00:00:00Z",
        seconds=60.0,
        verdict="fail",
        steps=[Step("errors", "0 %", "4.20 % (4.00 to 4.41): 42 false", "of the nonces", "<= 3.5 %", "fail", 30.0)],
        findings=[Finding("weak-core", "chip 0, core 17", "50 of 100", "reflow it"), Finding("bad-fan", "", "", "")],
        rate=Interval(0.98e12, 1.0e12, 1.02e12, 0.95),
        errors=Interval(0.040, 0.042, 0.0441, 0.95),
        energy=spent,
        efficiency=efficiency(spent, 30e12, 0.3e12, "claims"),
    )
    view = view_of(Check(START, result(msgspec.json.encode(written))))
    assert (view.verdict, view.findings) == ("fail", ["weak-core chip 0, core 17", "bad-fan"])
    assert (view.rate_hps, view.rate_low, view.rate_high) == (1.0e12, 0.98e12, 1.02e12)
    assert view.j_per_th == pytest.approx(18.0)
    assert view.u_j_per_th == pytest.approx(18.0 * 2 * (0.005**2 + 0.01**2) ** 0.5, rel=0.01)
    assert (view.place, view.error_rate) == ("DC input", 0.042)


def test_what_was_not_measured_is_unknown() -> None:
    view = view_of(check_of(0, watts=None))
    assert (view.rate_hps, view.j_per_th, view.u_j_per_th, view.error_rate) == (1e12, None, None, None)
    bare = view_of(Check(START, result(b'{"verdict": "inconclusive"}')))
    assert (bare.verdict, bare.rate_hps, bare.j_per_th) == ("inconclusive", None, None)


@pytest.mark.parametrize("data", [b"{}", b'{"verdict": 3}', b'{"verdict": "pass", "rate": "fast"}'])
def test_what_cannot_be_read_is_told_and_kept(data: bytes) -> None:
    assert view_of(Check(START, result(data))).verdict == "unreadable"


def test_the_curve_of_a_sweep_is_its_frontier_and_its_usual_point() -> None:
    """The real struct of `joulehash sweep`."""

    def cell(mhz: float, rate: float, j_per_th: float) -> Cell:
        cost = Cost(
            j_per_th=j_per_th, expanded=0.4, scatter=0.1, joules=180.0, place="wall", source="measured", meter="x"
        )
        about = Interval(0.9 * rate, rate, 1.1 * rate, 0.95)
        few = Interval(0.0, 0.01, 0.02, 0.95)
        return Cell(mhz=mhz, volts=1.1, verdict="sound", rate=about, errors=few, watts=15.0, cost=cost)

    swept = SweepResult(
        board="sim:bitaxe-gamma",
        title="Bitaxe Gamma",
        began="2026-01-01T00:00:00Z",
        seconds=60.0,
        ended="done",
        mhz=[400.0, 500.0, 525.0, 600.0],
        volts=[1.1],
        cells=[cell(600.0, 1.2e12, 19.0), cell(400.0, 0.8e12, 15.0), cell(500.0, 1e12, 16.0), cell(525.0, 1e12, 17.0)],
        best=Best((400.0, 1.1), (600.0, 1.1), [(400.0, 1.1), (500.0, 1.1), (600.0, 1.1)]),
        usual=(525.0, 1.1),
        rules={},
    )
    view = view_of_sweep(Sweep(START, result(msgspec.json.encode(swept))))
    assert [(point.mhz, point.j_per_th, point.marks) for point in view.curve] == [
        (400.0, 15.0, ["best J/TH"]),
        (500.0, 16.0, []),
        (525.0, 17.0, ["usual"]),
        (600.0, 19.0, ["best rate"]),
    ]
    assert (view.curve[0].place, view.curve[0].u_j_per_th, view.curve[0].error_rate) == ("wall", 0.4, 0.01)
    assert view_of_sweep(Sweep(START, result(b'{"points": 3}'))).curve == []
