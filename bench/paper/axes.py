"""What the pictures share: scales, round ticks, words and lines as SVG. Coordinates are pixels, y goes down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from .colours import FAINT, INK, RULE
from .markup import Markup, element

WIDTH = 920  # of every picture; the page shrinks them on a narrow screen


@dataclass(frozen=True, slots=True)
class Scale:
    """Values from `low` to `high` onto pixels from `begin` to `end`."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        span = self.high - self.low
        return self.begin + (value - self.low) / span * (self.end - self.begin) if span else (self.begin + self.end) / 2


def picture(height: float, label: str, *parts: str) -> Markup:
    """`label` is read aloud to who does not see it."""
    return element("svg", *parts, viewBox=f"0 0 {WIDTH} {height:g}", role="img", aria_label=label, width="100%")


def words(x: float, y: float, said: str, **attributes: str | float | None) -> Markup:
    """To the right of x, y being the line on which they stand; `text_anchor` for others."""
    usual: dict[str, str | float | None] = {"fill": INK, "font_size": 12.0}
    return element("text", said, x=x, y=y, **usual | attributes)


def line(x1: float, y1: float, x2: float, y2: float, **attributes: str | float | None) -> Markup:
    usual: dict[str, str | float | None] = {"stroke": RULE, "stroke_width": 1.0}
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, **usual | attributes)


def box(x: float, y: float, width: float, height: float, *inside: str, **attributes: str | float | None) -> Markup:
    return element("rect", *inside, x=x, y=y, width=width, height=height, **attributes)


def title(said: str) -> Markup:
    """What a pointer over the element shows."""
    return element("title", said)


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values within the range: steps of 1, 2 or 5 times a power of ten."""
    if not high > low:
        return [low]
    rough = (high - low) / max(about, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= rough * 0.999)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def around(values: Sequence[float], part: float = 0.08) -> tuple[float, float]:
    """A range that holds all of them with some air; never empty."""
    low, high = min(values), max(values)
    air = (high - low) * part or abs(high) * part or 1.0
    return low - air, high + air


def rows_axis(scale: Scale, at: Sequence[float], left: float, right: float) -> list[Markup]:
    """Horizontal rules with their values to the left of them."""
    parts: list[Markup] = []
    for value in at:
        y = scale(value)
        parts.append(line(left, y, right, y))
        parts.append(words(left - 6, y + 4, f"{value:g}", text_anchor="end", fill=FAINT, font_size=11))
    return parts


def columns_axis(scale: Scale, at: Sequence[float], y: float, unit: str) -> list[Markup]:
    """Values below the line y, the last one with the unit."""
    parts: list[Markup] = []
    for value in at:
        said = f"{value:g} {unit}" if value == at[-1] else f"{value:g}"
        parts.append(line(scale(value), y, scale(value), y + 4, stroke=FAINT))
        parts.append(words(scale(value), y + 17, said, text_anchor="middle", fill=FAINT, font_size=11))
    return parts
