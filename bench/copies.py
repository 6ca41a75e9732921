"""Whether a kernel's speed depends on where the linker and the loader put it: eight copies of the built module.

Large vector code can run at half its speed in one copy of a file and not in another that is the same to the byte, by
where its pages happen to lie. So the built module is copied, each copy loaded beside the others in this process, and
all take turns in an order that is shuffled in each round. One copy takes part twice: what the two differ by is the
noise of this measurement, and a spread that is no larger says nothing.

A copy's figure is the median over the rounds of its cycles per hash relative to the round's median over all copies:
what disturbs a round disturbs all of them. (On a disturbed machine, odd and even rounds then agree three times as well
as by lower quartiles, and four times as well as by least tenths, which ask of each copy for luck of its own.)
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from types import ModuleType

from ..engine.cpu import available_cpus
from ..engine.errors import InputError
from ..ext import _scan
from ..ext.kernels import KERNELS, Kernel
from .kernels import LEAST_ROUNDS, ROLLED, kernel_task
from .sampling import Clock, Task, Team, calibrate, take

COPIES = 8
SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Placed:
    """One kernel with so many midstates, in every copy."""

    name: str
    midstates: int
    cycles_per_hash: list[float]  # of each copy
    again: float  # of the first copy, measured as if it were another

    @property
    def median(self) -> float:
        return median(self.cycles_per_hash)

    @property
    def spread(self) -> float:
        """Slowest copy to the fastest, less one."""
        return max(self.cycles_per_hash) / min(self.cycles_per_hash) - 1

    @property
    def noise(self) -> float:
        """The same for the copy that took part twice."""
        pair = (self.cycles_per_hash[0], self.again)
        return max(pair) / min(pair) - 1


@dataclass(frozen=True, slots=True)
class Copies:
    kernels: list[Placed]


def measure_copies(
    name: str | None = None,
    seconds: float = SECONDS,
    progress: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> Copies:
    """Measure the kernel of that name, or the first of the C table that runs here, with one midstate and with several.

    Raises InputError for a kernel that is not in the C table or cannot run here.
    """
    name = name or next(iter(_compiled(_scan)))
    if name not in _compiled(_scan):
        raise InputError(f"kernel {name}: no C kernel that runs here; choose from {', '.join(_compiled(_scan))}")
    kernel = KERNELS[name]
    clock = clock or Clock()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="joulehash-copies-")))
        rows = [_row(kernel, module) for module in load_copies(folder, COPIES)]
        team = stack.enter_context(Team(available_cpus()[:1]))
        tasks = {m: [kernel_task(row, m) for row in [*rows, rows[0]]] for m in (1, ROLLED)}
        return Copies([_measure(kernel, m, tasks[m], seconds / 2, team, progress, clock) for m in tasks])


def load_copies(folder: Path, count: int) -> list[ModuleType]:
    """The module of the C kernels, so many times, each from a copy of its own file in `folder`."""
    built = Path(_scan.__file__)
    return [_load(_copy(built, folder / str(i))) for i in range(count)]


def _copy(built: Path, folder: Path) -> Path:
    folder.mkdir()
    path = folder / built.name
    shutil.copy(built, path)
    return path


def _load(path: Path) -> ModuleType:
    spec = spec_from_file_location(_scan.__name__, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path}: is not a module that Python can load")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _compiled(module: ModuleType) -> dict[str, _scan.CKernel]:
    """The kernels of one copy that run here."""
    every: dict[str, _scan.CKernel] = module.compiled()
    return {name: kernel for name, kernel in every.items() if kernel.missing is None}


def _row(kernel: Kernel, module: ModuleType) -> Kernel:
    scan = _compiled(module)[kernel.name]
    return Kernel(kernel.name, kernel.lanes, kernel.about, lambda: scan, kernel.missing)


def _measure(
    kernel: Kernel,
    midstates: int,
    tasks: Sequence[Task],
    seconds: float,
    team: Team,
    progress: Callable[[str], None] | None,
    clock: Clock,
) -> Placed:
    """`tasks` are the copies and, last, the first of them again."""
    nonces = team.together(lambda: calibrate(tasks[0], clock, kernel.lanes))[0]
    order, shuffle = list(range(len(tasks))), Random(0).shuffle
    relative: list[list[float]] = [[] for _ in tasks]
    level: list[float] = []
    began_s = clock.wall_s()
    while len(level) < LEAST_ROUNDS or clock.wall_s() - began_s < seconds:
        if progress is not None:
            progress(f"copies of {kernel.name}, {midstates} midstates: round {len(level) + 1}")
        shuffle(order)
        cycles: dict[int, float] = {}
        for i in order:
            (sample,) = team.together(partial(take, tasks[i], nonces, clock))
            cycles[i] = sample.cycles / sample.hashes
        level.append(median(cycles.values()))
        for i, figure in cycles.items():
            relative[i].append(figure / level[-1])
    *each, again = (median(figures) * median(level) for figures in relative)
    return Placed(kernel.name, midstates, each, again)
