"""`make` on machines that lack something, its signals, and what it leaves behind: all without installing anything."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
TOOLS = ("sh", "make", "ls", "cat", "sed", "id", "find", "mkdir", "rm", "tail", "env", "printf")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder, with a blank in its name, that has what `make mine` looks at before it installs."""
    folder = tmp_path / "a checkout"
    (folder / ".ci").mkdir(parents=True)
    (folder / "ext").mkdir()
    for file in ("Makefile", "pyproject.toml", "setup.py", ".ci/environment"):
        shutil.copy(HOUSE / file, folder / file)
    return folder


def make(folder: Path, *arguments: str, path: str | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("make") or "make", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=clean(path) | settings)


def clean(path: str | None) -> dict[str, str]:
    """This environment without what an outer make or a choice of compiler leaves in it."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CC")}
    return kept | {"PYTHON": sys.executable} | ({} if path is None else {"PATH": path})


def script(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def poor_path(folder: Path, *more: str) -> str:
    """A PATH with make's tools and no compiler."""
    folder.mkdir(parents=True)
    for tool in (*TOOLS, *more):
        found = shutil.which(tool)
        assert found, tool
        (folder / tool).symlink_to(found)
    return str(folder)


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that make says; and nothing was made."""
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "joulehash needs" in line
    return line


def test_no_compiler(checkout: Path, tmp_path: Path) -> None:
    before = sorted(checkout.rglob("*"))
    line = refusal(make(checkout, "mine", path=poor_path(tmp_path / "bin")))
    assert "a C compiler: " in line
    assert "gcc" in line
    assert sorted(checkout.rglob("*")) == before


@pytest.mark.parametrize(
    ("manager", "says"), [("apt-get", "apt-get install"), ("dnf", "dnf install"), ("brew", "brew install")]
)
def test_the_line_names_the_machines_own_installer(checkout: Path, tmp_path: Path, manager: str, says: str) -> None:
    path = poor_path(tmp_path / "bin")
    script(tmp_path / "bin" / manager, "exit 0")
    line = refusal(make(checkout, "mine", path=path))
    assert f"{says} gcc" in line


def test_an_old_python_when_a_newer_one_is_here(checkout: Path, tmp_path: Path) -> None:
    path = poor_path(tmp_path / "bin")
    script(tmp_path / "bin/python3.12", "exit 0")
    old = script(tmp_path / "old", "echo 3.9")
    assert f"({old} is 3.9): say PYTHON=python3.12" in refusal(make(checkout, "mine", path=path, PYTHON=old))


def test_an_old_python_alone(checkout: Path, tmp_path: Path) -> None:
    old = script(tmp_path / "old", "echo 2.7")
    line = refusal(make(checkout, "test", path=poor_path(tmp_path / "bin"), PYTHON=old))
    assert f"Python 3.11 or newer ({old} is 2.7" in line


def test_no_python(checkout: Path) -> None:
    line = refusal(make(checkout, "mine", "PYTHON=no-such-python"))
    assert "no-such-python does not run" in line


def test_no_ensurepip(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without/ensurepip.py").write_text("raise ImportError\n")
    python = script(tmp_path / "python", f"PYTHONPATH='{tmp_path}/without' exec '{sys.executable}' \"$@\"")
    assert "Python's venv and ensurepip: " in refusal(make(checkout, "mine", PYTHON=python))


def test_no_python_headers(checkout: Path, tmp_path: Path) -> None:
    python = script(
        tmp_path / "python", f'case "$*" in *get_path*) echo /nowhere;; *) exec \'{sys.executable}\' "$@";; esac'
    )
    assert "Python's C headers: " in refusal(make(checkout, "mine", PYTHON=python))


def test_anothers_environment_is_left_alone(checkout: Path) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv/mine").touch()
    done = make(checkout, "mine")
    assert done.returncode == 2
    assert "move it away" in done.stderr
    assert (checkout / ".venv/mine").exists()


def test_a_failed_installation_leaves_nothing_half_made(checkout: Path) -> None:
    """The folder has no sources, so pip fails; a .venv that was begun and not finished is not there afterwards."""
    (checkout / "setup.py").write_text("raise RuntimeError('no sources here')\n")
    (checkout / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "setuptools.build_meta"\n')
    done = make(checkout, "mine")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "that failed; all of it is in build/install.log" in done.stderr
    assert not (checkout / ".venv").exists()


@pytest.fixture
def ready(checkout: Path) -> Path:
    """A checkout that looks installed, whose joulehash is a script that tells what reached it."""
    (checkout / "ext/_scan.so.so").touch()
    (checkout / ".venv/bin").mkdir(parents=True)
    (checkout / ".venv/bin/python").symlink_to(sys.executable)
    program = (
        f"#!{sys.executable}\n"
        "import signal, sys, time\n"
        "got = []\n"
        "for one in (signal.SIGINT, signal.SIGTERM):\n"
        "    signal.signal(one, lambda number, frame: got.append(number))\n"
        "print(sys.argv[1:], flush=True)\n"
        "while '--wait' in sys.argv and not got:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(0.2 if got else 0)\n"
        "print(got, flush=True)\n"
        "sys.exit(1 if '--fail' in sys.argv else 0)\n"
    )
    (checkout / ".venv/bin/joulehash").write_text(program)
    (checkout / ".venv/bin/joulehash").chmod(0o755)
    (checkout / ".venv/.base").write_text(f"{checkout.resolve()}\n")
    return checkout


def test_arguments_reach_joulehash_as_a_shell_reads_them(ready: Path) -> None:
    done = make(ready, "mine", "ARGS=--json -p 'a b$c' -d cpu")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "['mine', '--json', '-p', 'a b$c', '-d', 'cpu']"


def test_a_failure_is_makes_failure(ready: Path) -> None:
    assert make(ready, "mine", "ARGS=--fail").returncode != 0


@pytest.mark.parametrize(("number", "to"), [(signal.SIGINT, os.killpg), (signal.SIGTERM, os.kill)])
def test_a_signal_reaches_joulehash_once_and_ends_quietly(ready: Path, number: signal.Signals, to: object) -> None:
    """Ctrl-C goes to make and joulehash both; SIGTERM to make alone, which passes it on."""
    process = subprocess.Popen(
        [shutil.which("make") or "make", "mine", "ARGS=--wait"],
        cwd=ready,
        env=clean(None),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "['mine', '--wait']\n"
    (os.killpg if to is os.killpg else os.kill)(process.pid, number)
    out, error = process.communicate(timeout=20)
    assert out == f"[{int(number)}]\n"
    assert error == ""


def test_a_moved_folder_is_installed_again(ready: Path, tmp_path: Path) -> None:
    moved = ready.rename(tmp_path / "moved")
    done = make(moved, "-n", "mine")
    assert "environment base" in done.stdout


def test_nothing_changed_nothing_done(ready: Path) -> None:
    assert "environment base" not in make(ready, "-n", "mine").stdout
    later = time.time() + 10
    (ready / "ext/portable.c").touch()
    os.utime(ready / "ext/portable.c", (later, later))
    assert "environment base" in make(ready, "-n", "mine").stdout


def test_help_lists_every_command(checkout: Path) -> None:
    done = make(checkout)
    assert [line.split()[1] for line in done.stdout.splitlines()] == [
        "help", "mine", "test", "test-long", "check", "lint", "types", "sanitize", "bench", "pictures", "soak",
        "endure", "fuzz", "patterns", "validate", "clean"
    ]  # fmt: skip
