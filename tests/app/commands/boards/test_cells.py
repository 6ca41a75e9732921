from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from joulehash.app.commands.boards.cells import figure, marks, table


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


def test_what_simulators_use_is_said_in_another_unit() -> None:
    assert (figure(18.674), figure(18.674, 0.43)) == ("18.67", "18.67 ± 0.43")
    assert (figure(5.58e7, 5.8e6), figure(3.2e5), figure(1e20)) == ("55.8 ± 5.8 J/MH", "320.0 J/GH", "100000000.0 J/H")
