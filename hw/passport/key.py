"""Which passport a board has: its key, or why it has to be asked for. Nothing is guessed.

A board's own serial number is its key, with its maker's name before it: `osmu:1a2b3c4d`. The number of an adapter is
not: boards come and go behind it. Numbers that makers forget to set, and those seen on two boards at once, are as good
as none. Without one the key is a label. `joulehash boards label` gives it to what is in a socket *until it is pulled*,
for then it may be another; `?label=` behind a device is its user's word each time. A simulated board has a passport
only with such a label, and its key begins with `sim:`, so that no real one is mistaken for it.

Sources: bitaxe-raw hashes its MAC for a serial number; Silicon Labs' CP210x come with 0001, Prolific's PL2303 with
none, and counterfeits of an FT232R all with A50285BI. Sockets: Linux, Documentation/ABI/testing/sysfs-bus-usb.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .records import Identity, check_label, now

if TYPE_CHECKING:
    from ..boards.row import Row
    from ..find import Recognised
    from ..spec import Spec

SIMULATED = "sim:"
_SERIAL = re.compile(r"[A-Za-z0-9._:+-]{3,60}")
_FORGOTTEN = frozenset(("A50285BI", "SERIAL", "NONE", "N/A", "DEFAULT"))
_COUNTING = ("0123456789ABCDEF", "123456789ABCDEF", "1234567890")


@dataclass(frozen=True, slots=True)
class Claim:
    """What a board can say for itself.

    serial  its key by its own serial number; None: see `why`
    shared  that number is on another one, too, that is plugged in
    plug    names what is in a socket until it is pulled; None: nothing tells when it is
    label   its user's word
    """

    name: str  # of the device, as it was given
    identity: Identity
    serial: str | None = None
    shared: bool = False
    plug: str | None = None
    label: str | None = None
    why: str = ""

    @property
    def asks(self) -> str:
        """What its user is to do, where nothing else gives it a key."""
        port = self.name
        by_name = f"-d '{port}?label=NAME'"
        ways = by_name if self.plug is None else f"joulehash boards label {port} NAME, or {by_name}"
        return f"{port}: {self.why}; so that it has a passport: {ways}"


def simulated_claim(spec: Spec, row: Row) -> Claim:
    label = None if spec.label is None else f"{SIMULATED}{check_label(spec.label)}"
    return Claim(spec.name, identity(row, simulated=True), label=label, why="is simulated")


def claim_of(
    spec: Spec, row: Row, thing: Recognised | None, things: Sequence[Recognised], root: Path = Path("/")
) -> Claim:
    """Of a board at a port, where `thing` is among `things` that are plugged in; None: no USB device. Raises InputError
    for what is no label."""
    label = None if spec.label is None else check_label(spec.label)
    if thing is None:
        return Claim(spec.name, identity(row), label=label, why="its port does not tell which board is there")
    if row.name.startswith("chain:"):  # boards come and go behind what is plugged in
        return Claim(spec.name, identity(row, thing), label=label, why="is behind an adapter, which is not the board")
    serial, why = own_serial(thing)
    shared = serial is not None and any(each is not thing and own_serial(each)[0] == serial for each in things)
    why = "another board has the same serial number" if shared else why
    plug = plug_of(thing.place, root)
    return Claim(spec.name, identity(row, thing, serial), serial, shared, plug, label, why)


def own_serial(thing: Recognised) -> tuple[str | None, str]:
    """(key, why it has none)."""
    serial = (thing.serial or "").strip()
    if thing.maker is None:
        return None, "its serial number is that of an adapter"
    if not serial:
        return None, "has no serial number"
    if not _SERIAL.fullmatch(serial) or _is_forgotten(serial.upper()):
        return None, f"its serial number {serial[:40]!r} is one that many boards have"
    return f"{thing.maker}:{serial}", ""


def _is_forgotten(serial: str) -> bool:
    digits = serial.lstrip("0")
    counts = any(counting.startswith(serial) for counting in _COUNTING)
    return len(digits) < 3 or len(set(serial)) == 1 or counts or serial in _FORGOTTEN


def plug_of(place: str | None, root: Path = Path("/")) -> str | None:
    """Another one each time that something is plugged in there. None: the system does not tell."""
    if place is None:
        return None
    try:
        boot = (root / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        number = (root / "sys/bus/usb/devices" / place / "devnum").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    return f"{boot}/{place}/{number}"


def identity(row: Row, thing: Recognised | None = None, key: str | None = None, *, simulated: bool = False) -> Identity:
    chip = None if row.chip is None else row.chip.name
    by = "" if thing is None else thing.by[:200]
    serial = None if key is None else key.partition(":")[2]
    return Identity(now(), row.name, row.title, chip, row.chips, by, serial, simulated)
