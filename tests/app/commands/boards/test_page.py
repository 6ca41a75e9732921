from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from joulehash.app.commands.boards.page import marks, table


def test_marks_go_from_the_least_to_the_most() -> None:
    assert marks([1.0, 2.0, None, 8.0, 1.0]) == "▁▂·█▁"
    assert marks([5.0, 5.0]) == "▄▄"
    assert marks([None]) == "·"
    assert marks([]) == ""


@given(st.lists(st.none() | st.floats(0, 1e30), max_size=40))
def test_there_is_a_mark_for_each(values: list[float | None]) -> None:
    assert len(marks(values)) == len(values)
    assert [mark == "·" for mark in marks(values)] == [value is None for value in values]


@given(st.lists(st.tuples(st.text(max_size=90), st.text(max_size=90)), max_size=5))
def test_a_table_never_leaves_its_columns(rows: list[tuple[str, str]]) -> None:
    assert all(len(line) <= 32 for line in table(rows, (10, 20)))


def test_cells_take_as_many_lines_as_they_need() -> None:
    assert list(table([("a", "one two three"), ("b", "")], (3, 7))) == ["a    one two", "     three", "b"]
