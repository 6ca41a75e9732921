"""Counters of 32 bits that wrap, chip by chip, and what is not believed."""

from __future__ import annotations

import asyncio
from typing import cast

from joulehash.engine.clock import run_virtual
from joulehash.hw.chain import Chain
from joulehash.hw.chips.table import CHIPS
from joulehash.hw.counters import HashCounters

UNIT = 2**32


class FakeChain:
    """Its chips say what `said` has for them, one after the other; None: nothing this time."""

    def __init__(self, chip: str, *said: dict[int, int | None]) -> None:
        self.chip, self.said, self.asked = CHIPS[chip], list(said), list[int]()
        self.n_chips = len(said[0]) if said else 1

    async def read_all(self, register: int) -> dict[int, int]:
        self.asked.append(register)
        await asyncio.sleep(1.0)
        return {address: value for address, value in self.said.pop(0).items() if value is not None}


def totals(chain: FakeChain, n: int) -> tuple[list[int | None], HashCounters]:
    async def main() -> tuple[list[int | None], HashCounters]:
        counters = HashCounters(cast("Chain", chain))
        return [await counters.read() for _ in range(n)], counters

    return run_virtual(main())


def test_from_where_they_are_at_the_first_look() -> None:
    chain = FakeChain("BM1370", {0: 1000, 128: 5}, {0: 1100, 128: 5}, {0: 1101, 128: 25})
    assert totals(chain, 3)[0] == [0, 100 * UNIT, 121 * UNIT]
    assert chain.asked == [0x8C] * 3


def test_they_wrap() -> None:
    chain = FakeChain("BM1366", {0: UNIT - 3}, {0: 4})
    assert totals(chain, 2)[0] == [0, 7 * UNIT]


def test_a_chip_that_does_not_answer_is_made_up_for_when_it_does() -> None:
    chain = FakeChain("BM1368", {0: 10, 128: 10}, {0: 20, 128: None}, {0: 30, 128: 30})
    found, counters = totals(chain, 3)
    assert found == [0, 10 * UNIT, 40 * UNIT]
    assert counters.whole


def test_a_jump_is_not_believed_and_told_when_it_goes_on() -> None:
    """A BM1370 does at most 800 MHz x 2040 small cores: 380 steps a second."""
    chain = FakeChain("BM1370", {0: 100}, {0: 200}, {0: 3_000_000_000}, {0: 3_000_000_100})
    found, counters = totals(chain, 4)
    assert found == [0, 100 * UNIT, 100 * UNIT, 200 * UNIT]
    assert counters.jumps == 1
    assert counters.alarm == ""
    quick: list[dict[int, int | None]] = [{0: n * 2_000_000} for n in range(6)]
    _, counters = totals(FakeChain("BM1370", *quick), 6)
    assert counters.total == 0
    assert "faster than the chips can" in counters.alarm


def test_chips_without_a_settled_counter_are_not_asked() -> None:
    chain = FakeChain("BM1397")
    assert totals(chain, 2)[0] == [None, None]
    assert chain.asked == []
