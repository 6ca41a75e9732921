"""Sequential tests: as few nonces as it takes to say pass or fail, each wrong once in a thousand at most.

Wald's probability ratio test between two rates with an indifference zone between them: what is at least `good` passes
but for `alpha`, what is at most `bad` fails but for `beta`, and what lies between may do either. The bounds are ln(1 /
beta) and ln(1 / alpha): by Ville's inequality both risks hold whenever one looks, after each nonce, in batches or at
odd times. A look that comes late only makes the test surer and the window longer.

The first decision stands: what comes later is not looked at. A test that has not decided when time is up has found
nothing, and the verdict is inconclusive.

Sources: Wald, Sequential Analysis (1947), chapters 3 and A.3; Ville (1939). Left out: tests that shrink their bounds
towards a last look; they save a third of the window for boards inside the zone, and lose the freedom to look anywhen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Literal

from .intervals import LEVEL, Interval, anytime

Decision = Literal["pass", "fail"]
ALPHA = BETA = 0.001
GOOD, BAD = 0.90, 0.80  # of the expected rate


@dataclass(slots=True, kw_only=True)
class _Sequential:
    """What both tests share: two bounds around a logarithm of likelihoods, and a decision that stands."""

    alpha: float = ALPHA  # the risk to fail what is good
    beta: float = BETA  # the risk to pass what is bad
    decision: Decision | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for name, risk in (("alpha", self.alpha), ("beta", self.beta)):
            if not 0 < risk < 0.5:
                raise ValueError(f"{name} {risk:g}; takes more than 0 and less than 0.5")

    def _decide(self, evidence: float) -> Decision | None:
        """`evidence` is ln(likelihood if good / likelihood if bad)."""
        if evidence >= -log(self.beta):
            self.decision = "pass"
        elif evidence <= log(self.alpha):
            self.decision = "fail"
        return self.decision

    def _looks(self, drift: float, variance: float) -> float:
        """Units of window until a bound is met on average (Wald), where each moves the evidence by so much.

        Between the two rates, where the drift vanishes, it walks there at random: width squared over variance.
        """
        width = -log(self.beta) if drift > 0 else -log(self.alpha)
        return min(width / abs(drift), width * width / variance) if drift else width * width / variance


@dataclass(slots=True, kw_only=True)
class RateTest(_Sequential):
    """Whether events come at `good` or at `bad` of the expected rate: Poisson counts."""

    good: float = GOOD
    bad: float = BAD
    n: int = field(default=0, init=False)  # as of the look that decided, or the latest
    expected: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        _Sequential.__post_init__(self)
        if not 0 < self.bad < self.good:
            raise ValueError(f"rate: good {self.good:g}, bad {self.bad:g}; takes 0 < bad < good")

    @property
    def bound(self) -> str:
        return f"pass >= {100 * self.good:g} %, fail <= {100 * self.bad:g} %"

    def see(self, n: int, expected: float) -> Decision | None:
        """The decision after n events in all where `expected` were due by now at the full rate; None: go on.

        Raises ValueError where either has become less than it was.
        """
        if self.decision is not None:
            return self.decision
        if n < self.n or expected < self.expected:
            raise ValueError(f"rate: {n} of {expected:g} after {self.n} of {self.expected:g}; counts only go up")
        self.n, self.expected = n, expected
        return self._decide(n * log(self.good / self.bad) - (self.good - self.bad) * expected)

    def interval(self, level: float = LEVEL) -> Interval | None:
        """The rate over the expected one, honest although the counts may have ended the window; None: nothing due."""
        return anytime(self.n, self.expected, level) if self.expected > 0 else None

    def needs(self, rate: float = 1.0) -> float:
        """Expected events until it decides, on average, for a board at that part of the expected rate: for planning."""
        step = log(self.good / self.bad)
        return self._looks(rate * step - (self.good - self.bad), rate * step * step)


@dataclass(slots=True, kw_only=True)
class ProportionTest(_Sequential):
    """Whether errors are at most `good` or at least `bad` of all, as of the nonces that arrive: a binomial count."""

    good: float = 0.010
    bad: float = 0.035  # the ceiling that users set: more is not worth its heat
    k: int = field(default=0, init=False)
    n: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        _Sequential.__post_init__(self)
        if not 0 < self.good < self.bad < 1:
            raise ValueError(f"proportion: good {self.good:g}, bad {self.bad:g}; takes 0 < good < bad < 1")

    @property
    def bound(self) -> str:
        return f"pass <= {100 * self.good:g} %, fail >= {100 * self.bad:g} %"

    def see(self, k: int, n: int) -> Decision | None:
        """The decision after k errors among n in all; None: go on. Raises ValueError for counts that cannot be."""
        if self.decision is not None:
            return self.decision
        if not (self.k <= k and self.n <= n and k - self.k <= n - self.n):
            raise ValueError(f"proportion: {k} of {n} after {self.k} of {self.n}; counts only go up")
        self.k, self.n = k, n
        return self._decide(k * log(self.good / self.bad) + (n - k) * log((1 - self.good) / (1 - self.bad)))

    def needs(self, proportion: float = 0.0) -> float:
        """How many it takes to decide, on average, at that proportion of errors."""
        error, sound = log(self.good / self.bad), log((1 - self.good) / (1 - self.bad))
        drift = proportion * error + (1 - proportion) * sound
        return self._looks(drift, proportion * error**2 + (1 - proportion) * sound**2)
