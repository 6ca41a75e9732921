"""What stands in the cells of a passport's page: figures, times, marks; and the columns that they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import zip_longest
from textwrap import wrap

from ....engine.stratum.lines import printable
from ...units import span_text

_MARKS = "▁▂▃▄▅▆▇█"
_NOTHING = "·"
_LARGE = 1e5  # J/TH
_UNITS = (("GH", 1e-3), ("MH", 1e-6), ("kH", 1e-9), ("H", 1e-12))


def table(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Cells take as many lines as they need; widths and two spaces between them are at most 80."""
    for row in rows:
        cells = [wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
        for line in zip_longest(*cells, fillvalue=""):
            yield "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()


def marks(values: Sequence[float | None]) -> str:
    """▁▃█: from the least to the most; a dot where nothing is known."""
    known = [value for value in values if value is not None]
    least, most = min(known, default=0.0), max(known, default=0.0)
    step = (most - least) / (len(_MARKS) - 1)
    return "".join(
        _NOTHING if value is None else _MARKS[round((value - least) / step) if step else 3] for value in values
    )


def figure(j_per_th: float, u: float | None = None) -> str:
    """18.67 ± 0.43; of simulators, which hash far less than they use, in another unit: 55.8 ± 5.8 J/MH."""
    if j_per_th < _LARGE:
        return f"{j_per_th:.2f}" + ("" if u is None else f" ± {u:.2f}")
    name, factor = next((row for row in _UNITS if j_per_th * row[1] < 1000), _UNITS[-1])
    return f"{j_per_th * factor:.1f}" + ("" if u is None else f" ± {u * factor:.1f}") + f" J/{name}"


def around(j_per_th: float | None, u: float | None) -> str:
    return "-" if j_per_th is None else figure(j_per_th, u)


def time_text(seconds: float) -> str:
    return span_text(seconds) if seconds < 3600 else f"{seconds / 3600:,.1f} h"


def percent(part: float | None) -> str:
    return "-" if part is None else f"{100 * part:.2g} %" if part < 0.1 else f"{100 * part:.0f} %"


def clean(text: str, limit: int = 4000) -> str:
    """Of what may come from an import: nothing that a terminal would obey."""
    return printable(" ".join(text.split()), limit)


def day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"


def minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
