"""A fixed number of made-up inputs for every parser that touches the outside; `make fuzz` goes on for an hour."""

from __future__ import annotations

import pytest

from tests.fuzz.run import fuzz
from tests.fuzz.targets import TARGETS, Target

pytestmark = pytest.mark.long


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_some_hundred_inputs(target: Target) -> None:
    rounds = iter((True, False))
    count, failure = fuzz(target, 1, lambda: next(rounds))
    assert failure is None, failure
    assert count >= 300  # two rounds, where there are so many different ones
