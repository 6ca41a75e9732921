"""What a benchmark of kernels found: the values, as they stand in the JSON of `joulehash bench kernels --json`.

docs/json.md describes the names. `load` reads such a file back, from this version or an earlier one that had them.
"""

from __future__ import annotations

import platform
from pathlib import Path

import msgspec

from ..engine.cpu import available_cpus
from ..engine.errors import InputError
from ..ext._scan import compiler


class Machine(msgspec.Struct, frozen=True):
    """What the figures were taken on."""

    cpu: str
    cores: int  # that this process may use
    system: str
    python: str
    compiler: str
    clock_ghz: float | None = None  # the median over the samples on one thread; None: no kernel was measured


class Rounds(msgspec.Struct, frozen=True):
    """The samples, one a round, in the order taken: the same place in two rows is the same round."""

    rate_hps: list[float]
    cycles_per_hash: list[float]
    floor_cycles_per_hash: list[float] | None = None


class KernelRate(msgspec.Struct, frozen=True):
    """One kernel with so many midstates on so many threads. A hash is a double SHA-256 of one header, one midstate."""

    name: str
    lanes: int  # nonces in one batch
    midstates: int  # headers that differ in version, scanned together
    threads: int
    rate_hps: float  # median over the rounds, of all threads together, by the clock on the wall
    spread_hps: tuple[float, float]  # quartiles over the rounds
    cycles_per_hash: float  # median over the rounds, of one thread's core
    spread_cycles: tuple[float, float]  # quartiles
    ratio: float  # cycles per hash of the portable kernel / of this one: the median of the ratios within each round
    scaling: float | None  # rate to that on one thread, likewise; None: this is one thread
    floor_fraction: (
        float | None
    )  # floor / cycles per hash: the median of the ratios within each round; None: not counted
    floor_of: str | None  # the kernel whose operations are counted for the floor
    floor_operations: float | None  # of one hash
    rounds: Rounds


class Results(msgspec.Struct, frozen=True):
    """A whole run."""

    machine: Machine
    kernels: list[KernelRate]


def this_machine(clock_ghz: float | None = None) -> Machine:
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as info:
            model = next((line.partition(":")[2].strip() for line in info if line.startswith("model name")), model)
    except OSError:
        pass
    return Machine(
        cpu=model,
        cores=len(available_cpus()),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        python=platform.python_version(),
        compiler=compiler(),
        clock_ghz=clock_ghz,
    )


def load(path: Path) -> Results:
    """A file that `--json` wrote. Raises InputError, which names the file and what is wrong with it."""
    try:
        results = msgspec.json.decode(path.read_bytes(), type=Results)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:  # of which ValidationError is one
        raise InputError(f"{path}: {error}; takes what joulehash bench kernels --json wrote") from None
    rounds = len(results.kernels[0].rounds.rate_hps) if results.kernels else 0
    for row in results.kernels:
        if (wrong := _wrong(row, rounds)) is not None:
            raise InputError(f"{path}: {row.name} with {row.midstates} midstates on {row.threads} threads: {wrong}")
    return results


def _wrong(row: KernelRate, rounds: int) -> str | None:
    """What a comparison could not work with."""
    floors = row.rounds.floor_cycles_per_hash
    series = [row.rounds.rate_hps, row.rounds.cycles_per_hash, *([floors] if floors is not None else [])]
    if (lengths := {len(samples) for samples in series}) != {rounds} or not rounds:
        return f"{' and '.join(map(str, sorted(lengths)))} samples; takes one for each of the run's {rounds} rounds"
    if not all(0 < sample < float("inf") for samples in series for sample in samples):
        return "a sample is not above 0"
    if row.floor_of is not None and (floors is None or not (row.floor_operations or 0) > 0):
        return f"no samples or operations of the floor of {row.floor_of}"
    return None


def cpu_ticks() -> tuple[int, int]:
    """(what the host of this virtual machine gave to others, all) of all CPUs' time since boot, as Linux counts it.

    Zeros where it is not told.
    """
    try:
        with open("/proc/stat", encoding="ascii") as stat:
            ticks = [int(word) for word in stat.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    return ticks[7] if len(ticks) == 8 else 0, sum(ticks)
