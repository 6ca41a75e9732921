"""Writers killed at random moments, from the first one on: a file is sound, and has all that they said was kept."""

from __future__ import annotations

import os
import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.passports import fill, kept, use, writer

KEY = "osmu:1a2b3c4d"


def kill(process: subprocess.Popen[str], opened: bool, seconds: float) -> list[int]:
    """So long after its start, or after it has opened the file. The numbers that it said before."""
    assert process.stdout is not None
    if opened:
        assert process.stdout.readline() == "open\n"
    time.sleep(seconds)
    process.kill()
    said = process.stdout.read()
    process.wait(30)
    process.stdout.close()
    return [int(line) for line in said.splitlines(keepends=True) if line.endswith("\n") and line != "open\n"]


def rounds(path: Path, count: int, seed: int) -> int:
    """How many records were said to be kept."""
    draw, promised, said = random.Random(seed), set[str](), 0
    for number in range(count):
        opened = number % 4 != 0
        if not opened:  # a new file, which may be killed while it is made
            for old in path.parent.glob(f"{path.name}*"):
                old.unlink()
            promised.clear()
        names = [f"{number}-{which}" for which in range(draw.choice((1, 1, 2)))]
        writers = [writer(path, KEY, name, 10**6) for name in names]
        numbers = [kill(process, opened, draw.uniform(0.0, 0.2 if opened else 1.0)) for process in writers]
        promised |= {f"{name} {n}" for name, its in zip(names, numbers, strict=True) for n in its}
        said += sum(map(len, numbers))
        fill(path, KEY, [])  # opened as by the next program, which ends what was left half done
        notes, n_hours = kept(path, KEY)
        assert promised <= notes, promised - notes
        assert n_hours == len(notes) == use(path, lambda passport: passport.book(KEY)).n_faults, "a call is whole"
    return said


def test_killed_writers_leave_a_sound_file(tmp_path: Path) -> None:
    assert rounds(tmp_path / "p", 6, seed=5) > 0


@pytest.mark.long
def test_killed_writers_leave_a_sound_file_many_times(tmp_path: Path) -> None:
    assert rounds(tmp_path / "p", int(os.environ.get("JOULEHASH_KILLS", "40")), seed=6) > 0
