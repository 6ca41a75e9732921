"""One sample: how long a call of some ten milliseconds takes, in seconds of the wall and in cycles of the core.

A virtual machine shows no cycle counter, and a core's clock changes with heat and load. So the clock is timed too:
right before and right after each call the same thread carries out a chain of dependent additions, one cycle each, and

    cycles of the call = its CPU time x the additions of a chain / the CPU time of the faster chain of the two

(the faster one, because an interrupt can only make a chain slower). CPU time is the thread's own: what other processes
take does not count. What others do on the same core through its second hardware thread does count, and nothing inside
a virtual machine can tell; so whoever compares must alternate.

Threads are pinned, one a CPU, where the system can do that (Linux); elsewhere they run where they are put.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier
from time import perf_counter, thread_time_ns
from types import TracebackType
from typing import Protocol, Self, TypeVar

from ..ext._scan import add_chain

T = TypeVar("T")

CALL_S = 0.010  # as a miner calls: long enough that the call itself costs nothing, short enough for Ctrl-C
CHAIN = 1 << 20  # cycles: some 0.3 ms
_WARM = 16  # this part of a call goes before the first chain: caches, branches, and the clock that wide vectors run at
_LONGEST_CALL = 1 << 32  # in units of whatever is called


class Task(Protocol):
    """Something to time: carries out about so many units (nonces, batches) and tells how many hashes they stand for."""

    def __call__(self, units: int, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from; tests put in their own."""

    wall_s: Callable[[], float] = perf_counter
    cpu_ns: Callable[[], int] = thread_time_ns
    chain: Callable[[int], None] = add_chain  # takes so many cycles


@dataclass(frozen=True, slots=True)
class Sample:
    """One call on one thread."""

    hashes: int
    wall_s: float
    cycles: float
    ghz: float  # of the core while it ran


def take(task: Task, units: int, clock: Clock) -> Sample:
    """Time one call of `units`, on the calling thread, warm."""
    task(max(1, units // _WARM))
    before_ns = _time_chain(clock)
    wall_s, cpu_ns = clock.wall_s(), clock.cpu_ns()
    hashes = task(units)
    cpu_ns, wall_s = clock.cpu_ns() - cpu_ns, clock.wall_s() - wall_s
    ghz = CHAIN / max(1, min(before_ns, _time_chain(clock)))
    return Sample(hashes, wall_s, cpu_ns * ghz, ghz)


def _time_chain(clock: Clock) -> int:
    began_ns = clock.cpu_ns()
    clock.chain(CHAIN)
    return clock.cpu_ns() - began_ns


def calibrate(task: Task, clock: Clock, granule: int = 1) -> int:
    """How many units take about CALL_S of the calling thread: a multiple of `granule`. Warms up on the way."""
    units, took_s = granule, _time(task, granule, clock)
    while took_s < CALL_S / 4 and units < _LONGEST_CALL:
        units *= 2
        took_s = _time(task, units, clock)
    wanted = min(_LONGEST_CALL, int(units * CALL_S / max(took_s, 1e-9)))
    return max(granule, wanted // granule * granule)


def _time(task: Task, units: int, clock: Clock) -> float:
    began_ns = clock.cpu_ns()
    task(units)
    return (clock.cpu_ns() - began_ns) / 1e9


class Team:
    """Threads that do the same at the same time, one on each of these CPUs.

    with Team([0, 1]) as team:
        team.together(lambda: take(task, units, clock))  # [Sample, Sample]
    """

    def __init__(self, cpus: Sequence[int]) -> None:
        self.size = len(cpus)
        self._cpus = list(cpus)
        self._barrier = Barrier(self.size)
        self._threads = ThreadPoolExecutor(self.size, "bench", initializer=self._pin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._barrier.abort()  # whoever still waits for a thread that will not come, as after Ctrl-C
        self._threads.shutdown(cancel_futures=True)

    def together(self, call: Callable[[], T]) -> list[T]:
        """What each thread's call returns; none begins before all are there."""

        def one() -> T:
            self._barrier.wait()
            return call()

        return [future.result() for future in [self._threads.submit(one) for _ in range(self.size)]]

    def _pin(self) -> None:
        cpu = self._cpus.pop()
        if hasattr(os, "sched_setaffinity"):
            with suppress(OSError):  # a CPU that has just been taken away from us
                os.sched_setaffinity(0, {cpu})
