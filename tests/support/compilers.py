"""C compilers other than the one that built joulehash, for the tests that build its kernels with them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.project import HOUSE

ROOM = HOUSE / "ext"
SOURCES = sorted(path for path in ROOM.glob("*.c") if path.name != "_scan.c")  # that one Cython writes
FLAGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-fPIC", "-I", str(ROOM))
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer", "-g")

# What `make sanitize` puts around this process is not meant for the compilers and emulators that it starts.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("LD_PRELOAD", "PYTHONMALLOC")}


def absent(reason: str) -> NoReturn:
    """Skips the test; fails it where JOULEHASH_REQUIRE demands every tool."""
    if os.environ.get("JOULEHASH_REQUIRE"):
        pytest.fail(reason)
    pytest.skip(reason)


def tool(*names: str) -> str:
    """The first of the programs that is here."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or absent(f"there is no {' or '.join(names)} here")


def run(command: Sequence[str | Path]) -> str:
    """What it prints; nothing else is accepted of a compiler, not even a remark."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), f"{' '.join(map(str, command))}\n{done.stderr}"
    return done.stdout


def compiled(compiler: Sequence[str], sources: Iterable[Path], folder: Path) -> list[Path]:
    """An object of each source in `folder`, without a warning."""
    name, *flags = compiler
    command = [tool(name), *flags, *FLAGS]
    objects = {source: folder / f"{source.stem}.o" for source in sources}
    for source, target in objects.items():
        run([*command, "-c", source, "-o", target])
    return list(objects.values())
