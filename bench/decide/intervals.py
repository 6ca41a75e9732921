"""Intervals for what is counted: events, proportions, ratios of counts.

Which one is honest for events depends on what ended the window:

* a clock, or a number of events that was fixed beforehand: `garwood`, exact for both (stopped at the n-th event its
  lower end is that of the exact gamma interval, and its upper end is above it);
* the counts themselves, as when a sequential test has decided: `anytime`, which holds for every way to stop, and is
  half as wide again. Garwood's falls to 90 % there, as a window that ends when it looks good looks better than it is.

Sources: Garwood, Biometrika 28 (1936) 437; Wilson, JASA 22 (1927) 209; Clopper and Pearson, Biometrika 26 (1934) 404;
Robbins, Ann. Math. Statist. 41 (1970) 1397 for the mixture, with Ville's inequality. Left out: mid-P and Bayesian
intervals, which are narrower and keep less than 93 % for some small counts.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, lgamma, log, sqrt
from statistics import NormalDist

import msgspec

from .tails import beta_quantile, gamma_quantile

LEVEL = 0.95
# The weight of `anytime`: as if so many expected events had been seen, and had come. 20 is narrowest for windows of
# some tens to thousands of events at rates of a half to one and a half of the expected.
_PRIOR = 20.0


class Interval(msgspec.Struct, frozen=True):
    """The truth lies from low to high in `level` of all windows; value is the best single figure."""

    low: float
    value: float
    high: float
    level: float = LEVEL

    def times(self, factor: float) -> Interval:
        """The same in another unit. Raises ValueError for a factor below 0."""
        if factor < 0:
            raise ValueError(f"interval: factor {factor:g}; takes 0 or more")
        return Interval(self.low * factor, self.value * factor, self.high * factor, self.level)

    def __contains__(self, truth: float) -> bool:
        return self.low <= truth <= self.high

    @property
    def half(self) -> float:
        """Half its width, as a part of its value: what stands behind ±. Infinite where the value is 0."""
        return (self.high - self.low) / 2 / self.value if self.value else inf


def garwood(n: int, level: float = LEVEL) -> Interval:
    """The expected number of events where n came in a window of fixed length: exact for Poisson."""
    _check(n, level)
    miss = (1 - level) / 2
    return Interval(gamma_quantile(miss, n) if n else 0.0, float(n), gamma_quantile(1 - miss, n + 1), level)


def anytime(n: int, expected: float, level: float = LEVEL) -> Interval:
    """Events over expected events, honest whenever and for whatever reason the window ended.

    All rates are kept under which the counts are not 1 / (1 - level) times likelier for a gamma mixture of rates around
    the expected one. Narrowest where about as many come as are expected; right everywhere. Raises ValueError for
    `expected` of 0 or less.
    """
    _check(n, level)
    if not expected > 0:
        raise ValueError(f"anytime: {expected:g} events expected; takes more than 0")
    a = _PRIOR
    mixed = a * log(a) - lgamma(a) + lgamma(a + n) - (a + n) * log(a + expected)
    bound = -log(1 - level) - mixed

    def excess(rate: float) -> float:  # convex, least at n / expected, and 0 at both ends of the interval
        return expected * rate - (n * log(rate) if n else 0.0) - bound

    value = n / expected
    high = 2 * max(value, 1 / expected)
    while excess(high) < 0:
        high *= 2
    high = _root(excess, value, high)
    if not n:
        return Interval(0.0, 0.0, high, level)
    low = value / 2
    while excess(low) < 0:
        low /= 2
    return Interval(_root(excess, value, low), value, high, level)


def wilson(k: int, n: int, level: float = LEVEL) -> Interval | None:
    """The proportion behind k of n; None for n = 0, of which nothing is known."""
    _check(k, level)
    if k > n:
        raise ValueError(f"wilson: {k} of {n}; takes at most all of them")
    if n == 0:
        return None
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * sqrt(k * (n - k) / n + z * z / 4)
    # At either end the formula is exact and its floating point is not.
    return Interval(centre - half if k else 0.0, k / n, centre + half if k < n else 1.0, level)


def ratio(n: int, m: int, level: float = LEVEL) -> Interval | None:
    """The expectation behind n events over that behind m: given n + m, n is binomial (Clopper and Pearson).

    None for m = 0: the ratio has no upper end. For windows of unequal length use `times`.
    """
    _check(n, level)
    _check(m, level)
    if m == 0:
        return None
    miss = (1 - level) / 2
    low = beta_quantile(miss, n, m + 1) if n else 0.0
    high = beta_quantile(1 - miss, n + 1, m)
    return Interval(low / (1 - low), n / m, high / (1 - high), level)


def over_counter(n: int, weight: float, counted: float, quantum: float = 0.0, level: float = LEVEL) -> Interval | None:
    """What n nonces stand for (n × weight hashes) over the hashes that a counter counted in the same window.

    A counter that moves in steps of `quantum` hashes is read twice, and so is off by at most one step; the interval is
    widened by that. None where it counted no more than one step. An interval that excludes 1 is a fault, not noise.
    """
    if counted <= quantum:
        return None
    of_nonces = garwood(n, level).times(weight)
    return Interval(
        of_nonces.low / (counted + quantum), n * weight / counted, of_nonces.high / (counted - quantum), level
    )


def _root(excess: Callable[[float], float], inside: float, outside: float) -> float:
    """Where `excess` changes its sign: it is below 0 inside."""
    for _ in range(100):
        middle = (inside + outside) / 2
        if excess(middle) < 0:
            inside = middle
        else:
            outside = middle
    return outside


def _check(n: int, level: float) -> None:
    if n < 0:
        raise ValueError(f"interval: {n} events; takes 0 or more")
    if not 0 < level < 1:
        raise ValueError(f"interval: level {level:g}; takes more than 0 and less than 1")
