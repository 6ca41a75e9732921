"""`joulehash boards note`, `export` and `import`, as a user runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from joulehash.app.cli import run
from tests.support.passports import a_life, fill, use

KEY = "osmu:1a2b3c4d"


@pytest.fixture
def here(tmp_path: Path) -> Path:
    fill(tmp_path / "here", KEY, a_life(10))
    return tmp_path / "here"


def command(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    line = [sys.executable, "-m", "joulehash", "boards", *arguments]
    return subprocess.run(line, input=data, capture_output=True, timeout=60, check=False)


def test_a_board_moves_with_its_notes(here: Path, tmp_path: Path) -> None:
    noted = command("note", "shelf-3", "fan replaced", "--passport", str(here))
    assert (noted.returncode, noted.stdout.decode()) == (0, f"noted of {KEY}\n")
    exported = command("export", "shelf-3", "--passport", str(here))
    assert (exported.returncode, exported.stderr) == (0, b"")
    count = exported.stdout.count(b"\n") - 2
    for expected in (f"{count} records are new, 0 were", f"0 records are new, {count} were"):
        there = command("import", "-", "--passport", str(tmp_path / "there"), data=exported.stdout)
        assert (there.returncode, there.stdout.decode()) == (0, f"{KEY}: {expected} here already\n")
    texts = [note.text for note in use(tmp_path / "there", lambda passport: passport.book(KEY)).services]
    assert sorted(texts) == ["fan replaced", "fan replaced"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["note", "shelf-3", " "], "note: 1 characters; takes 1 to 4000, not all of them blank"),
        (["note", "shelf-3", "x" * 4001], "note: 4001 characters; takes 1 to 4000"),
        (["note", "shelf-3", "\x1b[2J"], "note: holds control characters; takes what can be typed"),
        (["note", "shelf-9", "x"], "board 'shelf-9': is not in the passport; there are shelf-3"),
        (["export", "shelf-9"], "board 'shelf-9': is not in the passport"),
        (["import", "/no/such"], "/no/such: No such file or directory; takes what joulehash boards export wrote"),
        (["import", "/"], "/: Is a directory; takes what joulehash boards export wrote"),
        (["import", "/dev/null"], "/dev/null, line 1: the file is cut off"),
        (["import", "/dev/zero"], "/dev/zero, line 1: is longer than"),
        (["import", __file__], f"{__file__}, line 1: is not the head of a passport"),
        (["import", "/dev/null", "--as", "a b"], "/dev/null, line 1: the file is cut off"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: list[str], why: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = here.read_bytes()
    assert run(["boards", *arguments, "--passport", str(here)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"joulehash: {why}")
    assert said.count("\n") == 1
    assert here.read_bytes() == before


def test_a_disk_that_is_full_is_stdouts(here: Path) -> None:
    with open("/dev/full", "wb") as full:
        line = [sys.executable, "-m", "joulehash", "boards", "export", "shelf-3", "--passport", str(here)]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, b"joulehash: stdout: No space left on device\n")
