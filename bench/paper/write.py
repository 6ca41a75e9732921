"""Reports as files: whole or not at all, so that nobody reads half a page of a check that was interrupted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ..check.result import CheckResult
from .html import html
from .junit import junit
from .text import text

Write = Callable[[Sequence[CheckResult]], str]


def write_reports(
    results: Sequence[CheckResult], page: Path | None = None, junit_xml: Path | None = None, plain: Path | None = None
) -> list[Path]:
    """Write those that are asked for, of one board or several, and tell where they are.

    A path is the name of a file, which is replaced, or a folder, in which a name is chosen after board and time.
    Raises OSError as the system gives it, and ValueError for no results.
    """
    if not results:
        raise ValueError("reports: of no result; takes one at least")
    wanted: tuple[tuple[Path | None, str, Write], ...] = (
        (page, ".html", html),
        (junit_xml, ".xml", junit),
        (plain, ".txt", _texts),
    )
    written: list[Path] = []
    for path, ending, write in wanted:
        if path is not None:
            written.append(path / file_name(results, ending) if path.is_dir() else path)
            replace_text(written[-1], write(results))
    return written


def file_name(results: Sequence[CheckResult], ending: str) -> str:
    """gamma-0017-20261122T101233Z.html; several boards are "boards"."""
    first = results[0]
    who = (first.key or first.board) if len(results) == 1 else "boards"
    safe = re.sub(r"[^A-Za-z0-9_.+]+", "-", who).strip("-.") or "board"
    return f"{safe[:80]}-{re.sub(r'[^0-9TZ]', '', first.began)}{ending}"


def _texts(results: Sequence[CheckResult]) -> str:
    return "\n".join(map(text, results))


def replace_text(path: Path, content: str) -> None:
    """The old file stays until the new one is whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(content, encoding="utf-8", newline="\n")
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
