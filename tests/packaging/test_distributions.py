"""What is in the source distribution and in the wheel, compared with git's list of files, and what the wheel does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

import joulehash

pytestmark = pytest.mark.long  # they build

HOUSE = Path(__file__).parents[2]
ROOMS = ("app", "bench", "engine", "ext", "hw")
SOURCES = (".c", ".h", ".pyx", ".pxd")  # built from, and not shipped in a wheel

GENESIS = (
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e"
    "67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c"
)
GENESIS_NONCE = 2083236893


def place_in_wheel(file: str) -> str | None:
    """Where a wheel must have this file of the project; None when it must not."""
    path = PurePosixPath(file)
    if path.parts[0] not in ROOMS or path.suffix in SOURCES:
        return None
    if file.startswith("app/root/"):
        return f"joulehash/{file.removeprefix('app/root/')}"
    return f"joulehash/{file}"


def test_the_wheel_has_every_file_of_the_rooms_and_nothing_else(
    project_files: list[str], wheel_files: set[str]
) -> None:
    expected = {place for file in project_files if (place := place_in_wheel(file))}
    compiled = {name for name in wheel_files if re.fullmatch(r"joulehash/ext/_scan\.[\w.-]+\.so", name)}
    assert len(compiled) == 1
    assert wheel_files - compiled == expected
    assert {"joulehash/__init__.py", "joulehash/py.typed", "joulehash/ext/_scan.pyi"} <= wheel_files


def test_the_source_distribution_has_every_file_and_nothing_built(
    project_files: list[str], sdist_files: set[str]
) -> None:
    made = {"PKG-INFO", "setup.cfg"}
    assert set(project_files) - sdist_files == set()
    assert {name for name in sdist_files - set(project_files) - made if ".egg-info/" not in name} == set()


def test_the_metadata_is_what_an_index_shows(wheel: Path, installed: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.metadata import metadata as m; d = m('joulehash'); print(d['Version'], d['License-Expression'])"
    )
    assert ask(installed / "python", "-c", code, cwd=tmp_path) == f"{joulehash.__version__} MIT"
    assert wheel.name.startswith(f"joulehash-{joulehash.__version__}-cp")


def test_the_wheel_scans(installed: Path, tmp_path: Path) -> None:
    """From a folder that is not the project's, in an environment that has never seen it."""
    code = (
        "import joulehash, sys\n"
        f"assert joulehash.__file__.startswith({str(installed.parent)!r}), joulehash.__file__\n"
        f"print(joulehash.scan(bytes.fromhex({GENESIS!r}), first={GENESIS_NONCE - 500}, count=1000))"
    )
    assert ask(installed / "python", "-c", code, cwd=tmp_path) == f"[{GENESIS_NONCE}]"


@pytest.mark.parametrize("command", [("joulehash",), ("python", "-m", "joulehash")])
def test_both_commands_tell_the_version(installed: Path, command: tuple[str, ...], tmp_path: Path) -> None:
    program, *arguments = command
    assert joulehash.__version__ in ask(installed / program, *arguments, "--version", cwd=tmp_path)


def ask(program: Path, *arguments: str, cwd: Path) -> str:
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
