from __future__ import annotations

import os
import threading

import pytest

from joulehash.bench.sampling import CALL_S, CHAIN, Clock, Sample, Team, calibrate, take
from joulehash.engine.cpu import available_cpus


class Core:
    """A clock for one thread, and a task that takes 50 cycles a unit."""

    def __init__(self, ghz: float = 2.0) -> None:
        self.cycles, self.ghz, self.ns = 0.0, ghz, 0.0
        self.chains: list[int] = []
        self.slow_chain = 1.0
        self.clock = Clock(lambda: self.ns / 1e9, lambda: round(self.ns), self.chain)

    def chain(self, count: int) -> None:
        self.chains.append(count)
        self.ns += count / self.ghz * (self.slow_chain if len(self.chains) % 2 else 1.0)

    def task(self, units: int) -> int:
        self.ns += 50 * units / self.ghz
        return 3 * units


@pytest.mark.parametrize("slow", [1.0, 1.5])
def test_a_sample(slow: float) -> None:
    """An interrupt in one of the chains changes nothing."""
    core = Core(ghz=2.5)
    core.slow_chain = slow
    sample = take(core.task, 100_000, core.clock)
    assert core.chains == [CHAIN, CHAIN]
    assert sample.hashes == 300_000
    assert sample.ghz == pytest.approx(2.5, rel=1e-4)
    assert sample.cycles == pytest.approx(5_000_000, rel=1e-4)
    assert sample.wall_s == pytest.approx(0.002)


@pytest.mark.parametrize("granule", [1, 48])
def test_a_call_is_made_as_long_as_asked(granule: int) -> None:
    core = Core()
    units = calibrate(core.task, core.clock, granule)
    assert units % granule == 0
    assert 50 * units / 2e9 == pytest.approx(CALL_S, rel=0.01)


def test_the_least_is_one_granule() -> None:
    core = Core(ghz=1e-6)
    assert calibrate(core.task, core.clock, 8) == 8


def test_a_team_is_there_before_any_of_it_begins() -> None:
    """Or one quick thread could do the work of two."""
    with Team([available_cpus()[0]] * 4) as team:
        assert len(set(team.together(threading.get_ident))) == 4


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no threads")
def test_each_thread_has_its_own_cpu_and_ours_keeps_all() -> None:
    cpus = available_cpus()
    with Team(cpus) as team:
        pinned = team.together(lambda: frozenset(os.sched_getaffinity(0)))
    assert sorted(pinned, key=min) == [frozenset({cpu}) for cpu in cpus]
    assert available_cpus() == cpus


def test_an_error_of_one_comes_out_and_the_team_ends() -> None:
    def fail() -> Sample:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Team(available_cpus()[:1] * 2) as team:
        team.together(fail)
