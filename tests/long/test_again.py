from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import HOUSE

TEST = """
import pytest
from tests.support import again
again.LATE_PART, again.LATE_AT_ONCE_S = {late}, 1e9
tries = []

@pytest.mark.alone
def test_third_time_lucky():
    tries.append(1)
    assert len(tries) == 3

@pytest.mark.alone
def test_sound():
    pass

def test_not_alone():
    assert tries == [1] * {expected}
"""


@pytest.mark.long
@pytest.mark.parametrize(("late", "tries", "outcome"), [(-1, 3, "3 passed"), (2, 1, "1 failed, 2 passed")])
def test_what_fails_is_made_again_only_where_the_machine_stood_still(
    tmp_path: Path, late: int, tries: int, outcome: str
) -> None:
    (tmp_path / "test_it.py").write_text(TEST.format(late=late, expected=tries))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.again", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", str(HOUSE / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path / "test_it.py")],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome in done.stdout, done.stdout
    assert done.stdout.count("MADE AGAIN") == tries - 1
