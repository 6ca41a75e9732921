"""The real pyusb, on a bus of tests/support/usb_devices.py."""

from __future__ import annotations

import asyncio
import errno
import re
import threading
from collections.abc import Awaitable, Callable

import pytest

from joulehash.engine.errors import DeviceAbsent, DeviceError, InputError
from joulehash.hw.ports import libusb, usb_link
from joulehash.hw.ports.libusb import Address
from joulehash.hw.ports.port import READ_LIMIT, WRITE_LIMIT
from joulehash.hw.ports.usb import UsbPort, UsbStick
from tests.support.usb_devices import FakeBus, FakeCp2105, FakeFt230x, FakeStick

WITHIN_S = 5


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def exactly(port: UsbPort, count: int) -> bytes:
    data = b""
    async with asyncio.timeout(WITHIN_S):
        while len(data) < count:
            data += await port.read()
    return data


def run(stick: FakeStick, body: Callable[[UsbStick], Awaitable[None]]) -> None:
    """On a bus of one; and afterwards nothing is held, no thread is left, and nothing was wrong."""

    async def inside() -> None:
        await body(UsbStick(stick.place, FakeBus(stick)))

    asyncio.run(inside())
    assert stick.wrongs == []
    assert stick.opened == 0
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("usb:")] == []


def test_an_ft230x_is_set_up_as_a_line_and_given_back() -> None:
    stick = FakeFt230x()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        assert (port.name, port.baud) == ("usb:1-1.4", 115200)
        line = stick.interfaces[0]
        assert line.baud == pytest.approx(115200, rel=0.005)
        assert (stick.resets, stick.latency_ms, stick.data_bits, stick.flow) == (1, 2, 8, 0)
        assert line.driver is None
        await port.close()
        await port.close()
        assert line.driver == "ftdi_sio"

    run(stick, body)


@pytest.mark.parametrize("make", [FakeFt230x, FakeCp2105])
def test_bytes_go_both_ways_whatever_the_packets(make: Callable[[], FakeStick]) -> None:
    stick = make()
    there, back = bytes(range(256)) * 9, bytes(reversed(range(256))) * 7  # both over many packets

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        for size in (1, 7, 11, 88):
            port.write(there[:size])
        port.write(there)
        stick.send(back)
        await port.drain()
        assert bytes(stick.interfaces[0].received) == there[:1] + there[:7] + there[:11] + there[:88] + there
        assert await exactly(port, len(back)) == back
        for size in (61, 62, 63, 64, 124):  # about one packet of an FTDI chip, and two
            stick.send(back[:size])
            assert await exactly(port, size) == back[:size]
        await port.close()

    run(stick, body)


@pytest.mark.parametrize("make", [FakeFt230x, FakeCp2105])
def test_the_speed_changes_after_all_has_left_the_stick(make: Callable[[], FakeStick]) -> None:
    stick = make()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        port.write(b"at the old speed")
        stick.interfaces[0].unsent = 20
        await port.set_baud(1_500_000)
        assert stick.interfaces[0].unsent == 0
        assert (port.baud, stick.interfaces[0].baud) == (1_500_000, 1_500_000)
        with pytest.raises(DeviceError, match="baud 12000000: "):
            await port.set_baud(12_000_000)
        await port.set_baud(500_000)  # what it cannot make has cost nothing
        await port.close()
        await port.open()
        assert (port.baud, round(stick.interfaces[0].baud, -3)) == (115200, 115000)
        await port.close()

    run(stick, body)


def test_a_stick_that_never_sends_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb_link, "_POLLS", 5)
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        stick.interfaces[0].unsent = 1 << 20
        with pytest.raises(DeviceError, match="usb:1-2: does not send what it was given"):
            await port.set_baud(500_000)
        with pytest.raises(DeviceError, match="does not send"):
            port.write(b"?")
        await port.close()

    run(stick, body)


def test_the_two_sides_of_a_cp2105_share_one_handle() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        data, telemetry = usb.port(0), usb.port(1)
        await data.open()
        await telemetry.open()
        assert stick.opened == 1
        assert telemetry.name == "usb:1-2:1"
        data.write(b"to the chips")
        telemetry.write(b"G.")
        await data.drain()
        await telemetry.drain()
        assert [bytes(side.received) for side in stick.interfaces] == [b"to the chips", b"G."]
        stick.send(b"volts", 1)
        assert await exactly(telemetry, 5) == b"volts"
        await data.close()
        assert [side.driver for side in stick.interfaces] == ["cp210x", None]
        stick.send(b"amps", 1)
        assert await exactly(telemetry, 4) == b"amps"
        await telemetry.close()
        assert [(side.driver, side.enabled) for side in stick.interfaces] == [("cp210x", 0), ("cp210x", 0)]
        assert stick.line_control == [0x0800, 0x0800]

    run(stick, body)


