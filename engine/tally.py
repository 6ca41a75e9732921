"""The count of shares, whose sum agrees at every moment.

    found = accepted + rejected + stale + duplicate + lost + pending

Each that is not accepted has its reason; the first 64 of them are told apart, so that a pool cannot invent them without
end. Claims that were no share, and false ones, are counted beside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

REASONS_LIMIT = 64  # different ones; any further are counted together
OTHER_REASONS = "other reasons"


class Outcome(Enum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    STALE = "stale"
    DUPLICATE = "duplicate"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a share. `reason` is empty when it was accepted."""

    outcome: Outcome
    reason: str = ""
    latency_s: float | None = None  # from sent to answered


@dataclass(slots=True)
class Tally:
    found: int = 0
    pending: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    reasons: Counter[tuple[Outcome, str]] = field(default_factory=Counter[tuple[Outcome, str]])
    blocks: int = 0  # accepted shares that were blocks
    claims: int = 0  # true claims, shares included
    hardware_errors: int = 0  # false claims
    repeats: int = 0  # true claims that came before; not in claims
    claimed: float = 0.0  # hashes that the true claims stand for, of devices that say so
    claimed_squares: float = 0.0  # the sum of the squares of that, whose root is its standard deviation
    best: Fraction = Fraction(0)  # highest difficulty of a share

    def open(self, difficulty: Fraction) -> None:
        """A share was found; its outcome is pending."""
        self.found += 1
        self.pending += 1
        self.best = max(self.best, difficulty)

    def close(self, result: Result, *, block: bool = False) -> None:
        """The outcome of a pending share. ValueError when none is pending."""
        if not self.pending:
            raise ValueError("no share is pending")
        self.pending -= 1
        self.outcomes[result.outcome] += 1
        if result.outcome is not Outcome.ACCEPTED:
            known = (result.outcome, result.reason) in self.reasons or len(self.reasons) < REASONS_LIMIT
            self.reasons[result.outcome, result.reason if known else OTHER_REASONS] += 1
        elif block:
            self.blocks += 1

    @property
    def agrees(self) -> bool:
        """The sum above, and a reason for each that was not accepted."""
        refused = sum(self.reasons.values())
        return self.found == self.outcomes.total() + self.pending and (
            refused == self.outcomes.total() - self.outcomes[Outcome.ACCEPTED]
        )

    @property
    def accepted(self) -> int:
        return self.outcomes[Outcome.ACCEPTED]

    @property
    def rejected(self) -> int:
        return self.outcomes[Outcome.REJECTED]

    @property
    def stale(self) -> int:
        return self.outcomes[Outcome.STALE]

    @property
    def duplicates(self) -> int:
        return self.outcomes[Outcome.DUPLICATE]

    @property
    def lost(self) -> int:
        return self.outcomes[Outcome.LOST]


@dataclass(slots=True)
class PoolTally(Tally):
    """The shares that were found for one pool; of claims it knows nothing."""

    credited: float = 0.0  # the sum of the difficulties that its accepted shares were asked to have
