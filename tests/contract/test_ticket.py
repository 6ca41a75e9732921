"""The ticket mask: as hard as the line needs, never so hard that a share is kept back. On simulators that really hash.

A simulator takes the same course each time: so what it tells under one target can be held against what it tells under
another, nonce by nonce.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import pytest

from joulehash.engine.chain.target import MAX_TARGET
from joulehash.engine.clock import run_virtual
from joulehash.engine.device import DeviceStats
from joulehash.engine.judge import Judge, Quality, verify
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import Assignment, Found, Job
from joulehash.hw.chips.chip import Chip
from joulehash.hw.make import board_device
from joulehash.hw.sim.chips import Chips
from tests.support.devices import started
from tests.support.jobs import job
from tests.support.rigs import simulation, spec_of

MASK = 0x1FFFE000
REGISTERS = [0x00, 0x80, 0xC0, 0xE0, 0xF0, 0xF8, 0xFC, 0xFE, 0xFF, 0x80FF, 0xC0FF]  # of 0, 1, 2 … bits: the sheet
CROWDED = [  # 570 and 580 nonces a second on a line that carries 1047
    "chain:bm1370x24",
    pytest.param("chain:bm1366x56", marks=pytest.mark.long),
]
SEEN_S, COUNTED_S = 4.0, 15.0


def mined(name: str, plan: Sequence[tuple[float, Job]]) -> tuple[list[list[Found]], list[int], DeviceStats, Chip]:
    """Claims by the job of the plan that they belong to, the first die's ticket register at the end of each, stats."""

    async def main() -> tuple[list[list[Found]], list[int], DeviceStats, Chip]:
        simulated, row, connection = simulation(spec_of(name))
        assert row.chip is not None
        dies = cast("Chips", simulated.board.line).dies
        registers: list[int] = []
        async with simulated.running():
            device = board_device(row, connection, spec_of(name), unguarded=True)
            space, loop = HeaderSpace(4), asyncio.get_running_loop()
            async with started(device, 1e6) as claims:
                given = [replace(each, received_s=loop.time()) for _, each in plan]
                for (seconds, _), each in zip(plan, given, strict=True):
                    device.give(Assignment(each, space, loop.time, each.target), clean=False)
                    await asyncio.sleep(seconds)
                    registers.append(dies[0].registers.get(0x14, 0))
                stats = device.stats()
            by_job = [[found for found in claims if found.works[0].job is each] for each in given]
        return by_job, registers, stats, row.chip

    return run_virtual(main())


def at(bits: int, id: str = "1") -> Job:
    return job(id=id, target=MAX_TARGET >> bits, version_mask=MASK)


def headers(claims: list[Found], target: int) -> set[bytes]:
    """Of those that meet it."""
    hashed = [verify(found) for found in claims]
    return {header for _, header, number in hashed if number <= target}


@pytest.mark.parametrize("name", CROWDED)
def test_nothing_is_kept_back_that_is_a_share(name: str) -> None:
    """Once every nonce is told, once only those that are worth it: the shares are the same."""
    zero_bits = simulation(spec_of(name))[1].zero_bits
    (every,), (all_told,), _, _ = mined(name, [(SEEN_S, at(zero_bits))])
    (some,), (register,), _, _ = mined(name, [(SEEN_S, at(zero_bits + 4))])
    assert (all_told, register) == (0, 0xC0), "no ticket, and one of two bits"
    target = MAX_TARGET >> zero_bits + 4
    shares = headers(every, target)
    assert len(shares) >= 100
    assert len(headers(some, target) ^ shares) <= 2, "the same, but for one on its way at the end"
    assert len(some) < 0.4 * len(every)


@pytest.mark.parametrize("name", CROWDED)
def test_it_follows_the_share_target_both_ways_and_what_is_in_flight_stays_true(name: str) -> None:
    zero_bits = simulation(spec_of(name))[1].zero_bits
    steps = (8, 0, 1, 9, 1, 0)
    plan = [(1.5, at(zero_bits + bits, str(bits))) for bits in steps]
    by_job, registers, _, chip = mined(name, plan)
    assert [REGISTERS.index(register) for register in registers] == [2, 0, 1, 2, 1, 0]
    judge = Judge()
    judge.accept(by_job[0][0].works[0].job)
    for claims in by_job:
        assert claims
        assert min(judge.judge(found, 0.0).quality for found in claims) > Quality.FALSE
        assert {found.stands_for for found in claims} <= {2.0 ** (chip.zero_bits + ticket) for ticket in (0, 1, 2)}


@pytest.mark.parametrize("name", ["bitaxe-gamma", "compac-f", "compac-a1"])
def test_a_line_that_carries_all_nonces_has_none_kept_back(name: str) -> None:
    zero_bits = simulation(spec_of(name))[1].zero_bits
    _, registers, _, _ = mined(name, [(0.5, at(zero_bits + bits, str(bits))) for bits in (9, 0, 4)])
    assert registers == [0, 0, 0]


@pytest.mark.parametrize("name", ["bitaxe-gamma", "bitaxe-gt", "chain:bm1368x6"])
def test_counters_say_what_the_claims_say(name: str) -> None:
    zero_bits = simulation(spec_of(name))[1].zero_bits
    (claims,), _, stats, _ = mined(name, [(COUNTED_S, at(zero_bits))])
    claimed = sum(found.stands_for for found in claims)
    assert stats.hashes is not None
    assert len(claims) > 300
    assert abs(stats.hashes / claimed - 1) < 6 / len(claims) ** 0.5 + 1.5 / COUNTED_S, "it is read once a second"
    assert "counter" not in stats.alarm
