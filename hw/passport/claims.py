"""From what a board can say for itself to its key, by what the passport knows already; and the labels of boards."""

from __future__ import annotations

import sqlite3
from difflib import get_close_matches

import msgspec

from ...engine.errors import InputError
from . import rows
from .key import SIMULATED, Claim
from .records import Firmware, Identity, Labelled, check_label, now

_LISTED = 6


def settle(connection: sqlite3.Connection, claim: Claim) -> str | None:
    """Its key, under which its identity is noted; None: its user has to say. Within a transaction. Raises InputError
    for a label that is another board's."""
    key = _own_key(connection, claim)
    if claim.label is not None:
        if key is None:
            key = claim.label
            _check_free(connection, claim.label, key)
        elif current(connection).get(key) != claim.label:
            _check_free(connection, claim.label, key)
            rows.add(connection, key, [Labelled(now(), claim.label)])
    elif key is None and claim.plug is not None:
        key = _plugged(connection, claim.plug)
    if key is not None:
        see(connection, key, claim.identity)
    return key


def give_label(connection: sqlite3.Connection, claim: Claim, label: str) -> str:
    """The key of the board that has it from now on. Within a transaction. Raises InputError: the label is another
    board's, or would not hold, for nothing tells when another board is there."""
    check_label(label)
    key = _own_key(connection, claim)
    if key is None and claim.plug is None:
        raise InputError(claim.asks)
    by_plug, key = key is None, key or label
    _check_free(connection, label, key)
    rows.add(connection, key, [Labelled(now(), label, claim.plug if by_plug else None)])
    see(connection, key, claim.identity)
    return key


def see(connection: sqlite3.Connection, key: str, identity: Identity) -> None:
    """Note what it is, if that is new."""
    last = rows.of_kind(connection, key, "identity", 1)
    if not last or msgspec.structs.replace(identity, at=last[0].at) != last[0]:
        rows.add(connection, key, [identity])


def run_by(connection: sqlite3.Connection, key: str, version: str) -> None:
    """Note which firmware drives it, if that is new."""
    last = rows.of_kind(connection, key, "firmware", 1)
    if not last or not isinstance(last[0], Firmware) or last[0].version != version:
        rows.add(connection, key, [Firmware(now(), version)])


def current(connection: sqlite3.Connection) -> dict[str, str]:
    """The label of each board that has one."""
    return {key: labelled.label for key, labelled in rows.labels(connection)}


def find(connection: sqlite3.Connection, name: str) -> str:
    """The key of the board of that key or label. Raises InputError that lists what there is."""
    keys = rows.keys(connection)
    if name in keys:
        return name
    labels = current(connection)
    if found := [key for key, label in labels.items() if label == name]:
        return found[0]
    if f"{SIMULATED}{name}" in keys:
        return f"{SIMULATED}{name}"
    known = [*keys, *labels.values()]
    near = get_close_matches(name, known, _LISTED) or sorted({labels.get(key, key) for key in keys})
    more = f" and {len(near) - _LISTED} more" if len(near) > _LISTED else ""
    there = f"there are {', '.join(near[:_LISTED])}{more}" if near else "it holds no board yet"
    raise InputError(f"board {name[:60]!r}: is not in the passport; {there}")


def _own_key(connection: sqlite3.Connection, claim: Claim) -> str | None:
    """By its serial number, unless that has ever been seen on two boards at once."""
    if claim.serial is None:
        return None
    if claim.shared:
        connection.execute("INSERT OR IGNORE INTO shared (serial) VALUES (?)", (claim.serial,))
    known = connection.execute("SELECT 1 FROM shared WHERE serial = ?", (claim.serial,)).fetchone()
    return None if known else claim.serial


def _plugged(connection: sqlite3.Connection, plug: str) -> str | None:
    """Who was labelled last in this plug, and in no other since."""
    last: dict[str, str | None] = {}
    for key, labelled in rows.labels(connection):
        last.pop(key, None)
        last[key] = labelled.plug
    return next((key for key, at in reversed(last.items()) if at == plug), None)


def _check_free(connection: sqlite3.Connection, label: str, key: str) -> None:
    taken = [other for other, its in current(connection).items() if its == label and other != key]
    if taken or (label != key and label in rows.keys(connection)):
        raise InputError(f"label {label!r}: is that of {taken[0] if taken else label} already; choose another")
