"""Several pools on a screen of 80 columns."""

from __future__ import annotations

import asyncio
from io import StringIO

from rich.console import Console

from joulehash.app.screen import panel
from tests.support.mine_stage import MineStage


def drawn(stage: MineStage, width: int = 80) -> list[str]:
    out = StringIO()
    Console(file=out, width=width, color_system=None).print(panel(stage.miner, width, 40))
    lines = out.getvalue().splitlines()
    assert {len(line) for line in lines} == {width}
    shown = [line[2:-2].rstrip() for line in lines]
    first = next(n for n, line in enumerate(shown) if line.startswith("pools"))
    return shown[first : shown.index("", first)]


def test_a_line_for_each_and_below_why_it_is_not_mined_on() -> None:
    stage = MineStage(4)
    a, b, c, _ = stage.pools
    lines: list[str] = []

    async def body() -> None:
        a.refuses = True
        await a.up()
        await c.up()
        await stage.until_at("c")
        await asyncio.sleep(31.0)
        lines.extend(drawn(stage))

    stage.mine(body)
    assert b.opened_s == []
    assert lines == [
        "pools            A  R  S  L  difficulty  accepted",
        "a      resting   0  0  0  0           -         0",
        "  authorize 'user.a': no such user",
        "b      trying    0  0  0  0           -         0",
        "  connection refused",
        "c      mining   10  0  0  0       1e-08     1e-07",
        "d      backup    0  0  0  0           -         0",
    ]


def test_pools_that_share_the_work() -> None:
    stage = MineStage(2, quotas=(1, 1))
    lines: list[str] = []

    async def body() -> None:
        await stage.up()
        await asyncio.sleep(100.0)
        lines.extend(drawn(stage))

    stage.mine(body)
    assert sorted(line.split()[1] for line in lines[1:]) == ["mining", "mining"]
    assert sum("mining in turn" in line for line in lines) == 1


def test_long_names_keep_their_ends_and_lines_their_width() -> None:
    stage = MineStage(
        3, called=("stratum+ssl://solo.some.where.example:4333", "x" * 200, "stratum+tcp://10.0.0.1:3333")
    )
    lines: list[str] = []

    async def body() -> None:
        lines.extend(drawn(stage))

    stage.mine(body)
    assert [line.split()[0] for line in lines[1:]] == [
        "…solo.some.where.example:4333",
        "…" + "x" * 28,
        "10.0.0.1:3333",
    ]
