"""J/TH as people read it."""

from __future__ import annotations

import asyncio
from io import StringIO

import pytest
from rich.console import Console

from joulehash.app.energy import efficiency_text, used_line
from joulehash.app.lines import status_line
from joulehash.app.screen import panel
from joulehash.bench.metering import Counts, metering
from joulehash.engine.clock import run_virtual
from joulehash.engine.cpu import CpuDevice
from joulehash.engine.events import EnergyUsed
from joulehash.engine.miner import Miner
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.stratum.client import Settings
from joulehash.hw.meters.url import parse_meter
from tests.support.command import Command


def test_without_a_meter_it_is_unknown() -> None:
    assert efficiency_text(None) == "unknown"


def test_the_account_says_of_what_it_is() -> None:
    energy = EnergyUsed(2.5e6, 5e5, 60.0, 1140.0, 4.56e8, 0.0, "counted", "wall", "declared", "fixed:19W")
    assert used_line(energy) == (
        "2.50 ± 0.50 J/MH (k = 2): 1140 J as declared at the wall in 60 s, hashes counted, fixed:19W"
    )


def test_mining_with_a_meter_ends_with_its_figure() -> None:
    arguments = ("--meter", "fixed:19W", "-d", "cpu:portable", "-t", "1", "--duration", "3", "--json")
    with Command("mine", *arguments) as command:
        summary = command.wait_for("summary")
        assert command.end()[0] == 0
    energy = summary["energy"]
    assert energy["joules"] == pytest.approx(19.0 * energy["seconds"])
    assert energy["j_per_th"] == pytest.approx(energy["joules"] / energy["hashes"] * 1e12)
    assert (energy["place"], energy["source"], energy["by"]) == ("wall", "declared", "counted")
    assert energy["hashes"] <= summary["hashes"]


def test_a_meter_that_is_none_is_one_line() -> None:
    with Command("mine", "--meter", "kasa:plug", "--duration", "1") as command:
        code, said = command.end()
    assert code == 2
    assert said.startswith("joulehash: meter kasa:…: is unknown; choose from rapl:[PACKAGE]")
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize("watts", ["19W", "3250kW"])
def test_the_screen_has_it_in_eighty_columns(watts: str) -> None:
    async def drawn() -> list[str]:
        device = CpuDevice("portable", 1)
        hashes = 0

        def counted() -> Counts:
            nonlocal hashes
            hashes += 8_000_000
            return Counts(counted=hashes)

        async with metering(parse_meter(f"fixed:{watts}"), counted) as metered:
            await asyncio.sleep(100.0)
            miner = Miner(EmbeddedPool(Settings("me"), print, 1.0), [device], print)
            out = StringIO()
            Console(file=out, width=80, color_system=None).print(panel(miner, 80, None, metered))
            assert "J/" in status_line(miner, metered)
            return out.getvalue().splitlines()

    lines = run_virtual(drawn())
    assert {len(line) for line in lines} == {80}
    assert lines[2].startswith("│ (1m) ")
    assert f"wall, fixed:{watts} (declared)" in lines[2]
