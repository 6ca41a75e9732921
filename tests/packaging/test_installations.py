"""Installing from the project's folder, plainly and editable, into an environment that has only the tools."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


@pytest.mark.long
@pytest.mark.parametrize("editable", [False, True], ids=["plain", "editable"])
def test_an_installation_from_the_folder(editable: bool, project_files: list[str], tmp_path: Path) -> None:
    """Both scan from elsewhere; only the plain one survives the folder; neither leaves a generic name to import."""
    folder, venv, elsewhere = tmp_path / "a folder", tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    for file in project_files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(HOUSE / file, folder / file)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    python = venv / "bin/python"
    (site,) = venv.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run(
        [*pip, "--no-build-isolation", *(["-e"] if editable else []), str(folder)],
        check=True,
        capture_output=True,
        env=os.environ | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    code = (
        "import importlib.util, joulehash\n"
        "from joulehash.ext.kernels import choose\n"
        "choose('portable')\n"
        "print(joulehash.__file__)\n"
        "print([r for r in ('app', 'bench', 'engine', 'ext', 'hw') if importlib.util.find_spec(r)])"
    )
    told = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True, cwd=elsewhere).stdout
    file, generic = told.splitlines()
    assert Path(file).is_relative_to(folder / "app/root" if editable else site)
    assert generic == "[]"
    shutil.rmtree(folder)
    without = subprocess.run([python, "-c", code], check=False, capture_output=True, cwd=elsewhere)
    assert (without.returncode == 0) is not editable
