"""Mining with the odd sizes of extranonce2 that pools give, judged by our own pool: it hashes every share again."""

from __future__ import annotations

import asyncio
from fractions import Fraction

import pytest

from joulehash.engine.cpu import CpuDevice
from joulehash.engine.events import Connected, Event
from joulehash.engine.miner import Miner
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.poolserver import book, session
from joulehash.engine.stratum.client import Settings

ALL_BITS, NO_BITS = 0x1FFFE000, 0


@pytest.mark.parametrize("mask", [ALL_BITS, NO_BITS], ids=["versions roll", "versions stay"])
@pytest.mark.parametrize("size", [0, 1, 16])
def test_shares_are_accepted_and_none_is_found_twice(monkeypatch: pytest.MonkeyPatch, size: int, mask: int) -> None:
    monkeypatch.setattr(book, "EXTRANONCE2_SIZE", size)
    monkeypatch.setattr(session, "EXTRANONCE2_SIZE", size)
    events: list[Event] = []
    settings = Settings("me", version_mask=mask, suggest_difficulty=Fraction(1, 10**6))
    miner = Miner(EmbeddedPool(settings, events.append), [CpuDevice("portable", 2, affinity=False)], events.append)
    summary = asyncio.run(miner.run(duration_s=60, shares=20))
    assert [event.extranonce2_size for event in events if isinstance(event, Connected)] == [size]
    assert summary.accepted >= 20
    assert summary.rejected == summary.duplicates == summary.hardware_errors == 0
