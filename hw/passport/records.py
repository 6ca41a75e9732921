"""What a passport holds, as values: each is one thing that happened to one board at one time, and is never changed.

An `id` is taken from the content, so that a record that comes again, from another machine's export, is known as the
same. Times are UTC, in microseconds, so that two of one kind do not look the same by chance. `None` is unknown, and
never 0: joules are there where a meter was.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from ...engine.errors import InputError

RESULT_LIMIT = 16 << 20  # bytes of one check or sweep, curves over time included
_MOST = 2**63 - 1  # what a database holds
_MOST_TIMES = 2**40  # so that it can sum them, too

Text = Annotated[str, Meta(max_length=4000)]
Name = Annotated[str, Meta(max_length=200)]
Count = Annotated[int, Meta(ge=0, le=_MOST)]
Times = Annotated[int, Meta(ge=0, le=_MOST_TIMES)]
Amount = Annotated[float, Meta(ge=0, le=1e30)]


class Record(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    at: datetime

    def __post_init__(self) -> None:
        if self.at.utcoffset() != timedelta(0) or self.at.year < 1970:
            raise ValueError(f"{self.at.isoformat()}: takes UTC, from 1970 on")


class Identity(Record, frozen=True, tag="identity"):
    """As it was recognised; a new one is written when something of it has changed."""

    board: Name  # its row's name
    title: Name
    chip: Name | None  # None: it has none that we know of
    chips: Times
    by: Name = ""  # what it was recognised by
    serial: Name | None = None  # its own
    simulated: bool = False


class Labelled(Record, frozen=True, tag="label"):
    """What its user calls it. `plug`: this holds for what is in a socket until it is pulled; see key.py."""

    label: Name
    plug: Name | None = None


class Firmware(Record, frozen=True, tag="firmware"):
    version: Name


class Check(Record, frozen=True, tag="check"):
    """Of `joulehash check`: its whole result."""

    result: msgspec.Raw


class Sweep(Record, frozen=True, tag="sweep"):
    """Of `joulehash sweep`: the board's power curve."""

    result: msgspec.Raw


class Fault(Record, frozen=True, tag="fault"):
    """It failed, or an alarm was given; `times` since it was written last."""

    text: Text
    times: Times = 1


class Service(Record, frozen=True, tag="service"):
    """What somebody did to it, in their words."""

    text: Text


class Moved(Record, frozen=True, tag="moved"):
    """Its records came from another machine."""

    records: Times  # that were new here


class Energy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the time in which a meter told it, with the hashes of that time."""

    joules: Amount
    seconds: Amount
    hashes: Count
    u_joules: Amount | None = None  # 1 σ
    place: Name = ""  # where it was measured
    meter: Name = ""


class Hours(Record, frozen=True, tag="hours"):
    """What it did from its last record of hours, or its start, until `at`."""

    seconds: Amount  # in which it hashed
    hashes: Count | None
    counted: bool = True  # by its chips; False: what its nonces stand for
    energy: Energy | None = None
    claims: Times = 0  # true nonces
    errors: Times = 0  # false ones
    mhz: Amount | None = None  # on average
    celsius: Annotated[float, Meta(ge=-300, le=1e6)] | None = None  # at its hottest


AnyRecord = Identity | Labelled | Firmware | Check | Sweep | Fault | Service | Moved | Hours

_RECORD = msgspec.json.Decoder(AnyRecord)
_OBJECT = msgspec.json.Decoder(dict[str, object])
_encode = msgspec.json.Encoder().encode


def now() -> datetime:
    return datetime.now(UTC)


def content(record: Record) -> bytes:
    """JSON. The same values give the same bytes."""
    return _encode(record)


def record_of(data: bytes) -> AnyRecord:
    """Raises ValueError that says what is wrong with it."""
    try:
        record: AnyRecord = _RECORD.decode(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(record, Check | Sweep):
        return msgspec.structs.replace(record, result=result(bytes(record.result)))
    return record


def id_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def result(data: bytes) -> msgspec.Raw:
    """Of a check or a sweep: a JSON object, brought to one form. Raises ValueError."""
    if len(data) > RESULT_LIMIT:
        raise ValueError(f"a result of {len(data)} bytes; takes {RESULT_LIMIT} at most")
    try:
        return msgspec.Raw(_encode(_OBJECT.decode(data)))
    except RecursionError:
        raise ValueError("nested too deeply") from None


_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def check_label(label: str) -> str:
    """The same. Raises InputError for what is none."""
    if not _LABEL.fullmatch(label):
        raise InputError(f"label {label[:60]!r}: takes 1 to 40 letters, digits, '.', '_', '-', first a letter or digit")
    return label
