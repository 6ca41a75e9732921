"""A check on virtual time of a simulated board as the user names it, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from unittest.mock import patch

from joulehash.app.onbench import on_bench
from joulehash.bench.check.events import CheckEvent, Done
from joulehash.bench.check.limits import held_to, limits_of
from joulehash.bench.check.measuring import Plan
from joulehash.bench.check.procedure import Check, Named
from joulehash.bench.check.result import CheckResult, Step, Verdict
from joulehash.engine.clock import run_virtual
from joulehash.hw.meters.meter import Meter
from joulehash.hw.patterns.known import known
from joulehash.hw.sim import serve
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.run import Simulated

_STEP_S = 0.03  # boards speak this often; three times as seldom as they do elsewhere, for a third of the work


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
        on = on_bench(text)
        held = limits_of(on.row, given=limits or [])
        board = on.board(held_to(on.row, held), unguarded=False)
        point = board.point(on.spec.mhz, on.spec.volts)
        found = known(on.row, point.mhz) if patterns else []
        events: list[CheckEvent] = []
        check = Check(board, point, held, plan or Plan(), events.append, found, "no patterns", Named(seed, True), meter)
        async with on.beside as simulated:
            assert isinstance(simulated, Simulated)
            meddle(check, simulated)
            result = await check.run()
        return Checked(result, simulated, events)

    with patch.object(serve, "STEP_S", _STEP_S):
        return run_virtual(main())
