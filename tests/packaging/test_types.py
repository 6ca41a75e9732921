"""`make types` fails when a checker has not read a file, though it reports no error."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

HOUSE = Path(__file__).parents[2]
SCRIPT = HOUSE / ".ci/check_types.py"
ROOMS = ("app", "bench", "engine", "ext", "hw")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A small house of the same layout: one module in every room and in the tests."""
    files = [f"{room}/{name}" for room in ROOMS for name in ("__init__.py", "thing.py")]
    for file in (*files, "app/root/__init__.py", "tests/engine/test_thing.py", "setup.py", "docs/conf.py"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("X: int = 1\n" if file.endswith("thing.py") else "")
    (tmp_path / "pyproject.toml").write_text((HOUSE / "pyproject.toml").read_text())
    (tmp_path / ".gitignore").write_text("/build/\n.mypy_cache/\n")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return tmp_path


def check(house: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-P", SCRIPT], check=False, capture_output=True, text=True, cwd=house)


def test_a_sound_house_passes(house: Path) -> None:
    done = check(house)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no issues found in 12 source files" in done.stdout
    assert "pyright: 0 errors in 12 files" in done.stdout


def test_a_folder_hidden_from_either_checker_is_noticed(house: Path) -> None:
    settings = (house / "pyproject.toml").read_text()
    settings = settings.replace('  "build/types/joulehash/engine",\n', "")
    settings = settings.replace('"^build/types/joulehash/app/root/"', '"/app/root/", "/bench/"')
    (house / "pyproject.toml").write_text(settings)
    done = check(house)
    assert done.returncode == 1
    assert "mypy did not see 2 of 12 files: build/types/joulehash/bench/__init__.py" in done.stdout
    assert "pyright saw 10 files of 12" in done.stdout


def test_an_error_in_every_room_is_found_by_both(house: Path) -> None:
    for room in ROOMS:
        (house / room / "thing.py").write_text('X: int = "one"\n')
    done = check(house)
    assert done.returncode == 1
    assert "Found 5 errors in 5 files (checked 12 source files)" in done.stdout
    assert "pyright: 5 errors in 12 files" in done.stdout


def test_where_each_file_is_seen() -> None:
    seen = load().to_check(
        ["app/root/__init__.py", "engine/chain/x.py", "ext/_scan.pyi", "tests/test_x.py", "setup.py"]
    )
    assert seen == {
        "build/types/joulehash/__init__.py",
        "build/types/joulehash/engine/chain/x.py",
        "build/types/joulehash/ext/_scan.pyi",
        "tests/test_x.py",
    }


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_types", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
