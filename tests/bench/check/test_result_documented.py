"""docs/check.md says what is, no more and no less: fields, steps, limits and codes."""

from __future__ import annotations

import re

import msgspec
import pytest

from joulehash.bench.check.hints import HINTS
from joulehash.bench.check.limits import BOUNDS, CheckLimits
from joulehash.bench.check.result import CheckResult, Counted, Finding, Moment, Step
from joulehash.bench.check.steps import STEPS
from joulehash.bench.decide.intervals import Interval
from joulehash.bench.energy import Efficiency, Energy
from tests.support.project import HOUSE

PAGE = (HOUSE / "docs/check.md").read_text(encoding="utf-8")
UNITS = {"_s": "s", "_c": "°C", "_v": "V", "_rpm": "rpm", "_hps": "H/s", "watts": "W", "joules": "J", "seconds": "s"}


def table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading."""
    below = re.split(rf"^#+ {heading}$", PAGE, maxsplit=1, flags=re.MULTILINE)[1]
    rows = re.search(r"(?:^\|.*\n)+", below, re.MULTILINE)
    assert rows is not None
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in rows[0].splitlines()[2:]]


@pytest.mark.parametrize("struct", [CheckResult, Step, Finding, Counted, Moment, Interval, Energy, Efficiency])
def test_every_field_is_documented_with_its_unit(struct: type[msgspec.Struct]) -> None:
    rows = table(struct.__name__)
    assert [row[0] for row in rows] == list(struct.__struct_fields__)
    for name, unit, _ in rows:
        ending = next((end for end in UNITS if name.endswith(end)), None)
        assert ending is None or unit == UNITS[ending], name


def test_every_step_is_documented_in_its_order() -> None:
    names = [name for row in table("The steps") for name in ([row[0]] if row[0] in _STEPS else row[0].split(", "))]
    assert names == [kind.name for kind in STEPS]


def test_every_limit_is_documented_with_its_unit() -> None:
    rows = [(name, row[1]) for row in table("How it is decided") for name in row[0].split(", ")]
    assert rows == [(name, unit) for name, (unit, _, _) in BOUNDS.items()]
    assert [name for name, _ in rows] == list(CheckLimits.__struct_fields__)


def test_every_finding_is_documented() -> None:
    assert [row[0] for row in table("What may be found")] == list(HINTS)


_STEPS = {kind.name for kind in STEPS}
