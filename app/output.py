"""Lines to stdout. When nobody reads them, or no more can be written, the work ends in good order, as by SIGTERM."""

from __future__ import annotations

import os
import signal
import sys

_failures: list[str] = []  # why stdout could not be written, for the last word


def output_failure() -> str | None:
    """Why nothing more could be written, as on a full disk; asked for once. None: all was, or the reader has gone."""
    return _failures.pop() if _failures else None


def write_line(text: str) -> None:
    """Never raises for what is wrong with stdout: an error must not run through whoever reports an event."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _failures[:] = [f"stdout: {error.strerror}"]
        discard_stdout()
        signal.raise_signal(signal.SIGTERM)


def discard_stdout() -> None:
    """From now on, and at exit, whatever is still written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
