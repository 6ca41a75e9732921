"""A board on the loop: what is told of its rails, and lines at speeds that a UART just understands."""

from __future__ import annotations

import asyncio

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.hw.sim.board import Rails
from joulehash.hw.sim.run import Simulated
from joulehash.hw.sim.table import simulated
from joulehash.hw.wire import bm13xx as wire

READ_ID = wire.read(0)


async def heard(made: Simulated, data: bytes) -> bytes:
    """What comes on the chips' line within 30 ms of a command."""
    port = made.ports["chips"]
    port.write(data)
    said = b""
    try:
        async with asyncio.timeout(0.03):
            while True:
                said += await port.read()
    except TimeoutError:
        return said


def test_rails_are_told_when_they_change_and_not_otherwise() -> None:
    async def course() -> list[Rails]:
        told: list[Rails] = []
        made = simulated("compac-a1")
        made.report = told.append
        async with made.running():
            await asyncio.sleep(60)
            await made.set_pins(0b111, 0)
            await asyncio.sleep(60)
            await made.set_pins(0b111, 0b111)
            await asyncio.sleep(1)
        return told

    off, *rising, last = run_virtual(course())
    assert off == Rails(0.0, True, 1.0)
    assert any(rails == Rails(0.30, False, 1.0) for rails in rising)
    assert last == Rails(0.0, True, 1.0)
    assert len(rising) <= 4


@pytest.mark.parametrize(("host_baud", "hears"), [(1_500_000, True), (1_562_500, True), (115_200, False)])
def test_four_percent_beside_is_understood(host_baud: int, hears: bool) -> None:
    """cgminer drives Compac F's at 1.5 Mbaud, and they speak 1.5625."""

    async def course() -> bytes:
        made = simulated("compac-f")
        async with made.running():
            await made.ports["chips"].open()
            await asyncio.sleep(0.1)
            made.ports["chips"].write(wire.write(0x18, 0x00006131))
            await made.ports["chips"].set_baud(host_baud)
            await asyncio.sleep(0.1)
            return await heard(made, READ_ID)

    assert (run_virtual(course()).hex() == "aa5513971800000006") == hears


def test_a_bug_in_a_simulator_comes_to_light() -> None:
    async def course() -> None:
        made = simulated("compac-f")
        made.board.micro = lambda data: data.decode().encode()  # fails for anything but text
        async with made.running():
            await made.ports["chips"].open()
            made.ports["chips"].write(b"\xff")
            await asyncio.sleep(0.1)

    with pytest.raises(BaseExceptionGroup) as raised:
        run_virtual(course())
    assert isinstance(raised.value.exceptions[0], UnicodeDecodeError)


def test_the_micro_of_a_newpac_answers_aside_of_the_chips() -> None:
    async def course() -> tuple[bytes, bytes, float]:
        made = simulated("newpac")
        async with made.running():
            await made.ports["chips"].open()
            await asyncio.sleep(0.1)
            degrees = await made.aside(0b01, 500_000, b"\x20", 1, 0.02)
            nothing = await made.aside(0b01, 500_000, bytes((0xE0, 25)), 0, 0.02)
            await asyncio.sleep(0.1)
            return degrees, nothing, made.board.rails.core_v

    degrees, nothing, core_v = run_virtual(course())
    assert degrees[0] == pytest.approx(26, abs=3)
    assert nothing == b""
    assert core_v == pytest.approx(0.35)
