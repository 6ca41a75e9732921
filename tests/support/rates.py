"""Rows of a kernel benchmark from their samples, and whole runs on a machine whose noise is known."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from random import Random
from statistics import median

from joulehash.bench.results import KernelRate, Machine, Results, Rounds
from joulehash.bench.stats import median_ratio, quartiles

MACHINE = Machine("Test CPU", 2, "Linux", "3.11", "gcc", 2.0)


def rate(
    name: str,
    midstates: int = 1,
    threads: int = 1,
    cycles: Sequence[float] = (100.0,),
    floors: Sequence[float] | None = None,
    operations: float = 178.0,
    ghz: float = 2.0,
) -> KernelRate:
    """The row that so many cycles a hash make, at a fixed clock."""
    rates = [threads * ghz * 1e9 / c for c in cycles]
    return KernelRate(
        name=name,
        lanes=1,
        midstates=midstates,
        threads=threads,
        rate_hps=median(rates),
        spread_hps=quartiles(rates),
        cycles_per_hash=median(cycles),
        spread_cycles=quartiles(cycles),
        ratio=1.0,
        scaling=None if threads == 1 else float(threads),
        floor_fraction=None if floors is None else median_ratio(floors, cycles),
        floor_of=None if floors is None else name,
        floor_operations=None if floors is None else operations,
        rounds=Rounds(rates, list(cycles), None if floors is None else list(floors)),
    )


def noisy_run(random: Random, speed: dict[str, float], rounds: int = 48) -> Results:
    """Three kernels with floors and one without, one and eight midstates each, as on a shared machine.

    The whole run is some percent slower or faster than the next (a neighbour), a little more or less for each row;
    disturbances last for several rounds; single samples are slow by up to a half. `speed` makes kernels faster.
    """
    common = random.gauss(0, 0.03)
    rows: list[KernelRate] = []
    for name, floor in (("avx512", 89.0), ("shani", 190.0), ("avx2", 230.0), ("portable", None)):
        for midstates in (1, 8):
            own = random.gauss(0, 0.002)
            state = 0.0
            cycles: list[float] = []
            floors: list[float] = []
            for _ in range(rounds):
                state = 0.7 * state + random.gauss(0, 0.02)  # the neighbour, who is there for a while
                level = exp(common + state)
                cycles.append((floor or 1200.0) * 1.1 * level * exp(own) * _late(random) / speed.get(name, 1.0))
                floors.append((floor or 0.0) * level * _late(random))
            rows.append(rate(name, midstates, 1, cycles, floors if floor else None))
    return Results(MACHINE, rows)


def _late(random: Random) -> float:
    """Most samples are as they should be, to a percent; one in eight is disturbed."""
    return (1 + abs(random.gauss(0, 0.01))) * (random.uniform(1, 1.5) if random.random() < 1 / 8 else 1)
