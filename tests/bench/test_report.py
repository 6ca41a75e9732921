from __future__ import annotations

from joulehash.bench.pipeline import Efficiency, Latencies
from joulehash.bench.report import Pipeline, pipeline_lines

PIPELINE = Pipeline(
    Efficiency("portable", 2, [4.0e6, 4.2e6, 4.0e6, 4.2e6], [3.69e6, 4.059e6, 4.1e6]),
    Latencies([n / 1e4 for n in range(1, 101)]),
    Latencies([0.0001, 0.002]),
    0.076,
    0.21,
    0.04,
)


def test_the_ratio_is_the_median_over_the_rounds() -> None:
    assert dict(pipeline_lines(PIPELINE))["mining / bare kernel (portable, 2 threads, 3 rounds)"] == "0.990"
