"""`joulehash sim` as a process of its own, and a host that knows nothing of it but a terminal's path."""

from __future__ import annotations

import os
import signal
import time
import tty
from pathlib import Path

import pytest

from joulehash.app.cli import run
from tests.support.command import Command


def ask(fd: int, text: str, size: int) -> str:
    """Writes, and reads so many bytes."""
    os.write(fd, bytes.fromhex(text))
    heard = b""
    until = time.monotonic() + 10
    while len(heard) < size and time.monotonic() < until:
        try:
            heard += os.read(fd, size - len(heard))
        except BlockingIOError:
            time.sleep(0.005)
    return heard.hex()


def test_a_gamma_is_powered_over_its_terminals_and_tells_its_rails(tmp_path: Path) -> None:
    path = tmp_path / "gamma"
    with Command("sim", "sim:bitaxe-gamma", "--pty", str(path), "--json") as command:
        ready = command.wait_for("ready")
        assert ready["ports"] == {"chips": str(path), "control": f"{path}.control"}
        first = command.wait_for("rails")
        assert (first["core_v"], first["reset"], first["fan"]) == (0.0, True, 0.0)
        fd = os.open(f"{path}.control", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        chips = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            tty.setraw(fd)
            tty.setraw(chips)
            for body in ("24 00 04", "02 1A", "21 4D 02", "01 80"):
                size = 7 + len(bytes.fromhex(body))
                assert ask(fd, f"{size:02x} 00 01 00 05 20 24 {body}", 3) == "000001"
            command.wait_for("rails", lambda event: abs(event["core_v"] - 1.15) < 0.01)
            assert ask(fd, "07 00 02 00 06 00 01", 4) == "01000201"
            command.wait_for("rails", lambda event: event["reset"] is False)
            assert ask(chips, "55AA520500000A", 9) == "aa5513700000000006"
        finally:
            os.close(fd)
            os.close(chips)
        command.signal(signal.SIGINT)
        code, said = command.end()
        assert (code, said) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_a_stick_runs_without_pins_and_says_so(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with Command("sim", "compac-a1", "--pty", str(tmp_path / "a1"), "--json") as command:
        command.wait_for("rails", lambda event: event["core_v"] > 0.29 and event["reset"] is False)
        command.signal(signal.SIGTERM)
        assert command.end() == (0, "")
    del capfd


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing", "--pty", "x"], "sim:nothing: is unknown; there are bitaxe-max"),
        (["bitaxe-gamma", "--pty", "/nowhere/x"], "--pty /nowhere/x: no such file or directory"),
        (["bitaxe-gamma"], "--pty"),
    ],
)
def test_what_is_wrong_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sim", *arguments]) == 2
    assert said in capsys.readouterr().err