def test_pins_are_driven_at_once_though_the_line_takes_nothing() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        with pytest.raises(DeviceError, match="usb:1-2: is not open"):
            await usb.set_pins(7, 7)
        port = usb.port()
        await port.open()
        stick.interfaces[0].takes = False
        port.write(bytes(1000))
        await usb.set_pins(0b111, 0b111)
        assert stick.pins == 0b111
        await usb.set_pins(0b001, 0b000)
        assert stick.pins == 0b110
        await port.close()

    run(stick, body)


def test_cbus_pins_keep_what_is_not_in_the_mask() -> None:
    stick = FakeFt230x()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        for mask, state in ((2, 2), (1, 1), (2, 0), (1, 0)):
            await usb.set_pins(mask, state)
        await port.close()

    run(stick, body)
    assert [value for _, request, value, _, _ in stick.requests if request == 0x0B] == [0x20F2, 0x20F3, 0x20F1, 0x20F0]


@pytest.mark.parametrize("number", [errno.ENODEV, errno.EIO, errno.EPIPE])
@pytest.mark.parametrize("doing", ["read", "drain", "set_baud"])
@pytest.mark.parametrize("make", [FakeFt230x, FakeCp2105])
def test_unplugging_ends_whatever_is_under_way_in_one_device_error(
    make: Callable[[], FakeStick], doing: str, number: int
) -> None:
    stick = make()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        stick.interfaces[0].takes = doing != "drain"
        stick.interfaces[0].unsent = 1 << 20 if doing == "set_baud" else 0
        port.write(b"something")
        work: dict[str, Callable[[], Awaitable[object]]] = {
            "read": port.read,
            "drain": port.drain,
            "set_baud": lambda: port.set_baud(500_000),
        }
        under_way = asyncio.ensure_future(work[doing]())
        await asyncio.sleep(0.01)
        stick.unplug(number)
        with pytest.raises(DeviceError) as lost:
            await asyncio.wait_for(under_way, WITHIN_S)
        with pytest.raises(DeviceError):
            await usb.set_pins(2, 2)
        reason = str(lost.value)
        assert reason.startswith(f"{port.name}: ")
        assert reason.endswith("plug it in again")
        with pytest.raises(DeviceError, match=re.escape(reason)):
            await port.read()
        with pytest.raises(DeviceError, match=re.escape(reason)):
            await port.drain()
        with pytest.raises(DeviceError):
            port.write(b"more")
        with pytest.raises(DeviceAbsent, match="is not there; plug it in"):
            await port.open()
        stick.plug()
        stick.interfaces[0].takes = True
        await port.open()
        port.write(b"again")
        await port.drain()
        assert bytes(stick.interfaces[0].received) == b"again"
        await port.close()
        assert stick.interfaces[0].driver is not None

    run(stick, body)


def test_both_sides_come_back_though_only_one_was_closed() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        ports = usb.port(0), usb.port(1)
        for port in ports:
            await port.open()
        stick.unplug()
        stick.plug()
        await ports[0].close()
        for port in ports:
            with pytest.raises(DeviceError):
                await asyncio.wait_for(port.read(), WITHIN_S)
        for port in ports:
            await port.open()
        await usb.set_pins(7, 7)
        assert (stick.pins, stick.opened) == (7, 1)
        for port in ports:
            await port.close()

    run(stick, body)


def test_closing_ends_a_read() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        reading = asyncio.ensure_future(port.read())
        await asyncio.sleep(0)
        await port.close()
        with pytest.raises(DeviceError, match="usb:1-2: is closed"):
            await reading

    run(stick, body)


