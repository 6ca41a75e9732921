"""A check on virtual time of a simulated board as the user names it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from joulehash.bench.check.events import CheckEvent, Done
from joulehash.bench.check.measuring import Plan
from joulehash.bench.check.procedure import Check, Named
from joulehash.bench.check.result import CheckResult, Step, Verdict
from joulehash.bench.validate.trial import on_simulated
from joulehash.engine.clock import run_virtual
from joulehash.hw.meters.meter import Meter
from joulehash.hw.patterns.known import known
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.run import Simulated


@dataclass
class Checked:
    result: CheckResult
    simulated: Simulated
    events: list[CheckEvent] = field(default_factory=list[CheckEvent])

    def steps(self, *verdicts: Verdict) -> set[str]:
        return {step.name for step in self.result.steps if step.verdict in verdicts}

    def step(self, name: str) -> Step:
        return next(step for step in self.result.steps if step.name == name)

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.result.findings]

    @property
    def told(self) -> list[str]:
        """Names of steps in the order in which they were told."""
        return [event.step.name for event in self.events if isinstance(event, Done)]

    @property
    def rails(self) -> Rails:
        return self.simulated.board.rails


def checked(
    text: str,
    plan: Plan | None = None,
    limits: list[str] | None = None,
    meddle: Callable[[Check, Simulated], None] = lambda _check, _simulated: None,
    *,
    patterns: bool = True,
    seed: int = 2,
    meter: Meter | None = None,
) -> Checked:
    """`meddle` is called in the loop, before the check starts."""

    async def main() -> Checked:
        on = on_simulated(text, limits or [])
        found = known(on.row, on.point.mhz) if patterns else []
        events: list[CheckEvent] = []
        named = Named(seed, True)
        check = Check(on.board, on.point, on.limits, plan or Plan(), events.append, found, "no patterns", named, meter)
        async with on.simulated.running():
            meddle(check, on.simulated)
            result = await check.run()
        return Checked(result, on.simulated, events)

    return run_virtual(main())
