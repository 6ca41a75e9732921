"""Where the passport's file lies: where the user says, else in the platform's folder for data of its users.

Source of the folder: XDG Base Directory Specification 0.8, by which a relative path is ignored; on macOS Apple's File
System Programming Guide.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ...engine.errors import InputError

VARIABLE = "JOULEHASH_PASSPORT"
NAME = "passport.sqlite3"


def passport_path(
    given: str | None = None, environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> Path:
    """`given` before the environment's JOULEHASH_PASSPORT before the usual place. Raises InputError."""
    if given is not None:
        return Path(given)
    if named := environment.get(VARIABLE):
        return Path(named)
    return _data_home(environment, platform) / "joulehash" / NAME


def _data_home(environment: Mapping[str, str], platform: str) -> Path:
    home = environment.get("XDG_DATA_HOME", "")
    if os.path.isabs(home):
        return Path(home)
    try:
        user = Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    except RuntimeError:
        raise InputError(
            f"passport: this user has no home folder; say where with --passport FILE or {VARIABLE}"
        ) from None
    return user / ("Library/Application Support" if platform == "darwin" else ".local/share")
