"""All that `joulehash bench` found: as one object of JSON, and as the page docs/benchmarks.md."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from .boards import Boards, boards_json, boards_lines
from .compare import Change
from .copies import Copies
from .report import Pipeline, pipeline_lines
from .results import KernelRate, Machine
from .suites import Suites, suites_lines
from .tables import copies_table, kernels_table


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured, and what earlier files it goes with; None: not this time."""

    machine: Machine
    kernels: list[KernelRate]  # empty: not measured
    pipeline: Pipeline | None = None
    copies: Copies | None = None
    suites: Suites | None = None
    changes: list[Change] | None = None  # against an earlier run
    boards: Boards | None = None
    stolen: float | None = None  # part of the CPUs' time that the host gave to others meanwhile; None: not told


def to_json(found: Findings) -> str:
    """docs/json.md describes it."""
    out: dict[str, Any] = {"machine": found.machine, "stolen": found.stolen, "kernels": found.kernels}
    if found.pipeline is not None:
        out["pipeline"] = asdict(found.pipeline) | {"efficiency_ratio": found.pipeline.efficiency.ratio}
    if found.copies is not None:
        out["copies"] = [asdict(c) | {"spread": c.spread, "noise": c.noise} for c in found.copies.kernels]
    if found.boards is not None:
        out["boards"] = boards_json(found.boards)
    if found.changes is not None:
        out["comparison"] = found.changes
    return msgspec.json.encode(out).decode()


def page(found: Findings, command: str, picture: Path | None = None) -> str:
    """The page, written by `command`. `picture` is the drawing of the kernels, relative to where the page will be."""
    return "\n".join(_lines(found, command, picture)) + "\n"


def _lines(found: Findings, command: str, picture: Path | None) -> Iterator[str]:
    yield "# Benchmarks"
    yield ""
    yield f"Written by `{command}` on {datetime.now():%Y-%m-%d}. Compare ratios, which hold where a rate drifts with"
    yield "the clock and with what a machine's neighbours do."
    yield ""
    for name, value in msgspec.structs.asdict(found.machine).items():
        if value is not None:
            yield f"* {_LABELS.get(name, name)}: {value:.4g}" if isinstance(value, float) else f"* {name}: {value}"
    if hasattr(os, "getloadavg"):
        yield f"* load when it was done: {os.getloadavg()[0]:.2f} (our own threads, and what others did)"
    if found.stolen is not None:
        yield f"* time that the host gave to others meanwhile: {found.stolen:.0%}"
    if found.kernels:
        yield from _kernels(found.kernels, picture)
    if found.copies is not None:
        yield from _copies(found.copies)
    if found.pipeline is not None:
        yield from _pipeline(found.pipeline)
    if found.boards is not None:
        yield from _boards(found.boards)
    if found.suites is not None:
        yield from _suites(found.suites)


_LABELS = {"clock_ghz": "clock, GHz, as measured"}


def _kernels(kernels: list[KernelRate], picture: Path | None) -> Iterator[str]:
    rounds = len(kernels[0].rounds.rate_hps)
    yield from ("", "## Hash kernels", "")
    yield f"`joulehash bench kernels`. Medians of {rounds} rounds in turns, pinned; M midstates are scanned together"
    yield "(version rolling); MH/s on one thread, and on as many as *on* says, one a CPU; *of floor* is the part of"
    yield "what this CPU can do at most, measured in the same rounds. [kernels.md](kernels.md) tells how."
    yield ""
    yield from kernels_table(kernels).markdown()
    if picture is not None:
        yield from ("", f"![The rates as bars, with the floors]({picture.as_posix()})")


def _copies(copies: Copies) -> Iterator[str]:
    yield from ("", "## Where the code happens to lie", "")
    yield "`joulehash bench copies`. Copies of the built module, the same to the byte, loaded side by side, in turns:"
    yield "at most 3 % between the slowest and the fastest is the aim. The last column is one copy, measured as if it"
    yield "were two."
    yield ""
    yield from copies_table(copies).markdown()


def _pipeline(pipeline: Pipeline) -> Iterator[str]:
    yield from ("", "## The miner around them", "")
    yield "`joulehash bench pipeline`. Every core busy, the embedded pool over TCP in the same process, and the live"
    yield "screen on. What judge and pool bear is counted per second of CPU time, each alone in its process; every hash"
    yield "is a share there."
    yield ""
    yield from ("| what | figure |", "|---|---|")
    yield from (f"| {what} | {figure} |" for what, figure in pipeline_lines(pipeline))


def _boards(boards: Boards) -> Iterator[str]:
    yield from ("", "## Boards", "")
    yield "`joulehash bench boards`. Simulated boards, scaled down, that tell as many nonces as real ones, each in a"
    yield "process of its own behind pseudo-terminals, whose time is not counted; hardware: not yet. Rates are per"
    yield "second of CPU time. A board's part of a core is that of the miner's process, less what it takes without"
    yield "boards; how many a core would bear is reckoned from that, and was not tried. The latency is from the last"
    yield "byte of a nonce on the board's wire to its share at a pool on loopback TCP, every nonce a share: with"
    yield "nothing beside it, and with the CPU device on every core. Where others take the cores, it tells of them."
    yield ""
    yield from ("| what | figure |", "|---|---|")
    yield from (f"| {what} | {figure} |" for what, figure in boards_lines(boards))


def _suites(suites: Suites) -> Iterator[str]:
    yield from ("", "## Parts by themselves", "")
    yield "`pytest tests/speed --benchmark-only`, one after another and not in turns: for orders of magnitude."
    yield ""
    yield from suites_lines(suites)
