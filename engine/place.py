"""Where files of ours lie: where the user says, else in the platform's folder for data of its users.

Source of the folder: XDG Base Directory Specification 0.8, by which a relative path is ignored; on macOS Apple's File
System Programming Guide.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .errors import InputError


def file_of(
    what: str,
    name: str,
    option: str,
    variable: str,
    given: str | None,
    environment: Mapping[str, str],
    platform: str,
) -> Path:
    """`given` with the option, before the environment's variable, before `name` in the usual place. Raises InputError,
    which calls it `what`."""
    if given is not None:
        return Path(given)
    if named := environment.get(variable):
        return Path(named)
    home = environment.get("XDG_DATA_HOME", "")
    if os.path.isabs(home):
        return Path(home) / "joulehash" / name
    try:
        user = Path(environment["HOME"]) if environment.get("HOME") else Path.home()
    except RuntimeError:
        raise InputError(f"{what}: this user has no home folder; say where with {option} or {variable}") from None
    return user / ("Library/Application Support" if platform == "darwin" else ".local/share") / "joulehash" / name
