"""What the live screen wants of the terminal itself: that keys are not echoed, and are told as they are pressed.

A process in the background is left alone: to read there, or to set how keys are taken, would stop it.
"""

from __future__ import annotations

import os
import sys
import termios
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

_LOCAL, _CHARACTERS = 3, 6  # indices of the local flags and the special characters in what tcgetattr gives
_MOST = 64  # keys at a time


@contextmanager
def keys_taken() -> Generator[Callable[[], str]]:
    """While the block runs, keys leave no trace: the ^C of a Ctrl-C would shift a screen that is drawn in place. What
    it gives tells those that were pressed since it was last called, and never waits."""
    if sys.stdin is None or not sys.stdin.isatty():  # pyright: ignore[reportUnnecessaryComparison]  # closed by <&-
        yield lambda: ""
        return
    terminal = sys.stdin.fileno()
    if not _in_front(terminal):
        yield lambda: ""
        return
    before, quiet = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    quiet[_LOCAL] &= ~(termios.ECHO | termios.ICANON)
    quiet[_CHARACTERS][termios.VMIN] = quiet[_CHARACTERS][termios.VTIME] = 0
    termios.tcsetattr(terminal, termios.TCSANOW, quiet)
    try:
        yield lambda: _pressed(terminal)
    finally:
        with suppress(termios.error):  # it was hung up
            if _in_front(terminal):
                termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pressed(terminal: int) -> str:
    try:
        if not _in_front(terminal) or termios.tcgetattr(terminal)[_LOCAL] & termios.ICANON:  # where a read would wait
            return ""
        return os.read(terminal, _MOST).decode("ascii", "replace")
    except (OSError, termios.error):
        return ""


def _in_front(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # it is not the terminal that this process belongs to, which then is not stopped
        return True
