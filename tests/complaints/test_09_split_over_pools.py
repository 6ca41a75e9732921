"""Hash rate split over several pools, with an account of each.

ESP-Miner #817, #846, presets #180; NerdQAxe's two pools: PR #389, #568, #570.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.support.mine_stage import MineStage
from tests.support.steady_device import SteadyDevice


def test_two_to_one_over_an_hour() -> None:
    stage = MineStage(2, quotas=(2, 1), devices=[SteadyDevice("fast", 2.0, 3e9), SteadyDevice("slow", 7.0, 1e9)])

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(3600.0)

    summary = stage.mine(body)
    a, b = summary.pools
    assert a.accepted / (a.accepted + b.accepted) == pytest.approx(2 / 3, abs=0.03)
    assert a.credited == pytest.approx(a.accepted * 1e-8, rel=1e-3)
    assert (summary.rejected, summary.stale, summary.duplicates, summary.lost) == (0, 0, 0, 0)
    assert stage.pools[0].refused == stage.pools[1].refused == []
