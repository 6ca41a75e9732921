"""The part of pyusb that is used here, with types; what its errors mean; and how a place on the bus is written.

A place is bus and sockets, 1-1.4, as Linux and pyserial write it: it stays when a stick is pulled and put back.
Blocking, all of it: usb.py runs it in threads. pyusb is imported when it is first asked for.
"""

from __future__ import annotations

import errno
import importlib
import os
import re
from dataclasses import dataclass
from typing import Any, Protocol, cast

from ...engine.errors import DeviceAbsent, DeviceError, InputError
from .bridges import Control

REMEDY = "install libusb 1.0, as with: sudo apt install libusb-1.0-0, or brew install libusb"
CONTROL_MS = 1000
_SYSFS = "/sys/bus/usb/devices"
_NAME = re.compile(r"usb:(?P<place>\d+-\d+(?:\.\d+)*)(?::(?P<interface>\d+))?")


@dataclass(frozen=True, slots=True)
class Address:
    """Of one interface of a device: usb:1-1.4 is the first of what is in socket 1-1.4, usb:1-1.4:1 the second."""

    place: str
    interface: int = 0

    @classmethod
    def parse(cls, text: str) -> Address:
        match = _NAME.fullmatch(text)
        if match is None:
            raise InputError(f"{text}: is no USB address; one is written usb:1-1.4 or usb:1-1.4:1")
        return cls(match["place"], int(match["interface"] or 0))

    def __str__(self) -> str:
        return f"usb:{self.place}" + (f":{self.interface}" if self.interface else "")


