"""The distributions, built once from a copy of the project's files as git knows them: no caches, nothing left over."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.project import HOUSE, project_files


@pytest.fixture(scope="session", name="project_files")
def _project_files() -> list[str]:
    return project_files()


@pytest.fixture(scope="session")
def sdist(project_files: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution: a .tar.gz."""
    copy = tmp_path_factory.mktemp("checkout")
    for file in project_files:
        (copy / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HOUSE / file, copy / file)
    return build(copy, "--sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the source distribution and nothing else."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(folder)
    (unpacked,) = folder.iterdir()
    return build(unpacked, "--wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with the wheel, and the dependencies of the one that runs the tests."""
    folder = tmp_path_factory.mktemp("stranger")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin/python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    (site,) = folder.glob("lib/python*/site-packages")
    # A .pth line adds a folder to the path without running that folder's own .pth files: no editable joulehash.
    (site / "dependencies.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    return python.parent


def build(source: Path, what: str, out: Path) -> Path:
    """Build with the tools that are installed here, without the network."""
    command = [sys.executable, "-P", "-m", "build", "--no-isolation", what, "--outdir", str(out), str(source)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=out)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (built,) = out.iterdir()
    return built


@pytest.fixture(scope="session")
def wheel_files(wheel: Path) -> set[str]:
    """Every file in the wheel, without its .dist-info."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="session")
def sdist_files(sdist: Path) -> set[str]:
    """Every file in the source distribution, without its top folder."""
    with tarfile.open(sdist) as archive:
        return {member.name.split("/", 1)[1] for member in archive.getmembers() if member.isfile()}
