"""Reports as files: whole or not at all, so that nobody reads half a page of a check that was interrupted."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from ...engine.errors import InputError
from ..check.result import CheckResult
from .figures import began
from .html import html
from .junit import junit
from .text import text

Write = Callable[[Sequence[CheckResult]], str]


def write_reports(
    results: Sequence[CheckResult], page: Path | None = None, junit_xml: Path | None = None, plain: Path | None = None
) -> list[Path]:
    """Write those that are asked for, of one board or several, and tell where they are.

    A path is the name of a file, which is replaced, or a folder, in which a name is chosen after board and time.
    Raises InputError for the first that could not be written, after the others; ValueError for no results.
    """
    if not results:
        raise ValueError("reports: of no result; takes one at least")
    wanted: tuple[tuple[Path | None, str, Write], ...] = (
        (page, ".html", html),
        (junit_xml, ".xml", junit),
        (plain, ".txt", _texts),
    )
    written: list[Path] = []
    errors: list[str] = []
    for path, ending, write in wanted:
        if path is None:
            continue
        file = path / file_name(results, ending) if path.is_dir() else path
        try:
            replace_text(file, write(results))
            written.append(file)
        except OSError as error:
            errors.append(f"{file}: {error.strerror}")
    if errors:
        raise InputError(f"the report was not written: {errors[0]}")
    return written


def file_name(results: Sequence[CheckResult], ending: str) -> str:
    """gamma-0017-20261122T101233Z.html; several boards are "boards"."""
    first = results[0]
    who = (first.key or first.board) if len(results) == 1 else "boards"
    safe = re.sub(r"[^A-Za-z0-9_.+]+", "-", who).strip("-.") or "board"
    return f"{safe[:80]}-{re.sub('[^0-9TZ]', '', began(first, '%Y%m%dT%H%M%SZ'))}{ending}"


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
