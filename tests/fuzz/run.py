"""One target under made-up input, counted."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress

from hypothesis import HealthCheck, Phase, given, seed, settings

from .targets import Target

_A_ROUND = 300  # inputs


def fuzz(target: Target, first_seed: int, more: Callable[[], bool]) -> tuple[int, str | None]:
    """(inputs, what failed and how, or None). Rounds with seeds of their own, while `more` says so; one at least."""
    count = 0

    def try_one(value: object) -> None:
        nonlocal count
        count += 1
        with suppress(*target.expected):
            target.try_one(value)

    made = settings(
        max_examples=_A_ROUND,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )
    number = first_seed
    while True:
        try:
            seed(number)(made(given(target.inputs)(try_one)))()
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return count, f"seed {number}: {''.join(traceback.format_exception(error))}"
        number += 1
        if not more():
            return count, None
