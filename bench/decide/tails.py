"""The few functions of scipy.special that decisions need, as plain numbers, each with its meaning.

scipy is imported at the first call, as it takes a moment and `joulehash --help` has no use for it.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


@cache
def _special() -> Any:  # it has no types to check
    return import_module("scipy.special")


def poisson_at_most(n: int, mean: float) -> float:
    """The probability of n events or fewer where `mean` are expected."""
    return float(_special().pdtr(n, mean)) if n >= 0 else 0.0


def binomial_at_most(k: int, n: int, p: float) -> float:
    """The probability of k successes or fewer in n trials at p each."""
    if k < 0:
        return 0.0
    return float(_special().bdtr(k, n, p)) if k < n else 1.0


def chi_square_above(x: float, freedom: int) -> float:
    """The probability that chi-square with so many degrees of freedom exceeds x."""
    return float(_special().chdtrc(freedom, x))


def gamma_quantile(p: float, shape: float) -> float:
    """What a gamma variable of that shape stays below with probability p: half of chi-square's at 2 × shape."""
    return float(_special().gammaincinv(shape, p))


def beta_quantile(p: float, a: float, b: float) -> float:
    """What a beta variable stays below with probability p."""
    return float(_special().betaincinv(a, b, p))
