"""A reader of our output that goes away ends the work, in good order."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("arguments", [["mine", "--json"], ["mine"], ["pool", "--json", "--listen", "127.0.0.1:0"]])
def test_a_reader_that_goes_away_ends_the_work_without_a_traceback(arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "joulehash", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        assert command.stdout.readline()
        command.stdout.close()
        assert command.wait(60) == 0
        assert command.stderr.read() == b""
