"""Modbus TCP, on pymodbus' own server."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.errors import DeviceError
from joulehash.hw.meters import modbus
from joulehash.hw.meters.meter import Sample
from joulehash.hw.meters.registers import MODELS, Map, Value
from joulehash.hw.meters.url import parse_meter
from tests.support.modbus_server import ModbusMeter

OWN = Map("holding", True, Value(100, "s32", 1e-3), Value(200, "u64", 1.0), 1.0, 1e-3)


def reads(where: Map, options: str, unit: int = 1, watts: float = 1234.5) -> list[Sample]:
    async def run() -> list[Sample]:
        spent = iter((3.6e9, 3.6e9 + 3.6e5))
        async with ModbusMeter(where, lambda: watts, lambda: next(spent), unit).running() as server:
            meter = parse_meter(f"modbus:127.0.0.1:{server.port}?{options}")
            await meter.open()
            try:
                return [await meter.read() for _ in range(2)]
            finally:
                await meter.close()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("where", "options", "unit"),
    [
        (MODELS["sdm120"], "model=sdm120", 1),
        (MODELS["sdm630"], "model=sdm630&unit=17", 17),
        (OWN, "watts=100:s32:mW&energy=200:u64:J&table=holding&words=little", 1),
    ],
)
def test_power_and_the_counter_since_it_was_opened(where: Map, options: str, unit: int) -> None:
    first, second = reads(where, options, unit)
    assert (first.watts, second.watts) == pytest.approx((1234.5, 1234.5))
    assert first.joules == 0.0
    assert second.joules == pytest.approx(3.6e5, abs=500)  # what is left of it in 32 bits


def test_what_it_refuses_and_what_makes_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modbus, "ANSWER_S", 0.5)
    with pytest.raises(DeviceError, match="refuses register 9000; is that its map"):
        reads(OWN, "watts=9000:f32:W")
    with pytest.raises(DeviceError, match="refuses register 12; is that its map, and 9 its unit"):
        reads(OWN, "model=sdm120&unit=9")
    with pytest.raises(DeviceError, match="register 12 holds no such figure; is that its map"):
        reads(MODELS["sdm120"], "model=sdm120", watts=float("nan"))


def test_nobody_there() -> None:
    async def run() -> None:
        meter = parse_meter("modbus:127.0.0.1:1?model=sdm120")
        with pytest.raises(DeviceError, match=r"modbus:127\.0\.0\.1:1: cannot be reached"):
            await meter.open()
        with pytest.raises(DeviceError, match="is closed"):
            await meter.read()

    asyncio.run(run())
