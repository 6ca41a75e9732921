"""Chips and cores among their like: which is dead, which is weak, and are the shares equal at all.

Many units are judged at once, so each risk is for all of them together: 0.1 % that any sound unit is named. Silence is
safe to look at again and again, as a unit that is silent later was silent before; the p-values of weak units are for
one look, at the end of a window.

Sources: Holm, Scand. J. Statist. 6 (1979) 65; Pearson's chi-square. Left out: units whose due counts are not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from .tails import binomial_at_most, chi_square_above, poisson_at_most

ALPHA = 0.001  # over all units
FLOOR = 0.8  # of what a unit should give; below it is weak
LEAST_EXPECTED = 5.0  # in every cell, for chi-square to be true: the customary rule


def due(units: int, alpha: float = ALPHA) -> float:
    """Events that each of so many units must be due before silence may be held against it: 11.8 for 128."""
    if units < 1:
        raise ValueError(f"units: {units}; takes 1 or more")
    return log(units / alpha)


def silent(expected: float, units: int, alpha: float = ALPHA) -> bool:
    """Whether a unit that gave nothing, where `expected` were due, is dead: one of `units` that were looked at."""
    return exp(-expected) * units <= alpha


def dead(counts: Sequence[int], expected: Sequence[float], alpha: float = ALPHA) -> list[int]:
    """Which units are dead, by index. Raises ValueError when there are not as many of both."""
    pairs = enumerate(zip(counts, expected, strict=True))
    return [i for i, (n, due_) in pairs if n == 0 and silent(due_, len(counts), alpha)]


def weak(counts: Sequence[int], expected: Sequence[float], floor: float = FLOOR, alpha: float = ALPHA) -> list[int]:
    """Which units gave so little that they are below `floor` of what is expected, by index; the dead too, once more is
    due. Against what is expected, not against the others: a board that is slow as a whole has none but weak units.
    """
    p_values = [poisson_at_most(n, floor * mean) for n, mean in zip(counts, expected, strict=True)]
    return [i for i, found in enumerate(holm(p_values, alpha)) if found]


def weaker(counts: Sequence[int], weights: Sequence[float], floor: float = FLOOR, alpha: float = ALPHA) -> list[int]:
    """Which units give less than `floor` of what the others give, by index: whatever the rate of the whole board.

    `weights` is how much of the work each has, in any unit. Given the sum of all counts, each is binomial.
    """
    total, whole = sum(counts), sum(weights)
    p_values: list[float] = []
    for n, weight in zip(counts, weights, strict=True):
        share = floor * weight / (whole - weight + floor * weight)
        p_values.append(binomial_at_most(n, total, share))
    return [i for i, found in enumerate(holm(p_values, alpha)) if found]


def holm(p_values: Sequence[float], alpha: float = ALPHA) -> list[bool]:
    """Which are significant when the risk of even one false alarm is to be alpha; in the order given.

    The least must be below alpha / n, the next below alpha / (n - 1), up to the first that is not.
    """
    found = [False] * len(p_values)
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] > alpha / (len(p_values) - rank):
            break
        found[i] = True
    return found


def unequal(counts: Sequence[int], weights: Sequence[float]) -> float | None:
    """The p-value that counts differ so much from shares in proportion to `weights` by chance alone.

    Pearson's chi-square. None with fewer than two units, or where one is due fewer than 5: nothing can be said then.
    """
    if len(counts) < 2:
        return None
    total, whole = sum(counts), sum(weights)
    expected = [total * weight / whole for weight in weights]
    if min(expected) < LEAST_EXPECTED:
        return None
    distance = sum((n - mean) ** 2 / mean for n, mean in zip(counts, expected, strict=True))
    return chi_square_above(distance, len(counts) - 1)
