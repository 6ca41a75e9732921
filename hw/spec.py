"""A device as the user names it: cpu[:KERNEL], sim:BOARD[?KEY=VALUE&…], [BOARD:]PORT[?KEY=VALUE&…].

BOARD is the longest name of the table that matches, so that a port may hold colons (rfc2217://host:port).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..engine.errors import InputError
from .boards.table import BOARDS
from .query import number, values_of, whole

_CHAIN = "chain:"
_BARE_PORT = re.compile(r"COM\d|USB:", re.IGNORECASE)  # of Windows, and of what is driven without a serial port
_KEYS = ("mhz", "volts")
_MOST_SCALE = 32
_TOLD = ("fault", "scale", "seed", "format")  # to the simulator


@dataclass(frozen=True, slots=True)
class Spec:
    """kind: cpu, sim, port. board: a row's name, None to recognise it. rest: the kernel, or the port.

    scale: bits by which the board hashes less than silicon, for a simulator at a port; it tells what its scale is.
    """

    text: str
    kind: str
    board: str | None = None
    rest: str = ""
    mhz: float | None = None
    volts: float | None = None
    scale: int = 0
    sim: tuple[tuple[str, str], ...] = ()  # what the simulator is to be told
    label: str | None = None  # which board it is, for its passport

    @property
    def name(self) -> str:
        """As it is shown: without what comes after the question mark."""
        return self.text.partition("?")[0]


def parse_spec(text: str) -> Spec:
    """Raises InputError."""
    before, _, query = text.partition("?")
    kind, colon, rest = before.partition(":")
    if kind == "cpu":
        if query:
            raise InputError(f"device {text!r}: cpu takes no {query.partition('=')[0]!r}; takes cpu or cpu:KERNEL")
        return Spec(text, "cpu", rest=rest if colon else "")
    return _simulator(text, rest, query) if kind == "sim" else _port(text, before, query)


def _simulator(text: str, board: str, query: str) -> Spec:
    if not board:
        raise InputError(f"device {text!r}: takes sim:BOARD, of {', '.join(BOARDS)}, chain:CHIPxN")
    what = f"device {text!r}"
    values = values_of(what, query, (*_KEYS, *_TOLD, "label"))
    told = tuple((key, values[key]) for key in _TOLD if key in values)
    mhz, volts = number(what, values, "mhz"), number(what, values, "volts")
    return Spec(text, "sim", board, "", mhz, volts, sim=told, label=values.get("label"))


def _port(text: str, before: str, query: str) -> Spec:
    what = f"device {text!r}"
    values = values_of(what, query, (*_KEYS, "scale", "label"))
    board, port = _split(before)
    if board is not None and not port:
        raise InputError(f"{what}: names no port; takes {board}:PORT, and sim:{board} for a simulated one")
    if not port:
        raise InputError(f"{what}: is unknown; takes cpu, cpu:KERNEL, sim:BOARD or [BOARD:]PORT")
    mhz, volts = number(what, values, "mhz"), number(what, values, "volts")
    scale = whole(what, values, "scale", _MOST_SCALE) or 0
    return Spec(text, "port", board, port, mhz, volts, scale, label=values.get("label"))


def _split(text: str) -> tuple[str | None, str]:
    """(board or None, port); no port: it is none."""
    if text.startswith(_CHAIN):
        chip, _, port = text.removeprefix(_CHAIN).partition(":")
        return f"{_CHAIN}{chip}", port
    names = [name for name in BOARDS if text == name or text.startswith(f"{name}:")]
    if names:
        name = max(names, key=len)
        return name, text[len(name) + 1 :]
    return (None, text) if "/" in text or _BARE_PORT.match(text) else (None, "")
