from __future__ import annotations

from joulehash.bench.pipeline import Efficiency, Latencies
from joulehash.bench.report import Pipeline, pipeline_lines
from joulehash.bench.throughput import PoolLoad

PIPELINE = Pipeline(
    Efficiency("portable", 2, [4.0e6, 4.2e6, 4.0e6, 4.2e6], [3.69e6, 4.059e6, 4.1e6], [0.99, 0.997, 0.995]),
    Latencies([n / 1e4 for n in range(1, 101)]),
    Latencies([0.0001, 0.002]),
    0.076,
    0.21,
    0.04,
    1_000_000.4,
    251_234.5,
    PoolLoad(22_345.6, 2000, 12, 16, 59_990, {"connection lost": 1}, 3.0, 2.7, 48.5, 0.25),
    PoolLoad(31_000.0, 10, 12, 16, 20_000, {}, 1.0, 0.6, 40.0, 0.01),
)


def test_the_ratio_is_the_median_over_the_rounds() -> None:
    assert dict(pipeline_lines(PIPELINE))["mining / bare kernel (portable, 2 threads, 3 rounds)"] == "0.990"
    assert dict(pipeline_lines(PIPELINE))["the kernel's part of the CPU time that mining takes"] == "0.9950"


def test_what_judge_and_pool_bear_is_told_with_its_conditions() -> None:
    told = dict(pipeline_lines(PIPELINE))
    assert told["double hashes by hashlib per second of CPU time"] == "1000000"
    assert told["claims judged per second of CPU time"] == "251234"
    assert told["shares taken per second of CPU time, 2000 sessions"] == "22346"
    assert told["shares taken per second of CPU time, 10 sessions"] == "31000"
    assert told["the same: shares accepted, and refused or lost"] == "59990, 1"
    assert told["the same: branches of a share"] == "12"
    assert told["the same: memory of the server"] == "48 MiB"
