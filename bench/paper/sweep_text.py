"""A sweep on 80 columns of plain text: the map, what is best, and the frontier between them.

X errors and its like in capitals were measured; in small letters a neighbour speaks for the point.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from ..sweep.result import Cell, SweepResult, Verdict
from .figures import UNKNOWN, began, duration, interval
from .sweep_figures import beside_usual, bests, cost_text, effort, unit_of, where_measured

WIDTH = 80
_LABEL = 7  # MHz, and a gap
_FULL, _NARROW = 5, 1  # of a column: with a figure, or with one sign
_SIGNS: dict[Verdict, str] = {"errors": "X", "unsure": "U", "hot": "H", "watts": "W", "failed": "F"}
_WORDS = {
    "X": "errors",
    "U": "unsure",
    "H": "too hot",
    "W": "watts",
    "F": "failed",
    "#": "sound",
    ".": "cannot win",
    "*": "best J/TH",
    "^": "best rate",
}


def sweep_text(result: SweepResult) -> str:
    """The report, with a newline at its end."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: SweepResult) -> Iterator[str]:
    yield f"{result.title} ({result.board})" + (", simulated" if result.simulated else "")
    yield f"{effort(result)}, begun {began(result)}"
    if result.ended != "done":
        yield from wrap(f"{result.ended}{': ' if result.why else ''}{result.why}", WIDTH, subsequent_indent="  ")
    yield ""
    yield from shmoo(result)
    yield ""
    for name, said in bests(result):
        yield from wrap(said, WIDTH, initial_indent=f"{name:<12}", subsequent_indent=12 * " ")
        if name == "best J/TH" and (saved := beside_usual(result)):
            yield f"{'':12}{saved}"
    yield f"{'J/TH':<12}{where_measured(result)}"
    if result.best.frontier:
        yield ""
        yield from _frontier(result)


def shmoo(result: SweepResult) -> Iterator[str]:
    """The map, the highest frequency above; with figures where the columns have room for them."""
    unit, factor = unit_of(result.cells)
    heads = ["" if volt is None else _volts(volt) for volt in result.volts]
    full = max(_FULL, *(len(head) + 1 for head in heads))
    wide = full if _LABEL + full * len(heads) <= WIDTH else _NARROW
    shown = result.volts[: (WIDTH - _LABEL) // wide]
    signs = {(cell.mhz, cell.volts): _sign(result, cell, factor, wide) for cell in result.cells}
    over = (
        "".join(f"{head:>{wide - 1}} " for head in heads)
        if wide > _NARROW
        else f"{heads[0]} to {heads[len(shown) - 1]} V"
    )
    yield f"{'MHz':>{_LABEL - 2}}  {over}".rstrip()
    for mhz in reversed(result.mhz):
        yield f"{mhz:>{_LABEL - 2}g}  {''.join(signs[mhz, volt] for volt in shown)}".rstrip()
    indent = _LABEL * " "
    yield from wrap(
        ", ".join(_legend(signs.values(), unit, wide)), WIDTH, initial_indent=indent, subsequent_indent=indent
    )


def _legend(signs: Iterable[str], unit: str, wide: int) -> Iterator[str]:
    used = {char for sign in signs for char in sign}
    if wide > _NARROW and any(char.isdigit() for char in used):
        yield f"figures: {unit}"
    yield from (f"{sign} {word}" for sign, word in _WORDS.items() if used & {sign, sign.lower()})
    if any(char.islower() for char in used):
        yield "small letters: as a neighbour"


def _volts(value: float) -> str:
    """1.00, 1.025, 0.3125"""
    return f"{value:.2f}" if round(value, 2) == value else f"{value:g}"


def _sign(result: SweepResult, cell: Cell, factor: float, wide: int) -> str:
    point = (cell.mhz, cell.volts)
    mark = "*" if point == result.best.j_per_th else "^" if point == result.best.rate else ""
    if cell.verdict != "sound":
        sign = _SIGNS.get(cell.verdict) or (_SIGNS[cell.like].lower() if cell.like is not None else ".")
        return sign if wide == _NARROW else f"{sign:>{wide - 1}} "
    if wide == _NARROW:
        return mark or "#"
    figure = "#" if cell.cost is None else f"{cell.cost.j_per_th * factor:#.3g}".removesuffix(".")
    return f"{figure:>{wide - 1}}{mark or ' '}"


def _frontier(result: SweepResult) -> Iterator[str]:
    unit = unit_of(result.cells)
    yield f"{'frontier':<17}{unit[0] + ' (k = 2)':<20}{'rate':<22}{'W':>6}{'errors':>8}{'chip':>7}"
    for point in result.best.frontier:
        if (cell := result.at(point)) is not None:
            yield _row(cell, unit)


def _row(cell: Cell, unit: tuple[str, float]) -> str:
    cost = cost_text(cell, unit).removesuffix(f" {unit[0]}")
    rate = interval(cell.rate, "H/s").partition(" (")[0]
    watts = UNKNOWN if cell.watts is None else f"{cell.watts:.2f}"
    errors = UNKNOWN if cell.errors is None else f"{cell.errors.value:.2%}"
    chip = UNKNOWN if cell.chip_c is None else f"{cell.chip_c:.0f} °C"
    return f"{cell.text:<17}{cost:<20}{rate:<22}{watts:>6}{errors:>8}{chip:>7}"


def cell_line(cell: Cell) -> str:
    """One cell, as it was measured: for whoever watches."""
    if cell.verdict != "sound":
        return f"{cell.text:<17}{cell.verdict}: {cell.why}"
    rate = interval(cell.rate, "H/s").partition(" (")[0]
    return f"{cell.text:<17}{cost_text(cell, unit_of([cell])):<26}{rate:<14}in {duration(cell.seconds)}"
