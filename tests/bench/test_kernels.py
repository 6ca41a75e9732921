"""The arithmetic of the kernel benchmark, with kernels that take the time they are told to take."""

from __future__ import annotations

from array import array
from itertools import pairwise
from typing import Any

import pytest

from joulehash.bench import kernels as bench
from joulehash.bench.kernels import ROUNDS, measure_kernels
from joulehash.engine.errors import InputError
from joulehash.ext import kernels as table
from joulehash.ext.kernels import KERNELS, Kernel, KernelError


class Lab:
    """A clock that only its kernels move: each at its own rate, slower from round to round by `drift`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, drift: float = 1.0) -> None:
        self.now, self.drift, self.round = 0.0, drift, 0
        self.lines: list[str] = []
        self.rows: dict[str, Kernel] = {}
        monkeypatch.setattr(bench, "perf_counter", lambda: self.now)
        monkeypatch.setattr(bench, "KERNELS", self.rows)
        monkeypatch.setattr(table, "KERNELS", self.rows)

    def add(self, name: str, rate_hps: float, lanes: int = 1, missing: str | None = None) -> None:
        portable = KERNELS["portable"].load()

        def scan(
            midstates: array[int],
            tail: array[int],
            first: int,
            count: int,
            top_word: int,
            hits: array[int],
            stop: array[int],
        ) -> tuple[int, int]:
            self.now += count * len(midstates) / 8 / (rate_hps * self.drift**self.round)
            return portable(midstates, tail, first, count, top_word, hits, stop) if first else (0, count)

        self.rows[name] = Kernel(name, lanes, "", lambda: scan, lambda: missing)

    def say(self, line: str) -> None:
        self.lines.append(line)
        if "round" in line:
            self.round = int(line.split()[2]) - 1


def test_rates_and_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch)
    lab.add("portable", 1e6)
    lab.add("wide", 2.5e7, lanes=16)
    portable, wide = measure_kernels(None, 0.7)
    assert (portable.name, portable.lanes, portable.midstates, portable.threads) == ("portable", 1, 1, 1)
    assert portable.rate_hps == pytest.approx(1e6)
    assert portable.ratio == 1
    assert (wide.name, wide.lanes) == ("wide", 16)
    assert wide.rate_hps == pytest.approx(2.5e7)
    assert wide.spread_hps == pytest.approx((2.5e7, 2.5e7))
    assert wide.ratio == pytest.approx(25)
    assert 0.7 * 2 <= lab.now < 1.6  # each its time, and a little for warming up


def test_a_clock_that_drifts_leaves_the_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch, drift=0.9)
    lab.add("portable", 1e6)
    lab.add("wide", 8e6)
    _, wide = measure_kernels(None, 0.7, progress=lab.say)
    assert wide.ratio == pytest.approx(8)
    assert wide.rate_hps == pytest.approx(8e6 * 0.9 ** (ROUNDS // 2))
    assert wide.spread_hps == pytest.approx((8e6 * 0.9 ** (ROUNDS - 1), 8e6))


def test_kernels_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch)
    for name in ("portable", "b", "c"):
        lab.add(name, 1e6)
    measure_kernels(None, 0.07, progress=lab.say)
    rounds = [line.split(":")[0] for line in lab.lines if "round" in line]
    assert rounds == ["portable", "b", "c"] * ROUNDS
    assert all(before != after for before, after in pairwise(rounds))
    assert lab.lines[:3] == ["portable: warming up", "b: warming up", "c: warming up"]


def test_only_those_asked_for_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portable runs along for the ratio, and is told only when it was asked for. What cannot run is left out."""
    lab = Lab(monkeypatch)
    for name in ("portable", "b", "c"):
        lab.add(name, 1e6)
    lab.add("abacus", 1, missing="no beads")
    assert [rate.name for rate in measure_kernels(["c", "b"], 0.07)] == ["c", "b"]
    assert [rate.name for rate in measure_kernels(None, 0.07)] == ["portable", "b", "c"]
    with pytest.raises(KernelError, match="no beads"):
        measure_kernels(["abacus"], 0.07)
    with pytest.raises(KernelError, match="sha3"):
        measure_kernels(["sha3"], 0.07)


def test_midstates_count_as_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch)
    lab.add("portable", 1e6)
    (rate,) = measure_kernels(None, 0.07, midstates=8)
    assert rate.midstates == 8
    assert rate.rate_hps == pytest.approx(1e6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"seconds": 1.0, "midstates": 0}, "midstates"),
        ({"seconds": 1.0, "midstates": 65537}, "midstates"),
        ({"seconds": 1.0, "threads": 0}, "threads"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure_kernels(None, **arguments)


def test_real_kernels_on_two_threads() -> None:
    """No speeds: that every kernel asked for comes back with figures that fit together."""
    rates = measure_kernels(["portable", "reference"], 0.05, midstates=2, threads=2)
    assert [rate.name for rate in rates] == ["portable", "reference"]
    for rate in rates:
        assert 0 < rate.spread_hps[0] <= rate.rate_hps <= rate.spread_hps[1]
        assert (rate.midstates, rate.threads) == (2, 2)
    assert rates[0].ratio == 1
