"""Switches a supply off, for the guard process when the miner is dead: no loop, no thread, nothing left open.

Raises OSError, or whatever pyvisa's back ends happen to meet.
"""

from __future__ import annotations

from importlib import import_module

from .dialects import is_on
from .visa import asked, opened


def ready(library: str) -> None:
    """All that takes time is done: pyvisa and its back end are loaded."""
    import_module("pyvisa").ResourceManager(library)


def switch_off(address: str, library: str, lines: tuple[str, ...], state: str, bit: int | None, channel: int) -> None:
    """Returns when it says that it is off."""
    instrument = opened(import_module("pyvisa").ResourceManager, address, library)
    try:
        for line in lines:
            instrument.write(line)
        if is_on(asked(instrument, state), bit, channel) is not False:
            raise OSError("its output did not go off")
    finally:
        instrument.close()
