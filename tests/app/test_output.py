"""Output that goes nowhere: a reader that goes away, a full disk, a closed stdout. Never a traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from socket import create_connection

import pytest

MINE = ["mine", "--duration", "30"]


@pytest.mark.parametrize("arguments", [["mine", "--json"], ["mine"], ["pool", "--listen", "127.0.0.1:0"]])
def test_a_reader_that_goes_away_ends_the_work_without_a_traceback(arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "joulehash", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        first = command.stdout.readline()
        while "pool" in arguments and b"listening on" not in first:
            first = command.stdout.readline()
        assert first
        command.stdout.close()
        if "pool" in arguments:  # which has nothing to say until somebody comes
            port = re.search(rb"127.0.0.1:(\d+)", first)
            assert port is not None
            with create_connection(("127.0.0.1", int(port[1])), 10) as miner:
                miner.sendall(b"rubbish\n")
        assert command.wait(60) == 0
        assert command.stderr.read() == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("arguments", [MINE, [*MINE, "--json"], ["pool", "--listen", "127.0.0.1:0"], ["doctor"]])
def test_a_full_disk_ends_the_work_with_one_line_and_exit_code_2(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "joulehash", *arguments]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, text=True, timeout=25, check=False
        )
    assert (done.returncode, done.stderr) == (2, "joulehash: stdout: No space left on device\n")


def test_a_closed_stdout_is_no_output() -> None:
    line = '"$1" -m joulehash mine --duration 0.2 >&-'
    done = subprocess.run(["sh", "-c", line, "sh", sys.executable], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_without_unicode_is_told_in_ascii(tmp_path: Path) -> None:
    line = 'PYTHONIOENCODING=ascii "$1" -m joulehash mine --duration 0.2 --picture "$2"'
    picture = tmp_path / "screen.svg"
    command = ["sh", "-c", line, "sh", sys.executable, str(picture)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()
    assert b"\n0:00:00 of mining" in done.stdout
    assert picture.read_text(encoding="utf-8").startswith("<svg")
