"""The rates of the hash kernels on this machine, and how near each is to what the machine can do at most.

All kernels take turns (A, A's floor, B, B's floor, ... and again), warm and pinned, because the clock of a machine
drifts and neighbours come and go; what is compared is the ratio within a round. Each is measured on one thread and on
all CPUs at once, for one midstate and for version rolling (several). Hashes are counted by the kernels themselves.

The floor of a kernel is the time that its CPU takes for the operations which every hash needs, as counted in
docs/kernels.md, when none waits for another: measured here, beside the kernel, not looked up. How a sample is taken is
in sampling.py. Not measured here: energy (bench/energy).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from random import Random
from statistics import median
from typing import Protocol, runtime_checkable

from ..engine.cpu import available_cpus
from ..engine.errors import InputError
from ..ext.kernels import KERNELS, Kernel, choose, row
from .results import KernelRate, Machine, Rounds, this_machine
from .sampling import Clock, Sample, Task, Team, calibrate, take
from .stats import median_ratio, quartiles

BASE = "portable"  # what ratios are relative to
SECONDS = 24.0  # for all of it
ROLLED = 8  # midstates beside 1
LEAST_ROUNDS = 8
_ROOM = 64  # for hits beside one batch: one in 2^32 hashes is one
_ISSUED = 8  # batches that a floor takes at once


@runtime_checkable
class Counted(Protocol):
    """A kernel whose operations are counted: those of the C table."""

    @property
    def floor(self) -> tuple[int, int, int] | None:
        """(width, shared, each): `width` nonces take at least shared + M x each operations, with M midstates."""
        ...

    def issue(self, batches: int, midstates: int) -> None:
        """Carry out those of so many batches of `width` nonces, none waiting for another."""
        ...


@dataclass(frozen=True, slots=True)
class _Floor:
    of: str
    operations: float  # of one hash
    task: Task
    batches: int  # that make a call


@dataclass(frozen=True, slots=True)
class _Subject:
    """What takes its turn: a kernel with so many midstates, ready to be called."""

    kernel: Kernel
    midstates: int
    task: Task
    nonces: int  # that make a call
    floor: _Floor | None


def measure_kernels(
    names: Sequence[str] | None,
    seconds: float = SECONDS,
    midstates: Sequence[int] = (1, ROLLED),
    progress: Callable[[str], None] | None = None,
    crews: Sequence[int] | None = None,
    clock: Clock | None = None,
) -> tuple[Machine, list[KernelRate]]:
    """Measure the kernels of these names, or all that run here, in about `seconds` altogether.

    One row for each kernel, number of midstates, and size of crew (threads that run at once: by default one, and one
    on each CPU), in the order asked for. The portable kernel is always measured with them. Compiling, self-test and
    calibration come first and are not counted. `progress` gets a line as each round begins. Raises KernelError for a
    kernel that is unknown or cannot run, and InputError (a ValueError) for numbers out of bounds.
    """
    cpus = available_cpus()
    crews = list(dict.fromkeys(crews if crews is not None else (1, len(cpus))))
    midstates = list(dict.fromkeys(midstates))
    _check(seconds, midstates, crews, len(cpus))
    asked = list(dict.fromkeys(names if names is not None else _that_run_here()))
    for name in asked:
        row(name)  # refused before the first is warmed up
    say, clock = progress or _say_nothing, clock or Clock()

    with ExitStack() as stack:
        teams = {size: stack.enter_context(Team(cpus[:size])) for size in crews}
        alone = stack.enter_context(Team(cpus[:1]))
        subjects: list[_Subject] = []
        for name in [BASE, *(name for name in asked if name != BASE)]:
            say(f"{name}: warming up")
            kernel = choose(name)
            subjects += [alone.together(partial(_subject, kernel, m, clock))[0] for m in midstates]
        samples = {(size, subject): (list[Sample](), list[Sample]()) for size in crews for subject in subjects}
        began_s, turn = clock.wall_s(), 0
        while turn < LEAST_ROUNDS or clock.wall_s() - began_s < seconds:
            turn += 1
            say(f"round {turn}, {clock.wall_s() - began_s:.0f} of {seconds:g} s")
            for (size, subject), (own, floors) in samples.items():
                own.append(_at_once(teams[size], subject.task, subject.nonces, clock))
                if (floor := subject.floor) is not None:
                    floors.append(_at_once(teams[size], floor.task, floor.batches, clock))

    found = {(size, subject): _rounds(*pair) for (size, subject), pair in samples.items()}
    rows = [
        _row(subject, size, found[size, subject], found[size, _base(subjects, subject)], found.get((1, subject)))
        for name in asked
        for subject in subjects
        if subject.kernel.name == name
        for size in crews
    ]
    return this_machine(median(one.ghz for pair in samples.values() for one in pair[0])), rows


def _check(seconds: float, midstates: Sequence[int], crews: Sequence[int], cpus: int) -> None:
    if not 0 < seconds < float("inf"):
        raise InputError(f"seconds: {seconds}; takes more than 0")
    if not midstates or not all(1 <= m <= 65536 for m in midstates):
        raise InputError(f"midstates: {', '.join(map(str, midstates)) or 'none'}; takes 1 to 65536")
    if not crews or not all(1 <= size <= cpus for size in crews):
        raise InputError(f"threads: {', '.join(map(str, crews)) or 'none'}; takes 1 to {cpus}, one on each CPU")


def _that_run_here() -> list[str]:
    return [row.name for row in KERNELS.values() if row.missing() is None]


def _say_nothing(line: str) -> None:
    pass


def _subject(kernel: Kernel, midstates: int, clock: Clock) -> _Subject:
    """Ready, warm, and calibrated on the calling thread."""
    task = kernel_task(kernel, midstates)
    return _Subject(kernel, midstates, task, calibrate(task, clock, kernel.lanes), _floor(kernel, midstates, clock))


def kernel_task(kernel: Kernel, midstates: int) -> Task:
    """Scan so many nonces from 0, on any thread: the hashes done."""
    scan, words = kernel.load(), Random(0)  # any header will do: all take the same time
    states = array("I", (words.getrandbits(32) for _ in range(8 * midstates)))
    tail = array("I", (words.getrandbits(32) for _ in range(3)))
    room = bytes(8 * (kernel.lanes * midstates + _ROOM))

    def task(nonces: int) -> int:
        return scan(states, tail, 0, nonces, 0, array("I", room), array("i", [0]))[1] * midstates

    return task


def _floor(kernel: Kernel, midstates: int, clock: Clock) -> _Floor | None:
    """Of the first kernel whose limits are this one's too and which runs here."""
    row = next((KERNELS[name] for name in kernel.limits if KERNELS[name].missing() is None), None)
    if row is None or not isinstance(counted := row.load(), Counted) or counted.floor is None:
        return None
    width, shared, each = counted.floor

    def task(batches: int) -> int:
        counted.issue(batches, midstates)
        return batches * width * midstates

    return _Floor(row.name, (shared / midstates + each) / width, task, calibrate(task, clock, _ISSUED))


