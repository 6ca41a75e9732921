"""What was run is kept, line by line, and found again, whatever tore the last of them."""

from __future__ import annotations

from pathlib import Path

from joulehash.bench.validate.book import Book, digest
from joulehash.bench.validate.trial import Failure, Trial


def trial(seed: int) -> Trial:
    failed = [Failure("cores", 31.5, 20.25)]
    findings = [("dead-core", "chip 0, core 17")]
    return Trial(
        board="b", label="dead-core", seed=seed, fault="dead-core:17", verdict="fail", failed=failed, findings=findings
    )


def test_runs_are_found_again(tmp_path: Path) -> None:
    book = Book(tmp_path / "deep" / "er", "12345678")
    for seed in (1, 2):
        book.add(trial(seed))
    again = Book(tmp_path / "deep" / "er", "12345678")
    assert again.trials == book.trials
    assert list(again.trials.values()) == [trial(1), trial(2)]
    assert again.has("b", "dead-core", 2)
    assert not again.has("b", "dead-core", 3)


def test_runs_of_other_code_are_not_counted(tmp_path: Path) -> None:
    Book(tmp_path, "11111111").add(trial(1))
    assert not Book(tmp_path, "22222222").trials


def test_a_torn_line_costs_one_run(tmp_path: Path) -> None:
    book = Book(tmp_path, "12345678")
    for seed in (1, 2):
        book.add(trial(seed))
    book.path.write_bytes(book.path.read_bytes()[:-20])
    torn = Book(tmp_path, "12345678")
    assert list(torn.trials.values()) == [trial(1)]
    torn.add(trial(3))
    assert list(Book(tmp_path, "12345678").trials.values()) == [trial(1), trial(3)]


def test_limits_are_part_of_what_is_counted_together() -> None:
    assert digest() == digest()
    assert len({digest(), digest(["chip_c=70"]), digest(["chip_c=71"])}) == 3
