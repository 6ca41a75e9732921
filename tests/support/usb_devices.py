"""A USB bus for pyusb without one: a backend with an FT230X and a CP2105 in it, that know their vendor requests.

Written from the same public facts as hw/ports/bridges.py, the other way round: requests in, settings out. A request
that the chip would not know stalls, and what a driver may not do is an error in `wrongs`. It leaves out the time that
bytes take on the line, other than `slow`.
"""

# pyright: reportIncompatibleMethodOverride=false
# (what IBackend's own methods return is only written in their texts)

from __future__ import annotations

import errno
import threading
from array import array
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

EIGHTHS = {0: 0, 3: 1, 2: 2, 4: 3, 1: 4, 5: 5, 6: 6, 7: 7}
LATENCY_S = 0.002


def stall() -> USBError:
    return USBError("Pipe error", -9, errno.EPIPE)


class FakeInterface:
    """One serial line of a stick: what is set, what came from the host, what goes to it."""

    def __init__(self, number: int, endpoints: tuple[int, int], packet: int, driver: str | None) -> None:
        self.number, self.packet, self.driver = number, packet, driver
        self.incoming, self.outgoing = endpoints
        self.home_driver = driver
        self.claimed_by: object = None
        self.baud = self.enabled = self.home_enabled = 0
        self.received = bytearray()
        self.outbox = bytearray()
        self.unsent = 0  # polls until the transmitter is empty
        self.takes = True  # the line takes what the host writes
        self.hears: Callable[[bytes, int], bytes] = lambda data, baud: b""  # the board: its answer


class FakeStick:
    """What the two have in common."""

    VENDOR, PRODUCT, PACKET0 = 0, 0, 64

    def __init__(self, place: str, strings: tuple[str, str, str], interfaces: list[FakeInterface]) -> None:
        self.place, self.strings, self.interfaces = place, strings, interfaces
        self.plugged = self.permitted = True
        self.pins: int | None = None
        self.on_pins: Callable[[int], None] = lambda pins: None
        self.requests: list[tuple[int, int, int, int, bytes]] = []
        self.wrongs: list[str] = []
        self.gone_errno = errno.ENODEV
        self.address = 0
        self.opened = 0
        self.changed = threading.Condition(threading.RLock())

    def answer(self, request: int, value: int, index: int, size: int) -> bytes:
        raise stall()

    def control(self, kind: int, request: int, value: int, index: int, data: bytes) -> None:
        raise stall()

    def framed(self, interface: FakeInterface, size: int) -> bytes | None:
        """What a read ends with, now; None: it still waits."""
        raise NotImplementedError

    def send(self, data: bytes, interface: int = 0) -> None:
        """From the board to the host."""
        with self.changed:
            self.interfaces[interface].outbox += data
            self.changed.notify_all()

    def unplug(self, number: int = errno.ENODEV) -> None:
        with self.changed:
            self.plugged, self.gone_errno = False, number
            self.changed.notify_all()

    def plug(self) -> None:
        """As new: what it was told before is forgotten."""
        with self.changed:
            for interface in self.interfaces:
                interface.claimed_by, interface.driver = None, interface.home_driver
                interface.baud, interface.enabled, interface.unsent = 0, interface.home_enabled, 0
                interface.received, interface.outbox = bytearray(), bytearray()
            self.pins = None
            self.address += 1
            self.plugged = True

    def write(self, interface: FakeInterface, data: bytes) -> int:
        interface.received += data
        interface.outbox += interface.hears(data, interface.baud)
        self.changed.notify_all()
        return len(data)

    def drive(self, pins: int) -> None:
        self.pins = pins
        self.on_pins(pins)


class FakeFt230x(FakeStick):
    VENDOR, PRODUCT = 0x0403, 0x6015

    def __init__(self, place: str = "1-1.4", product: str = "CompacF Bitcoin Miner") -> None:
        line = FakeInterface(0, (0x81, 0x02), 64, "ftdi_sio")
        line.enabled = line.home_enabled = 1
        super().__init__(place, ("GekkoScience", product, "DK01ABCD"), [line])
        self.latency_ms, self.data_bits, self.flow = 16, 0, 0xFF
        self.resets = 0

    def control(self, kind: int, request: int, value: int, index: int, data: bytes) -> None:
        line = self.interfaces[0]
        if kind != 0x40 or data:
            raise stall()
        match request:
            case 0x00 if value == 0:
                self.resets += 1
            case 0x00 if value in (1, 2):
                line.outbox.clear()
            case 0x02:
                self.flow = index >> 8
            case 0x03:
                if line.unsent:
                    self.wrongs.append("the speed changed while bytes were on their way")
                divisor = index << 16 | value
                eighths = {0: 8, 1: 12}.get(divisor, (divisor & 0x3FFF) * 8 + EIGHTHS[divisor >> 14 & 7])
                line.baud = round(24_000_000 / eighths)
            case 0x04:
                self.data_bits = value
            case 0x09 if 1 <= value <= 255:
                self.latency_ms = value
            case 0x0B if value >> 8 == 0x20:
                outputs = value >> 4 & 0x0F
                self.drive(value & outputs)
            case _:
                raise stall()

    def answer(self, request: int, value: int, index: int, size: int) -> bytes:
        if request != 0x05:
            raise stall()
        line = self.interfaces[0]
        line.unsent = max(0, line.unsent - 1)
        return bytes((0x01, 0x00 if line.unsent else 0x60))

    def framed(self, interface: FakeInterface, size: int) -> bytes | None:
        """Packets of 64, two of status at the head of each; when there is nothing, the status alone."""
        packets = bytearray()
        while len(packets) + interface.packet <= size:
            part, interface.outbox = interface.outbox[:62], interface.outbox[62:]
            packets += b"\x01\x60" + part
            if len(part) < 62:
                break
        return bytes(packets)


