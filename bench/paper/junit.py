"""JUnit XML, which production lines and build servers read: a suite for each board, a case for each step.

A step that failed is a failure; one that could not decide is an error, so that a line stops there as well; one that is
not applicable is skipped. The form is the one that Jenkins' xunit plugin accepts. Times are in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..check.result import CheckResult, Step, Verdict
from .figures import began, step_line
from .markup import Markup, element, join
from .text import text

_OUTCOMES: dict[Verdict, str] = {"fail": "failure", "inconclusive": "error", "not applicable": "skipped"}


def junit(results: Sequence[CheckResult]) -> str:
    """One file of all boards."""
    suites = [_suite(result) for result in results]
    counts = _counts([step for result in results for step in result.steps])
    seconds = sum(result.seconds for result in results)
    whole = element("testsuites", "\n", *suites, name="joulehash check", time=f"{seconds:.3f}", **counts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{whole}\n'


def _suite(result: CheckResult) -> Markup:
    facts = {"title": result.title, "key": result.key, "verdict": result.verdict, "seed": str(result.seed)}
    facts |= {"simulated": "yes" if result.simulated else None, **result.identity}
    properties = [
        join(element("property", name=name, value=value), "\n") for name, value in facts.items() if value is not None
    ]
    return join(
        element(
            "testsuite",
            "\n",
            element("properties", "\n", *properties),
            "\n",
            *(_case(result, step) for step in result.steps),
            element("system-out", text(result)),
            "\n",
            name=result.key or result.board,
            timestamp=began(result, "%Y-%m-%dT%H:%M:%S"),
            time=f"{result.seconds:.3f}",
            **_counts(result.steps),
        ),
        "\n",
    )


def _case(result: CheckResult, step: Step) -> Markup:
    outcome = _OUTCOMES.get(step.verdict)
    about = f"{step_line(step)}; {step.bound}" if step.bound else step_line(step)
    inside = [] if outcome is None else [element(outcome, message=about)]
    name = f"joulehash.check.{result.board}"
    return join(element("testcase", *inside, name=step.name, classname=name, time=f"{step.seconds:.3f}"), "\n")


def _counts(steps: Sequence[Step]) -> dict[str, str]:
    verdicts = [step.verdict for step in steps]
    counted: tuple[tuple[str, Verdict], ...] = (
        ("failures", "fail"),
        ("errors", "inconclusive"),
        ("skipped", "not applicable"),
    )
    return {"tests": str(len(steps))} | {name: str(verdicts.count(verdict)) for name, verdict in counted}
