"""The USB-serial chips in sticks, as the control transfers that set them up. Values only: usb.py sends them.

FTDI: the SIO requests, as Linux's ftdi_sio.c and libftdi name them. CP210x: Silicon Labs AN571, and Linux's cp210x.c.
What GekkoScience's sticks do with them: kanoi/cgminer @d689d3a, driver-gekko.c and usbutils.c (GEK). It leaves out flow
control, which no stick uses, and bridges with several FTDI ports. Unproven on hardware, all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import msgspec

from ...engine.errors import InputError

VENDOR_OUT, VENDOR_IN = 0x40, 0xC0  # bmRequestType: vendor, to or from the device
INTERFACE_OUT, INTERFACE_IN = 0x41, 0xC1  # the same of an interface
BAUD_TOLERANCE = 0.03  # of a UART: half a bit in the tenth bit is 5 %, and both ends have their share


class Control(msgspec.Struct, frozen=True):
    """One control transfer: the setup packet's fields and, to the device, its data."""

    request_type: int
    request: int
    value: int
    index: int
    data: bytes = b""


class Bridge(Protocol):
    """What differs between the chips. `interface` is bInterfaceNumber."""

    @property
    def title(self) -> str: ...

    def setup(self, interface: int, baud: int) -> tuple[Control, ...]:
        """8N1 at this speed, buffers empty. Raises InputError for a speed that it cannot make."""
        ...

    def baud(self, interface: int, baud: int) -> tuple[Control, ...]:
        """Raises InputError as `setup` does."""
        ...

    def teardown(self, interface: int) -> tuple[Control, ...]: ...

    def pins(self, state: int, mask: int) -> Control:
        """Drive its own pins: `state` has all of them, `mask` those that change. Raises InputError: it has none."""
        ...

    def unsent(self, interface: int) -> tuple[Control, int]:
        """What asks how much waits in its transmitter, and how many bytes the answer has."""
        ...

    def is_empty(self, answer: bytes) -> bool:
        """Of the answer to `unsent`."""
        ...

    def payload(self, data: bytes, packet: int) -> bytes:
        """What the board sent, of one read from the IN endpoint with packets of this size."""
        ...


@dataclass(frozen=True, slots=True)
class Ftdi:
    """A single-port FTDI chip of the X series, FT230X: 3 MHz over a divisor in eighths; CBUS pins by bit-bang."""

    title: str = "FT230X"
    latency_ms: int = 2  # a packet that is not full waits so long; 16 after reset, too late for a share

    def setup(self, interface: int, baud: int) -> tuple[Control, ...]:
        return (
            Control(VENDOR_OUT, 0x00, 0, 0),  # reset
            Control(VENDOR_OUT, 0x04, 8, 0),  # 8 data bits, no parity, 1 stop bit
            *self.baud(interface, baud),
            Control(VENDOR_OUT, 0x02, 0, 0),  # no flow control
            Control(VENDOR_OUT, 0x09, self.latency_ms, 0),
            Control(VENDOR_OUT, 0x00, 1, 0),  # purge one buffer,
            Control(VENDOR_OUT, 0x00, 2, 0),  # and the other: which is which, sources name differently
        )

    def baud(self, interface: int, baud: int) -> tuple[Control, ...]:
        divisor = ftdi_divisor(baud)
        return (Control(VENDOR_OUT, 0x03, divisor & 0xFFFF, divisor >> 16),)

    def teardown(self, interface: int) -> tuple[Control, ...]:
        return ()  # leaving bit-bang would let go of the reset pin

    def pins(self, state: int, mask: int) -> Control:
        """CBUS bit-bang, mode 0x20: the low byte is directions (all out) and levels (GEK: F2 high, F0 low)."""
        return Control(VENDOR_OUT, 0x0B, 0x20 << 8 | 0xF0 | state & 0x0F, 0)

    def unsent(self, interface: int) -> tuple[Control, int]:
        return Control(VENDOR_IN, 0x05, 0, 0), 2  # modem status, line status

    def is_empty(self, answer: bytes) -> bool:
        return len(answer) == 2 and bool(answer[1] & 0x40)  # transmitter empty

    def payload(self, data: bytes, packet: int) -> bytes:
        """Each packet begins with modem and line status."""
        return b"".join(data[at + 2 : at + packet] for at in range(0, len(data), packet))