class FakeCp2105(FakeStick):
    VENDOR, PRODUCT = 0x10C4, 0xEA70

    def __init__(self, place: str = "1-2", product: str = "GekkoScience Compac A1") -> None:
        sides = [
            FakeInterface(0, (0x81, 0x01), 64, "cp210x"),
            FakeInterface(1, (0x82, 0x02), 32, "cp210x"),
        ]
        super().__init__(place, ("Silicon Labs", product, "0012ABCD"), sides)
        self.pins = 0
        self.line_control = [0, 0]

    def control(self, kind: int, request: int, value: int, index: int, data: bytes) -> None:
        if kind != 0x41 or not 0 <= index < 2:
            raise stall()
        side = self.interfaces[index]
        match request:
            case 0x00 if value in (0, 1):
                side.enabled = value
            case 0x03:
                self.line_control[index] = value
            case 0x07:
                pass
            case 0x12:
                side.outbox.clear()
            case 0x1E if len(data) == 4:
                if side.unsent:
                    self.wrongs.append("the speed changed while bytes were on their way")
                side.baud = int.from_bytes(data, "little")
            case 0xFF if value == 0x37E1 and len(data) == 2:
                mask, state = data
                self.drive((self.pins or 0) & ~mask | state & mask)
            case _:
                raise stall()

    def answer(self, request: int, value: int, index: int, size: int) -> bytes:
        if request != 0x10 or size != 19:
            raise stall()
        side = self.interfaces[index]
        side.unsent = max(0, side.unsent - 1)
        return bytes(12) + side.unsent.to_bytes(4, "little") + bytes(3)

    def framed(self, interface: FakeInterface, size: int) -> bytes | None:
        if not interface.enabled or not interface.outbox:
            return None
        data, interface.outbox = bytes(interface.outbox[:size]), interface.outbox[size:]
        return data


class FakeHandle:
    def __init__(self, stick: FakeStick) -> None:
        self.stick, self.address, self.open = stick, stick.address, True