def test_giving_up_on_opening_leaves_nothing_behind() -> None:
    stick = FakeFt230x()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        opening = asyncio.ensure_future(port.open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await port.close()
        await until(lambda: stick.opened == 0 and stick.interfaces[0].driver)

    run(stick, body)


def test_a_board_that_takes_nothing_is_told_and_queues_stay_small() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        stick.interfaces[0].takes = False
        for _ in range(WRITE_LIMIT // 1024):
            port.write(bytes(1024))
        with pytest.raises(DeviceError, match=rf"usb:1-2: takes no data, {WRITE_LIMIT} bytes wait; is the board alive"):
            port.write(bytes(1))
        with pytest.raises(DeviceError, match="takes no data"):
            await port.read()
        await port.close()

    run(stick, body)


def test_a_line_that_stalls_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usb_link, "WRITE_MS", 20)
    stick = FakeFt230x()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        stick.interfaces[0].takes = False
        port.write(bytes(100))
        with pytest.raises(DeviceError, match=r"takes no data, 100 bytes wait"):
            await port.drain()
        await port.close()

    run(stick, body)


def test_what_nobody_reads_is_dropped_and_counted() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        stick.send(bytes(READ_LIMIT + 1000))
        await until(lambda: port.dropped)
        assert await exactly(port, READ_LIMIT) == bytes(READ_LIMIT)
        await until(lambda: port.dropped == 1000)
        stick.send(b"and on")
        assert await exactly(port, 6) == b"and on"
        await port.close()

    run(stick, body)


def test_another_party_on_the_line_is_talked_to_in_its_turn() -> None:
    stick = FakeFt230x(product="NewPac Bitcoin Miner")
    spoken: list[tuple[int | None, int, bytes]] = []

    def hears(data: bytes, baud: int) -> bytes:
        spoken.append((stick.pins, baud, data))
        return b"\x2a" if stick.pins == 0b11 else b""

    stick.interfaces[0].hears = hears

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        await usb.set_pins(0b10, 0b10)
        port.write(b"job")
        asking = asyncio.ensure_future(port.aside(0b01, 500_000, b"\x20", 1, 0.2))
        await asyncio.sleep(0)
        port.write(b"next job")
        assert await asking == b"\x2a"
        await port.drain()
        stick.send(b"nonce")
        assert await exactly(port, 5) == b"nonce"
        await port.close()

    run(stick, body)
    assert spoken == [(0b10, 115385, b"job"), (0b11, 500_000, b"\x20"), (0b10, 115385, b"next job")]


def test_a_silent_other_party_costs_its_time_and_no_more() -> None:
    stick = FakeFt230x()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        assert await port.aside(0b01, 500_000, b"\x20", 1, 0.01) == b""
        assert (stick.pins, round(stick.interfaces[0].baud, -3)) == (0, 115000)
        await port.close()

    run(stick, body)


def test_one_program_at_a_time() -> None:
    stick = FakeCp2105()

    async def body(usb: UsbStick) -> None:
        port = usb.port()
        await port.open()
        for other in (port, usb.port(), UsbStick("1-2", FakeBus(stick)).port()):
            with pytest.raises(DeviceError, match=r"is open already|another program holds it"):
                await other.open()
        await port.close()

    run(stick, body)


def test_without_permission_the_remedy_is_named() -> None:
    stick = FakeFt230x()
    stick.permitted = False

    async def body(usb: UsbStick) -> None:
        with pytest.raises(DeviceError, match=r"usb:1-1.4: may not be opened.*joulehash doctor --install-udev"):
            await usb.port().open()

    run(stick, body)


def test_without_libusb_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        return None

    monkeypatch.setattr(libusb, "default_backend", none)
    with pytest.raises(DeviceError, match=r"there is no libusb.*sudo apt install libusb-1.0-0"):
        asyncio.run(UsbStick("1-1").port().open())


def test_a_bridge_that_is_not_known_is_refused() -> None:
    class Mouse(FakeFt230x):
        VENDOR, PRODUCT = 0x046D, 0xC077

    async def body(usb: UsbStick) -> None:
        with pytest.raises(DeviceError, match=r"usb:1-1.4: is 046d:c077, none of FT230X, CP2102, CP2105"):
            await usb.port().open()

    run(Mouse(), body)


def test_an_interface_that_is_not_there_is_refused() -> None:
    async def body(usb: UsbStick) -> None:
        with pytest.raises(DeviceError, match=r"usb:1-1\.4: has no serial line at interface 1"):
            await usb.port(1).open()

    run(FakeFt230x(), body)


@pytest.mark.parametrize("text", ["usb:1-1.4", "usb:3-2:1", "usb:10-1.2.3"])
def test_an_address_is_what_it_prints(text: str) -> None:
    assert str(Address.parse(text)) == text


@pytest.mark.parametrize("text", ["usb:", "usb:1", "usb:1-", "usb:a-b", "/dev/ttyUSB0", "usb:1-1:"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"is no USB address; one is written usb:1-1.4"):
        Address.parse(text)