def _at_once(team: Team, task: Task, units: int, clock: Clock) -> Sample:
    """The samples of all threads as one: rates and hashes added, cycles of each core per hash of its own."""
    each = team.together(partial(take, task, units, clock))
    hashes, rate = sum(s.hashes for s in each), sum(s.hashes / s.wall_s for s in each)
    return Sample(hashes, hashes / rate, sum(s.cycles for s in each), sum(s.ghz for s in each) / len(each))


def _rounds(own: list[Sample], floors: list[Sample]) -> Rounds:
    return Rounds(
        rate_hps=[_short(s.hashes / s.wall_s) for s in own],
        cycles_per_hash=[_short(s.cycles / s.hashes) for s in own],
        floor_cycles_per_hash=[_short(s.cycles / s.hashes) for s in floors] or None,
    )


def _short(value: float) -> float:
    """Six digits, which is more than any sample is good for: they are many, and stand in a file."""
    return float(f"{value:.6g}")


def _base(subjects: Sequence[_Subject], like: _Subject) -> _Subject:
    return next(s for s in subjects if s.kernel.name == BASE and s.midstates == like.midstates)


def _row(subject: _Subject, threads: int, rounds: Rounds, base: Rounds, alone: Rounds | None) -> KernelRate:
    floors, floor = rounds.floor_cycles_per_hash, subject.floor
    return KernelRate(
        name=subject.kernel.name,
        lanes=subject.kernel.lanes,
        midstates=subject.midstates,
        threads=threads,
        rate_hps=median(rounds.rate_hps),
        spread_hps=quartiles(rounds.rate_hps),
        cycles_per_hash=median(rounds.cycles_per_hash),
        spread_cycles=quartiles(rounds.cycles_per_hash),
        ratio=median_ratio(base.cycles_per_hash, rounds.cycles_per_hash),
        scaling=median_ratio(rounds.rate_hps, alone.rate_hps) if alone is not None and threads > 1 else None,
        floor_fraction=median_ratio(floors, rounds.cycles_per_hash) if floors is not None else None,
        floor_of=floor.of if floor is not None else None,
        floor_operations=floor.operations if floor is not None else None,
        rounds=rounds,
    )
