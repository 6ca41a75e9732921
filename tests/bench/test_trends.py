from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from joulehash.bench.trends import draw
from joulehash.engine.errors import InputError
from joulehash.hw.passport.history import Book
from joulehash.hw.passport.records import AnyRecord, Hours, Identity
from tests.support.passports import START, a_life, check_of, fill, use


def book(path: Path, *records: AnyRecord) -> Book:
    fill(path, "osmu:1a2b3c4d", records)
    return use(path, lambda passport: passport.book("osmu:1a2b3c4d"))


def texts(path: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


def test_a_life_is_drawn_and_the_same_life_the_same(tmp_path: Path) -> None:
    life = book(tmp_path / "p", *a_life(365))
    draw(life, tmp_path / "one.svg")
    draw(life, tmp_path / "other.svg")
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "other.svg").read_bytes()
    found = texts(tmp_path / "one.svg")
    for text in ("TH/s", "J/TH", "mined: VR output", "checks: DC input", "errors, %", "faults", "service"):
        assert text in found
    assert found.count("unknown") == 0
    assert "osmu:1a2b3c4d, shelf-3: Bitaxe Gamma" in found


def test_as_png_by_its_ending(tmp_path: Path) -> None:
    draw(book(tmp_path / "p", *a_life(3)), tmp_path / "one.PNG")
    assert (tmp_path / "one.PNG").read_bytes().startswith(b"\x89PNG")


def test_what_nobody_knows_is_said_to_be_unknown(tmp_path: Path) -> None:
    draw(book(tmp_path / "p"), tmp_path / "empty.svg")
    assert texts(tmp_path / "empty.svg").count("unknown") == 3
    blind = [Hours(START + timedelta(days=day), 60.0, 60 * 10**9) for day in range(3)]
    draw(book(tmp_path / "q", *blind), tmp_path / "blind.svg")
    found = texts(tmp_path / "blind.svg")
    assert found.count("unknown") == 2
    assert "GH/s" in found


def test_a_name_is_no_formula(tmp_path: Path) -> None:
    odd = Identity(START, "icarus", "$\\frac{1}{0}$ \x1b[2J", None, 0)
    draw(book(tmp_path / "p", odd, check_of(0), check_of(1, "inconclusive", watts=None)), tmp_path / "odd.svg")
    assert any("frac{1}{0}" in text for text in texts(tmp_path / "odd.svg"))


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"takes a name that ends in \.svg or \.png"):
        draw(book(tmp_path / "p"), tmp_path / "x.pdf")
