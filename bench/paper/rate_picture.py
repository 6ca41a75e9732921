"""The rate with its interval, between what fails and what passes."""

from __future__ import annotations

from ..decide.intervals import Interval
from ..decide.sprt import BAD, GOOD
from .axes import WIDTH, Scale, box, columns_axis, line, picture, ticks, title, words
from .colours import BLUE, FAINT, GREEN, INK, RED, SHADE
from .figures import interval, prefix
from .markup import Markup

_LEFT, _RIGHT, _TOP, _BOTTOM = 20, WIDTH - 20, 40, 84


def rate_picture(rate: Interval, expected_hps: float | None, bad: float = BAD, good: float = GOOD) -> Markup:
    """`expected_hps`: what is due at this frequency; None: not known, and no zones are drawn.

    `bad`, `good`: of it, what fails and what passes.
    """
    most = 1.12 * max(rate.high, expected_hps or 0.0) or 1.0
    by, letter = prefix(most)
    scale = Scale(0.0, most, _LEFT, _RIGHT)
    parts: list[Markup] = [box(_LEFT, _TOP, _RIGHT - _LEFT, _BOTTOM - _TOP, fill=SHADE)]
    if expected_hps:
        parts += _zones(scale, expected_hps, bad, good)
    middle = (_TOP + _BOTTOM) / 2
    low, high = scale(rate.low), scale(rate.high)
    said = interval(rate, "H/s")
    parts += [
        line(low, middle, high, middle, stroke=BLUE, stroke_width=5),
        line(low, middle - 11, low, middle + 11, stroke=BLUE, stroke_width=2.5),
        line(high, middle - 11, high, middle + 11, stroke=BLUE, stroke_width=2.5),
        box(scale(rate.value) - 3, middle - 11, 6, 22, title(said), fill=INK),
    ]
    marks = [value * by for value in ticks(0, most / by, 8)]
    parts += columns_axis(Scale(0.0, most / by, _LEFT, _RIGHT), [mark / by for mark in marks], _BOTTOM, f"{letter}H/s")
    return picture(_BOTTOM + 26, f"hash rate: {said}", *parts)


def _zones(scale: Scale, expected_hps: float, bad: float, good: float) -> list[Markup]:
    """What surely fails, what surely passes, and what was due."""
    fails, passes, due = (scale(part * expected_hps) for part in (bad, good, 1.0))
    return [
        box(_LEFT, _TOP, fails - _LEFT, _BOTTOM - _TOP, fill=RED, fill_opacity=0.14),
        box(passes, _TOP, _RIGHT - passes, _BOTTOM - _TOP, fill=GREEN, fill_opacity=0.14),
        words((_LEFT + fails) / 2, _TOP - 24, f"fails, up to {bad:.0%}", text_anchor="middle", fill=RED),
        words(_RIGHT, _TOP - 24, f"passes, from {good:.0%}", text_anchor="end", fill=GREEN),
        line(due, _TOP - 4, due, _BOTTOM, stroke=FAINT, stroke_width=1.5, stroke_dasharray="4 3"),
        words(due, _TOP - 8, "due", text_anchor="middle", fill=FAINT),
    ]
