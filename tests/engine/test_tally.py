"""The sum of shares agrees at every moment."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.tally import OTHER_REASONS, REASONS_LIMIT, Outcome, Result, Tally

results = st.builds(Result, st.sampled_from(Outcome), st.sampled_from(("", "late", "low difficulty (23)")))


@given(st.lists(st.one_of(st.none(), st.tuples(results, st.booleans()))))
def test_it_agrees_whatever_comes(steps: list[tuple[Result, bool] | None]) -> None:
    tally, expected, blocks = Tally(), dict.fromkeys(Outcome, 0), 0
    for step in steps:
        if step is None:
            tally.open(Fraction(1))
        elif not tally.pending:
            with pytest.raises(ValueError, match="no share is pending"):
                tally.close(step[0])
        else:
            result, block = step
            tally.close(result, block=block)
            expected[result.outcome] += 1
            blocks += block and result.outcome is Outcome.ACCEPTED
        assert tally.agrees
        counts = (tally.accepted, tally.rejected, tally.stale, tally.duplicates, tally.lost)
        assert counts == tuple(expected[outcome] for outcome in Outcome)
        assert tally.found == sum(counts) + tally.pending
    assert tally.blocks == blocks


def test_it_tells_when_it_does_not_agree() -> None:
    tally = Tally()
    tally.open(Fraction(1))
    tally.found += 1
    assert not tally.agrees


def test_every_refusal_has_its_reason() -> None:
    tally = Tally()
    for reason in ("low", "low", "unknown"):
        tally.open(Fraction(1))
        tally.close(Result(Outcome.REJECTED, reason))
    assert tally.reasons == {(Outcome.REJECTED, "low"): 2, (Outcome.REJECTED, "unknown"): 1}


def test_a_pool_cannot_fill_memory_with_reasons() -> None:
    tally = Tally()
    for i in range(1000):
        tally.open(Fraction(1))
        tally.close(Result(Outcome.REJECTED, f"reason {i}"))
        assert tally.agrees
    assert len(tally.reasons) == REASONS_LIMIT + 1
    assert tally.reasons[Outcome.REJECTED, OTHER_REASONS] == 1000 - REASONS_LIMIT


def test_it_knows_the_best() -> None:
    tally = Tally()
    for difficulty in (3, 7, 5):
        tally.open(Fraction(difficulty))
    assert tally.best == 7
