"""What mining costs beside hashing: the miner against its bare kernel, the switch to a new job, the event loop's lag.

All on this machine in one run, every core busy. The miner is the real one, on the embedded pool over real TCP, shown on
the live screen when its rate is told; its kernel is wrapped only to note when it begins a header.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from array import array
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from threading import get_ident
from time import perf_counter, process_time, thread_time
from typing import Protocol

from ..engine.cpu import MIDSTATES, CpuDevice, available_cpus, be_modest
from ..engine.events import Event, JobReceived
from ..engine.miner import Miner
from ..engine.pools.stratum import StratumPool
from ..engine.pools.url import PoolURL
from ..engine.poolserver.server import PoolServer, ServerSettings, serving
from ..engine.stratum.client import Settings
from ..engine.templates.memory import MemoryChain
from ..ext.kernels import Kernel, choose

_MOST_HASHES = 1 << 20  # of one bare call
_LAG_SAMPLE_S = 0.005
_UNDER_WAY_S = 0.5
_LAST_LOOKS = 100  # for the last switch, on a machine with more to do
_HARD = 1 << 200  # block targets that no CPU meets while we look
_HARDER = 1 << 199


class Face(Protocol):
    """What shows a miner: joulehash.app has some."""

    def event(self, event: Event) -> None: ...
    async def watch(self, miner: Miner) -> None: ...
    def close(self, summary: None) -> None: ...


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Hashes a second of the miner and of its bare kernel, on the same threads, in turn: bare, mining, …, bare."""

    kernel: str
    threads: int
    bare_hps: list[float]
    mining_hps: list[float]
    in_kernel: list[float]  # of each round: the kernel's part of the CPU time of miner, screen and pool together;
    # a call counts in the round in which it ends

    @property
    def ratios(self) -> list[float]:
        """Of each round: mining to the mean of the bare rates before and after it, as clocks drift."""
        around = ((before + after) / 2 for before, after in pairwise(self.bare_hps))
        return [mining / bare for mining, bare in zip(self.mining_hps, around, strict=True)]

    @property
    def ratio(self) -> float:
        """The median over the rounds."""
        return median(self.ratios)


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds, sorted."""

    samples: list[float]

    def quantile(self, q: float) -> float:
        return self.samples[min(len(self.samples) - 1, int(q * len(self.samples)))]


def measure_efficiency(kernel: str | None, seconds: float, face: Callable[[], Face], rounds: int = 25) -> Efficiency:
    """Bare and mining in turn, `seconds` each: so many rounds of mining, and one more of the bare kernel."""
    chosen, threads = choose(kernel), len(available_cpus())
    bare, mining, in_kernel = [_bare_rate(chosen, threads, seconds)], list[float](), list[float]()
    for _ in range(rounds):
        rate, part = asyncio.run(_mining_rate(chosen, seconds, face()))
        mining.append(rate)
        in_kernel.append(part)
        bare.append(_bare_rate(chosen, threads, seconds))
    return Efficiency(chosen.name, threads, bare, mining, in_kernel)


def measure_switches(kernel: str | None, switches: int) -> tuple[Latencies, Latencies]:
    """(from a clean job's arrival to the last thread's first nonce of it, the event loop's lag meanwhile)."""
    return asyncio.run(_switches(choose(kernel), switches))


def measure_cpu_time(arguments: list[str], runs: int = 7) -> float:
    """Median CPU seconds of a Python process with these arguments."""
    times: list[float] = []
    for _ in range(runs):
        before = getrusage(RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        after = getrusage(RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return median(times)


def _bare_rate(kernel: Kernel, threads: int, seconds: float) -> float:
    """Threads that only call the kernel, with the versions, the priority and the cores that the miner's have."""
    scan, cpus = kernel.load(), available_cpus()

    def hash_on(cpu: int) -> float:
        be_modest(cpu)
        states, tail, stop = array("I", range(8 * MIDSTATES)), array("I", range(3)), array("i", [0])
        hits = array("I", bytes(8 * (kernel.lanes * MIDSTATES + 1024)))
        done, size, began_s = 0, kernel.lanes, perf_counter()
        while (took_s := perf_counter() - began_s) < seconds:
            done += scan(states, tail, done % 2**32, size, 0, hits, stop)[1]
            size = max(kernel.lanes, min(2 * size, _MOST_HASHES // MIDSTATES))
        return done * MIDSTATES / took_s

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(hash_on, (cpus[i % len(cpus)] for i in range(threads))))


async def _mining_rate(kernel: Kernel, seconds: float, face: Face) -> tuple[float, float]:
    """Of a miner that is under way, and looked at: (hashes a second, the kernel's part of the process's CPU time)."""
    scan, inside = kernel.load(), defaultdict[int, float](float)

    def timed(
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        began_s = thread_time()
        result = scan(midstates, tail, first, count, top_word, hits, stop)
        inside[get_ident()] += thread_time() - began_s  # a number of its own for each thread
        return result

    pool = PoolServer(MemoryChain(_HARD), ServerSettings(), _ignore)
    async with serving(pool) as server, asyncio.TaskGroup() as group:
        miner = _miner(server, CpuDevice(replace(kernel, load=lambda: timed)), face.event)
        running, shown = group.create_task(miner.run()), group.create_task(face.watch(miner))
        await asyncio.sleep(_UNDER_WAY_S)
        hashes, cpu_s, kernel_s, began_s = miner.hashes, process_time(), sum(inside.values()), perf_counter()
        await asyncio.sleep(seconds)
        rate = (miner.hashes - hashes) / (perf_counter() - began_s)
        part = (sum(inside.values()) - kernel_s) / (process_time() - cpu_s)
        miner.stop()
        await running
        shown.cancel()
    face.close(None)
    return rate, part


async def _switches(kernel: Kernel, switches: int) -> tuple[Latencies, Latencies]:
    watch = _Watch(kernel)
    arrived: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, JobReceived) and event.clean:
            arrived.append(perf_counter())

    chain, device = MemoryChain(_HARD), CpuDevice(watch.kernel)
    async with serving(PoolServer(chain, ServerSettings(), _ignore)) as server:
        miner = _miner(server, device, note)
        running = asyncio.create_task(miner.run())
        await asyncio.sleep(1.0)
        watch.forget()
        arrived.clear()
        lag = asyncio.create_task(_lag())
        for i in range(switches):
            chain.set_target(_HARDER if i % 2 == 0 else _HARD)
            chain.refresh()
            await asyncio.sleep(0.03)
        for _ in range(_LAST_LOOKS):
            if arrived and watch.last_first_call(arrived[-1]) is not None:
                break
            await asyncio.sleep(0.03)
        lag.cancel()
        miner.stop()
        await running
    samples = [latency for at in arrived if (latency := watch.last_first_call(at)) is not None]
    return Latencies(sorted(samples)), Latencies(sorted(await lag))


async def _lag() -> list[float]:
    """How late the loop wakes, until cancelled."""
    late: list[float] = []
    try:
        while True:
            before = perf_counter()
            await asyncio.sleep(_LAG_SAMPLE_S)
            late.append(perf_counter() - before - _LAG_SAMPLE_S)
    except asyncio.CancelledError:
        return late


class _Watch:
    """A kernel that notes when each thread begins another header."""

    def __init__(self, kernel: Kernel) -> None:
        self._begun: dict[int, list[float]] = {}
        inner = kernel.load()
        latest: dict[int, array[int]] = {}

        def scan(
            midstates: array[int],
            tail: array[int],
            first: int,
            count: int,
            top_word: int,
            hits: array[int],
            stop: array[int],
        ) -> tuple[int, int]:
            thread = get_ident()
            if latest.get(thread) is not midstates:
                latest[thread] = midstates
                self._begun.setdefault(thread, []).append(perf_counter())
            return inner(midstates, tail, first, count, top_word, hits, stop)

        self.kernel = replace(kernel, load=lambda: scan)

    def forget(self) -> None:
        """What was before: other threads, that only measured."""
        self._begun.clear()

    def last_first_call(self, at: float) -> float | None:
        """Seconds from `at` until every thread had begun a header after it; None: one never did."""
        firsts = [next((t for t in times if t >= at), None) for times in self._begun.values()]
        return None if None in firsts else max(t for t in firsts if t is not None) - at


def _miner(server: PoolServer, device: CpuDevice, report: Callable[[Event], None]) -> Miner:
    host, port = server.address
    return Miner(StratumPool(PoolURL(host, port), Settings("bench"), report), [device], report)


def _ignore(event: Event) -> None:
    del event