class FakeBus(IBackend):  # type: ignore[misc]
    """What pyusb takes as its backend."""

    def __init__(self, *sticks: FakeStick) -> None:
        super().__init__()
        self.sticks = list(sticks)

    # Descriptors.

    def enumerate_devices(self) -> Iterator[FakeStick]:
        return iter([stick for stick in self.sticks if stick.plugged])

    def get_device_descriptor(self, dev: FakeStick) -> Any:
        bus, _, ports = dev.place.partition("-")
        numbers = tuple(map(int, ports.split(".")))
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=dev.PACKET0, idVendor=dev.VENDOR, idProduct=dev.PRODUCT, bcdDevice=0x1000,
            iManufacturer=1, iProduct=2, iSerialNumber=3, bNumConfigurations=1, address=dev.address, bus=int(bus),
            port_number=numbers[-1], port_numbers=numbers, speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: FakeStick, config: int) -> Any:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=0, bNumInterfaces=len(dev.interfaces), bConfigurationValue=1,
            iConfiguration=0, bmAttributes=0x80, bMaxPower=250, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: FakeStick, intf: int, alt: int, config: int) -> Any:
        if alt or config or intf >= len(dev.interfaces):
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=dev.interfaces[intf].number, bAlternateSetting=0,
            bNumEndpoints=2, bInterfaceClass=255, bInterfaceSubClass=255, bInterfaceProtocol=255, iInterface=0,
            extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: FakeStick, ep: int, intf: int, alt: int, config: int) -> Any:
        interface = dev.interfaces[intf]
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(interface.incoming, interface.outgoing)[ep],
            bmAttributes=2, wMaxPacketSize=interface.packet, bInterval=0, bRefresh=0, bSynchAddress=0,
            extra_descriptors=[],
        )  # fmt: skip

    # Handles.

    def open_device(self, dev: FakeStick) -> FakeHandle:
        self._there(dev)
        if not dev.permitted:
            raise USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        dev.opened += 1
        return FakeHandle(dev)

    def close_device(self, dev_handle: FakeHandle) -> None:
        assert dev_handle.open
        dev_handle.open = False
        dev_handle.stick.opened -= 1

    def get_configuration(self, dev_handle: FakeHandle) -> int:
        self._alive(dev_handle)
        return 1

    def set_configuration(self, dev_handle: FakeHandle, config_value: int) -> None:
        dev_handle.stick.wrongs.append("the configuration was set anew, which resets every interface")

    def is_kernel_driver_active(self, dev_handle: FakeHandle, intf: int) -> bool:
        return self._alive(dev_handle).interfaces[intf].driver is not None

    def detach_kernel_driver(self, dev_handle: FakeHandle, intf: int) -> None:
        self._alive(dev_handle).interfaces[intf].driver = None

    def attach_kernel_driver(self, dev_handle: FakeHandle, intf: int) -> None:
        interface = self._alive(dev_handle).interfaces[intf]
        if interface.claimed_by is not None:
            raise USBError("Resource busy", -6, errno.EBUSY)
        interface.driver = interface.home_driver

    def claim_interface(self, dev_handle: FakeHandle, intf: int) -> None:
        interface = self._alive(dev_handle).interfaces[intf]
        if interface.driver is not None or interface.claimed_by not in (None, dev_handle):
            raise USBError("Resource busy", -6, errno.EBUSY)
        interface.claimed_by = dev_handle

    def release_interface(self, dev_handle: FakeHandle, intf: int) -> None:
        self._alive(dev_handle).interfaces[intf].claimed_by = None

    # Transfers.

    def ctrl_transfer(
        self,
        dev_handle: FakeHandle,
        bmRequestType: int,
        bRequest: int,
        wValue: int,
        wIndex: int,
        data: array[int],
        timeout: int,
    ) -> int:
        stick = self._alive(dev_handle)
        with stick.changed:
            if bmRequestType == 0x80 and bRequest == 6 and wValue >> 8 == 3:
                answer = _string(stick, wValue & 0xFF)[: len(data)]
            elif bmRequestType & 0x80:
                answer = stick.answer(bRequest, wValue, wIndex, len(data))
            else:
                stick.control(bmRequestType, bRequest, wValue, wIndex, data.tobytes())
                stick.requests.append((bmRequestType, bRequest, wValue, wIndex, data.tobytes()))
                return len(data)
            data[: len(answer)] = array("B", answer)
            return len(answer)

    def bulk_write(self, dev_handle: FakeHandle, ep: int, intf: int, data: array[int], timeout: int) -> int:
        stick = self._alive(dev_handle)
        interface = stick.interfaces[intf]
        assert ep == interface.outgoing
        with stick.changed:
            if interface.claimed_by is not dev_handle:
                stick.wrongs.append("a write to an interface that was not claimed")
            stick.changed.wait_for(lambda: interface.takes or not stick.plugged, timeout / 1000)
            self._alive(dev_handle)
            if not interface.takes:
                raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
            if not interface.enabled or not interface.baud:
                stick.wrongs.append("a write to a line that was not set up")
            return stick.write(interface, data.tobytes())

    def bulk_read(self, dev_handle: FakeHandle, ep: int, intf: int, buff: array[int], timeout: int) -> int:
        stick = self._alive(dev_handle)
        interface = stick.interfaces[intf]
        assert ep == interface.incoming
        assert len(buff) % interface.packet == 0
        with stick.changed:
            if interface.claimed_by is not dev_handle:
                stick.wrongs.append("a read from an interface that was not claimed")
            quiet_s = LATENCY_S if isinstance(stick, FakeFt230x) else timeout / 1000
            stick.changed.wait_for(lambda: interface.outbox or not stick.plugged, quiet_s)
            self._alive(dev_handle)
            data = stick.framed(interface, len(buff))
        if data is None:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        buff[: len(data)] = array("B", data)
        return len(data)

    def _alive(self, handle: FakeHandle) -> FakeStick:
        assert handle.open, "a handle was used after it was closed"
        self._there(handle.stick)
        if handle.address != handle.stick.address:  # a new device in the same socket
            raise USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)
        return handle.stick

    def _there(self, stick: FakeStick) -> None:
        if not stick.plugged:
            raise USBError("No such device (it may have been disconnected)", -4, stick.gone_errno)


def _string(stick: FakeStick, index: int) -> bytes:
    text = stick.strings[index - 1].encode("utf-16-le") if index else b"\x09\x04"
    return bytes((len(text) + 2, 3)) + text
