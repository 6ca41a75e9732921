"""Where the passport's file lies: where the user says, else in the platform's folder for data of its users."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ...engine.place import file_of

VARIABLE = "JOULEHASH_PASSPORT"
NAME = "passport.sqlite3"


def passport_path(
    given: str | None = None, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """`given` before the environment's JOULEHASH_PASSPORT before the usual place. Raises InputError."""
    return file_of("passport", NAME, "--passport FILE", VARIABLE, given, environment, platform)
