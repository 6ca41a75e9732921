"""What mining costs beside hashing: all of it measured in one go, and as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from .pipeline import Efficiency, Latencies, measure_cpu_time, measure_efficiency, measure_switches

_SWITCHES = 400
_ROUND_S = 1.0


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What mining costs beside hashing."""

    efficiency: Efficiency
    switch: Latencies  # from a clean job's arrival to the last thread's first nonce of it
    lag: Latencies  # of the event loop, every core busy
    import_s: float  # CPU time of `import joulehash`
    help_s: float  # of `joulehash --help`
    python_s: float  # of `python -c pass`, which both contain


def measure_pipeline(kernel: str | None, progress: Callable[[str], None]) -> Pipeline:
    progress("the miner against its bare kernel, in turns")
    efficiency = measure_efficiency(kernel, _ROUND_S)
    progress("switches to a new job, and the event loop's lag")
    switch, lag = measure_switches(kernel, _SWITCHES)
    progress("start-up")
    return Pipeline(
        efficiency,
        switch,
        lag,
        measure_cpu_time(["-c", "import joulehash"]),
        measure_cpu_time(["-m", "joulehash", "--help"]),
        measure_cpu_time(["-c", "pass"]),
    )


def pipeline_lines(p: Pipeline) -> Iterator[tuple[str, str]]:
    """(what, figure) each."""
    e = p.efficiency
    yield f"mining / bare kernel ({e.kernel}, {e.threads} threads, {len(e.mining_hps)} rounds)", f"{e.ratio:.3f}"
    yield "the same, least and most of a round", f"{min(e.ratios):.3f} to {max(e.ratios):.3f}"
    yield "bare kernel, median", f"{median(e.bare_hps) / 1e6:.3f} MH/s"
    yield f"job switch, p50 of {len(p.switch.samples)}", f"{1e3 * p.switch.quantile(0.5):.2f} ms"
    yield "job switch, p99", f"{1e3 * p.switch.quantile(0.99):.2f} ms"
    yield f"event loop lag, p50 of {len(p.lag.samples)}", f"{1e3 * p.lag.quantile(0.5):.2f} ms"
    yield "event loop lag, p99", f"{1e3 * p.lag.quantile(0.99):.2f} ms"
    yield "event loop lag, most", f"{1e3 * p.lag.samples[-1]:.2f} ms"
    yield "CPU time of import joulehash", f"{p.import_s:.3f} s"
    yield "CPU time of joulehash --help", f"{p.help_s:.3f} s"
    yield "CPU time of python -c pass, which both contain", f"{p.python_s:.3f} s"
