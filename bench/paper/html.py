"""The report as one page: nothing is loaded from elsewhere, there is no script, and it prints well.

A content security policy in the page says so to the browser too. All text is escaped by markup.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..check.limits import BOUNDS
from ..check.result import CheckResult, Finding, Step
from ..decide.sprt import BAD, GOOD
from .colours import BLUE, FAINT, INK, MARKS, PAPER, RULE, SHADE, VERDICTS
from .core_picture import core_picture
from .cores import cores_of, tally, unsound
from .figures import amount, began, duration, efficiency_text, expected_hps, interval
from .markup import Markup, element, join
from .rate_picture import rate_picture
from .series_picture import series_picture

_STYLE = f"""
:root {{ color-scheme: light; }}
body {{ margin: 0 auto; max-width: 60rem; padding: 1.5rem; color: {INK}; background: {PAPER};
       font: 15px/1.45 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }}
h1 {{ font-size: 1.5rem; margin: 0; }}
h2 {{ font-size: 1.05rem; margin: 1.8rem 0 .5rem; }}
p {{ margin: .3rem 0; }}
.faint {{ color: {FAINT}; }}
.banner {{ display: flex; align-items: center; gap: 1.2rem; padding: 1rem 1.2rem; border-radius: .5rem;
          background: {SHADE}; border-left: .6rem solid; }}
.verdict {{ font-size: 1.5rem; font-weight: 700; white-space: nowrap; }}
.finding {{ border-left: .25rem solid {BLUE}; padding: .1rem .9rem; margin: .7rem 0; }}
.facts {{ display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 0; }}
.facts dt {{ color: {FAINT}; }} .facts dd {{ margin: 0; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; font-size: .93rem; }}
th, td {{ text-align: left; padding: .28rem .7rem .28rem 0; border-bottom: 1px solid {RULE}; vertical-align: top;
         overflow-wrap: break-word; }}
th {{ color: {FAINT}; font-weight: 600; }}
td.right, th.right {{ text-align: right; white-space: nowrap; }}
td.name {{ min-width: 7.5rem; }}
td.verdict-cell {{ white-space: nowrap; font-weight: 600; }}
.wide {{ overflow-x: auto; }}
.wide > svg {{ display: block; min-width: 36rem; height: auto; }}
svg text {{ font-family: inherit; }}
section + section {{ margin-top: 3.5rem; padding-top: 2.5rem; border-top: 3px solid {RULE}; }}
@media print {{ .wide {{ overflow: visible; }} body {{ padding: 0; font-size: 12px; }}
               h2, .finding, .wide > svg, tr {{ break-inside: avoid; }} }}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(results: Sequence[CheckResult]) -> str:
    """The page of one board, or of several, one below the other."""
    names = ", ".join(f"{result.key or result.board}: {result.verdict}" for result in results)
    return page(f"joulehash check: {names}", *(element("section", *_section(result)) for result in results))


def page(name: str, *sections: Markup) -> str:
    """With its head, whatever is in it."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", name),
        element("style", Markup(_STYLE)),
    )
    return f"<!DOCTYPE html>\n{element('html', head, element('body', *sections), lang='en')}\n"


def _section(result: CheckResult) -> Iterator[Markup]:
    yield _banner(result)
    if result.findings:
        yield element("h2", "What was found")
        yield from map(_finding, result.findings)
    yield element("h2", "Figures")
    yield _facts(result)
    if result.rate is not None:
        yield element("h2", "Hash rate by verified nonces")
        yield _wide(rate_picture(result.rate, expected_hps(result), *_zone(result)))
    if rows := cores_of(result):
        yield element("h2", tally(rows))
        yield _wide(core_picture(rows))
        yield from (element("p", said) for said in unsound(rows))
    series = series_picture(result.moments, result.limits)
    if series is not None:
        yield element("h2", "Over time")
        yield _wide(series)
    yield element("h2", "Steps")
    yield _wide(_steps(result.steps))
    if result.limits:
        yield element("h2", "Limits")
        yield facts([(name, _limit(name, value)) for name, value in result.limits.items()])


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


def _wide(what: Markup) -> Markup:
    """Moves sideways by itself on a narrow screen."""
    return element("div", what, class_="wide")


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
    figures = [("rate", interval(result.rate, "H/s") + of_due), ("energy", efficiency_text(result))]
    return facts([*figures, *result.identity.items(), ("seed", str(result.seed))])


def facts(pairs: Sequence[tuple[str, str]]) -> Markup:
    rows = [join(element("dt", name), element("dd", said)) for name, said in pairs]
    return element("dl", *rows, class_="facts")


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
