from __future__ import annotations

import os
import pty
import sys
import termios

import pytest

from joulehash.app.terminal import keys_taken


def echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_keys_are_not_echoed_and_then_are_again(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert echoes(theirs)
        with keys_taken():
            assert not echoes(theirs)
        assert echoes(theirs)


def test_keys_are_told_as_they_are_pressed_and_never_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "r") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with keys_taken() as keys:
            assert keys() == ""
            os.write(ours, b"2\xff")
            assert keys() == "2\ufffd"
            assert keys() == ""
            os.write(ours, b"0")
            assert keys() == "0"


def test_without_a_terminal_nothing_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        with keys_taken() as keys:
            assert not sys.stdin.isatty()
            assert keys() == ""
