"""mypy and pyright, both strict, and proof that they saw every file.

The rooms are top-level folders but import as joulehash.…, so a tree of links under build/types shows them to the type
checkers under those names. A checker that does not follow a link has read nothing and reports no errors (pyright does
so below an include); so what each has read is compared with git's list of the project's files.

Run by `make types` in the project's folder; exits 1 on errors and on a file not seen. It leaves out setup.py, .ci and
docs.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOMS = ("app", "bench", "engine", "ext", "hw")
ROOT = "app/root/"  # the package joulehash itself
TREE = "build/types/joulehash"
BIN = Path(sys.executable).parent


def main() -> int:
    expected = to_check(project_files())
    lay_links()
    return 1 if run_mypy(expected) | run_pyright(expected) else 0


def project_files() -> list[str]:
    """Every .py and .pyi that git knows, or would know after `git add`, as it stands on the disk now."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.py", "*.pyi"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit("joulehash: make types compares with git's list of files, and this is not a git checkout")
    return [file for file in done.stdout.splitlines() if Path(file).exists()]


def to_check(files: list[str]) -> set[str]:
    """Where the type checkers must see them: rooms and root package through the links, tests as they lie."""
    seen: set[str] = set()
    for file in files:
        if file.startswith(ROOT):
            seen.add(f"{TREE}/{file.removeprefix(ROOT)}")
        elif file.startswith("tests/"):
            seen.add(file)
        elif file.startswith(tuple(f"{room}/" for room in ROOMS)):
            seen.add(f"{TREE}/{file}")
    return seen


def lay_links() -> None:
    """Make the tree of links anew: one per room, one per file of the root package."""
    tree = Path(TREE)
    tree.mkdir(parents=True, exist_ok=True)
    for old in tree.iterdir():
        old.unlink()
    up = "../" * len(tree.parts)
    for room in ROOMS:
        (tree / room).symlink_to(up + room)
    for file in Path(ROOT).iterdir():
        if file.is_file():
            (tree / file.name).symlink_to(f"{up}{ROOT}{file.name}")


def run_mypy(expected: set[str]) -> bool:
    """Run mypy; whether it failed. With -v it names each file that it was given to check."""
    done = subprocess.run([BIN / "mypy", "-v"], check=False, capture_output=True, text=True)
    print(f"mypy: {done.stdout.strip() or done.stderr.strip()}", flush=True)
    seen = set(re.findall(r"Found source: +BuildSource\(path='([^']+)'", done.stderr))
    unseen, unknown = sorted(expected - seen), sorted(seen - expected)
    if unseen:
        print(f"mypy did not see {len(unseen)} of {len(expected)} files: {', '.join(unseen)}")
    if unknown:
        print(f"mypy saw {len(unknown)} files that git does not list: {', '.join(unknown)}")
    return bool(done.returncode or unseen or unknown)


def run_pyright(expected: set[str]) -> bool:
    """Run pyright; whether it failed. It tells how many files it has analysed, not which."""
    environment = os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    command = [BIN / "pyright", "--outputjson", "--pythonpath", sys.executable]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(f"pyright: {done.stdout}{done.stderr}")
        return True
    for finding in report["generalDiagnostics"]:
        where = finding.get("range", {}).get("start", {})
        line = f"{finding.get('file', '')}:{where.get('line', -1) + 1}:{where.get('character', -1) + 1}"
        print(f"{line}: {finding['severity']}: {finding['message']} ({finding.get('rule', '')})")
    summary = report["summary"]
    print(f"pyright: {summary['errorCount']} errors in {summary['filesAnalyzed']} files")
    if summary["filesAnalyzed"] != len(expected):
        print(f"pyright saw {summary['filesAnalyzed']} files of {len(expected)}: is each room in its include?")
    return bool(done.returncode or summary["filesAnalyzed"] != len(expected))


if __name__ == "__main__":
    sys.exit(main())
