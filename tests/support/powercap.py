"""A tree of files that looks like Linux' powercap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

RANGE_UJ = 65_532_610_987  # of an Intel desktop


@dataclass
class Package:
    number: int
    count_uj: int
    folder: Path = Path()

    def spend(self, joules: float) -> None:
        self.set((self.count_uj + round(joules * 1e6)) % (RANGE_UJ + 1))

    def set(self, count_uj: int) -> None:
        self.count_uj = count_uj
        (self.folder / "energy_uj").write_text(f"{count_uj}\n")


def powercap(root: Path, *packages: Package, others: tuple[str, ...] = ()) -> tuple[Package, ...]:
    """`others`: zones that are no package."""
    for package in packages:
        package.folder = _zone(root / f"intel-rapl:{package.number}", f"package-{package.number}")
        package.set(package.count_uj)
    for name in others:
        _zone(root / name, "core")
    return packages


def _zone(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / "name").write_text(f"{name}\n")
    (folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
    (folder / "energy_uj").write_text("0\n")
    return folder
