from __future__ import annotations

import asyncio

import pytest

from joulehash.bench.pipeline import Latencies, measure_cpu_time, measure_efficiency, measure_switches
from joulehash.engine.events import Event, JobReceived
from joulehash.engine.miner import Miner


class Looker:
    """A face that notes what it was shown."""

    def __init__(self) -> None:
        self.jobs = 0
        self.miners: list[Miner] = []
        self.closed = 0

    def event(self, event: Event) -> None:
        self.jobs += isinstance(event, JobReceived)

    async def watch(self, miner: Miner) -> None:
        self.miners.append(miner)
        await asyncio.Event().wait()

    def close(self, summary: None) -> None:
        self.closed += 1


def test_quantiles_are_samples() -> None:
    latencies = Latencies([float(n) for n in range(100)])
    assert [latencies.quantile(q) for q in (0.0, 0.5, 0.99, 1.0)] == [0.0, 50.0, 99.0, 99.0]


@pytest.mark.long
@pytest.mark.alone
def test_the_miner_and_its_bare_kernel_both_hash() -> None:
    faces: list[Looker] = []

    def face() -> Looker:
        faces.append(Looker())
        return faces[-1]

    efficiency = measure_efficiency("portable", 0.3, face, rounds=2)
    assert (efficiency.kernel, len(efficiency.bare_hps), len(efficiency.mining_hps)) == ("portable", 3, 2)
    assert efficiency.ratio > 0
    assert all(part > 0 for part in efficiency.in_kernel)  # above 1 in so short a round: a call counts where it ends
    assert [(face.jobs > 0, len(face.miners), face.closed) for face in faces] == [(True, 1, 1)] * 2  # looked at


def test_every_switch_is_seen_by_every_thread() -> None:
    switch, lag = measure_switches("portable", 5)
    assert len(switch.samples) == 5
    assert switch.samples == sorted(switch.samples)
    assert switch.samples[0] > 0
    assert lag.samples


def test_the_cpu_time_is_the_childs() -> None:
    assert measure_cpu_time(["-c", "sum(range(10**7))"], runs=1) > measure_cpu_time(["-c", "pass"], runs=1) > 0
