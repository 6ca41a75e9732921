"""Lines to stdout. When nobody reads them any more, the work ends in good order, as by SIGTERM."""

from __future__ import annotations

import os
import signal
import sys


def write_line(text: str) -> None:
    """Never raises for a reader that has gone: an error must not run through whoever reports an event."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        discard_stdout()
        signal.raise_signal(signal.SIGTERM)


def discard_stdout() -> None:
    """From now on, and at exit, whatever is still written goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
