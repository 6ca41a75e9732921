"""Where trials are kept: a line of JSON each, in a file named by what was checked with what.

The name is a digest of every source file that a check and a simulator import, and of the limits: trials of other code
are never counted among these, and those of this code are gone on with. A line that a kill tore is passed over.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from .trial import Trial

_ROOMS = Path(__file__).resolve().parents[2]
_LIST = (  # what a trial imports, in a Python of its own, so that it is the same whoever asks
    "import sys, joulehash.bench.validate.trial\n"
    "print(*(m.__file__ for n, m in sys.modules.items() if n.startswith('joulehash.') and m.__file__), sep='\\n')"
)


def digest(given: Sequence[str] = ()) -> str:
    """Eight hexadecimal digits. `given`: limits that differ from the boards' own."""
    told = subprocess.run([sys.executable, "-P", "-c", _LIST], check=True, capture_output=True, text=True).stdout
    found = sha256(" ".join(sorted(given)).encode())
    for path in sorted(path for path in map(Path, told.split("\n")) if path.suffix == ".py"):
        found.update(path.relative_to(_ROOMS).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:8]


class Book:
    """Of one digest. Raises OSError where the folder cannot be written."""

    def __init__(self, folder: Path, code: str) -> None:
        self.code, self.path = code, folder / f"{code}.jsonl"
        self.trials: dict[tuple[str, str, int], Trial] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self._take(self.path.read_bytes().splitlines())

    def add(self, trial: Trial) -> None:
        with self.path.open("ab") as file:
            file.write(b"\n" * self._is_torn() + msgspec.json.encode(trial) + b"\n")
        self._put(trial)

    def has(self, board: str, label: str, seed: int) -> bool:
        return (board, label, seed) in self.trials

    def _take(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            try:
                self._put(msgspec.json.decode(line, type=Trial))
            except msgspec.DecodeError:
                continue

    def _put(self, trial: Trial) -> None:
        self.trials[trial.board, trial.label, trial.seed] = trial

    def _is_torn(self) -> bool:
        """The last line has no end."""
        if not self.path.exists() or not self.path.stat().st_size:
            return False
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return file.read() != b"\n"
