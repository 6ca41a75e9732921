"""Instruments by SCPI: over TCP with pyvisa-py, and one of pyvisa-sim; answers that are none; a supply as a switch."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.meters import visa
from joulehash.hw.meters.url import parse_meter, parse_supply
from tests.support.scpi_server import RIGOL_IDN, SCPI_IDN, SIGLENT_IDN, Bench

IDNS = pytest.mark.parametrize("idn", [SCPI_IDN, RIGOL_IDN, SIGLENT_IDN])

SIMULATED = """
spec: "1.0"
devices:
  analyzer:
    eom:
      TCPIP INSTR: {q: "\\n", r: "\\n"}
    error: ERROR
    dialogues:
      - {q: "*IDN?", r: "Bench Instruments,PA1,0001,1.0"}
      - {q: "MEAS:POW?", r: "19.250"}
      - {q: "FETC:POW:ACT?", r: "+2.125E+01"}
      - {q: "BAD?", r: "9.91E+37"}
resources:
  TCPIP::analyzer::INSTR: {device: analyzer}
"""


@IDNS
def test_a_supply_gives_what_it_was_told_and_is_its_own_meter(idn: str) -> None:
    async def run() -> None:
        async with Bench(idn).running() as bench:
            supply = parse_supply(f"scpi:{bench.address}?volts=12&amps=4")
            await supply.open()
            assert not bench.on  # whatever it gave before
            await supply.set(12.0, 4.0)
            assert (bench.set_v, bench.set_a) == (12.0, 4.0)
            await supply.output(True)
            given = await supply.read()
            assert (given.volts, given.amps, given.watts) == pytest.approx((12.0, 2.4, 28.8))
            sample = await supply.meter().read()
            assert sample.watts == pytest.approx(28.8)
            await supply.off()
            await supply.off()
            assert not bench.on
            await supply.close()
            await supply.close()

    asyncio.run(run())


def test_a_meter_that_knows_no_watts_is_asked_for_volts_and_amperes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visa, "ANSWER_S", 0.2)

    async def run() -> None:
        async with Bench(watts=False, set_v=10.0, set_a=5.0).running() as bench:
            meter = parse_meter(f"scpi:{bench.address}?place=board-input&gain=0.1%")
            await meter.open()
            assert [(await meter.read()).watts for _ in range(2)] == pytest.approx([20.0, 20.0])
            assert bench.said.count("MEAS:POW?") == 1
            assert meter.place == "board input"
            assert meter.accuracy.gain == pytest.approx(0.001)
            await meter.close()

    asyncio.run(run())


def test_an_instrument_of_pyvisa_sim(tmp_path: Path) -> None:
    file = tmp_path / "bench.yaml"
    file.write_text(SIMULATED)

    async def watts(extra: str = "") -> float | None:
        meter = parse_meter(f"scpi:TCPIP::analyzer::INSTR?library={file}@sim{extra}")
        try:
            await meter.open()
            return (await meter.read()).watts
        finally:
            await meter.close()

    assert asyncio.run(watts()) == 19.25
    assert asyncio.run(watts("&power=FETC:POW:ACT?")) == 21.25
    with pytest.raises(DeviceError, match=r"answers '9.91E\+37' to BAD\?; takes a number"):
        asyncio.run(watts("&power=BAD?"))


def test_what_does_not_answer_or_has_no_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visa, "ANSWER_S", 0.2)

    async def run() -> None:
        async with Bench(mute=True).running() as bench:
            meter = parse_meter(f"scpi:{bench.address}")
            with pytest.raises(DeviceError, match="is it on, and its VISA address right"):
                await meter.open()
            await meter.close()
        async with Bench(idn="x" * 9000).running() as bench:
            meter = parse_meter(f"scpi:{bench.address}")
            with pytest.raises(DeviceError, match="has no end"):
                await meter.open()
            await meter.close()
        nobody = parse_meter(f"scpi:{bench.address}")
        with pytest.raises(DeviceError, match=r"^scpi:TCPIP::127.0.0.1::\d+::SOCKET: "):
            await nobody.open()
        await nobody.close()

    asyncio.run(run())


def test_a_supply_that_does_not_do_what_it_was_told() -> None:
    async def run() -> None:
        async with Bench().running() as bench:
            supply = parse_supply(f"scpi:{bench.address}?volts=12&amps=4")
            await supply.open()
            bench.most_v = 5.0
            with pytest.raises(DeviceError, match="is at 5 V after 12 V was asked for"):
                await supply.set(12.0, 4.0)
            await supply.output(True)
            bench.latched = True
            with pytest.raises(DeviceError, match="its output did not go off; look at its panel"):
                await supply.off()
            await supply.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scpi:", "takes a VISA address"),
        ("scpi:X::INSTR", "takes volts and the limit of amps, as scpi:ADDRESS"),
        ("scpi:X::INSTR?volts=5", "takes volts and the limit"),
        ("scpi:X::INSTR?volts=-5&amps=1", "takes a number of 0.1 to 1000"),
        ("scpi:X::INSTR?volts=5&amps=1&channel=0", "whole number of 1 to 16"),
        ("scpi:X::INSTR?watts=5", "is unknown"),
    ],
)
def test_supplies_that_are_none(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_supply(text)


def test_without_pyvisa_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyvisa", None)
    with pytest.raises(DeviceError, match=r"scpi:X::INSTR: needs pyvisa, which is not installed: pip install"):
        asyncio.run(parse_meter("scpi:X::INSTR").open())
