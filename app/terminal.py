"""What the live screen wants of the terminal itself."""

from __future__ import annotations

import sys
import termios
from collections.abc import Generator
from contextlib import contextmanager

_LOCAL = 3  # index of the local flags in what tcgetattr gives


@contextmanager
def keys_not_echoed() -> Generator[None]:
    """While the block runs, keys leave no trace: the ^C of a Ctrl-C would shift a screen that is drawn in place."""
    if sys.stdin is None or not sys.stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison]  # closed by <&-
        yield
        return
    terminal = sys.stdin.fileno()
    before, quiet = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    quiet[_LOCAL] &= ~termios.ECHO
    termios.tcsetattr(terminal, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
