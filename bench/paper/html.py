"""The report of a check as one page: the verdict, what was found, the figures and pictures, every step, the limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..check.limits import BOUNDS
from ..check.result import CheckResult, Finding, Step
from ..decide.sprt import BAD, GOOD
from .colours import MARKS, VERDICTS
from .core_picture import core_picture
from .cores import cores_of, tally, unsound
from .figures import amount, began, duration, efficiency_text, expected_hps, interval
from .markup import Markup, element
from .page import document, heading, pairs, wide
from .rate_picture import rate_picture
from .series_picture import series_picture


def html(results: Sequence[CheckResult]) -> str:
    """The page of one board, or of several, one below the other."""
    names = ", ".join(f"{result.key or result.board}: {result.verdict}" for result in results)
    return document(f"joulehash check: {names}", map(_section, results))


def _section(result: CheckResult) -> Iterator[Markup]:
    yield _banner(result)
    if result.findings:
        yield heading("What was found")
        yield from map(_finding, result.findings)
    yield heading("Figures")
    yield _facts(result)
    if result.rate is not None:
        yield heading("Hash rate by verified nonces")
        yield wide(rate_picture(result.rate, expected_hps(result), *_zone(result)))
    if rows := cores_of(result):
        yield heading(tally(rows))
        yield wide(core_picture(rows))
        yield from (element("p", said) for said in unsound(rows))
    series = series_picture(result.moments, result.limits)
    if series is not None:
        yield heading("Over time")
        yield wide(series)
    yield heading("Steps")
    yield wide(_steps(result.steps))
    if result.limits:
        yield heading("Limits")
        yield pairs([(name, _limit(name, value)) for name, value in result.limits.items()])


def _banner(result: CheckResult) -> Markup:
    colour = VERDICTS[result.verdict]
    board = result.board if result.key is None else f"{result.key} · {result.board}"
    simulated = " · simulated, no hardware was checked" if result.simulated else ""
    return element(
        "div",
        element("div", f"{MARKS[result.verdict]} {result.verdict.upper()}", class_="verdict", style=f"color: {colour}"),
        element(
            "div",
            element("h1", result.title),
            element("p", f"{board}{simulated}"),
            element("p", f"{began(result)}, {duration(result.seconds)}", class_="faint"),
        ),
        class_="banner",
        style=f"border-color: {colour}",
    )


def _finding(finding: Finding) -> Markup:
    return element(
        "div",
        element("p", element("strong", finding.code), f" · {finding.where or 'the board'}"),
        element("p", finding.evidence),
        element("p", finding.hint, class_="faint"),
        class_="finding",
    )


def _facts(result: CheckResult) -> Markup:
    due = expected_hps(result)
    of_due = "" if due is None or result.rate is None else f", {result.rate.value / due:.1%} of what is due"
    figures = [("rate", interval(result.rate, "H/s") + of_due), ("J/TH", efficiency_text(result))]
    notes = [("note", note) for note in result.notes]
    return pairs([*figures, *result.identity.items(), *notes, ("seed", str(result.seed))])


def _steps(steps: Sequence[Step]) -> Markup:
    head = [element("th", name) for name in ("verdict", "step", "measured", "expected", "bound")]
    return element(
        "table",
        element("tr", *head, element("th", "time", class_="right")),
        *(
            element(
                "tr",
                element(
                    "td",
                    f"{MARKS[step.verdict]} {step.verdict}",
                    class_="verdict-cell",
                    style=f"color: {VERDICTS[step.verdict]}",
                ),
                element("td", step.name, class_="name"),
                element("td", amount(step.measured, step.unit)),
                element("td", amount(step.expected, step.unit)),
                element("td", step.bound, class_="faint"),
                element("td", duration(step.seconds), class_="right"),
            )
            for step in steps
        ),
    )


def _zone(result: CheckResult) -> tuple[float, float]:
    """What fails and what passes, as parts of the rate that is due."""
    bad, good = (result.limits.get(name) for name in ("rate_bad", "rate_good"))
    return (bad, good) if isinstance(bad, float) and isinstance(good, float) else (BAD, GOOD)


def _limit(name: str, value: float | str | None) -> str:
    unit, _, _ = BOUNDS.get(name, ("", 0.0, 0.0))
    return "none" if value is None else amount(value, unit)
