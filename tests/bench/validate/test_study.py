"""Which run comes next, and runs in a process of their own."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from joulehash.bench.validate.book import Book
from joulehash.bench.validate.kinds import SOUND, Cell, cell_of
from joulehash.bench.validate.study import Aim, run, upcoming
from joulehash.bench.validate.trial import Trial

BOARD = "compac-a1?scale=23"
CELLS = [cell_of(BOARD, label) for label in (SOUND, "no-chips", "wrong-chip")]


def labels(book: Book, every: list[Cell], aim: Aim, n: int) -> list[tuple[str, int]]:
    return [(cell.label, seed) for cell, seed in islice(upcoming(book, every, aim), n)]


def done(label: str, seed: int) -> Trial:
    return Trial(board=BOARD, label=label, seed=seed, fault="", verdict="pass")


def test_cells_fill_evenly_by_their_aims(tmp_path: Path) -> None:
    found = labels(Book(tmp_path, "1"), CELLS, Aim(faulty=4, sound=2), 10)
    assert found[:2] == [("no-chips", 1), ("wrong-chip", 1)]
    assert sorted(found) == sorted(
        [(SOUND, 1), (SOUND, 2)] + [(label, seed) for label in ("no-chips", "wrong-chip") for seed in range(1, 5)]
    )
    for part in (0.5, 1.0):
        some = found[: int(part * len(found))]
        assert {label: sum(one == label for one, _ in some) for label in ("no-chips", SOUND)} == {
            "no-chips": 4 * part,
            SOUND: 2 * part,
        }


def test_what_was_done_is_not_done_again(tmp_path: Path) -> None:
    book = Book(tmp_path, "1")
    for label, seed in (("no-chips", 2), ("wrong-chip", 1), (SOUND, 1)):
        book.add(done(label, seed))
    assert sorted(labels(book, CELLS, Aim(2, 1), 10)) == [("no-chips", 1), ("wrong-chip", 2)]


def test_seeds_that_were_spent_are_left_out(tmp_path: Path) -> None:
    book = Book(tmp_path, "1")
    for label, seed in (("no-chips", 1), ("no-chips", 2), ("wrong-chip", 11)):
        book.add(done(label, seed))
    assert sorted(labels(book, CELLS, Aim(2, 1, first=11), 10)) == [
        ("no-chips", 11),
        ("no-chips", 12),
        (SOUND, 11),
        ("wrong-chip", 12),
    ]


def test_runs_go_into_the_book_as_they_end(tmp_path: Path) -> None:
    book, told = Book(tmp_path, "1"), list[Trial]()
    run(book, CELLS[1:], Aim(2, 0), 2, lambda: False, told.append)
    assert sorted((trial.label, trial.seed) for trial in told) == [
        (label, seed) for label in ("no-chips", "wrong-chip") for seed in (1, 2)
    ]
    assert {trial.verdict for trial in told} == {"fail"}
    assert Book(tmp_path, "1").trials == book.trials
    run(book, CELLS[1:], Aim(2, 0), 2, lambda: False, told.append)
    assert len(told) == 4


def test_no_run_is_begun_when_time_is_up(tmp_path: Path) -> None:
    told = list[Trial]()
    run(Book(tmp_path, "1"), CELLS, Aim(2, 2), 1, lambda: True, told.append)
    assert not told
