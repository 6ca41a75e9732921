"""Libraries that only some meters need: pip install 'joulehash[meters]' brings them."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from ...engine.errors import DeviceError

REMEDY = "pip install 'joulehash[meters]'"


def load(module: str, name: str, package: str) -> Any:
    """`name` is the meter that wants it. Raises DeviceError where it is missing."""
    try:
        return import_module(module)
    except ImportError:
        raise DeviceError(f"{name}: needs {package}, which is not installed: {REMEDY}") from None


def is_there(module: str) -> bool:
    return find_spec(module) is not None
