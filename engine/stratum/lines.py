"""Bytes to lines and back, bounded; JSON-RPC lines to requests and responses. No I/O.

Stratum V1 is JSON-RPC with one message a line. What cannot be understood is a Malformed with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import msgspec

LINE_LIMIT = 1 << 20  # bytes; a job with 13 branches has 2.5 kB
_NUMBER_LIMIT = 64  # characters of a number with a point or an exponent; a printed double has 24


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line that cannot be understood, and why."""

    reason: str
    excerpt: str = ""  # its beginning, printable
    answered: bool = False  # it was a request, and was refused in due form


@dataclass(frozen=True, slots=True)
class Request:
    """A request, or with id None a notification."""

    id: object
    method: str
    params: list[object]


@dataclass(frozen=True, slots=True)
class Response:
    id: object
    result: object
    error: object
    reject_reason: object = None  # some servers say it here


class LineBuffer:
    """Cuts a stream into lines. A line over the limit is reported once and skipped to its end."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._partial = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes | Malformed]:
        """Lines without their ends; blank ones are left out."""
        out: list[bytes | Malformed] = []
        *whole, rest = data.split(b"\n")
        for part in whole:
            if self._partial or self._skipping or len(part) > self._limit:
                self._add(part, out)
                part = b"" if self._skipping else bytes(self._partial)
                self._skipping = False
                self._partial.clear()
            if line := part.strip():
                out.append(line)
        self._add(rest, out)
        return out

    def _add(self, part: bytes, out: list[bytes | Malformed]) -> None:
        if self._skipping:
            return
        if len(self._partial) + len(part) > self._limit:
            excerpt = printable(bytes(self._partial[:80] + part[:80]).decode("utf-8", "replace"), 80)
            out.append(Malformed(f"a line of more than {self._limit} bytes", excerpt))
            self._skipping = True
            self._partial.clear()
        else:
            self._partial += part


def _decimal(digits: str) -> Decimal:
    """Bounded, because arithmetic on a million digits takes minutes."""
    if len(digits) > _NUMBER_LIMIT:
        raise ValueError(f"a number of more than {_NUMBER_LIMIT} characters")
    return Decimal(digits)


_decoder = msgspec.json.Decoder(float_hook=_decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def decode_line(line: bytes) -> Request | Response | Malformed:
    """One line. Numbers with a point come as Decimal, so that no difficulty is rounded."""
    try:
        message = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError, ValueError):
        return Malformed("a line that is not JSON", excerpt_of(line))
    if not isinstance(message, dict):
        return Malformed("a line that is no JSON object", excerpt_of(line))
    fields: dict[str, object] = message  # pyright: ignore[reportUnknownVariableType]
    identity = fields.get("id")
    if isinstance(identity, Decimal) and identity.copy_abs() < 2**63 and identity == int(identity):
        identity = int(identity)  # 1.0, as languages write it that know only doubles
    if not isinstance(identity, str | int | None):
        return Malformed("an id that is no string or integer", excerpt_of(line))
    if (method := fields.get("method")) is not None:
        params: object = fields.get("params")
        if not isinstance(method, str):
            return Malformed("a method that is no string", excerpt_of(line))
        if not params:  # null, "" and {} mean none, too
            params = []
        if not isinstance(params, list):
            return Malformed(f"{printable(method, 40)}: params that are no list", excerpt_of(line))
        return Request(identity, method, params)  # pyright: ignore[reportUnknownArgumentType]
    if "result" in fields or "error" in fields:
        return Response(identity, fields.get("result"), fields.get("error"), fields.get("reject-reason"))
    return Malformed("a line that is neither request nor response", excerpt_of(line))


def encode_request(identity: object, method: str, params: list[object]) -> bytes:
    return _encoder.encode({"id": identity, "method": method, "params": params}) + b"\n"


def encode_response(identity: object, result: object, error: object = None) -> bytes:
    return _encoder.encode({"id": identity, "result": result, "error": error}) + b"\n"


def excerpt_of(line: bytes) -> str:
    return printable(line[:240].decode("utf-8", "replace"), 80)


def printable(text: str, limit: int) -> str:
    """What may be shown to a person: no control characters (C0, C1, bidirectional ones), at most `limit` long."""
    if len(text) <= limit and text.isprintable():
        return text
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"
