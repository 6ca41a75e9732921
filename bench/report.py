"""What mining costs beside hashing: all of it measured in one go, and as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

from ..engine.sockets import room_for
from .pipeline import Efficiency, Face, Latencies, measure_cpu_time, measure_efficiency, measure_switches
from .throughput import PoolLoad, measure_hashlib, measure_judge, measure_pool

_SWITCHES = 400
_ROUND_S = 1.0
_JUDGE_S, _JUDGE_ROUNDS = 0.5, 5
_SESSIONS, _SHARES, _POOL_ROUNDS = 2000, 30, 3  # fewer sessions where the system allows fewer open files
_FEW, _MANY_SHARES = 10, 2000


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What mining costs beside hashing."""

    efficiency: Efficiency
    switch: Latencies  # from a clean job's arrival to the last thread's first nonce of it
    lag: Latencies  # of the event loop, every core busy
    import_s: float  # CPU time of `import joulehash`
    help_s: float  # of `joulehash --help`
    python_s: float  # of `python -c pass`, which both contain
    hashlib_per_cpu_s: float  # double hashes of a header, median
    claims_per_cpu_s: float  # that the judge weighs, median of rounds in turns with those of hashlib
    pool: PoolLoad  # of the rounds the median by its shares for each second of processor time
    few: PoolLoad  # the same under few sessions


def measure_pipeline(kernel: str | None, face: Callable[[], Face], progress: Callable[[str], None]) -> Pipeline:
    """`face` makes what shows the miner while its rate is measured."""
    progress("the miner against its bare kernel, in turns")
    efficiency = measure_efficiency(kernel, _ROUND_S, face)
    progress("switches to a new job, and the event loop's lag")
    switch, lag = measure_switches(kernel, _SWITCHES)
    progress("the judge under claims, the embedded pool under shares")
    rounds = [(measure_hashlib(_JUDGE_S / 5), measure_judge(_JUDGE_S)) for _ in range(_JUDGE_ROUNDS)]
    sessions = room_for(_SESSIONS)
    loads = [(measure_pool(sessions, _SHARES), measure_pool(_FEW, _MANY_SHARES)) for _ in range(_POOL_ROUNDS)]
    progress("start-up")
    return Pipeline(
        efficiency,
        switch,
        lag,
        measure_cpu_time(["-c", "import joulehash"]),
        measure_cpu_time(["-m", "joulehash", "--help"]),
        measure_cpu_time(["-c", "pass"]),
        median(hashes for hashes, _ in rounds),
        median(claims for _, claims in rounds),
        _middle([many for many, _ in loads]),
        _middle([few for _, few in loads]),
    )


def _middle(loads: list[PoolLoad]) -> PoolLoad:
    return sorted(loads, key=lambda load: load.shares_per_cpu_s)[len(loads) // 2]


def pipeline_lines(p: Pipeline) -> Iterator[tuple[str, str]]:
    """(what, figure) each."""
    e = p.efficiency
    yield f"mining / bare kernel ({e.kernel}, {e.threads} threads, {len(e.mining_hps)} rounds)", f"{e.ratio:.3f}"
    yield "the same, least and most of a round", f"{min(e.ratios):.3f} to {max(e.ratios):.3f}"
    yield "the kernel's part of the CPU time that mining takes", f"{median(e.in_kernel):.4f}"
    yield "bare kernel, median", f"{median(e.bare_hps) / 1e6:.3f} MH/s"
    yield f"job switch, p50 of {len(p.switch.samples)}", f"{1e3 * p.switch.quantile(0.5):.2f} ms"
    yield "job switch, p99", f"{1e3 * p.switch.quantile(0.99):.2f} ms"
    yield f"event loop lag, p50 of {len(p.lag.samples)}", f"{1e3 * p.lag.quantile(0.5):.2f} ms"
    yield "event loop lag, p99", f"{1e3 * p.lag.quantile(0.99):.2f} ms"
    yield "event loop lag, most", f"{1e3 * p.lag.samples[-1]:.2f} ms"
    yield "CPU time of import joulehash", f"{p.import_s:.3f} s"
    yield "CPU time of joulehash --help", f"{p.help_s:.3f} s"
    yield "CPU time of python -c pass, which both contain", f"{p.python_s:.3f} s"
    yield "double hashes by hashlib per second of CPU time", f"{p.hashlib_per_cpu_s:.0f}"
    yield "claims judged per second of CPU time", f"{p.claims_per_cpu_s:.0f}"
    pool = p.pool
    yield f"shares taken per second of CPU time, {p.few.sessions} sessions", f"{p.few.shares_per_cpu_s:.0f}"
    yield f"shares taken per second of CPU time, {pool.sessions} sessions", f"{pool.shares_per_cpu_s:.0f}"
    yield "the same: branches of a share", f"{pool.branches}"
    yield "the same: shares accepted, and refused or lost", f"{pool.accepted}, {sum(pool.refused.values())}"
    yield "the same: memory of the server", f"{pool.rss_mb:.0f} MiB"
    yield "the same: until a new job is at every session", f"{1e3 * pool.job_wall_s:.0f} ms"
