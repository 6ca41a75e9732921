"""The rates of the kernels as a picture: a bar for each kernel and number of midstates, its floor as a mark.

One thread. The mark stands where the rate would be if the kernel took as many cycles as its floor. It is drawn by
matplotlib, which the extra `plot` installs, and which is imported only when a picture is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..engine.errors import InputError
from .results import KernelRate, Machine
from .tables import short

ENDINGS = (".svg", ".png")
_ALONE, _ROLLED, _FLOOR, _TEXT = "#9ecae1", "#2171b5", "#cb181d", "#252525"
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "joulehash",  # the same figures give the same file
    "font.size": 9.5,
    "font.family": ["DejaVu Sans", "sans-serif"],
    "text.color": _TEXT,
    "axes.edgecolor": "#969696",
    "axes.labelcolor": _TEXT,
    "xtick.color": _TEXT,
    "ytick.color": _TEXT,
}


def check(option: str, path: Path) -> None:
    """Raises InputError for an ending that is no picture's, and where matplotlib is not installed."""
    if path.suffix.lower() not in ENDINGS:
        raise InputError(f"{option} {path}: takes a name that ends in {' or '.join(ENDINGS)}")
    if find_spec("matplotlib") is None:
        raise InputError(f"{option}: needs matplotlib, which is not installed; pip install 'joulehash[plot]'")


def draw(machine: Machine, kernels: Sequence[KernelRate], path: Path) -> None:
    """Write the picture as SVG or PNG, by the ending of the name. Raises InputError, and OSError for the file."""
    check("plot", path)
    first = min(row.threads for row in kernels)
    rows = [row for row in kernels if row.threads == first]
    matplotlib: Any = import_module("matplotlib.figure")  # its own types leave strict checkers nothing to check
    with import_module("matplotlib").rc_context(STYLE):
        figure = matplotlib.Figure(figsize=(9, 1.3 + 0.34 * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        places = _places(rows)
        floors = [_floor(row) for row in rows]
        bars = axes.barh(
            places,
            [row.rate_hps / 1e6 for row in rows],
            height=0.86,
            color=[_ALONE if row.midstates == 1 else _ROLLED for row in rows],
        )
        for bar, row in zip(bars, rows, strict=True):
            bar.set_gid(f"{row.name}-{row.midstates}")
        for place, row, floor in zip(places, rows, floors, strict=True):
            low, high = (end / 1e6 for end in row.spread_hps)
            axes.plot([low, high], [place, place], color=_TEXT, linewidth=1)
            if floor is not None:
                axes.plot([floor, floor], [place - 0.43, place + 0.43], color=_FLOOR, linewidth=2.2)
            right = max(high, floor or 0.0)
            axes.annotate(_label(row), (right, place), (5, 0), textcoords="offset points", va="center", fontsize=8.5)
        axes.set_yticks(places, [_name(row) for row in rows])
        axes.set_ylim(max(places) + 0.6, min(places) - 0.6)
        axes.set_xlim(
            0, 1.42 * max(max(row.spread_hps[1] / 1e6, floor or 0.0) for row, floor in zip(rows, floors, strict=True))
        )
        axes.set_xlabel("MH/s (million double SHA-256 a second)")
        axes.set_title(_title(machine, first), loc="left", fontsize=10.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.xaxis.grid(True, color="#e0e0e0")
        axes.set_axisbelow(True)
        figure.savefig(
            path,
            format=path.suffix.lower()[1:],
            dpi=150,
            metadata={"Date": None} if path.suffix.lower() == ".svg" else None,
        )


def _places(rows: Sequence[KernelRate]) -> list[float]:
    """Rows of one kernel stand close together."""
    places: list[float] = []
    for i, row in enumerate(rows):
        places.append(0.0 if i == 0 else places[-1] + (1.0 if row.name == rows[i - 1].name else 1.35))
    return places


def _floor(row: KernelRate) -> float | None:
    """The rate at the floor, in MH/s."""
    return None if row.floor_fraction is None else row.rate_hps / row.floor_fraction / 1e6


def _name(row: KernelRate) -> str:
    return f"{row.name}, 1 midstate" if row.midstates == 1 else f"{row.midstates} midstates"


def _label(row: KernelRate) -> str:
    of_floor = "" if row.floor_fraction is None else f", {row.floor_fraction:.0%} of floor"
    return f"{short(row.rate_hps / 1e6)} MH/s, {short(row.cycles_per_hash)} cycles/hash{of_floor}"


def _title(machine: Machine, threads: int) -> str:
    clock = "" if machine.clock_ghz is None else f" at {machine.clock_ghz:.2f} GHz"
    who = "one thread" if threads == 1 else f"{threads} threads"
    return (
        f"Hash kernels on {machine.cpu}{clock}, {who}, {machine.compiler}\n"
        "bar: median rate; line: quartiles; red: the floor, all operations that a hash needs at full throughput"
    )
