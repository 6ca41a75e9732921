"""What the board sensed over time: a strip for each kind of reading, all above one axis of time.

Lines are told apart by dashes and by their names at their ends, not by colour alone. A series too long for the picture
is drawn by the least and the greatest of each bundle of readings, so that no peak is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..check.result import Moment
from .axes import WIDTH, Scale, around, columns_axis, line, picture, rows_axis, ticks, words
from .colours import BLUE, FAINT, ORANGE, RED
from .figures import prefix
from .markup import Markup, element

_LEFT, _RIGHT = 56, WIDTH - 120
_GAP, _TOP = 30, 22
_MOST_POINTS = 600

Point = tuple[float, float | None]  # s, value


@dataclass(frozen=True, slots=True)
class Strip:
    """Readings of one unit. `fields`: of Moment, with the name in the picture and the limit's name in the result."""

    unit: str
    fields: tuple[tuple[str, str], ...]
    high: float = 80


_STRIPS = (
    Strip("°C", (("chip_c", "chip"), ("vr_c", "regulator")), high=130),
    Strip("W", (("watts", "power"),)),
    Strip("H/s", (("rate_hps", "rate"),)),
    Strip("V", (("input_v", "input"),), high=60),
    Strip("rpm", (("fan_rpm", "fan"),), high=60),
)
_LOOKS = ((BLUE, None), (ORANGE, "6 3"))


def series_picture(moments: Sequence[Moment], limits: dict[str, float | str | None]) -> Markup | None:
    """None where the board senses nothing, or there is one moment at most."""
    strips = [(strip, lines) for strip in _STRIPS if (lines := _lines(strip, moments))]
    if len(moments) < 2 or not strips:
        return None
    time = Scale(moments[0].at_s, moments[-1].at_s, _LEFT, _RIGHT)
    parts: list[Markup] = []
    y = float(_TOP)
    for strip, lines in strips:
        parts += _draw(strip, lines, limits, time, y)
        y += strip.high + _GAP
    y -= _GAP
    parts += columns_axis(time, ticks(time.low, time.high, 10), y, "s")
    names = ", ".join(name for _, lines in strips for name, _, _ in lines)
    return picture(y + 26, f"over time: {names}", *parts)


def _lines(strip: Strip, moments: Sequence[Moment]) -> list[tuple[str, str, list[Point]]]:
    """(name, field, points) of those that the board senses."""
    found: list[tuple[str, str, list[Point]]] = []
    for field, name in strip.fields:
        points: list[Point] = [(moment.at_s, getattr(moment, field)) for moment in moments]
        if any(value is not None for _, value in points):
            found.append((name, field, thin(points)))
    return found


def _draw(
    strip: Strip,
    lines: list[tuple[str, str, list[Point]]],
    limits: dict[str, float | str | None],
    time: Scale,
    top: float,
) -> list[Markup]:
    values = [value for _, _, points in lines for _, value in points if value is not None]
    near = [limit for _, field, _ in lines if isinstance(limit := limits.get(field), int | float)]
    low, high = around([*values, *(limit for limit in near if limit < 2 * max(values))])
    by, letter = prefix(high) if strip.unit == "H/s" else (1.0, "")
    scale = Scale(low, high, top + strip.high, top)
    plain = Scale(low / by, high / by, top + strip.high, top)
    parts = rows_axis(plain, ticks(low / by, high / by, 4 if strip.high > 70 else 3), _LEFT, _RIGHT)
    parts.append(words(_LEFT, top - 6, f"{letter}{strip.unit}", font_size=12, fill=FAINT))
    ends: list[tuple[float, str]] = []
    for (name, field, points), (colour, dashes) in zip(lines, _LOOKS, strict=False):
        limit = limits.get(field)
        if isinstance(limit, int | float) and low < limit < high:
            y = scale(limit)
            parts.append(line(_LEFT, y, _RIGHT, y, stroke=RED, stroke_dasharray="2 3", stroke_width=1.5))
            of = f"{name} limit" if len(lines) > 1 else "limit"
            parts.append(words(_RIGHT + 6, y + 4, f"{of} {limit:g}", fill=RED, font_size=11))
        for run in _runs(points):
            path = " ".join(f"{time(at):.1f},{scale(value):.1f}" for at, value in run)
            parts.append(
                element("polyline", points=path, fill="none", stroke=colour, stroke_width=1.8, stroke_dasharray=dashes)
            )
        last = next(value for _, value in reversed(points) if value is not None)
        ends.append((scale(last) + 4, name))
    return parts + _names(ends)


def _names(ends: list[tuple[float, str]]) -> list[Markup]:
    """At the ends of their lines, in their order, and moved apart so that both can be read."""
    placed: list[float] = []
    for y, _ in sorted(ends):
        placed.append(max(y, placed[-1] + 13) if placed else y)
    return [words(_RIGHT + 6, y, name) for y, (_, name) in zip(placed, sorted(ends), strict=True)]


def thin(points: list[Point], most: int = _MOST_POINTS) -> list[Point]:
    """As many points at most, with the least and the greatest of every bundle of neighbours."""
    if len(points) <= most:
        return points
    size = -(-2 * len(points) // most)
    kept: list[Point] = []
    for begin in range(0, len(points), size):
        known = [(value, at) for at, value in points[begin : begin + size] if value is not None]
        if not known:
            kept.append((points[begin][0], None))
            continue
        ends = sorted({min(known), max(known)}, key=lambda end: end[1])
        kept += [(at, value) for value, at in ends]
    return kept


def _runs(points: list[Point]) -> list[list[tuple[float, float]]]:
    """Broken where nothing was sensed."""
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in points:
        if value is None:
            runs.append([])
        else:
            runs[-1].append((at, value))
    return [run for run in runs if run]