class Device(Protocol):
    """usb.core.Device. It claims interfaces by itself. Raises USBError, an OSError, with an errno."""

    idVendor: int
    idProduct: int
    iManufacturer: int
    iProduct: int
    iSerialNumber: int
    bus: int | None
    address: int | None
    port_numbers: tuple[int, ...] | None

    def get_active_configuration(self) -> Any: ...
    def set_configuration(self) -> None: ...
    def is_kernel_driver_active(self, interface: int) -> bool: ...
    def detach_kernel_driver(self, interface: int) -> None: ...
    def attach_kernel_driver(self, interface: int) -> None: ...
    def write(self, endpoint: int, data: bytes, timeout: int) -> int: ...
    def read(self, endpoint: int, size_or_buffer: int, timeout: int) -> Any: ...
    def ctrl_transfer(
        self, bmRequestType: int, bRequest: int, wValue: int, wIndex: int, data_or_wLength: bytes | int, timeout: int
    ) -> Any: ...


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The bulk endpoints of an interface, and how large a packet from the device is."""

    incoming: int
    outgoing: int
    packet: int


def default_backend() -> object | None:
    """libusb 1.0 as pyusb sees it; None: it is not installed."""
    return cast("object | None", importlib.import_module("usb.backend.libusb1").get_backend())


def devices(backend: object | None = None) -> list[Device]:
    """All that have a place; opens none. Raises DeviceError: there is no libusb."""
    backend = backend or default_backend()
    if backend is None:
        raise DeviceError(f"usb: there is no libusb, by which USB sticks are driven; {REMEDY}")
    try:
        found = list(importlib.import_module("usb.core").find(find_all=True, backend=backend))
    except OSError as error:
        raise explain("usb", error) from error
    return [device for device in cast("list[Device]", found) if device.bus is not None and device.port_numbers]


def place_of(device: Device) -> str:
    return f"{device.bus}-{'.'.join(map(str, device.port_numbers or ()))}"


def node_of(device: Device) -> str | None:
    """The file that libusb opens; None where there are no such files."""
    node = f"/dev/bus/usb/{device.bus:03d}/{device.address:03d}"
    return node if os.path.exists(node) else None


def find(place: str, backend: object | None = None) -> Device:
    """Raises DeviceAbsent: nothing is plugged in there."""
    for device in devices(backend):
        if place_of(device) == place:
            return device
    raise DeviceAbsent(f"usb:{place}: is not there; plug it in")


def strings(device: Device) -> tuple[str | None, str | None, str | None]:
    """Manufacturer, product, serial number. From the system where it knows them: that needs no permission."""
    names = ("manufacturer", "product", "serial")
    folder = os.path.join(_SYSFS, place_of(device))
    if os.path.exists(os.path.join(folder, "idVendor")):
        return cast("tuple[str | None, str | None, str | None]", tuple(_line(folder, name) for name in names))
    indices = (device.iManufacturer, device.iProduct, device.iSerialNumber)
    return cast("tuple[str | None, str | None, str | None]", tuple(_string(device, index) for index in indices))


def _line(folder: str, name: str) -> str | None:
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read().strip() or None
    except OSError:
        return None


def _string(device: Device, index: int) -> str | None:
    try:
        text = importlib.import_module("usb.util").get_string(device, index) if index else None
    except (OSError, ValueError):  # not permitted, or it has no languages
        return None
    return cast("str | None", text)


def take(device: Device, interface: int) -> bool:
    """Get an interface for us alone: True when the system's driver had it, and is to get it back.

    Raises OSError, and DeviceError when it is no serial line.
    """
    try:
        device.get_active_configuration()
    except OSError as error:
        if error.errno is not None:  # pyusb's own "Configuration not set" has none
            raise
        device.set_configuration()
    endpoints(device, interface)
    driven = False
    try:
        driven = device.is_kernel_driver_active(interface)
        if driven:
            device.detach_kernel_driver(interface)
    except NotImplementedError:  # where systems have no such drivers
        pass
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
    try:
        importlib.import_module("usb.util").claim_interface(device, interface)
    except OSError:
        give_back(device, interface, driven)
        raise
    return driven


def give_back(device: Device, interface: int, driven: bool) -> None:
    """Never fails: what was unplugged needs nothing back."""
    try:
        importlib.import_module("usb.util").release_interface(device, interface)
        if driven:
            device.attach_kernel_driver(interface)
    except (OSError, NotImplementedError):
        pass


def close(device: Device) -> None:
    importlib.import_module("usb.util").dispose_resources(device)


def endpoints(device: Device, interface: int) -> Endpoints:
    """Raises DeviceError: there is no such interface, or it has no pair of bulk endpoints."""
    for candidate in device.get_active_configuration():
        if candidate.bInterfaceNumber == interface:
            bulk = [end for end in candidate if end.bmAttributes & 3 == 2]
            incoming = [end for end in bulk if end.bEndpointAddress & 0x80]
            outgoing = [end.bEndpointAddress for end in bulk if not end.bEndpointAddress & 0x80]
            if incoming and outgoing:
                return Endpoints(incoming[0].bEndpointAddress, outgoing[0], incoming[0].wMaxPacketSize)
    raise DeviceError(f"usb:{place_of(device)}: has no serial line at interface {interface}; give the right device")


def transfer(device: Device, control: Control, size: int = 0) -> bytes:
    """Send it; the answer of up to `size` bytes, empty for one to the device. Raises OSError."""
    fields = control.request_type, control.request, control.value, control.index
    answer = device.ctrl_transfer(*fields, size if control.request_type & 0x80 else control.data, CONTROL_MS)
    return bytes(answer) if control.request_type & 0x80 else b""


def is_timeout(error: OSError) -> bool:
    return error.errno == errno.ETIMEDOUT


def explain(name: str, error: OSError) -> DeviceError:
    """What one of pyusb's errors means to who uses `name`."""
    if isinstance(error, DeviceError):
        return error
    match error.errno:
        case errno.ENODEV | errno.ENOENT:
            return DeviceError(f"{name}: was unplugged; plug it in again")
        case errno.EACCES | errno.EPERM:
            again = "run joulehash doctor --install-udev, then plug it in again"
            return DeviceError(f"{name}: may not be opened by this user; {again}")
        case errno.EBUSY:
            return DeviceError(f"{name}: another program holds it; end that first")
        case errno.ETIMEDOUT:
            return DeviceError(f"{name}: does not answer within {CONTROL_MS} ms; plug it in again")
        case _:
            return DeviceError(f"{name}: USB failed ({error.strerror or error}); plug it in again")
