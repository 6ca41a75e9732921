"""A sweep as pictures: the map of frequency and voltage (repairers call it a shmoo), and J/TH against the rate.

Every cell of the map has its J/TH in figures, or in words why it has none, so that its shade is a help and not needed.
Left out: how a sweep goes about, which spots know nothing of.
"""

from __future__ import annotations

from collections.abc import Sequence

from .axes import WIDTH, Scale, around, box, columns_axis, line, picture, rows_axis, ticks, title, words
from .colours import BLUE, FAINT, INK, ORANGE, PAPER, RED, RULE, SHADE
from .figures import interval, prefix
from .markup import Markup, element, join
from .spots import Spot, in_unit, rows_and_columns, where

_LEFT, _TOP = 74, 26
_CURVE, _FLOOR = (60.0, WIDTH - 190.0), 300.0
_SHADES = ("#e8f1f8", "#cfe3f2", "#a9cde8", "#7fb3da")  # from the worst J/TH to the best


def map_picture(spots: Sequence[Spot]) -> Markup:
    """Volts to the right, MHz upwards. Raises ValueError for none."""
    mhz, volts = rows_and_columns(spots)
    unit, spots = in_unit(spots)
    wide, high = min(110.0, (WIDTH - _LEFT) / len(volts)), 30.0
    known = [spot.j_per_th.value for spot in spots if spot.j_per_th is not None]
    shade = Scale(max(known), min(known), 0.0, len(_SHADES) - 1) if known else None
    parts = [
        _cell(spot, _LEFT + volts.index(spot.volts) * wide, _TOP + mhz.index(spot.mhz) * high, wide, high, shade, unit)
        for spot in sorted(spots, key=lambda spot: bool(spot.mark))
    ]
    parts += [
        words(_LEFT - 8, _TOP + (i + 0.5) * high + 4, f"{value:g}", text_anchor="end", fill=FAINT, font_size=11)
        for i, value in enumerate(mhz)
    ]
    parts.append(words(_LEFT - 8, _TOP - 10, "MHz", text_anchor="end", fill=FAINT))
    bottom = _TOP + len(mhz) * high
    parts += [
        words(_LEFT + (i + 0.5) * wide, bottom + 16, f"{value:g} V", text_anchor="middle", fill=FAINT, font_size=11)
        for i, value in enumerate(volts)
        if value is not None
    ]
    parts.append(words(_LEFT, _TOP - 10, f"{unit}; darker: less. Framed: the best", fill=FAINT))
    return picture(bottom + 26, f"{unit} by frequency and voltage", *parts)


def _cell(spot: Spot, x: float, y: float, wide: float, high: float, shade: Scale | None, unit: str) -> Markup:
    if spot.j_per_th is None or shade is None:
        fill, said = SHADE, spot.said
    else:
        fill, said = _SHADES[round(shade(spot.j_per_th.value))], f"{spot.j_per_th.value:.1f}"
    about = [f"{spot.mhz:g} MHz", "" if spot.volts is None else f"{spot.volts:g} V", interval(spot.rate, "H/s")]
    about += [interval(spot.j_per_th, unit), spot.said, spot.mark]
    size = min(12.0, 1.55 * wide / max(len(said), 1))
    return join(
        box(
            x + 0.5,
            y + 0.5,
            wide - 1,
            high - 1,
            title(", ".join(filter(None, about))),
            fill=fill,
            stroke=ORANGE if spot.mark else RULE,
            stroke_width=3 if spot.mark else 1,
        ),
        words(
            x + wide / 2,
            y + high / 2 + 4,
            said,
            text_anchor="middle",
            font_size=size,
            fill=FAINT if spot.j_per_th is None else INK,
            font_weight="bold" if spot.mark else None,
            pointer_events="none",
        ),
    )


def curve_picture(spots: Sequence[Spot]) -> Markup | None:
    """J/TH upwards, the rate to the right, and the frontier with its intervals. None: no spot has both."""
    unit, spots = in_unit(spots)
    known = [(spot, spot.rate, spot.j_per_th) for spot in spots if spot.rate is not None and spot.j_per_th is not None]
    if not known:
        return None
    by, letter = prefix(max(rate.value for _, rate, _ in known))
    across = Scale(*around([end / by for _, rate, _ in known for end in (rate.low, rate.high)]), _CURVE[0], _CURVE[1])
    up = Scale(*around([end for _, _, cost in known for end in (cost.low, cost.high)]), _FLOOR, _TOP)
    parts = rows_axis(up, ticks(up.low, up.high, 6), *_CURVE)
    parts += columns_axis(across, ticks(across.low, across.high, 8), _FLOOR, f"{letter}H/s")
    parts.append(words(_CURVE[0], _TOP - 10, unit, fill=FAINT))
    best = sorted(
        ((across(rate.value / by), up(cost.value)) for spot, rate, cost in known if spot.frontier), key=lambda at: at[0]
    )
    if len(best) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in best)
        parts.append(element("polyline", points=path, fill="none", stroke=ORANGE, stroke_width=2))
    for spot, rate, cost in known:
        x, y = across(rate.value / by), up(cost.value)
        here = where(spot)
        if spot.frontier or spot.mark:
            parts.append(line(across(rate.low / by), y, across(rate.high / by), y, stroke=BLUE, stroke_opacity=0.5))
            parts.append(line(x, up(cost.low), x, up(cost.high), stroke=BLUE, stroke_opacity=0.5))
        parts.append(
            element(
                "circle",
                title(f"{here}: {interval(cost, unit)} at {interval(rate, 'H/s')}"),
                cx=x,
                cy=y,
                r=5 if spot.mark else 3.5,
                fill=BLUE if spot.frontier else PAPER,
                stroke=RED if spot.mark else BLUE,
                stroke_width=2 if spot.mark else 1.2,
            )
        )
        if spot.mark:
            halo = {"paint_order": "stroke", "stroke": PAPER, "stroke_width": "3"}
            parts.append(words(x + 9, y + 15, f"{spot.mark}: {here}", font_weight="bold", **halo))
    return picture(_FLOOR + 30, f"{unit} against hash rate; filled: no other spot is better in both", *parts)
