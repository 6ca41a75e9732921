"""The life of a board as a picture: rate, J/TH and errors over time, of its checks and of what it mined.

A point is a check, with its interval; a line is a day's mining, broken where there was none. Faults and service notes
are marks above. It is drawn by matplotlib, which the extra `plot` installs; see plot.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from importlib import import_module
from pathlib import Path
from typing import Any

from ..engine.stratum.lines import printable
from ..hw.passport.history import Book, Day
from ..hw.passport.results import CheckView
from .plot import STYLE, check

_MINED, _CHECKED, _BAD = "#6baed6", "#08519c", "#cb181d"
_GAP_S = 3 * 86400.0  # without mining, after which the line begins anew

Points = list[tuple[datetime, float, float, float]]  # when, value, below it, above it


def draw(book: Book, path: Path) -> None:
    """Write the picture as SVG or PNG, by the ending of the name. Raises InputError, and OSError for the file."""
    check("plot", path)
    figures: Any = import_module("matplotlib.figure")
    dates: Any = import_module("matplotlib.dates")
    with import_module("matplotlib").rc_context(STYLE):
        figure = figures.Figure(figsize=(9, 7.2), layout="constrained")
        rows = figure.subplots(4, 1, sharex=True, height_ratios=(1, 1, 1, 0.34))
        for axes, (label, mined, checked) in zip(rows, _panels(book), strict=False):
            _panel(axes, label, mined, checked)
        _events(rows[-1], book)
        locator = dates.AutoDateLocator(minticks=4, maxticks=9)
        rows[-1].xaxis.set_major_locator(locator)
        rows[-1].xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
        rows[0].set_title(_title(book), loc="left", fontsize=10.5)
        figure.align_ylabels()
        ending = path.suffix.lower()[1:]
        figure.savefig(path, format=ending, dpi=150, metadata={"Date": None} if ending == "svg" else None)


def _panels(book: Book) -> list[tuple[str, Points, Points]]:
    """(axis, of days, of checks)."""
    main = book.total.energy[0] if book.total.energy else None

    def mined(value: Callable[[Day], float | None]) -> Points:
        return [(_noon(day), y, 0.0, 0.0) for day in book.days if (y := value(day)) is not None]

    def j_per_th(day: Day) -> float | None:
        metered = None if main is None else day.span.at(main.place, main.meter)
        return None if metered is None else metered.j_per_th

    rates = mined(lambda day: day.span.rate_hps)
    scale, unit = _scale([y for _, y, _, _ in rates] + [each.rate_hps or 0.0 for each in book.checks])
    places = dict.fromkeys(_clean(each.place) for each in book.checks if each.place)
    mined_at = "" if main is None else f"\nmined: {_clean(main.place)}"
    checked_at = f"\nchecks: {', '.join(places)}" if places else ""
    return [
        (f"{unit}", [(at, y / scale, 0.0, 0.0) for at, y, _, _ in rates], _checked(book.checks, _rate(scale))),
        (f"J/TH{mined_at}{checked_at}", mined(j_per_th), _checked(book.checks, _efficiency)),
        ("errors, %", mined(lambda day: _percent(day.span.error_rate)), _checked(book.checks, _errors)),
    ]


def _panel(axes: Any, label: str, mined: Points, checked: Points) -> None:
    for run in _runs(mined):
        dot = "." if len(run) == 1 else None
        axes.plot([p[0] for p in run], [p[1] for p in run], color=_MINED, linewidth=1.3, marker=dot, markersize=4)
    if checked:
        at, values, below, above = zip(*checked, strict=True)
        axes.errorbar(at, values, [below, above], fmt="o", color=_CHECKED, markersize=4.5, capsize=2.5, linewidth=1.1)
    if not mined and not checked:
        axes.text(0.5, 0.5, "unknown", transform=axes.transAxes, ha="center", va="center", color="#969696")
        axes.set_yticks([])
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, color="#e6e6e6")
    axes.set_axisbelow(True)
    axes.margins(y=0.12)


def _events(axes: Any, book: Book) -> None:
    """Checks (full: pass, crossed: fail, empty: undecided), faults and service, a row each."""
    good = [each.at for each in book.checks if each.verdict == "pass"]
    bad = [each.at for each in book.checks if each.verdict == "fail"]
    axes.plot(good, [2] * len(good), "o", color=_CHECKED, markersize=5)
    axes.plot(bad, [2] * len(bad), "X", color=_BAD, markersize=6)
    faults = [each.at for each in book.faults]
    undecided = [each.at for each in book.checks if each.verdict not in ("pass", "fail")]
    axes.plot(undecided, [2] * len(undecided), "o", color=_CHECKED, markersize=5, fillstyle="none")
    axes.plot(faults, [1] * len(faults), "|", color=_BAD, markersize=9)
    services = [each.at for each in book.services]
    axes.plot(services, [0] * len(services), "^", color="#252525", markersize=5)
    axes.set_yticks([2, 1, 0], ["checks", "faults", "service"])
    axes.set_ylim(-0.7, 2.7)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(True, axis="x", color="#e6e6e6")
    axes.set_axisbelow(True)


def _runs(points: Points) -> list[Points]:
    runs: list[Points] = []
    for point in points:
        if not runs or (point[0] - runs[-1][-1][0]).total_seconds() > _GAP_S:
            runs.append([])
        runs[-1].append(point)
    return runs


def _checked(checks: Sequence[CheckView], value: Callable[[CheckView], tuple[float, float, float] | None]) -> Points:
    return [(each.at, *found) for each in checks if (found := value(each)) is not None]


def _rate(scale: float) -> Callable[[CheckView], tuple[float, float, float] | None]:
    def value(each: CheckView) -> tuple[float, float, float] | None:
        if each.rate_hps is None:
            return None
        low = each.rate_hps if each.rate_low is None else each.rate_low
        high = each.rate_hps if each.rate_high is None else each.rate_high
        return each.rate_hps / scale, max(0.0, each.rate_hps - low) / scale, max(0.0, high - each.rate_hps) / scale

    return value


def _efficiency(each: CheckView) -> tuple[float, float, float] | None:
    u = each.u_j_per_th or 0.0
    return None if each.j_per_th is None else (each.j_per_th, u, u)


def _errors(each: CheckView) -> tuple[float, float, float] | None:
    percent = _percent(each.error_rate)
    return None if percent is None else (percent, 0.0, 0.0)


def _percent(part: float | None) -> float | None:
    return None if part is None else 100 * part


def _scale(rates: Sequence[float]) -> tuple[float, str]:
    most = max(rates, default=0.0)
    return next(((s, u) for s, u in ((1e12, "TH/s"), (1e9, "GH/s"), (1e6, "MH/s")) if most >= s), (1.0, "H/s"))


def _noon(day: Day) -> datetime:
    return datetime.combine(day.day, time(12), UTC)


def _title(book: Book) -> str:
    names = book.key if book.label in (None, book.key) else f"{book.key}, {book.label}"
    title = "" if book.identity is None else f": {_clean(book.identity.title)}"
    return f"{names}{title}\nlight: mined, a day each; dark: checks, with their intervals"


def _clean(text: str) -> str:
    """Nothing that matplotlib takes for a formula."""
    return printable(text, 60).replace("$", r"\$")
