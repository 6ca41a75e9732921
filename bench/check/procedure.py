"""A check of one board, from its ports to its being off again: what is done in which order; judged by steps.py.

    result = await Check(board, point, limits, plan, patterns, report).run()

The board is brought up once, and anew if its chips could not be counted. Its fan runs at full speed while it is
measured, so that heat says something of the board. The window goes on until every sequential test has decided and each
core was due, within the plan's bounds. Whatever happens, the board is switched off by its own way to off, and looked at
once more; what could not be reached is inconclusive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from ...engine.errors import DeviceError, JoulehashError, cause
from ...hw.board import Board
from ...hw.meters.meter import Meter
from ...hw.patterns.known import Known
from ...hw.point import Point
from ...hw.powered import Powered
from ...hw.stages import Stage
from .asking import ask_chips, ask_patterns, patterns_s
from .attribution import may_be_chance, step_of, verdict_of
from .coming_up import short
from .events import Began, Doing, Done, Report
from .evidence import Evidence, Failed, Felt
from .judged import Judged
from .limits import CheckLimits
from .localise import findings
from .measuring import Plan, measure, planned, soak
from .outcome import result_of
from .result import CheckResult, Step
from .steps import ORDER, STEPS, Kind, When

_AGAIN_S = 2.0  # until the second try: a supply that was switched on with the board may be slow
_SAMPLE_S = 1.0
_BRING_UP_S = 15.0  # for the plan: reset, ramp, a look at the sensors


@dataclass(frozen=True, slots=True)
class Named:
    """What a result says of the check beside the board: its seed, and whether the board is simulated."""

    seed: int = 1
    simulated: bool = False


class Interrupted(JoulehashError):
    """By whoever had it checked."""


class Check:
    """Of one board. `patterns` may be empty; `no_patterns` says why. `meter`: by default the board's own sensors."""

    def __init__(
        self,
        board: Board,
        point: Point,
        limits: CheckLimits,
        plan: Plan,
        report: Report,
        patterns: Sequence[Known] = (),
        no_patterns: str = "",
        named: Named | None = None,
        meter: Meter | None = None,
    ) -> None:
        self.evidence = Evidence(board.name, board.row, limits, point, no_patterns=no_patterns, soak_s=plan.soak_s)
        self._board, self._plan, self._report = board, plan, report
        self._patterns, self._named, self._meter = patterns, named or Named(), meter
        self._steps: dict[str, Step] = {}
        self._working: asyncio.Task[None] | None = None
        self._doing = STEPS[0].name
        self._step_began_s = self._began_s = 0.0
        self._window_s = planned(board.row, point.mhz, limits, plan)

    async def run(self) -> CheckResult:
        """Never raises DeviceError: that is a result. Cancelled, the board is brought to off first."""
        loop, e = asyncio.get_running_loop(), self.evidence
        self._began_s = self._step_began_s = loop.time()
        began = datetime.now(UTC).isoformat(timespec="seconds")
        planned_s = _BRING_UP_S + patterns_s(self._patterns) + self._window_s + self._plan.soak_s
        self._report(
            Began(
                board=self._board.name,
                title=e.row.title,
                point=e.point.text if e.row.chip is not None else "",
                steps=len(STEPS),
                seconds=planned_s,
            )
        )
        await self._work()
        self._finish_all()
        steps = [self._steps[kind.name] for kind in STEPS]
        return result_of(
            self._board.name,
            e,
            began,
            loop.time() - self._began_s,
            steps,
            findings(e, steps),
            self._named,
            self._began_s,
        )

    def interrupt(self) -> None:
        """Switch off, and come to a result."""
        if self._working is not None:
            self._working.cancel()

    async def _work(self) -> None:
        sampling = asyncio.create_task(self._sample())
        self._working = asyncio.create_task(self._try_twice())
        try:
            await asyncio.wait([self._working])
            if self._working.cancelled():
                self.evidence.error = Failed(Interrupted("it was interrupted; check it again"), self._doing)
            else:
                self._working.result()
            await self._see_off()
        finally:
            for task in (self._working, sampling):
                task.cancel()
                await asyncio.wait([task])

    async def _try_twice(self) -> None:
        e = self.evidence
        await self._try()
        if e.error is not None and may_be_chance(e.error.error):
            e.tries.append(e.error)
            e.error = None
            await asyncio.sleep(_AGAIN_S)
            await self._try()

    # Bringing it up, measuring, off

    async def _try(self) -> None:
        e = self.evidence
        e.stages = {}
        try:
            async with self._board.powered(e.point, self._reached) as powered:
                await self._measure(powered)
        except BaseExceptionGroup as group:
            error = cause(group)
            if not isinstance(error, JoulehashError):
                raise
            e.error = Failed(error, self._doing)
        except JoulehashError as error:
            e.error = Failed(error, self._doing)

    async def _measure(self, powered: Powered) -> None:
        e = self.evidence
        if powered.watch is not None:
            powered.watch.full = True
        if powered.plant is not None:
            e.firmware = powered.plant.firmware
        if powered.chain is not None:
            e.mhz, e.ids = powered.chain.mhz, powered.chain.ids
            self._finish("up")
            await ask_chips(powered, e)
        self._finish("asked")
        await ask_patterns(powered, e, self._patterns, self._progress)
        self._finish("patterns")
        await measure(powered, e, self._plan, self._named.seed, self._progress, self._meter)
        self._finish("window")
        if self._plan.soak_s:
            if powered.watch is not None:
                powered.watch.full = False
            await soak(powered, e, self._plan, self._named.seed + 1, self._progress)
        self._finish("soak")

    async def _see_off(self) -> None:
        """By a new look at it, unless it was never reached."""
        e = self.evidence
        self._doing = "power off"
        if e.row.link == "serial" or not e.powered:
            return
        try:
            e.off = await self._board.confirm_off()
        except BaseExceptionGroup as group:
            e.off_error = str(cause(group))
        except DeviceError as error:
            e.off_error = str(error)

    async def _sample(self) -> None:
        while True:
            if (watch := self._board.watch) is not None:
                now_s = asyncio.get_running_loop().time()
                self.evidence.felt.append(Felt(now_s, watch.reading, watch.fan, self.evidence.rate_hps))
            await asyncio.sleep(_SAMPLE_S)

    # Steps

    def _reached(self, stage: Stage) -> None:
        e = self.evidence
        e.stages[stage] = asyncio.get_running_loop().time()
        e.powered |= stage == "held"
        if stage == "sensed" and self._board.watch is not None:
            e.cold = self._board.watch.reading
        if stage != "up":  # the frequency is asked for first
            self._finish(stage)

    def _finish(self, when: When) -> None:
        """All that can be judged by now."""
        reached = ORDER.index(when)
        for kind in STEPS:
            if kind.name not in self._steps and ORDER.index(kind.after) <= reached:
                with suppress(LookupError):
                    if (judged := kind.judge(self.evidence)) is not None:
                        self._put(kind, judged)
        later = (kind.name for kind in STEPS if kind.name not in self._steps)
        self._doing = next(later, "power off")

    def _finish_all(self) -> None:
        """The end: what failed with an error, what was not reached, and what looks other in the light of all."""
        e = self.evidence
        blamed = step_of(e.error.error, e.error.step) if e.error is not None else ""
        for kind in STEPS:
            judged = kind.judge(e)
            if e.error is not None and kind.name == blamed and (judged is None or judged.verdict != "fail"):
                told = short(e.error.error, e.name)
                judged = Judged(
                    judged.expected if judged is not None else None,
                    told,
                    "",
                    judged.bound if judged is not None else "",
                    verdict_of(e.error.error, opened="open" in e.stages),
                )
            before = self._steps.get(kind.name)
            if judged is None and before is not None:  # what it found before stands
                continue
            if judged is None:
                judged = Judged(None, "not reached", "", "", "inconclusive")
            if before is None or before.verdict != judged.verdict:
                self._put(kind, judged)

    def _put(self, kind: Kind, judged: Judged) -> None:
        now_s = asyncio.get_running_loop().time()
        step = Step(kind.name, *judged, now_s - self._step_began_s)
        self._step_began_s = now_s
        self._steps[kind.name] = step
        self._report(Done(board=self._board.name, step=step))

    def _progress(self, step: str, part: float, left_s: float, note: str = "") -> None:
        """left_s: of what is going on."""
        self._doing = step
        later_s = {"patterns": self._window_s + self._plan.soak_s, "hash rate": self._plan.soak_s}.get(step, 0.0)
        self._report(Doing(board=self._board.name, step=step, part=part, left_s=left_s + later_s, note=note))
