"""Cells in columns, for the live screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

NAME_MOST = 22  # of a device: with all that it may tell, a line has 80 columns


def aligned(sides: str, rows: Sequence[Sequence[tuple[str, str]]]) -> list[Text]:
    """Lines of cells (words, style) in columns, to the left or to the right. Rich's tables take seven times as long,
    every second."""
    widths = [max(cell_len(words) for words, _ in column) for column in zip(*rows, strict=True)]
    lines: list[Text] = []
    for row in rows:
        parts: list[tuple[str, str]] = [("", "")]
        for at, (side, width, (words, style)) in enumerate(zip(sides, widths, row, strict=True)):
            gap, between = " " * (width - cell_len(words)), "  " if at else ""
            cell = between + words + gap if side == "<" else between + gap + words
            before, last = parts[-1]
            parts[-1:] = [(before + cell, style)] if style == last else [(before, last), (cell, style)]
        lines.append(Text.assemble(*parts))
    return lines


def short(name: str, most: int = NAME_MOST) -> str:
    """The end of it tells ports apart."""
    name = name.replace("/dev/", "")
    return name if len(name) <= most else "…" + name[1 - most :]
