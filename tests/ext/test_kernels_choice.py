"""Which kernel is taken where none is named: tables of fakes on a clock of their own, and the real one."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from time import sleep, thread_time
from typing import Literal

import pytest

from joulehash.ext import kernels
from joulehash.ext.kernels import ENVIRONMENT, KERNELS, Kernel, KernelError, ScanFn, choose, measured

Candidate = Literal["always", "last resort", "never"]


@dataclass
class Lab:
    """A table of fakes. Their speed is told in hashes a second, and time passes only while they hash."""

    rows: dict[str, Kernel] = field(default_factory=dict[str, Kernel])
    now_s: float = 0.0
    calls: list[str] = field(default_factory=list[str])
    loaded: list[str] = field(default_factory=list[str])

    def add(
        self,
        name: str,
        rate_hps: float,
        lanes: int = 4,
        candidate: Candidate = "always",
        *,
        sound: bool = True,
        missing: str | None = None,
    ) -> Kernel:
        def pass_time(count: int) -> None:
            self.calls.append(name)
            self.now_s += count / rate_hps

        def load() -> ScanFn:
            self.loaded.append(name)
            return scanning(pass_time, sound=sound)

        self.rows[name] = Kernel(name, lanes, "", load, lambda: missing, candidate)
        return self.rows[name]


def scanning(pass_time: Callable[[int], None], *, sound: bool = True) -> ScanFn:
    """A scan that passes its self-test, or does not, and hashes nothing else."""
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
        if first:  # the self-test
            return portable(midstates, tail, first, count, top_word, hits, stop) if sound else (0, count)
        pass_time(count)
        return 0, count

    return scan


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    lab = Lab()
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(kernels, "KERNELS", lab.rows)
    monkeypatch.setattr(kernels, "thread_time", lambda: lab.now_s)
    return lab


@pytest.mark.parametrize("rates", [(3e7, 1e6, 2e6), (1e6, 3e7, 2e6), (1e6, 2e6, 3e7), (2.9e7, 2.8e7, 3e7)])
def test_the_fastest_is_taken_and_its_rate_told(lab: Lab, rates: tuple[float, ...]) -> None:
    for name, lanes, rate_hps in zip("abc", (48, 4, 1), rates, strict=True):
        lab.add(name, rate_hps, lanes)
    assert choose().name == "abc"[rates.index(3e7)]
    assert measured().rates_hps == {name: pytest.approx(rate) for name, rate in zip("abc", rates, strict=True)}


def test_they_take_turns_and_all_of_it_takes_milliseconds(lab: Lab) -> None:
    for name, rate_hps in (("a", 3e7), ("b", 1e6), ("c", 2e3)):
        lab.add(name, rate_hps)
    choose()
    assert lab.calls[-9:] == ["a", "b", "c"] * 3
    assert lab.now_s < 0.050


def test_of_equal_ones_the_first_is_taken(lab: Lab) -> None:
    for name in "abc":
        lab.add(name, 2.0**20)
    assert choose() is lab.rows["a"]


def test_what_cannot_run_here_is_not_loaded(lab: Lab) -> None:
    lab.add("wide", 1e9, missing="this CPU has no beads")
    narrow = lab.add("narrow", 1e6, 1)
    assert choose() is narrow
    assert set(lab.loaded) == {"narrow"}


def test_one_that_fails_its_self_test_is_passed_over(lab: Lab) -> None:
    lab.add("liar", 1e9, sound=False)
    honest = lab.add("honest", 1e6)
    assert choose() is honest
    assert list(measured().rates_hps) == ["honest"]
    with pytest.raises(KernelError, match="liar fails its self-test"):
        choose("liar")


def test_where_none_can_be_used_it_says_so(lab: Lab) -> None:
    lab.add("liar", 1e9, sound=False)
    lab.add("wide", 1e9, missing="this CPU has no beads")
    lab.add("check", 1e3, candidate="never")
    for _ in range(2):
        with pytest.raises(KernelError, match=r"no kernel can be used here; joulehash doctor tells why$"):
            choose()
    assert lab.calls == []


def test_a_last_resort_is_neither_loaded_nor_looked_at_where_another_takes_many_nonces_at_once(lab: Lab) -> None:
    last = lab.add("last", 1e9, 16, "last resort")
    lab.rows["last"] = Kernel(last.name, 16, "", last.load, lambda: pytest.fail("looked at"), "last resort")
    wide = lab.add("wide", 1e6, 4)
    lab.add("narrow", 1e5, 1)
    assert choose() is wide
    assert "last" not in lab.loaded


@pytest.mark.parametrize("rate_hps", [1e5, 1e7])
def test_a_last_resort_competes_where_the_fastest_takes_one_nonce_at_a_time(lab: Lab, rate_hps: float) -> None:
    lab.add("last", rate_hps, 16, "last resort")
    lab.add("wide", 1e5, 4)
    lab.add("narrow", 1e6, 1)
    assert choose().name == ("last" if rate_hps > 1e6 else "narrow")


def test_a_last_resort_is_taken_where_nothing_else_runs(lab: Lab) -> None:
    lab.add("check", 1e9, candidate="never")
    last = lab.add("last", 1e3, 16, "last resort")
    assert choose() is last


def test_it_measures_once_whoever_asks_and_when(lab: Lab) -> None:
    kernel, start = lab.add("a", 1e6), Barrier(8)

    def ask(_: int) -> Kernel:
        start.wait()
        return choose()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [kernel] * 8
    calls = len(lab.calls)
    assert choose() is kernel
    assert (len(lab.calls), lab.loaded) == (calls, ["a", "a"])  # for the self-test, and to measure


def test_nothing_is_measured_where_one_is_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.add("fast", 1e9)
    slow = lab.add("slow", 1e3)
    assert choose("slow") is slow
    monkeypatch.setenv(ENVIRONMENT, "slow")
    assert choose() is slow
    assert lab.calls == []


def test_a_thread_that_waits_for_a_core_is_not_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """CPU time counts: the fast one here is the one that takes longer by the wall's clock."""

    def burn(seconds: float) -> None:
        until_s = thread_time() + seconds
        while thread_time() < until_s:
            pass

    def fast(count: int) -> None:
        burn(count * 1e-6)
        sleep(0.01)

    def row(name: str, pass_time: Callable[[int], None]) -> Kernel:
        return Kernel(name, 4, "", lambda: scanning(pass_time), lambda: None)

    monkeypatch.delenv(ENVIRONMENT, raising=False)
    rows = {"slow": row("slow", lambda count: burn(count * 2e-6)), "fast": row("fast", fast)}
    monkeypatch.setattr(kernels, "KERNELS", rows)
    assert choose() is rows["fast"]


def test_the_choice_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    choice = measured()
    assert choose() is choice.kernel is KERNELS[max(choice.rates_hps, key=lambda name: choice.rates_hps[name])]
    runnable = {k.name for k in KERNELS.values() if k.candidate == "always" and k.missing() is None}
    assert "portable" in runnable <= set(choice.rates_hps) <= runnable | {"numba"}
    assert choice.kernel.name != "portable" or runnable == {"portable"}, "each of the others is several times as fast"


def test_reference_is_never_a_candidate_and_numba_the_last_resort() -> None:
    candidates = {name: kernel.candidate for name, kernel in KERNELS.items() if kernel.candidate != "always"}
    assert candidates == {"numba": "last resort", "reference": "never"}
