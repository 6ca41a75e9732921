"""Parts of a document that a program writes: between two comments, everything else stays."""

from __future__ import annotations

from pathlib import Path


def write_part(file: Path, name: str, text: str) -> None:
    """Put `text` between <!-- NAME --> and <!-- end NAME --> of the file. ValueError where they are not there once."""
    before, begin, rest = file.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end {name} -->\n")
    if not begin or not end:
        raise ValueError(f"{file}: no place for {name}; it takes the lines <!-- {name} --> and <!-- end {name} -->")
    file.write_text(f"{before}{begin}{text.rstrip()}\n{end}{after}", encoding="utf-8")
