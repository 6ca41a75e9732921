"""Writes what boards do while they mine into their passports: hours, hashes, joules, MHz, faults.

Every five minutes, and at the end: a miner that is killed loses no more. Mining never waits for it and never ends by
it: what is wrong with the passport is told once, and tried again at the next turn. What only the user can say, which
board it is, is asked for once, and the board mines without.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.errors import InputError, JoulehashError
from ..engine.events import DeviceAlarm, DeviceFailed, Event, Note, Report

if TYPE_CHECKING:
    from ..engine.miner import DeviceState, Miner
    from ..hw.passport.key import Claim
    from ..hw.passport.odometer import Look, Odometer
    from ..hw.passport.records import AnyRecord
    from ..hw.passport.store import Passport

LOOK_S = 1.0
WRITE_S = 300.0
_END_S = 15.0  # that the last words may take; a passport that is busy is waited for ten
_FAULTS = 16  # different ones in one turn; the others are counted together


@dataclass(slots=True)
class _Board:
    key: str
    odometer: Odometer
    faults: Counter[str] = field(default_factory=Counter[str])


class Keeper:
    """`event` is the Report of the miner; `keeping` runs beside it. Without claims it does nothing."""

    def __init__(self, path: Path, claims: Sequence[Claim], report: Report) -> None:
        self._path, self._claims, self._report = path, claims, report
        self._passport: Passport | None = None
        self._boards: dict[str, _Board] = {}  # by the device's name
        self._early: list[tuple[str, str]] = []  # faults from before it is known whose they are
        self._told: set[str] = set()
        self._stopping = asyncio.Event()

    def event(self, event: Event) -> None:
        self._report(event)
        if isinstance(event, DeviceFailed):
            self._fault(event.device, event.reason)
        elif isinstance(event, DeviceAlarm) and event.text:
            self._fault(event.device, event.text)

    @asynccontextmanager
    async def keeping(self, miner: Miner) -> AsyncGenerator[None]:
        if not self._claims:
            yield
            return
        task = asyncio.create_task(self._keep(miner))
        try:
            yield
        finally:
            self._stopping.set()
            if not (await asyncio.wait([task], timeout=_END_S))[0]:
                task.cancel()
                self._tell(
                    f"passport {self._path}: does not take the last words within {_END_S:g} s; is its disk well?"
                )

    async def _keep(self, miner: Miner) -> None:
        loop = asyncio.get_running_loop()
        write_s = loop.time()
        try:
            while not self._stopping.is_set():
                if loop.time() >= write_s:
                    write_s += WRITE_S
                    await self._turn()
                self._look(miner)
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._stopping.wait()
            self._look(miner)
            await self._turn()
        finally:
            if self._passport is not None:
                with suppress(JoulehashError):
                    await self._passport.close()

    def _look(self, miner: Miner) -> None:
        now_s = asyncio.get_running_loop().time()
        for name, board in self._boards.items():
            board.odometer.see(look_at(miner.devices[name], now_s))

    async def _turn(self) -> None:
        """Write what there is; or tell why not, and keep it for the next turn."""
        try:
            if self._passport is None:
                await self._open()
            for board in self._boards.values():
                await self._write(board)
        except JoulehashError as error:
            self._tell(str(error))

    async def _open(self) -> None:
        from ..hw.passport.odometer import Odometer
        from ..hw.passport.store import Passport

        passport = Passport(self._path)
        await passport.open()
        self._passport = passport
        for claim in self._claims:
            try:
                key = await passport.settle(claim)
            except InputError as error:
                self._tell(str(error))
                continue
            if key is None:
                self._tell(claim.asks)
            elif key in (board.key for board in self._boards.values()):
                self._tell(f"{claim.name}: another board has the passport {key} already; give each its own label")
            else:
                self._boards[claim.name] = _Board(key, Odometer())
                self._report(Note(f"{claim.name}: its passport is {key}"))
        for device, text in self._early:
            self._fault(device, text)
        self._early.clear()

    async def _write(self, board: _Board) -> None:
        from ..hw.passport.records import Fault, now

        assert self._passport is not None
        at = now()
        hours, faults = board.odometer.hours(at), board.faults
        records: list[AnyRecord] = [Fault(at, text[:4000], times) for text, times in faults.items()]
        if hours is not None:
            records.append(hours)
        if records:
            await self._passport.add(board.key, records)
            board.odometer.reset()
            board.faults = Counter()

    def _fault(self, device: str, text: str) -> None:
        if self._passport is None:
            self._early = [*self._early[-_FAULTS:], (device, text)]
        elif (board := self._boards.get(device)) is not None:
            text = text.removeprefix(f"{device}: ")
            known = text in board.faults or len(board.faults) < _FAULTS
            board.faults[text if known else "other faults"] += 1

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._report(Note(text))


def look_at(state: DeviceState, now_s: float) -> Look:
    from ..hw.passport.odometer import Look

    stats, tally = state.device.stats(), state.tally
    return Look(
        now_s,
        state.running,
        state.hashes,
        stats.hashes is not None,
        tally.claims,
        tally.hardware_errors,
        stats.watts,
        stats.mhz,
        stats.celsius,
    )
