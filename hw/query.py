"""What a user writes after the question mark of a device: KEY=VALUE, joined by &. `what` names the device in errors."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from ..engine.errors import InputError


def values_of(what: str, query: str, known: tuple[str, ...]) -> dict[str, str]:
    """A plus is a plus. Raises InputError for another key than those, and one that comes twice."""
    try:
        pairs = parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, strict_parsing=bool(query))
    except ValueError:
        raise InputError(f"{what}: takes KEY=VALUE after the question mark, joined by &") from None
    values = dict(pairs)
    for key in values:
        if key not in known:
            raise InputError(f"{what}: {key!r} is unknown; takes {', '.join(known)}")
    if len(values) < len(pairs):
        raise InputError(f"{what}: each of {', '.join(known)} can be given once")
    return values


def whole(what: str, values: Mapping[str, str], key: str, most: int) -> int | None:
    """None: it is not there. Raises InputError."""
    if (text := values.get(key)) is None:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > most:
        raise InputError(f"{what}: {key} {text!r}; takes a whole number of 0 to {most}")
    return int(text)


def number(what: str, values: Mapping[str, str], key: str) -> float | None:
    """None: it is not there. Raises InputError."""
    if (text := values.get(key)) is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise InputError(f"{what}: {key} {text!r}; takes a number above 0")
    return value
