"""The suites of tests/speed on the page: what `pytest --benchmark-json` wrote, one line a case."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..engine.errors import InputError


class Stats(msgspec.Struct, frozen=True):
    """Seconds of one call."""

    median: float
    q1: float
    q3: float
    rounds: int


class Case(msgspec.Struct, frozen=True):
    """One test. `extra_info` may tell how much of what one call did: {"hashes": 4096}."""

    fullname: str
    stats: Stats
    extra_info: dict[str, object] = {}


class Suites(msgspec.Struct, frozen=True):
    benchmarks: list[Case]


def load_suites(path: Path) -> Suites:
    """Raises InputError, which names the file and what is wrong with it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Suites)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: {error}; takes what pytest --benchmark-json wrote") from None


def suites_lines(suites: Suites) -> Iterator[str]:
    """A table in Markdown."""
    yield "| suite | case | median | quartiles | rounds | a second |"
    yield "|---|---|---:|---:|---:|---:|"
    for case in suites.benchmarks:
        file, _, test = case.fullname.partition("::")
        s = case.stats
        yield (
            f"| {Path(file).stem.removeprefix('test_')} | {test.removeprefix('test_')} | {_time(s.median)}"
            f" | {_time(s.q1)} to {_time(s.q3)} | {s.rounds} | {', '.join(_rates(case))} |"
        )


def _rates(case: Case) -> Iterator[str]:
    """What the case counts, by the median time of a call; without a count, calls."""
    counts = {what: n for what, n in case.extra_info.items() if isinstance(n, int | float) and not isinstance(n, bool)}
    for what, n in (counts or {"calls": 1}).items():
        yield f"{n / case.stats.median:,.0f} {what}"


def _time(seconds: float) -> str:
    for unit, length in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"
