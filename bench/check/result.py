"""What a check of a board comes to: values only, which are printed, stored and drawn elsewhere.

A step is one question with its bound and its verdict; a finding is what a person is to know of the board; the verdict
of the whole is that of its steps. As JSON it is the last line of `check --json`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec

from ..decide.intervals import Interval
from ..energy import Efficiency, Energy

Verdict: TypeAlias = Literal["pass", "fail", "inconclusive", "not applicable"]
SCHEMA = "joulehash.check/1"


class Step(msgspec.Struct, frozen=True):
    """`expected` and `measured` in `unit`; `bound` is the rule by which it was decided, in words."""

    name: str
    expected: str | float | int | None
    measured: str | float | int | None
    unit: str
    bound: str
    verdict: Verdict
    seconds: float


class Finding(msgspec.Struct, frozen=True):
    """code      of the table in localise.py: "dead-core", "cut-chain" …
    where     "chip 3, core 17"; empty: the board
    evidence  figures
    hint      the likeliest cause and what to look at, in the words repairers use
    """

    code: str
    where: str
    evidence: str
    hint: str


class Counted(msgspec.Struct, frozen=True):
    """Nonces of the window that were true, [chip][core], beside how many were due there. A chip whose cores cannot be
    told apart has one figure."""

    expected: list[list[float]]
    valid: list[list[int]]


class Moment(msgspec.Struct, frozen=True):
    """Of the series that is drawn. None: the board does not sense it, or nothing hashed yet."""

    at_s: float  # since the check began
    chip_c: float | None = None
    vr_c: float | None = None
    input_v: float | None = None
    watts: float | None = None
    fan_rpm: float | None = None
    rate_hps: float | None = None


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = SCHEMA
    event: Literal["verdict"] = "verdict"
    board: str  # as it was named on the command line, without options
    title: str
    key: str | None = None  # of its passport
    began: str  # UTC, ISO 8601
    seconds: float
    verdict: Verdict
    steps: list[Step]
    findings: list[Finding]
    counted: Counted | None = None  # None: chips cannot be told apart, or none hashed
    moments: list[Moment] = msgspec.field(default_factory=list[Moment])
    rate: Interval | None = None  # hashes a second, by verified nonces
    errors: Interval | None = None  # of the nonces, the part that was false
    energy: Energy | None = None  # of the window; None: no meter
    efficiency: Efficiency | None = None  # J/TH of the same window; None: unknown
    limits: dict[str, float | str | None] = msgspec.field(default_factory=dict[str, float | str | None])
    identity: dict[str, str] = msgspec.field(default_factory=dict[str, str])  # chip ids, firmware, ports
    notes: list[str] = msgspec.field(
        default_factory=list[str]
    )  # what stands beside the verdict, as a meter that failed
    simulated: bool = False
    seed: int = 1


def whole(steps: Iterable[Step]) -> Verdict:
    """Of all steps: one that failed fails the board; one that could not decide, or nothing at all, leaves it open."""
    verdicts = {step.verdict for step in steps} - {"not applicable"}
    if "fail" in verdicts:
        return "fail"
    return "pass" if verdicts == {"pass"} else "inconclusive"
