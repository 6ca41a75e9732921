"""Version masks through the whole miner: what a pool grants, what the boards make of it, what the pool rebuilds.

A scripted pool tells the miner of jobs and masks, and judges each share as a pool does: by the bits that it granted.
Everything is on virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from joulehash.engine.chain.header import Header
from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.events import DeviceAlarm, Event, ShareDone, Summary
from joulehash.engine.judge import Fate, Verdict
from joulehash.engine.miner import Miner
from joulehash.engine.pool import Demand, PoolStats
from joulehash.engine.tally import Outcome, Result
from joulehash.engine.work import Job
from joulehash.hw.boards.row import Row
from joulehash.hw.make import board_device
from joulehash.hw.sim.chips import Chips
from joulehash.hw.sim.run import Simulated
from tests.support.jobs import job
from tests.support.rigs import bears, simulation, spec_of

# Small ones, of each way to roll: by chips with 8 and 16 small cores, by one midstate or four, one chip and several.
SCALES = {"bitaxe-gamma": 24, "compac-a1": 24, "compac-f": 23, "r909": 21, "newpac": 22, "chain:bm1362x2": 23}
NAMES = tuple(SCALES)
TARGET = MAX_TARGET >> 12  # so that there are some shares a second of each chip
OTHERS = (0x2000, 0x1FE000, 0x1F000000, 0x1FFFE000, 0x00A0A000)
BASES = (0x20000000, 0x3FFFE000)  # versions of a job: the second has all the bits set that may be rolled


class Pool:
    """Gives these jobs at these times, and takes a share if its version is as it was granted, once."""

    name = "scripted"

    def __init__(self, plan: list[tuple[float, Job]]) -> None:
        self.plan = plan
        self.accepted: list[Verdict] = []
        self.refused: list[str] = []
        self._headers: set[bytes] = set()
        self._over = asyncio.Event()

    async def start(self, demand: Demand) -> None:
        self.demand = demand

    async def jobs(self) -> AsyncIterator[Job | None]:
        for after_s, given in self.plan:
            await asyncio.sleep(after_s)
            yield replace(given, received_s=asyncio.get_running_loop().time())
        await self._over.wait()

    async def submit(self, share: Verdict) -> Result:
        header = Header.parse(share.header)
        if header.version & ~share.work.job.version_mask != share.work.job.version & ~share.work.job.version_mask:
            self.refused.append(f"{header.version:08x} under {share.work.job.version_mask:08x}")
        if share.header in self._headers:
            self.refused.append("twice")
        if share.hash > share.work.job.target:
            self.refused.append("above the target")
        self._headers.add(share.header)
        self.accepted.append(share)
        return Result(Outcome.ACCEPTED, "", 0.0)

    def stats(self) -> PoolStats:
        return PoolStats(connected=True)

    async def stop(self) -> None:
        self._over.set()


@dataclass
class Run:
    pool: Pool
    summary: Summary
    events: list[Event]
    simulated: dict[str, tuple[Simulated, Row]]
    alarms: dict[str, str] = field(default_factory=dict[str, str])

    def versions(self, name: str, mask: int) -> set[int]:
        """The bits that shares of this board had, under this mask."""
        shares = [share for share in self.pool.accepted if share.found.device == f"sim:{name}"]
        return {share.found.version & mask for share in shares if share.work.job.version_mask == mask}


def given(mask: int, number: int = 0, version: int = BASES[0]) -> Job:
    return job(
        id=str(number),
        prev_hash=bytes([number + 1]) * 32,
        target=TARGET,
        version=version,
        version_mask=mask,
        extranonce2_size=4,
    )


def mine(names: tuple[str, ...], plan: list[tuple[float, Job]], duration_s: float) -> Run:
    async def main() -> Run:
        events: list[Event] = []
        specs = {name: spec_of(f"{name}?scale={SCALES[name]}" if name in SCALES else name) for name in names}
        simulations = {name: simulation(spec) for name, spec in specs.items()}
        devices = [
            board_device(row, connection, specs[name], unguarded=True)
            for name, (_, row, connection) in simulations.items()
        ]
        pool = Pool(plan)
        async with AsyncExitStack() as stack:
            for simulated, _, _ in simulations.values():
                await stack.enter_async_context(simulated.running())
            miner = Miner(pool, devices, events.append)
            summary = await miner.run(duration_s)
            alarms = {event.device: event.text for event in events if isinstance(event, DeviceAlarm)}
        boards = {name: (simulated, row) for name, (simulated, row, _) in simulations.items()}
        return Run(pool, summary, events, boards, alarms)

    return run_virtual(main())


def assert_clean(run: Run) -> None:
    assert run.pool.refused == []
    for device in run.summary.devices:
        assert (device.hardware_errors, device.repeats, device.errors) == (0, 0, {}), device.name
    assert run.summary.rejected == run.summary.duplicates == run.summary.lost == run.summary.pending == 0


@pytest.mark.parametrize(
    ("mask", "version"),
    [
        (0, BASES[0]),
        (0x6000, BASES[1]),
        (0x00A0A000, BASES[1]),
        (0x1FFFE000, BASES[0]),
        *(pytest.param(mask, version, marks=pytest.mark.long) for mask in OTHERS for version in BASES),
    ],
    ids=hex,
)
def test_a_mask_is_used_by_those_that_can_and_the_others_say_what_they_need(mask: int, version: int) -> None:
    run = mine(NAMES, [(0.0, given(mask, version=version))], 6.0)
    assert_clean(run)
    for name, (_, row) in run.simulated.items():
        versions = run.versions(name, mask)
        if bears(row, mask):
            assert versions, name
            assert "not fed" not in run.alarms.get(f"sim:{name}", ""), name
            assert row.chip is None or mask == 0 or len(versions) > 1, name
        else:
            assert not versions, name
            assert "version bits, is granted" in run.alarms[f"sim:{name}"], name


def test_a_board_that_cannot_be_fed_starves_and_comes_back_when_it_can() -> None:
    plan = [(0.0, given(0)), (4.0, given(0x1FFFE000, 1)), (4.0, given(0x2000, 2)), (4.0, given(0x1FFFE000, 3))]
    run = mine(("bitaxe-gamma", "compac-f"), plan, 16.0)
    assert_clean(run)
    shares = {
        name: [s.work.job.id for s in run.pool.accepted if s.found.device == f"sim:{name}"] for name in run.simulated
    }
    assert set(shares["bitaxe-gamma"]) == {"1", "3"}
    assert set(shares["compac-f"]) == {"0", "1", "2", "3"}
    texts = [
        event.text for event in run.events if isinstance(event, DeviceAlarm) and event.device == "sim:bitaxe-gamma"
    ]
    assert ["not fed" in text for text in texts] == [True, False, True, False]
    assert "needs 4 version bits, is granted 0" in texts[0]
    assert 7.0 < run.summary.starved_s < 9.0


def test_a_change_of_mask_is_written_to_the_chips_and_nothing_of_before_is_lost_or_wrong() -> None:
    """Masks that grow, shrink, move and have holes, in the midst of the same block: what is in flight stays good."""
    masks = (0x1FFFE000, 0x00A0A000, 0x0001E000, 0x1E000000, 0x1FFFE000, 0x0FF00000)
    names = ("bitaxe-gamma", "compac-a1", "chain:bm1362x2", "compac-f")
    pauses_s = (0.0, 15.0, 3.0, 3.0, 3.0, 3.0)  # of which the long one is for the slowest to come up
    plan = [
        (pause_s, replace(given(mask, version=BASES[number % 2]), id=str(number), clean=False))
        for number, (mask, pause_s) in enumerate(zip(masks, pauses_s, strict=True))
    ]
    run = mine(names, plan, 12.0 + 3.0 * len(masks))
    assert_clean(run)
    stale = [event.reason for event in run.events if isinstance(event, ShareDone) and event.outcome == "stale"]
    assert set(stale) <= {Fate.OUTSIDE_MASK.value}, "heard at the very moment of a change, with bits that it took away"
    assert len(stale) < len(masks)
    for name, (simulated, row) in run.simulated.items():
        shares = [share for share in run.pool.accepted if share.found.device == f"sim:{name}"]
        fed = {number for number, mask in enumerate(masks) if bears(row, mask)}
        assert {int(share.work.job.id) for share in shares} == fed, name
        line = simulated.board.line
        if row.chip is not None and row.chip.job == "header":
            for die in cast("Chips", line).dies:
                assert die.registers[0xA4] == 0x90000000 | masks[-1] >> 13, "register A4, by the sheet"


@pytest.mark.parametrize("period_s", [0.05, 0.5])
def test_a_mask_that_changes_all_the_time(period_s: float) -> None:
    masks = (0x1FFFE000, 0x1FE00000)
    plan = [
        (period_s if n else 0.0, replace(given(masks[n % 2]), id=str(n), clean=False)) for n in range(int(3 / period_s))
    ]
    run = mine(("bitaxe-gamma", "compac-f"), plan, 4.0)
    assert_clean(run)
    assert {share.found.device for share in run.pool.accepted} == {"sim:bitaxe-gamma", "sim:compac-f"}


def test_the_pool_is_asked_for_what_the_devices_need() -> None:
    run = mine(("compac-f", "bitaxe-gamma", "icarus"), [(0.0, given(0x1FFFE000))], 1.0)
    assert run.pool.demand.version_bits == 16
    run = mine(("compac-f", "icarus"), [(0.0, given(0x1FFFE000))], 1.0)
    assert run.pool.demand.version_bits == 2
