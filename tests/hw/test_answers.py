"""Nonces that are false, come again, or are always the same; and lines that break what is said."""

from __future__ import annotations

import random

import pytest

from joulehash.engine.work import Origin
from joulehash.hw.answers import Answers, Line

FALSE = "more than 3.5% of its nonces are false"
AGAIN = "more than 1% of its nonces come again"


def heard(n: int, false: float = 0.0, again: float = 0.0, seed: int = 1) -> Answers:
    """So many nonces of two chips, of which a part are false, and a part come twice."""
    rng, answers = random.Random(seed), Answers()
    for number in range(n):
        where = Origin(chip=number % 2)
        answers.take(where, number, number, true=rng.random() >= false)
        if rng.random() < again:
            answers.take(where, number, number, true=True)
    return answers


@pytest.mark.parametrize("n", [0, 1, 63, 64, 5000])
def test_sound_nonces_give_no_alarm(n: int) -> None:
    assert heard(n).alarms() == []


@pytest.mark.parametrize("seed", range(20))
def test_nor_does_what_is_allowed(seed: int) -> None:
    assert heard(2000, false=0.03, seed=seed).alarms() == []


@pytest.mark.parametrize(("n", "false"), [(64, 0.5), (1024, 0.08), (5000, 0.1), (5000, 1.0)])
def test_many_false_ones_do(n: int, false: float) -> None:
    assert heard(n, false=false).alarms() == [FALSE]


@pytest.mark.parametrize(("n", "again"), [(64, 0.5), (1024, 0.06), (5000, 1.0)])
def test_so_do_those_that_come_again(n: int, again: float) -> None:
    assert heard(n, again=again).alarms() == [AGAIN]


def test_an_alarm_ends_when_it_is_well_again_and_not_before() -> None:
    answers = heard(1000, false=0.5)
    for number in range(10_000, 11_030):
        answers.take(Origin(chip=0), number, number, true=True)
        assert answers.alarms() in ([FALSE], [])
        if len(answers.alarms()) == 0:
            break
    else:
        raise AssertionError("it stays")
    assert number > 10_900  # almost all that it remembers is sound


def test_one_nonce_over_and_over_is_that_chips() -> None:
    answers = Answers()
    for work in range(8):
        answers.take(Origin(chip=0), 100 + work, work, true=True)
        assert answers.alarms() == []
        answers.take(Origin(chip=1), 7, (work, 7), true=False)
    assert answers.alarms() == ["chip 1 tells one nonce over and over"]
    answers.take(Origin(chip=1), 8, (8, 8), true=True)
    assert answers.alarms() == []


def test_what_twelve_chips_tell_that_search_the_same_comes_again_and_is_not_stuck() -> None:
    answers = Answers()
    for nonce in range(100):
        for _ in range(12):
            answers.take(Origin(chip=0), nonce, nonce, true=True)
    assert answers.alarms() == [AGAIN]


def test_hashes_were_done_for_each_but_those_that_came_before() -> None:
    answers, where = Answers(), Origin(chip=0)
    assert answers.take(where, 1, "a", true=True)
    assert not answers.take(where, 1, "a", true=True)
    assert answers.take(where, 1, "b", true=True)  # the same number, in another work
    assert answers.take(where, 2, "c", true=False)


def test_it_forgets_what_is_long_past() -> None:
    answers = heard(5000)
    assert answers.take(Origin(chip=0), 0, 0, true=True)  # no work is so old


def test_a_line_is_told_by_what_of_its_bytes_is_broken() -> None:
    line = Line(0, 0)
    assert line.look(400, 100) == ""  # too few to say
    assert "look at its cable" in line.look(1000, 100)
    told = [line.look(1000 + 1000 * second, 100) for second in range(1, 61)]
    assert (bool(told[0]), told[-1]) == (True, "")


def test_what_came_broken_before_the_line_was_judged_does_not_count() -> None:
    line = Line(500, 100)
    assert [line.look(500 + 200 * second, 100) for second in range(20)] == [""] * 20


def test_one_broken_frame_among_few_is_no_cable() -> None:
    line = Line(0, 0)
    assert [line.look(500 + 100 * second, 11) for second in range(20)] == [""] * 20
