"""NVML, on a module that answers as pynvml does."""

from __future__ import annotations

import asyncio
import sys

import pytest

from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.meters.meter import Sample
from joulehash.hw.meters.url import parse_meter
from tests.support.fake_nvml import FakeNvml


def reads(text: str = "nvml:") -> list[Sample]:
    async def run() -> list[Sample]:
        meter = parse_meter(text)
        await meter.open()
        found = [await meter.read() for _ in range(2)]
        await meter.close()
        with pytest.raises(DeviceError, match="is closed"):
            await meter.read()
        return found

    return asyncio.run(run())


def test_energy_since_it_was_opened_and_power(monkeypatch: pytest.MonkeyPatch) -> None:
    spent = iter((5000.0, 5123.5))
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(lambda: next(spent), lambda: 250.0))
    assert [(sample.watts, sample.joules) for sample in reads()] == [(250.0, 0.0), (250.0, 123.5)]


def test_older_boards_have_no_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(lambda: None, lambda: 75.0, 2))
    assert [(sample.watts, sample.joules) for sample in reads("nvml:1")] == [(75.0, None)] * 2


def test_what_goes_wrong_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml(lambda: None, lambda: None))
    with pytest.raises(DeviceError, match="nvml: tells neither energy nor power; see nvidia-smi"):
        reads()
    with pytest.raises(DeviceError, match="nvml:7: Invalid Argument; see nvidia-smi"):
        reads("nvml:7")
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(
        DeviceError, match=r"needs nvidia-ml-py, which is not installed: pip install 'joulehash\[meters\]'"
    ):
        reads()
    with pytest.raises(InputError, match="takes the index of a board"):
        parse_meter("nvml:x")
