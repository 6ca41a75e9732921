"""What parts have in common: who they are, and a bus that fails."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulehash.engine.errors import DeviceError
from joulehash.hw.parts.bus import NoAnswer, duty, signed
from joulehash.hw.parts.emc2101 import Emc2101
from joulehash.hw.parts.emc2103 import Emc2103
from joulehash.hw.parts.emc2302 import Emc2302
from joulehash.hw.parts.tps546 import Tps546
from tests.support import i2c

Identified = type[Emc2101] | type[Emc2103] | type[Emc2302] | type[Tps546]


def board() -> i2c.FakeBus:
    parts: dict[int, i2c.Bytes | i2c.Blocks] = {0x4C: i2c.emc2101(), 0x2E: i2c.emc2103(), 0x2F: i2c.emc2302()}
    parts[0x24] = i2c.Tps546()
    return i2c.FakeBus(parts)


@pytest.mark.parametrize(
    ("part", "address", "register"),
    [
        (Emc2101, 0x4C, 0xFD),
        (Emc2101, 0x4C, 0xFE),
        (Emc2103, 0x2E, 0xFD),
        (Emc2302, 0x2F, 0xFE),
        (Tps546, 0x24, 0xAD),
    ],
)
def test_another_part_at_its_address_is_refused(part: Identified, address: int, register: int) -> None:
    async def main() -> None:
        bus = board()
        await part(bus).identify()
        bus.parts[address].write(register, b"\x06\x54\x49\x54\x6b\x24\x41")
        with pytest.raises(DeviceError, match="is it the board that was named"):
            await part(bus).identify()
        bus.silent.add(address)
        with pytest.raises(NoAnswer):
            await part(bus).identify()

    asyncio.run(main())


def test_a_dead_bus_is_no_silent_part() -> None:
    bus = board()
    bus.dead = True
    with pytest.raises(DeviceError, match="the bus is dead") as caught:
        asyncio.run(Emc2101(bus).set_fan(1.0))
    assert not isinstance(caught.value, NoAnswer)


@given(st.floats(0, 1), st.sampled_from([63, 255]))
def test_a_fan_is_never_slower_than_asked(part: float, full: int) -> None:
    assert part <= duty(part, full) / full <= part + 1 / full
    assert (duty(0.0, full), duty(1.0, full)) == (0, full)


@pytest.mark.parametrize("part", [-0.01, 1.01, float("nan")])
def test_a_fan_has_0_to_1(part: float) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        duty(part, 63)


@given(st.integers(1, 32), st.data())
def test_twos_complement(bits: int, data: st.DataObject) -> None:
    value = data.draw(st.integers(-(1 << bits - 1), (1 << bits - 1) - 1))
    assert signed(value & (1 << bits) - 1, bits) == value
