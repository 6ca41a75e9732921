"""The detection matrix as a heat map: a row for each fault, a column for each family, the part that was named rightly.

Colours are not alone: each field says its counts, and a field that cannot be seen is empty with a dash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..paper.axes import box, title, words
from ..paper.colours import FAINT, INK, PAPER, RULE
from ..paper.markup import Markup, element
from .kinds import KINDS, Cell
from .page import matrix
from .tally import Seen
from .trial import Trial

_LEFT, _TOP, _WIDE, _HIGH = 170.0, 34.0, 108.0, 26.0
_SHADES = ((0.999, "#0072b2"), (0.95, "#3d93c6"), (0.8, "#94bfe0"), (0.5, "#f0c14b"), (0.0, "#d9622b"))


def heat_map(trials: Iterable[Trial], every: Sequence[Cell]) -> str:
    """SVG, a file of its own."""
    families = list(dict.fromkeys(cell.family for cell in every))
    have = {cell.label for cell in every}
    labels = [kind.label for kind in KINDS if kind.label in have]
    found = matrix(trials, every)
    parts = [
        words(_LEFT + (x + 0.5) * _WIDE, _TOP - 10, name, text_anchor="middle", font_weight="bold")
        for x, name in enumerate(families)
    ]
    for y, label in enumerate(labels):
        parts.append(words(_LEFT - 10, _TOP + (y + 0.5) * _HIGH + 4, label, text_anchor="end"))
        parts += [_field(x, y, label, name, found.get((label, name))) for x, name in enumerate(families)]
    wide, high = _LEFT + len(families) * _WIDE + 10, _TOP + len(labels) * _HIGH + 34
    said = "part of the runs in which the fault was named rightly; –: cannot be seen; empty: not run yet"
    parts.append(words(10, high - 12, said, fill=FAINT))
    ground = box(0, 0, wide, high, fill=PAPER)
    return element(
        "svg",
        ground,
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {wide:g} {high:g}",
        role="img",
        aria_label="How often each fault was named rightly, by family of chips",
        font_family="DejaVu Sans, sans-serif",
    )


def _field(x: int, y: int, label: str, name: str, seen: Seen | None) -> Markup:
    left, top = _LEFT + x * _WIDE, _TOP + y * _HIGH
    if seen is None:
        said, fill, ink = "–", PAPER, FAINT
    elif not seen.runs:
        said, fill, ink = "", PAPER, FAINT
    else:
        part = seen.named / seen.runs
        said, fill = f"{seen.named} of {seen.runs}", next(shade for least, shade in _SHADES if part >= least)
        ink = PAPER if part >= 0.95 else INK
    told = title(f"{label}, {name}: {said or 'not run yet'}")
    return Markup(
        box(left + 1, top + 1, _WIDE - 2, _HIGH - 2, told, fill=fill, stroke=RULE)
        + words(left + _WIDE / 2, top + _HIGH / 2 + 4, said, text_anchor="middle", font_size=11, fill=ink)
    )
