"""Days of a board, put together: by the month for a table, or into so many equal parts for a line of marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .history import Day, Span


def months(days: Iterable[Day]) -> dict[str, Span]:
    """By "2026-11"; those in which it did something, oldest first."""
    found: dict[str, Span] = {}
    for day in days:
        found.setdefault(f"{day.day:%Y-%m}", Span()).include(day.span)
    return found


def parts(days: Sequence[Day], most: int) -> list[Span]:
    """Equal times from the first day to the last, `most` of them or as many as there are days; an empty Span where it
    did nothing."""
    if not days:
        return []
    first = days[0].day
    length = (days[-1].day - first).days + 1
    count = min(most, length)
    found = [Span() for _ in range(count)]
    for day in days:
        found[(day.day - first).days * count // length].include(day.span)
    return found
