"""The arithmetic of the kernel benchmark, with kernels that take the time they are told to take."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

import pytest

from joulehash.bench import kernels as bench
from joulehash.bench.kernels import LEAST_ROUNDS, Counted, measure_kernels
from joulehash.bench.results import KernelRate
from joulehash.bench.sampling import Clock
from joulehash.engine.cpu import available_cpus
from joulehash.engine.errors import InputError
from joulehash.ext import kernels as table
from joulehash.ext.kernels import KERNELS, Kernel, KernelError


class Lab:
    """A core at `ghz` that only its kernels and its chains keep busy; others take the core away `waiting` of the time.

    What a kernel or a floor takes is told in cycles a hash, and may change from round to round.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ghz: float = 2.0, waiting: float = 0.0) -> None:
        self.cpu_s, self.ghz, self.waiting, self.round = 0.0, ghz, waiting, 1
        self.lines: list[str] = []
        self.calls: list[str] = []
        self.rows: dict[str, Kernel] = {}
        self.clock = Clock(lambda: self.cpu_s / (1 - self.waiting), lambda: round(self.cpu_s * 1e9), self.spend)
        monkeypatch.setattr(bench, "KERNELS", self.rows)
        monkeypatch.setattr(table, "KERNELS", self.rows)

    def spend(self, cycles: float) -> None:
        self.cpu_s += cycles / self.ghz / 1e9

    def add(
        self,
        name: str,
        cycles: float | Callable[[int], float],
        *,
        lanes: int = 1,
        floor: tuple[int, int, int] | None = None,
        floor_cycles: float | Callable[[int], float] = 0.0,
        limits: tuple[str, ...] = (),
        missing: str | None = None,
    ) -> None:
        lab, portable = self, KERNELS["portable"].load()

        def now(figure: float | Callable[[int], float]) -> float:
            return figure(lab.round) if callable(figure) else figure

        class Fake:
            def __init__(self) -> None:
                self.floor = floor

            def issue(self, batches: int, midstates: int) -> None:
                assert floor is not None
                lab.calls.append(f"floor of {name} {midstates}")
                lab.spend(batches * floor[0] * midstates * now(floor_cycles))

            def __call__(
                self,
                midstates: array[int],
                tail: array[int],
                first: int,
                count: int,
                top_word: int,
                hits: array[int],
                stop: array[int],
            ) -> tuple[int, int]:
                lab.calls.append(f"{name} {len(midstates) // 8}")
                lab.spend(count * (len(midstates) // 8) * now(cycles))
                return portable(midstates, tail, first, count, top_word, hits, stop) if first else (0, count)

        fake = Fake()
        assert isinstance(fake, Counted)
        self.rows[name] = Kernel(name, lanes, "", lambda: fake, lambda: missing, limits=limits)

    def say(self, line: str) -> None:
        self.lines.append(line)
        if line.startswith("round"):
            self.round = int(line.split()[1].rstrip(","))

    def measure(self, names: list[str] | None = None, seconds: float = 0.01, **more: Any) -> list[KernelRate]:
        more = {"midstates": [1], "crews": [1]} | more
        return measure_kernels(names, seconds, progress=self.say, clock=self.clock, **more)[1]


def test_rates_cycles_and_ratios(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch, ghz=2.5)
    lab.add("portable", 2000.0)
    lab.add("wide", 50.0, lanes=16)
    portable, wide = lab.measure()
    assert (portable.name, portable.lanes, portable.midstates, portable.threads) == ("portable", 1, 1, 1)
    assert portable.rate_hps == pytest.approx(2.5e9 / 2000)
    assert portable.cycles_per_hash == pytest.approx(2000, rel=1e-4)
    assert (portable.ratio, portable.scaling, portable.floor_fraction, portable.floor_of) == (1, None, None, None)
    assert (wide.name, wide.lanes) == ("wide", 16)
    assert wide.rate_hps == pytest.approx(5e7)
    assert wide.ratio == pytest.approx(40, rel=1e-4)
    assert len(wide.rounds.rate_hps) == len(wide.rounds.cycles_per_hash) == LEAST_ROUNDS


def test_cycles_are_of_the_cpu_and_rates_of_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes the core for three quarters of the time: the rate falls, cycles a hash do not."""
    lab = Lab(monkeypatch, waiting=0.75)
    lab.add("portable", 1000.0)
    (portable,) = lab.measure()
    assert portable.cycles_per_hash == pytest.approx(1000, rel=1e-4)
    assert portable.rate_hps == pytest.approx(2e6 / 4)


def test_a_clock_that_drifts_changes_the_rate_and_not_the_cycles(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch)

    def slower(turn: int) -> float:
        lab.ghz = 2.0 - 0.1 * turn
        return 1000.0

    lab.add("portable", slower)
    (portable,) = lab.measure()
    assert portable.spread_cycles == pytest.approx((1000, 1000), rel=1e-2)
    assert max(portable.rounds.rate_hps) > 1.5 * min(portable.rounds.rate_hps)
    assert portable.spread_hps[0] < portable.rate_hps < portable.spread_hps[1]


def test_the_floor_is_measured_beside_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A neighbour slows both by round: the fraction is that within the rounds. Operations are counted for one hash."""
    lab = Lab(monkeypatch)
    lab.add("portable", 1000.0)
    lab.add(
        "wide",
        lambda turn: 100.0 * turn,
        floor=(16, 460, 2388),
        floor_cycles=lambda turn: 80.0 * turn,
        limits=("wide",),
    )
    _, one, eight = lab.measure(midstates=[1, 8], names=["portable", "wide"])[1:]
    for row, operations in ((one, (460 + 2388) / 16), (eight, (460 / 8 + 2388) / 16)):
        assert row.floor_fraction == pytest.approx(0.8, rel=1e-3)
        assert (row.floor_of, row.floor_operations) == ("wide", operations)
        assert row.rounds.floor_cycles_per_hash is not None
        assert len(row.rounds.floor_cycles_per_hash) == len(row.rounds.rate_hps)
    assert one.rounds.cycles_per_hash[0] == pytest.approx(100, rel=1e-3)


def test_a_kernel_may_have_the_limit_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the first that runs here and whose operations are counted."""
    lab = Lab(monkeypatch)
    lab.add("portable", 1000.0)
    lab.add("widest", 50.0, floor=(16, 0, 160), floor_cycles=40.0, limits=("widest",), missing="no such CPU")
    lab.add("wide", 100.0, floor=(8, 0, 160), floor_cycles=80.0, limits=("wide",))
    lab.add("other", 160.0, limits=("widest", "wide"))
    lab.add("uncounted", 160.0, limits=("portable",))
    rows = {row.name: row for row in lab.measure()}
    assert rows["other"].floor_of == "wide"
    assert rows["other"].floor_fraction == pytest.approx(0.5, rel=1e-3)
    assert rows["uncounted"].floor_of is rows["portable"].floor_of is None


def test_kernels_and_floors_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch)
    lab.add("portable", 1000.0)
    lab.add("b", 1000.0, floor=(1, 0, 1), floor_cycles=900.0, limits=("b",))
    lab.add("c", 1000.0)
    lab.measure(midstates=[1, 2])
    # each sample is two calls, of which one is for warming up
    round_of = ["portable 1", "portable 2", "b 1", "floor of b 1", "b 2", "floor of b 2", "c 1", "c 2"]
    expected = [call for call in round_of for _ in range(2)]
    assert lab.calls[-len(expected) * LEAST_ROUNDS :] == expected * LEAST_ROUNDS
    assert lab.lines[:3] == ["portable: warming up", "b: warming up", "c: warming up"]


def test_it_takes_the_time_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch, waiting=0.5)
    lab.add("portable", 1000.0)
    (portable,) = lab.measure(seconds=3.0)
    assert 3.0 <= lab.clock.wall_s() < 3.2
    assert len(portable.rounds.rate_hps) > 100


def test_only_those_asked_for_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Portable runs along for the ratio, and is told only when it was asked for. What cannot run is left out."""
    lab = Lab(monkeypatch)
    for name in ("portable", "b", "c"):
        lab.add(name, 1000.0)
    lab.add("abacus", 1e9, missing="no beads")
    assert [row.name for row in lab.measure(["c", "b"])] == ["c", "b"]
    assert [row.name for row in lab.measure()] == ["portable", "b", "c"]
    rows = lab.measure(["c", "portable"], midstates=[8, 1, 8])
    assert [(row.name, row.midstates) for row in rows] == [("c", 8), ("c", 1), ("portable", 8), ("portable", 1)]
    lab.lines.clear()
    with pytest.raises(KernelError, match="no beads"):
        lab.measure(["abacus"])
    with pytest.raises(KernelError, match="sha3"):
        lab.measure(["sha3"])
    assert lab.lines == []  # refused before anything was warmed up


def test_midstates_count_as_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = Lab(monkeypatch)
    lab.add("portable", 1000.0)
    (row,) = lab.measure(midstates=[8])
    assert row.midstates == 8
    assert row.rate_hps == pytest.approx(2e6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"midstates": [0]}, "midstates"),
        ({"midstates": [1, 65537]}, "midstates"),
        ({"midstates": []}, "midstates"),
        ({"crews": [0]}, "threads"),
        ({"crews": [len(available_cpus()) + 1]}, "threads"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        measure_kernels(None, **arguments)


def test_real_kernels_on_every_cpu() -> None:
    """No speeds: that every kernel asked for comes back with figures that fit together."""
    cpus = len(available_cpus())
    machine, rows = measure_kernels(["portable", "avx2"] if KERNELS["avx2"].missing() is None else None, 0.05, [2])
    assert [(row.name, row.threads) for row in rows[:2]] == [("portable", 1), ("portable", cpus)][: min(2, cpus)]
    assert machine.clock_ghz is not None
    assert 0.1 < machine.clock_ghz < 10
    for row in rows:
        assert 0 < row.spread_hps[0] <= row.rate_hps <= row.spread_hps[1]
        assert (row.scaling is None) == (row.threads == 1)
        assert (row.floor_fraction is None) == (row.floor_of is None)
    assert rows[0].ratio == 1
