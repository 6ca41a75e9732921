"""RAPL on a tree of files that looks like powercap's: packages, wraps, and what may be wrong with it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.meters.rapl import Rapl, Unwrapped, zones
from joulehash.hw.meters.url import parse_meter
from tests.support.powercap import RANGE_UJ, Package, powercap


def test_only_packages_are_counted(tmp_path: Path) -> None:
    powercap(tmp_path, Package(0, 5), Package(1, 7), others=("intel-rapl:0:0", "intel-rapl:2", "intel-rapl"))
    assert sorted(zones(tmp_path)) == [0, 1]
    assert zones(tmp_path)[1].count_uj() == 7
    assert zones(tmp_path / "nowhere") == {}


def test_the_sum_of_all_packages_goes_on_over_a_wrap(tmp_path: Path) -> None:
    one, other = powercap(tmp_path, Package(0, RANGE_UJ - 1_000_000), Package(1, 0))

    async def run() -> list[float | None]:
        meter = Rapl("rapl", root=tmp_path)
        await meter.open()
        told = [(await meter.read()).joules]
        for _ in range(3):
            await asyncio.sleep(1.0)
            one.spend(0.75)
            other.spend(2.0)
            told.append((await meter.read()).joules)
        await meter.close()
        await meter.open()  # as after a failure: it goes on
        told.append((await meter.read()).joules)
        return told

    told = run_virtual(run())
    assert told == [pytest.approx(joules, abs=2e-6) for joules in (0.0, 2.75, 5.5, 8.25, 8.25)]


def test_one_package_alone(tmp_path: Path) -> None:
    one, other = powercap(tmp_path, Package(0, 0), Package(1, 0))

    async def run() -> float | None:
        meter = Rapl("rapl:1", 1, root=tmp_path)
        await meter.open()
        await asyncio.sleep(1.0)
        one.spend(50.0)
        other.spend(3.0)
        return (await meter.read()).joules

    assert run_virtual(run()) == pytest.approx(3.0)


def test_a_counter_that_began_anew_is_no_wrap(tmp_path: Path) -> None:
    """After a suspend, say: the energy before is not guessed."""
    (package,) = powercap(tmp_path, Package(0, 30_000_000))

    async def run() -> list[float | None]:
        meter = Rapl("rapl", root=tmp_path)
        await meter.open()
        told: list[float | None] = []
        for count_uj in (35_000_000, 1_000_000, 4_000_000):
            await asyncio.sleep(1.0)
            package.set(count_uj)
            told.append((await meter.read()).joules)
        return told

    assert run_virtual(run()) == [5.0, None, 3.0]


def test_what_was_not_read_for_longer_than_a_wrap_may_take_is_unknown() -> None:
    counter = Unwrapped(65_536_000_000, 0, 0.0)
    assert counter.see(1_000_000, 1.0) == 1_000_000
    assert counter.see(2_000_000, 70.0) is None
    assert counter.see(3_000_000, 71.0) == 1_000_000


@given(st.lists(st.floats(0.0, 900.0), min_size=1, max_size=60), st.integers(0, 65_535_999_999))
def test_wraps_are_undone_whatever_the_power(watts: list[float], start_uj: int) -> None:
    """At a reading every 2 s of a counter of 32 bits."""
    range_uj = 65_535_999_999
    counter, spent_uj = Unwrapped(range_uj, start_uj, 0.0), 0
    for step, power_w in enumerate(watts, 1):
        spent_uj += int(2e6 * power_w)
        assert counter.see((start_uj + spent_uj) % (range_uj + 1), 2.0 * step) == spent_uj


def test_what_is_absent_or_forbidden_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened(root: Path) -> None:
        await Rapl("rapl", root=root).open()

    with pytest.raises(DeviceError, match="this system does not have RAPL, as virtual machines do not"):
        run_virtual(opened(tmp_path / "nowhere"))
    powercap(tmp_path, Package(0, 0))

    energy = tmp_path / "intel-rapl:0" / "energy_uj"
    real_open: Any = Path.open

    def guarded_open(file: Path, mode: str) -> Any:
        if file == energy:
            raise PermissionError(13, "Permission denied")
        return real_open(file, mode)

    monkeypatch.setattr(Path, "open", guarded_open)
    with pytest.raises(DeviceError, match=r"energy_uj may not be read; sudo chmod a\+r .*/energy_uj"):
        run_virtual(opened(tmp_path))


@pytest.mark.parametrize("words", ["", "-1", "12 34", "x", "9" * 30])
def test_what_is_no_number_is_refused(tmp_path: Path, words: str) -> None:
    powercap(tmp_path, Package(0, 0))
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text(words)
    with pytest.raises(DeviceError, match="takes a number of microjoules"):
        zones(tmp_path)[0].count_uj()


@pytest.mark.parametrize("text", ["rapl:x", "rapl:-1", "rapl:0:0", "rapl:?place=wall"])
def test_its_url(text: str) -> None:
    with pytest.raises(InputError):
        parse_meter(text)
