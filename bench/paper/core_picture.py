"""The core map: a row for each chip, a column for each core; chips whose cores cannot be told apart stand as a field.

A dead core is black with a white cross in a red frame, a weak one orange with a mark, one not yet known is empty with
a question mark; the others are blue, darker the more they gave. Each tells its counts under the pointer, and the list
below the map names all that are not sound.
"""

from __future__ import annotations

from math import ceil

from .axes import WIDTH, box, picture, title, words
from .colours import FAINT, INK, ORANGE, PAPER, RED, RULE
from .cores import SIGNS, STATES, Core, State, tally
from .markup import Markup, join

_LEFT, _TOP, _GAP = 66, 20, 1
_BLUES = ("#dfecf6", "#c9dff0", "#b0d0e9", "#94bfe0")  # up to 0.9, 1.0, 1.1 of what is due, and above
_STEPS = (0.9, 1.0, 1.1)
_PER_FIELD_ROW = 16


def core_picture(rows: list[list[Core]]) -> Markup:
    """Raises ValueError where there is no core."""
    if not any(rows):
        raise ValueError("core map: no cores")
    if all(len(row) <= 1 for row in rows):
        return _field([core for row in rows for core in row])
    columns = max(map(len, rows))
    wide = (WIDTH - _LEFT) / columns
    high = 44.0 if len(rows) == 1 else 26.0 if len(rows) <= 8 else 14.0 if len(rows) <= 40 else 8.0
    placed = [(core, i * wide, y * high) for y, row in enumerate(rows) for i, core in enumerate(row)]
    placed.sort(key=lambda place: place[0].state == "dead")  # over their neighbours
    parts = [_cell(core, _LEFT + x, _TOP + y, wide, high) for core, x, y in placed]
    each = 1 if high >= 14 else 5
    parts += [
        words(_LEFT - 8, _TOP + (y + 0.5) * high + 4, f"chip {row[0].chip}", text_anchor="end", font_size=11)
        for y, row in enumerate(rows)
        if row and y % each == 0
    ]
    step = 8 if columns > 40 else 4
    parts += [
        words(_LEFT + (i + 0.5) * wide, _TOP - 6, str(i), text_anchor="middle", font_size=10, fill=FAINT)
        for i in range(0, columns, step)
    ]
    bottom = _TOP + len(rows) * high
    return picture(bottom + 32, tally(rows), *parts, _legend(bottom + 22))


def _field(chips: list[Core]) -> Markup:
    """Chips as boxes with their number, sixteen in a row, in the order of the chain."""
    per_row = min(_PER_FIELD_ROW, len(chips))
    wide, high = min(90.0, WIDTH / per_row), 40.0
    parts: list[Markup] = []
    for i, core in enumerate(chips):
        x, y = i % per_row * wide, i // per_row * high
        parts.append(_cell(core, x, y, wide, high, said=f"{core.chip}"))
    bottom = ceil(len(chips) / per_row) * high
    return picture(bottom + 32, tally([[core] for core in chips]), *parts, _legend(bottom + 22))


def _cell(core: Core, x: float, y: float, wide: float, high: float, said: str = "") -> Markup:
    """A box with its sign, or what is said; small boxes have room for a cross only."""
    counts = title(f"{core.name}: {core.n} of {core.expected:.1f} due, {core.state}")
    fill = _fill(core)
    stroke = RED if core.state == "dead" else RULE if core.state == "silent" else None
    parts = [
        box(
            x + _GAP / 2,
            y + _GAP / 2,
            wide - _GAP,
            high - _GAP,
            counts,
            fill=fill,
            stroke=stroke,
            stroke_width=2 if core.state == "dead" else None,
        )
    ]
    sign = "" if core.state == "sound" else SIGNS[core.state]
    label = f"{said} {sign}".strip()
    if label:
        size = max(6.0, min(13.0, wide * (1.5 if not said else 1), high - 2))
        white = core.state == "dead"
        parts.append(
            words(
                x + wide / 2,
                y + high / 2 + size * 0.36,
                label,
                text_anchor="middle",
                font_size=size,
                fill=PAPER if white else INK,
                font_weight="bold" if sign else None,
                pointer_events="none",
            )
        )
    return join(*parts)


def _fill(core: Core) -> str:
    match core.state:
        case "dead":
            return INK
        case "weak":
            return ORANGE
        case "silent":
            return PAPER
        case "sound":
            part = core.n / core.expected if core.expected else 1.0
            return _BLUES[sum(part > step for step in _STEPS)]


_MEANS: dict[State, str] = {
    "sound": "sound; darker: gave more",
    "weak": "weak against the others",
    "dead": "dead",
    "silent": "silent, and too little was due to know",
}


def _legend(y: float) -> Markup:
    parts: list[Markup] = []
    x = 0.0
    for state in STATES:
        n = 0 if state in ("dead", "silent") else 1
        core = Core(0, None, n, 1.0, state)
        parts.append(_cell(core, x, y - 11, 15, 15))
        parts.append(words(x + 21, y + 1, _MEANS[state], font_size=12, fill=FAINT))
        x += 21 + 6.4 * len(_MEANS[state]) + 22
    return join(*parts)
