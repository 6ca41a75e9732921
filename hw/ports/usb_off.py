"""How a stick is switched off by somebody else, blindly: the guard process, after the miner has died.

Plain data, so that it can be handed over while all is well. Control transfers of the vendor's kind need no claim on an
interface (Linux, usbfs): they reach the stick though a dying program, or the system's driver, still has it.
"""

from __future__ import annotations

import msgspec

from ...engine.errors import DeviceError, InputError
from . import libusb
from .bridges import BRIDGES, Control

_WRITE_MS = 100


class Write(msgspec.Struct, frozen=True):
    """Bytes for the line of an interface, at this speed."""

    interface: int
    baud: int
    data: bytes


class UsbOff(msgspec.Struct, frozen=True):
    """First the transfers, which make it safe; then the writes, which are of use."""

    controls: tuple[Control, ...]
    writes: tuple[Write, ...] = ()

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> UsbOff:
        """Raises InputError."""
        try:
            return msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as error:
            raise InputError(f"off action of {len(data)} bytes: cannot be read ({error})") from error


def switch_off(place: str, off: UsbOff, backend: object | None = None) -> None:
    """All of it that can be done; blocks for a second at most. Raises DeviceError after that, for what could not."""
    device = libusb.find(place, backend)
    failed: OSError | None = None
    try:
        for control in off.controls:
            try:
                libusb.transfer(device, control)
            except OSError as error:
                failed = failed or error
        for write in off.writes:
            try:
                _write(device, write)
            except OSError as error:
                failed = failed or error
    finally:
        libusb.close(device)
    if failed is not None:
        raise libusb.explain(f"usb:{place}", failed) from failed


def _write(device: libusb.Device, write: Write) -> None:
    driven = libusb.take(device, write.interface)
    try:
        bridge = BRIDGES[device.idVendor, device.idProduct]
        for control in bridge.setup(write.interface, write.baud):
            libusb.transfer(device, control)
        end = libusb.endpoints(device, write.interface).outgoing
        if device.write(end, write.data, _WRITE_MS) < len(write.data):
            raise DeviceError(f"usb:{libusb.place_of(device)}: takes no data")
    finally:
        libusb.give_back(device, write.interface, driven)
