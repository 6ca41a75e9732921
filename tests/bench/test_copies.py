"""Copies of the built module, and what is made of their times when one is slow and a neighbour disturbs all."""

from __future__ import annotations

from array import array
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from joulehash.bench import copies
from joulehash.bench.copies import COPIES, load_copies, measure_copies
from joulehash.bench.sampling import Clock
from joulehash.engine.errors import InputError
from joulehash.ext import _scan


def test_every_copy_is_a_module_of_its_own_file_that_hashes(tmp_path: Path) -> None:
    modules = load_copies(tmp_path, 3)
    assert len({module.__file__ for module in modules}) == 3
    assert len({module.compiled()["portable"].__class__ for module in [*modules, _scan]}) == 4
    for module in modules:
        hits = array("I", bytes(64))
        portable = module.compiled()["portable"]
        assert portable(array("I", range(8)), array("I", range(3)), 0, 4, 2**32 - 1, hits, array("i", [0])) == (4, 4)
    assert _scan.compiled()["portable"].missing is None  # ours is still what it was


def test_a_slow_copy_is_seen_through_the_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sample in five, of whatever copy, takes half as long again; the fourth copy always 5 % longer."""
    now_ns, random = 0.0, Random(0)

    def spend(cycles: float) -> None:
        nonlocal now_ns
        now_ns += cycles / 2

    class Fake:
        name, lanes, missing = "fake", 1, None

        def __init__(self, cycles: float) -> None:
            self.cycles = cycles

        def __call__(self, midstates: Any, tail: Any, first: int, count: int, *rest: Any) -> tuple[int, int]:
            spend(count * len(midstates) / 8 * self.cycles * (1.5 if random.random() < 0.2 else 1.0))
            return 0, count

    def fakes(folder: Path, count: int) -> list[ModuleType]:
        modules = [ModuleType(str(i)) for i in range(count)]
        for i, module in enumerate(modules):
            vars(module)["compiled"] = lambda i=i: {"portable": Fake(105.0 if i == 3 else 100.0)}
        return modules

    monkeypatch.setattr(copies, "load_copies", fakes)
    clock = Clock(lambda: now_ns / 1e9, lambda: round(now_ns), spend)
    one, eight = measure_copies("portable", seconds=4.0, clock=clock).kernels
    assert (one.midstates, eight.midstates) == (1, 8)
    for placed in (one, eight):
        assert placed.name == "portable"
        assert len(placed.cycles_per_hash) == COPIES
        assert placed.cycles_per_hash.index(max(placed.cycles_per_hash)) == 3
        assert placed.spread == pytest.approx(0.05, abs=0.01)
        assert placed.noise < 0.01


def test_only_what_is_compiled_has_copies() -> None:
    with pytest.raises(InputError, match=r"kernel numba: no C kernel that runs here; choose from .*portable"):
        measure_copies("numba")
