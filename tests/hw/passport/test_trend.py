from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from joulehash.hw.passport.history import Day, Metered, Span
from joulehash.hw.passport.trend import months, parts

FIRST = date(2026, 1, 30)


def days(*numbers: int) -> list[Day]:
    return [
        Day(FIRST + timedelta(days=n), Span(60.0, 600, 60.0, energy=[Metered("wall", "plug", 5.0, 60.0, 600)]))
        for n in numbers
    ]


def test_months() -> None:
    found = months(days(0, 1, 2, 40))
    assert {month: (span.seconds, span.energy[0].joules) for month, span in found.items()} == {
        "2026-01": (120.0, 10.0),
        "2026-02": (60.0, 5.0),
        "2026-03": (60.0, 5.0),
    }


def test_parts_leave_gaps_where_nothing_was_done() -> None:
    assert [span.seconds for span in parts(days(0, 1, 9), 5)] == [120.0, 0.0, 0.0, 0.0, 60.0]
    assert [span.seconds for span in parts(days(0, 2), 5)] == [60.0, 0.0, 60.0], "no more of them than days"
    assert parts([], 5) == []


@given(st.sets(st.integers(0, 5000), max_size=50).map(sorted), st.integers(1, 60))
def test_nothing_is_lost(numbers: list[int], most: int) -> None:
    made = days(*numbers)
    found = parts(made, most)
    assert len(found) <= most
    assert sum(span.hashes or 0 for span in found) == 600 * len(numbers)
    assert [day.span.seconds for day in made] == [60.0] * len(numbers), "they are left as they were"