@dataclass(frozen=True, slots=True)
class Cp210x:
    """`rates` by interface: least and most baud. `lines` is what SET_MHS gets. `latch`: it has pins to drive."""

    title: str
    rates: tuple[tuple[int, int], ...]
    lines: int
    latch: bool

    def setup(self, interface: int, baud: int) -> tuple[Control, ...]:
        return (
            Control(INTERFACE_OUT, 0x00, 1, interface),  # enable the UART
            Control(INTERFACE_OUT, 0x12, 0x000F, interface),  # purge all four buffers
            *self.baud(interface, baud),
            # 8 data bits, no parity, 1 stop bit: what the chips speak. GEK sets a parity of "mark" on the data side,
            # with which two bytes of a chip without a gap between them would be a framing error.
            Control(INTERFACE_OUT, 0x03, 0x0800, interface),
            Control(INTERFACE_OUT, 0x07, self.lines, interface),
        )

    def baud(self, interface: int, baud: int) -> tuple[Control, ...]:
        least, most = self.rates[min(interface, len(self.rates) - 1)]
        if not least <= baud <= most:
            raise InputError(f"baud {baud}: interface {interface} of a {self.title} takes {least}–{most}")
        return (Control(INTERFACE_OUT, 0x1E, 0, interface, baud.to_bytes(4, "little")),)

    def teardown(self, interface: int) -> tuple[Control, ...]:
        return Control(INTERFACE_OUT, 0x12, 0x000F, interface), Control(INTERFACE_OUT, 0x00, 0, interface)

    def pins(self, state: int, mask: int) -> Control:
        """GEK writes all three through interface 0."""
        if not self.latch:
            raise InputError(f"a {self.title} has no pins that can be driven")
        return Control(INTERFACE_OUT, 0xFF, 0x37E1, 0, bytes((mask, state & mask)))

    def unsent(self, interface: int) -> tuple[Control, int]:
        return Control(INTERFACE_IN, 0x10, 0, interface), 19

    def is_empty(self, answer: bytes) -> bool:
        return len(answer) == 19 and answer[12:16] == bytes(4)  # ulAmountInOutQueue

    def payload(self, data: bytes, packet: int) -> bytes:
        return data


# By vendor and product id: which chip it is. What is soldered behind it, find.py knows. The lines are GEK's.
BRIDGES: dict[tuple[int, int], Bridge] = {
    (0x0403, 0x6015): Ftdi(),
    (0x10C4, 0xEA60): Cp210x("CP2102", ((300, 1_000_000),), lines=0x0303, latch=False),
    (0x10C4, 0xEA70): Cp210x("CP2105", ((300, 2_000_000), (2400, 921_600)), lines=0x0101, latch=True),
}

_EIGHTHS = (0, 3, 2, 4, 1, 5, 6, 7)  # how a divisor's fraction is written (libftdi, ftdi_sio.c)


def ftdi_divisor(baud: int) -> int:
    """17 bits: 14 whole, 3 of the fraction. Raises InputError where the nearest is more than 3 % off."""
    eighths = round(24_000_000 / baud) if baud > 0 else 0
    if eighths < 16:  # below 2 there are only 1 and 1.5
        eighths = min((8, 12, 16), key=lambda near: abs(near - eighths))
    if baud <= 0 or eighths >= 1 << 17 or abs(24_000_000 / eighths / baud - 1) > BAUD_TOLERANCE:
        raise InputError(f"baud {baud}: an FTDI chip makes 3000000, 2000000, and 1500000–184 nearly without gaps")
    if eighths in (8, 12):
        return eighths // 4 - 2  # 1 is written 0, and 1.5 is written 1
    return eighths >> 3 | _EIGHTHS[eighths & 7] << 14
