"""A check on 80 columns of plain text, for a terminal, a log or a label printer.

The verdict first, then what was found and what to look at, then every step, then the figures. Of a long chain only the
chips are drawn on which a core is not sound.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from ..check.result import CheckResult, Finding, Step
from .cores import SIGNS, Core, cores_of, tally, unsound
from .figures import amount, began, duration, efficiency_text, expected_hps, interval

WIDTH = 80
_FEW_CHIPS = 4  # are drawn even when all their cores are sound
_MOST_CHIPS = 16
_PER_LINE = 64


def text(result: CheckResult) -> str:
    """The report, with a newline at its end."""
    return "\n".join(_lines(result)) + "\n"


def _lines(result: CheckResult) -> Iterator[str]:
    yield from _wrapped(f"{result.title} ({result.board})" + (", simulated" if result.simulated else ""), "")
    yield f"{result.verdict.upper()} after {duration(result.seconds)}, begun {began(result)}"
    if result.key is not None:
        yield from _wrapped(f"board {result.key}", "")
    for finding in result.findings:
        yield ""
        yield from _finding(finding)
    yield ""
    for step in result.steps:
        yield from _step(step)
    yield ""
    yield from _figures(result)
    if rows := cores_of(result):
        yield from _cores(rows)


def _finding(finding: Finding) -> Iterator[str]:
    yield from _wrapped(f"{finding.code}: {finding.where or 'the board'}", "* ")
    for said in (finding.evidence, finding.hint):
        yield from _wrapped(said, "  ")


def _step(step: Step) -> Iterator[str]:
    """What was measured; where that did not pass also what was expected, and the rule."""
    said = step.bound if step.verdict == "not applicable" else amount(step.measured, step.unit)
    head = f"{step.verdict:<15}{step.name}"
    if len(head) + 2 + len(said) <= WIDTH:
        yield f"{head}{said:>{WIDTH - len(head)}}".rstrip()
    else:
        yield from _wrapped(head, "")
        yield from _wrapped(said, 15 * " ")
    if step.verdict in ("fail", "inconclusive"):
        expected = "" if step.expected is None else f"expected {amount(step.expected, step.unit)}"
        yield from _wrapped("; ".join(filter(None, (expected, step.bound))), 15 * " ")


def _figures(result: CheckResult) -> Iterator[str]:
    due = expected_hps(result)
    of_due = "" if due is None or result.rate is None else f", {result.rate.value / due:.1%} of what is due"
    rows = [("rate", interval(result.rate, "H/s") + of_due), ("J/TH", efficiency_text(result))]
    rows += list(result.identity.items())
    rows += [("note", note) for note in result.notes]
    for name, said in rows:
        first, *others = wrap(said, WIDTH - 15) or [""]
        yield f"{name[:14]:<15}{first}"
        yield from (f"{'':15}{other}" for other in others)


def _cores(rows: list[list[Core]]) -> Iterator[str]:
    yield f"{'cores':<15}{tally(rows)}"
    for said in unsound(rows):
        yield from (f"{'':15}{line}" for line in wrap(said, WIDTH - 15))
    maps = [row for row in rows if len(row) > 1]
    if len(maps) > _FEW_CHIPS:
        maps = [row for row in maps if any(core.state != "sound" for core in row)]
    for row in maps[:_MOST_CHIPS]:
        signs = "".join(SIGNS[core.state] for core in row)
        for begin in range(0, len(signs), _PER_LINE):
            chip = "" if begin else f"chip {row[0].chip}"
            yield f"{chip:<10}{begin:>3}  {signs[begin : begin + _PER_LINE]}"
    if len(maps) > _MOST_CHIPS:
        yield f"{'':15}and {len(maps) - _MOST_CHIPS} chips more"
    if maps:
        yield f"{'':15}{', '.join(f'{sign} {state}' for state, sign in SIGNS.items())}"


def _wrapped(said: str, lead: str) -> Iterator[str]:
    """Every line after the first is indented as far as its lead is long."""
    yield from wrap(said, WIDTH, initial_indent=lead, subsequent_indent=len(lead) * " ")
