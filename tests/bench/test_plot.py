from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from joulehash.bench.plot import check, draw
from joulehash.engine.errors import InputError
from tests.support.rates import MACHINE, rate

ROWS = [
    rate("avx512", 1, 1, [50.0, 51.0, 54.0], [45.0, 45.9, 48.6]),
    rate("avx512", 1, 2, [52.0, 53.0, 56.0], [45.0, 45.9, 48.6]),
    rate("avx512", 8, 1, [40.0], [36.0]),
    rate("portable", 1, 1, [1000.0]),
]


def test_every_kernel_has_its_bar_and_its_label(tmp_path: Path) -> None:
    draw(MACHINE, ROWS, tmp_path / "k.svg")
    tree = ElementTree.parse(tmp_path / "k.svg")
    identified = {element.get("id") for element in tree.iter()}
    assert {"avx512-1", "avx512-8", "portable-1"} <= identified
    text = " ".join("".join(element.itertext()) for element in tree.iter("{http://www.w3.org/2000/svg}text"))
    assert "Test CPU at 2.00 GHz, one thread" in text
    assert "39.22 MH/s, 51 cycles/hash, 90% of floor" in text
    assert "2 MH/s, 1000 cycles/hash" in text


def test_bars_are_as_long_as_rates(tmp_path: Path) -> None:
    draw(MACHINE, ROWS, tmp_path / "k.svg")
    widths = {name: width(tmp_path / "k.svg", name) for name in ("avx512-1", "avx512-8", "portable-1")}
    assert widths["avx512-8"] / widths["avx512-1"] == pytest.approx(51 / 40, rel=0.01)
    assert widths["portable-1"] / widths["avx512-1"] == pytest.approx(51 / 1000, rel=0.05)


def width(path: Path, name: str) -> float:
    group = next(element for element in ElementTree.parse(path).iter() if element.get("id") == name)
    (outline,) = (element.get("d") for element in group.iter("{http://www.w3.org/2000/svg}path"))
    assert outline is not None
    xs = [float(token) for token in outline.replace("M", " ").replace("L", " ").replace("z", " ").split()[::2]]
    return max(xs) - min(xs)


def test_the_same_figures_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a.svg", "b.svg"):
        draw(MACHINE, ROWS, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_png_by_the_ending(tmp_path: Path) -> None:
    draw(MACHINE, ROWS, tmp_path / "k.PNG")
    assert (tmp_path / "k.PNG").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"--plot .*k\.gif: takes a name that ends in \.svg or \.png"):
        check("--plot", tmp_path / "k.gif")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"needs matplotlib, .*; pip install 'joulehash\[plot\]'"):
        check("--plot", tmp_path / "k.svg")
