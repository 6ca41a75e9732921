"""A sweep as one page: the map, the curve, what is best, and every cell that was measured."""

from __future__ import annotations

from collections.abc import Iterator

from ..sweep.result import Cell, SweepResult
from .colours import BLUE, ORANGE
from .figures import UNKNOWN, began, duration, interval
from .markup import Markup, element
from .page import document, heading, pairs, wide
from .sweep_figures import beside_usual, bests, cost_text, effort, rules, spots, unit_of, where_measured
from .sweep_pictures import curve_picture, map_picture


def sweep_html(result: SweepResult) -> str:
    return document(f"joulehash sweep: {result.key or result.board}", [_section(result)])


def _section(result: SweepResult) -> Iterator[Markup]:
    yield _banner(result)
    yield heading("What is best")
    rows = [*bests(result), ("J/TH", where_measured(result))]
    if saved := beside_usual(result):
        rows.insert(1, ("", saved))
    yield pairs(rows)
    yield heading("The map")
    yield wide(map_picture(spots(result)))
    yield element(
        "p", "A word in brackets: not measured, a neighbour speaks for it. Empty: it cannot win.", class_="faint"
    )
    curve = curve_picture(spots(result))
    if curve is not None:
        yield heading("The efficiency frontier")
        yield wide(curve)
    yield heading("Cells that were measured")
    yield wide(_cells(result))
    yield heading("Rules")
    yield pairs(rules(result))


def _banner(result: SweepResult) -> Markup:
    board = result.board if result.key is None else f"{result.key} · {result.board}"
    simulated = " · simulated, no hardware was measured" if result.simulated else ""
    ended = "" if result.ended == "done" else f" · {result.ended}{': ' if result.why else ''}{result.why}"
    colour = BLUE if result.ended == "done" else ORANGE
    return element(
        "div",
        element("div", "SWEEP", class_="verdict", style=f"color: {colour}"),
        element(
            "div",
            element("h1", result.title),
            element("p", f"{board}{simulated}"),
            element("p", f"{began(result)}, {effort(result)}{ended}", class_="faint"),
        ),
        class_="banner",
        style=f"border-color: {colour}",
    )


def _cells(result: SweepResult) -> Markup:
    unit = unit_of(result.cells)
    names = ("point", "verdict", f"{unit[0]} (k = 2)", "rate", "W", "errors", "chip", "time")
    rows = sorted(result.measured, key=lambda cell: (cell.mhz, cell.volts or 0.0))
    return element(
        "table", element("tr", *(element("th", name) for name in names)), *(_row(cell, unit) for cell in rows)
    )


def _row(cell: Cell, unit: tuple[str, float]) -> Markup:
    figures = [
        cost_text(cell, unit).removesuffix(f" {unit[0]}"),
        interval(cell.rate, "H/s").partition(" (")[0],
        UNKNOWN if cell.watts is None else f"{cell.watts:.2f}",
        UNKNOWN if cell.errors is None else f"{cell.errors.value:.2%}",
        UNKNOWN if cell.chip_c is None else f"{cell.chip_c:.0f} °C",
        duration(cell.seconds),
    ]
    verdict = cell.verdict if not cell.why else f"{cell.verdict}: {cell.why}"
    return element("tr", _narrow(cell.text), element("td", verdict), *map(_narrow, figures))


def _narrow(said: str) -> Markup:
    return element("td", said, style="white-space: nowrap")
