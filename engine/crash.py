"""What is not expected to go wrong: a bug in one part, which must not end the others.

Whoever runs a part for ever catches Exception there, tells of it by `crash`, and begins the part again with backoff.
"""

from __future__ import annotations

import traceback
from typing import cast

from .errors import cause
from .events import Crash
from .stratum.lines import printable

_LONGEST = 8000  # characters of a traceback: where it began and where it ended are what matters


def crash(part: str, error: Exception, retry_s: float | None = None) -> Crash:
    """The event. The traceback holds file names, lines and our own source, and the error's text."""
    told = "".join(traceback.format_exception(error))
    if len(told) > _LONGEST:
        told = f"{told[: _LONGEST // 2]}\n[…]\n{told[-_LONGEST // 2 :]}"
    return Crash(part, in_words(error), told, retry_s)


def in_words(error: Exception) -> str:
    """On one line, to stand as a reason."""
    inner = cause(cast("ExceptionGroup[Exception]", error)) if isinstance(error, ExceptionGroup) else error
    return printable(f"a bug in joulehash, please report it: {type(inner).__name__}: {inner}", 300)
