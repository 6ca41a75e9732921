from __future__ import annotations

from joulehash.bench.pipeline import Latencies, measure_cpu_time, measure_efficiency, measure_switches


def test_quantiles_are_samples() -> None:
    latencies = Latencies([float(n) for n in range(100)])
    assert [latencies.quantile(q) for q in (0.0, 0.5, 0.99, 1.0)] == [0.0, 50.0, 99.0, 99.0]


def test_the_miner_and_its_bare_kernel_both_hash() -> None:
    efficiency = measure_efficiency("portable", 0.3, rounds=1)
    assert (efficiency.kernel, len(efficiency.bare_hps), len(efficiency.mining_hps)) == ("portable", 2, 1)
    assert efficiency.ratio > 0


def test_every_switch_is_seen_by_every_thread() -> None:
    switch, lag = measure_switches("portable", 5)
    assert len(switch.samples) == 5
    assert switch.samples == sorted(switch.samples)
    assert switch.samples[0] > 0
    assert lag.samples


def test_the_cpu_time_is_the_childs() -> None:
    assert measure_cpu_time(["-c", "sum(range(10**7))"], runs=1) > measure_cpu_time(["-c", "pass"], runs=1) > 0
