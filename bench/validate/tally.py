"""Trials counted: what each came to, and what that lets one say.

An outcome of a fault     named     the verdict is fail, by one of the fault's own steps, and its finding stands alone
                          more      the same, with findings beside it that do not follow from it
                          other     fail, and the fault has not its name or its place
                          undecided the verdict is inconclusive
                          missed    pass
                          broke     the check raised an error

Bounds are Clopper and Pearson's: of none among n the upper one-sided 95 % bound is 1 - 0.05^(1/n), 3/n by the rule of
three.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Literal, TypeAlias

from ...hw.boards.row import Row
from ...hw.boards.table import board_row
from ..decide.intervals import LEVEL, Interval
from ..decide.tails import beta_quantile
from .kinds import KINDS, SOUND
from .signs import Sign, sign
from .trial import Failure, Trial

Outcome: TypeAlias = Literal["named", "more", "other", "undecided", "missed", "broke"]


def outcome(row: Row, trial: Trial) -> Outcome:
    """Of a board with a fault that it can show."""
    own = sign(row, trial.fault)
    assert isinstance(own, Sign)
    if trial.verdict != "fail":
        return "broke" if trial.verdict is None else "missed" if trial.verdict == "pass" else "undecided"
    named = any(code == own.code and own.where in ("", where) for code, where in trial.findings)
    if not named or own_failure(own, trial) is None:
        return "other"
    foreign = {code for code, _ in trial.findings} - {own.code} - own.also
    places = {where for code, where in trial.findings if code == own.code}
    return "more" if foreign or (own.where and len(places) > 1) else "named"


def own_failure(own: Sign, trial: Trial) -> Failure | None:
    """The first of the fault's own steps that failed."""
    mine = [failure for failure in trial.failed if not own.steps or failure.step in own.steps]
    return min(mine, key=lambda failure: failure.at_s, default=None)


@dataclass
class Seen:
    """Of one fault, on one board or on several."""

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    steps: Counter[str] = field(default_factory=Counter[str])  # that failed first among its own
    at_s: list[float] = field(default_factory=list[float])  # of those
    after_s: list[float] = field(default_factory=list[float])

    @property
    def runs(self) -> int:
        return sum(self.outcomes.values())

    @property
    def named(self) -> int:
        """And nothing else."""
        return self.outcomes["named"]

    @property
    def missed(self) -> int:
        """Whatever the verdict was called: the board was not failed."""
        return self.outcomes["missed"] + self.outcomes["undecided"] + self.outcomes["broke"]

    def add(self, row: Row, trial: Trial) -> None:
        self.outcomes[outcome(row, trial)] += 1
        own = sign(row, trial.fault)
        assert isinstance(own, Sign)
        if (failure := own_failure(own, trial)) is not None:
            self.steps[failure.step] += 1
            self.at_s.append(failure.at_s)
            self.after_s.append(failure.after_s)


def row_of(trial: Trial) -> Row:
    return board_row(trial.board.partition("?")[0])


def by_fault(trials: Iterable[Trial]) -> dict[str, Seen]:
    """By label, in the order of the table; of boards that can show it."""
    found = {kind.label: Seen() for kind in KINDS}
    for trial in trials:
        row = row_of(trial)
        if trial.label != SOUND and isinstance(sign(row, trial.fault), Sign):
            found[trial.label].add(row, trial)
    return {label: seen for label, seen in found.items() if seen.runs}


def unseen(trials: Iterable[Trial]) -> list[Trial]:
    """Of boards that cannot show their fault: they ought to pass, and nothing be found."""
    return [trial for trial in trials if trial.label != SOUND and isinstance(sign(row_of(trial), trial.fault), str)]


def misses(k: int, n: int, level: float = LEVEL) -> Interval:
    """Clopper and Pearson's interval of a proportion. Raises ValueError for counts that cannot be."""
    if not 0 <= k <= n or n == 0:
        raise ValueError(f"proportion: {k} of {n}; takes 0 to n of 1 or more")
    tail = (1 - level) / 2
    low = beta_quantile(tail, k, n - k + 1) if k else 0.0
    high = beta_quantile(1 - tail, k + 1, n - k) if k < n else 1.0
    return Interval(low, k / n, high, level)


def at_most(k: int, n: int, level: float = LEVEL) -> float:
    """The one-sided upper bound."""
    return misses(k, n, 2 * level - 1).high


def quantile(values: Sequence[float], part: float) -> float:
    """The least of them that is not below that part of them."""
    return sorted(values)[max(0, ceil(part * len(values) - 1e-9) - 1)]
