"""The CPU's own counter of its energy: RAPL, by Linux' powercap. `rapl:[PACKAGE][?gain=…]`, without one all of them.

Facts: Linux, Documentation/power/powercap: each zone has `name`, `energy_uj` and `max_energy_range_uj`, where the
counter goes back to 0. On the usual 32 bits of 15.26 µJ that is after 328 s at 200 W, so that it is read every few
seconds, and once around is undone. It is absent in most virtual machines, and only root may read it since
CVE-2020-8694. It counts the package: not the memory, the board or the supply. How true it is, Intel does not say; 3 %
are assumed. Zones of a package (core, uncore, dram) and psys are left out, for they overlap.
"""

from __future__ import annotations

import asyncio
import os
import re
from dataclasses import dataclass
from pathlib import Path

from ...engine.errors import DeviceError
from .address import Address
from .meter import Accuracy, Meter, Place, Sample, Source

POWERCAP = Path("/sys/class/powercap")
ACCURACY = Accuracy(gain=0.03, quantum_j=61e-6, delay_s=0.002, tick_s=0.001)  # steps of 2^-14 J
PERIOD_S = 2.0
_TICK_S = 0.01  # in which it may be counted late
_MOST_W = 1000.0  # of one package; what seems more was no wrap but a counter that began anew
_ZONE = re.compile(r"(intel|amd)-rapl:(\d+)")
_MOST_BYTES = 64  # of a file that holds a number or a name
_REMEDY = "sudo chmod a+r {}/*/energy_uj allows it until the next start"


class Forbidden(DeviceError):
    """By the system's permissions."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A package: its folder, and where its counter goes back to 0."""

    folder: Path
    range_uj: int

    def count_uj(self) -> int:
        return _number(self.folder / "energy_uj")


@dataclass(slots=True)
class Unwrapped:
    """The sum of a counter that goes back to 0 after its range."""

    range_uj: int
    last_uj: int
    at_s: float
    sum_uj: int = 0

    def see(self, count_uj: int, at_s: float) -> int | None:
        """None: it began anew, or in so much time it may have wrapped more than once; the sum is 0 then."""
        step_uj, seconds = (count_uj - self.last_uj) % (self.range_uj + 1), at_s - self.at_s
        self.last_uj, self.at_s = count_uj, at_s
        most_uj = _MOST_W * 1e6 * (seconds + _TICK_S)
        if count_uj > self.range_uj or step_uj > most_uj or most_uj > self.range_uj:
            self.sum_uj = 0
            return None
        self.sum_uj += step_uj
        return self.sum_uj


class Rapl:
    """A Meter. Its files are read in the loop: they are answered from memory, in microseconds."""

    place: Place = "CPU package"
    source: Source = "measured"
    period_s = PERIOD_S

    def __init__(self, name: str, package: int | None = None, accuracy: Accuracy = ACCURACY, root: Path = POWERCAP):
        self.name, self.accuracy = name, accuracy
        self._package, self._root = package, root
        self._counters: list[tuple[Zone, Unwrapped]] = []

    async def open(self) -> None:
        """Raises DeviceError that says whether it is absent or forbidden."""
        packages = zones(self._root)
        if self._package is not None:
            packages = {n: zone for n, zone in packages.items() if n == self._package}
        if not packages:
            which = "RAPL" if self._package is None else f"package {self._package}"
            raise DeviceError(
                f"{self.name}: this system does not have {which}, as virtual machines do not; take another meter"
            )
        if self._counters:
            return
        now_s = asyncio.get_running_loop().time()
        self._counters = [(zone, Unwrapped(zone.range_uj, zone.count_uj(), now_s)) for zone in packages.values()]

    async def read(self) -> Sample:
        now_s = asyncio.get_running_loop().time()
        sums = [counter.see(zone.count_uj(), now_s) for zone, counter in self._counters]
        known = [uj for uj in sums if uj is not None]
        return Sample(now_s, joules=sum(known) / 1e6 if len(known) == len(sums) else None)

    async def close(self) -> None: ...


def zones(root: Path = POWERCAP) -> dict[int, Zone]:
    """The packages by their number; those that say nothing of themselves are none. Raises DeviceError for one whose
    range is not known."""
    found: dict[int, Zone] = {}
    try:
        folders = sorted(os.listdir(root))
    except OSError:
        return found
    for folder in folders:
        form = _ZONE.fullmatch(folder)
        if form is not None and _name(root / folder / "name").startswith("package"):
            found[int(form[2])] = Zone(root / folder, _number(root / folder / "max_energy_range_uj"))
    return found


def problem(root: Path = POWERCAP) -> tuple[str, str]:
    """(why it cannot be used here, the remedy if there is one); empty: it can."""
    try:
        found = zones(root)
        for zone in found.values():
            zone.count_uj()
    except Forbidden:
        return "its files may not be read", _REMEDY.format(root)
    except DeviceError as error:
        return str(error), ""
    return ("", "") if found else ("this system has no RAPL, as virtual machines have none", "")


def _name(file: Path) -> str:
    try:
        with file.open("rb") as text:
            return text.read(_MOST_BYTES).decode("ascii", "replace").strip()
    except OSError:
        return ""


def _number(file: Path) -> int:
    try:
        with file.open("rb") as text:
            words = text.read(_MOST_BYTES).strip()
    except PermissionError:
        raise Forbidden(f"rapl: {file} may not be read; {_REMEDY.format(file.parent.parent)}") from None
    except OSError as error:
        raise DeviceError(f"rapl: {file}: {error.strerror}") from None
    if not words.isdigit() or len(words) > 20:
        raise DeviceError(f"rapl: {file} holds {words[:24]!r}; takes a number of microjoules")
    return int(words)


def meter(address: Address) -> Meter:
    address.only("gain")
    if address.rest and not (address.rest.isascii() and address.rest.isdigit() and len(address.rest) < 4):
        raise address.error("takes the number of a package after the colon, or nothing for all of them")
    package = int(address.rest) if address.rest else None
    return Rapl(address.name, package, address.accuracy(ACCURACY))
