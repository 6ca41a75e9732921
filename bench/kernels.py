"""The rates of the hash kernels on this machine: alternating rounds, warm, medians with their spread.

The clock of a machine drifts, and neighbours come and go; so all kernels take turns (A B C A B C), and what is to be
compared is the ratio. Hashes are counted by the kernels themselves, for the time that the calls took. Not measured
here: energy (bench/energy), and how near a rate is to the limit of the CPU (bench/floor).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from statistics import median
from time import perf_counter

from ..engine.errors import InputError
from ..ext.kernels import KERNELS, Kernel, ScanFn, choose

ROUNDS = 7
BASE = "portable"  # what ratios are relative to
NONCES = 2**32
_CALL_S = 0.01  # as a miner calls it: long enough that the call costs nothing, short enough for Ctrl-C


@dataclass(frozen=True, slots=True)
class KernelRate:
    """What one kernel reached. A hash is a double SHA-256 of one header under one midstate."""

    name: str
    lanes: int  # nonces in one batch
    midstates: int  # headers that differ in version, scanned together
    threads: int
    rate_hps: float  # median over the rounds, of all threads together
    spread_hps: tuple[float, float]  # the slowest round and the fastest
    ratio: float  # to the portable kernel: the median of the ratios within each round


def measure_kernels(
    names: Sequence[str] | None,
    seconds: float,
    midstates: int = 1,
    progress: Callable[[str], None] | None = None,
    threads: int = 1,
) -> list[KernelRate]:
    """Measure the kernels of these names, or all that run here, each for about `seconds`, in the order asked for.

    The portable kernel is always measured with them. Compiling, self-test and warm-up come first and are not counted.
    `progress` gets a line as each round begins. Raises KernelError for a kernel that is unknown or cannot run, and
    InputError (a ValueError) for numbers out of bounds.
    """
    if not seconds > 0:
        raise InputError(f"seconds: {seconds}; takes more than 0")
    if not 1 <= midstates <= 65536:
        raise InputError(f"midstates: {midstates}; takes 1 to 65536")
    if threads < 1:
        raise InputError(f"threads: {threads}; takes 1 or more")
    asked = list(names) if names is not None else [row.name for row in KERNELS.values() if row.missing() is None]
    say = progress or _say_nothing

    runs: dict[str, _Run] = {}
    for name in dict.fromkeys([BASE, *asked]):
        say(f"{name}: warming up")
        runs[name] = _Run(choose(name), midstates)
    rates: dict[str, list[float]] = {name: [] for name in runs}
    with ThreadPoolExecutor(threads) as pool:
        for turn in range(ROUNDS):
            for name, run in runs.items():
                say(f"{name}: round {turn + 1} of {ROUNDS}")
                at_once = [pool.submit(run.rate, seconds / ROUNDS) for _ in range(threads)]
                rates[name].append(sum(future.result() for future in at_once))
    return [_summary(runs[name].kernel, midstates, threads, rates[name], rates[BASE]) for name in asked]


def _say_nothing(line: str) -> None:
    pass


def _summary(kernel: Kernel, midstates: int, threads: int, rates: list[float], base: list[float]) -> KernelRate:
    return KernelRate(
        name=kernel.name,
        lanes=kernel.lanes,
        midstates=midstates,
        threads=threads,
        rate_hps=median(rates),
        spread_hps=(min(rates), max(rates)),
        ratio=median(rate / portable for rate, portable in zip(rates, base, strict=True)),
    )


class _Run:
    """One kernel, ready to be timed: its arguments, and how many nonces make a call."""

    def __init__(self, kernel: Kernel, n_midstates: int) -> None:
        self.kernel = kernel
        self._scan: ScanFn = kernel.load()
        self._n_midstates = n_midstates
        words = Random(0)  # any header will do: all take the same time
        self._midstates = array("I", (words.getrandbits(32) for _ in range(8 * n_midstates)))
        self._tail = array("I", (words.getrandbits(32) for _ in range(3)))
        self._nonces = kernel.lanes
        while self._time()[1] < _CALL_S and self._nonces < NONCES:
            self._nonces = min(NONCES, 2 * self._nonces)

    def rate(self, seconds: float) -> float:
        """Hashes a second over calls that together take `seconds` or a little more."""
        hashes, took = 0, 0.0
        while took < seconds:
            more, time = self._time()
            hashes, took = hashes + more, took + time
        return hashes / took

    def _time(self) -> tuple[int, float]:
        """One call: (hashes, seconds)."""
        hits = array("I", bytes(8 * self.kernel.lanes * self._n_midstates))
        started = perf_counter()
        _, done = self._scan(self._midstates, self._tail, 0, self._nonces, 0, hits, array("i", [0]))
        return done * self._n_midstates, perf_counter() - started
