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

from msgspec.structs import replace

from ..engine.errors import DeviceError, InputError, JoulehashError
from ..engine.events import DeviceAlarm, DeviceFailed, Event, Note, Report
from ..hw.device import BoardDevice
from ..hw.meters.sensors import power
from ..hw.passport.odometer import Look, Odometer
from ..hw.passport.records import AnyRecord, Energy, Fault, now
from ..hw.passport.store import Passport

if TYPE_CHECKING:
    from ..bench.metering import Entry, Metered
    from ..engine.account import DeviceState
    from ..engine.miner import Miner
    from ..hw.passport.key import Claim

LOOK_S = 1.0
WRITE_S = 300.0
_END_S = 15.0  # that the last words may take; a passport that is busy is waited for ten
_FAULTS = 16  # different ones in one turn; the others are counted together


@dataclass(slots=True)
class _Board:
    claim: Claim
    odometer: Odometer
    key: str | None = None  # not known yet
    faults: Counter[str] = field(default_factory=Counter[str])


class Keeper:
    """`event` is the Report of the miner; `keeping` runs beside it. Without boards it does nothing."""

    def __init__(self, path: Path, claims: Sequence[Claim], report: Report) -> None:
        self._path, self._report = path, report
        self._boards = {claim.name: _Board(claim, Odometer()) for claim in claims}  # by the device's name
        self._passport: Passport | None = None
        self._metered: Metered | None = None
        self._begin: Entry | None = None  # of what the meter told, until it is written
        self._told: set[str] = set()
        self._stopping = asyncio.Event()

    def add(self, claim: Claim) -> None:
        """A board that has come while others mine, or is back under its name."""
        board = self._boards.get(claim.name)
        if board is None or board.claim != claim:
            self._boards[claim.name] = _Board(claim, Odometer())

    def event(self, event: Event) -> None:
        self._report(event)
        if isinstance(event, DeviceFailed):
            self._fault(event.device, event.reason)
        elif isinstance(event, DeviceAlarm):
            parts = [part for part in event.text.split("; ") if not part.startswith("unguarded: ")]
            if any(parts):  # that it is unguarded is how it is run, and no fault
                self._fault(event.device, "; ".join(parts))

    @asynccontextmanager
    async def keeping(self, miner: Miner, metered: Metered | None = None) -> AsyncGenerator[None]:
        """`metered`: by the meter of the whole miner, which is that of a board that mines alone. Where several mine,
        each has its own sensors at most."""
        self._metered = metered if len(miner.devices) == 1 else None
        task = asyncio.create_task(self._keep(miner))
        try:
            yield
        finally:
            self._stopping.set()
            await asyncio.wait([task], timeout=_END_S)
            if task.cancel():
                self._tell(f"passport {self._path}: takes no last words in {_END_S:g} s; is its disk well?")
            else:
                task.result()

    async def _keep(self, miner: Miner) -> None:
        loop = asyncio.get_running_loop()
        write_s = loop.time()
        try:
            while not self._stopping.is_set():
                self._look(miner)
                if loop.time() >= write_s:
                    write_s += WRITE_S
                    await self._turn()
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
        states = {state.device.name: state for state in (*miner.removed, *miner.devices.values())}
        for name, board in self._boards.items():
            if (state := states.get(name)) is not None:
                board.odometer.see(look_at(state, now_s))

    async def _turn(self) -> None:
        """Write what there is; or tell why not, and keep it for the next turn."""
        if not self._boards:
            return
        try:
            if self._passport is None:
                passport = Passport(self._path)
                await passport.open()
                self._passport = passport
            for board in [*self._boards.values()]:
                if board.key is None:
                    await self._settle(self._passport, board)
                if board.key is not None:
                    await self._write(self._passport, board.key, board)
        except JoulehashError as error:
            self._tell(str(error))

    async def _settle(self, passport: Passport, board: _Board) -> None:
        """Find out whose passport it is, or let go of the board."""
        claim, why = board.claim, ""
        try:
            key = await passport.settle(claim)
            if key is None:
                why = claim.asks
            elif key in (other.key for other in self._boards.values()):
                why = f"{claim.name}: another board has the passport {key} already; give each its own label"
        except InputError as error:
            key, why = None, f"{claim.name}: {error}"
        if why:
            del self._boards[claim.name]
            self._tell(why)
        else:
            board.key = key
            self._tell(f"{claim.name}: its passport is {key}")

    async def _write(self, passport: Passport, key: str, board: _Board) -> None:
        at = now()
        entry, energy = await self._energy()
        hours, faults = board.odometer.hours(at), board.faults
        if hours is not None and self._metered is not None:
            hours = replace(hours, energy=energy)
        records: list[AnyRecord] = [Fault(at, text[:4000], times) for text, times in faults.items()]
        if hours is not None:
            records.append(hours)
        if records:
            await passport.add(key, records)
            board.odometer.reset()
            board.faults = Counter()
        if records or self._begin is None:
            self._begin = entry

    async def _energy(self) -> tuple[Entry | None, Energy | None]:
        """A look at the meter, and what it told since the last that was written; None: not known."""
        if (metered := self._metered) is None:
            return None, None
        try:
            end, begin = await metered.look(), self._begin
        except DeviceError:
            return None, None
        used = None if begin is None else metered.since(begin)
        if begin is None or used is None:
            return end, None
        told = metered.energy(begin.at_s, end.at_s)
        u_joules = None if told is None else told.u_joules
        meter = used.meter + (" (declared)" if used.source == "declared" else "")
        return end, Energy(used.joules, used.seconds, round(used.hashes), u_joules, used.place, meter[:200])

    def _fault(self, device: str, text: str) -> None:
        if (board := self._boards.get(device)) is not None:
            text = text.removeprefix(f"{device}: ")
            known = text in board.faults or len(board.faults) < _FAULTS
            board.faults[text if known else "other faults"] += 1

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._report(Note(text))


def look_at(state: DeviceState, now_s: float) -> Look:
    stats, tally = state.device.stats(), state.tally
    measured = power(state.device.reading) if isinstance(state.device, BoardDevice) else None
    watts, place = measured or (None, "")
    return Look(
        now_s,
        state.running,
        state.hashes,
        stats.hashes is not None,
        tally.claims,
        tally.hardware_errors,
        watts,
        place,
        stats.mhz,
        stats.celsius,
    )
