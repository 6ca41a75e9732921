"""Sections of docs/reliability.md that programs write, each from `<!-- NAME -->` to `<!-- end of NAME -->`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.project import HOUSE

PAGE = HOUSE / "docs" / "reliability.md"


def write_section(name: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Instead of what stands there. ValueError where the page has no such section."""
    first, last = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = page.read_text(encoding="utf-8")
    if text.count(first) != 1 or text.count(last) != 1 or text.index(first) > text.index(last):
        raise ValueError(f"{page}: takes one section from {first} to {last}")
    before, _, rest = text.partition(first)
    _, _, after = rest.partition(last)
    page.write_text(f"{before}{first}\n{chr(10).join(lines)}\n{last}{after}", encoding="utf-8")
