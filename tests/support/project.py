"""The project's own files, for the tests that are about them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]


def project_files() -> list[str]:
    """What git knows, or would know after `git add`, as it stands on the disk now."""
    command = ["git", "-C", str(HOUSE), "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        if os.environ.get("JOULEHASH_REQUIRE"):
            pytest.fail("git does not list the project's files")
        pytest.skip("not a git checkout")
    return [file for file in done.stdout.splitlines() if (HOUSE / file).exists()]
