"""The pool's side of Stratum V1 as messages. No I/O; what a session makes of them is poolserver/session.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from struct import Struct
from typing import Literal

import msgspec

from .fields import MAX_EXTRANONCE2, MAX_TEXT, Refusal, hex_number
from .lines import LineBuffer, Malformed, Request, Response, decode_line, encode_request, encode_response, printable
from .messages import MESSAGES, Message, Submit
from .results import Answer, error_for

LINE_LIMIT = 16_384  # bytes; a miner's longest line, mining.configure, has a few hundred


class Asked(msgspec.Struct, frozen=True):
    """A request of the miner, to be answered by its id."""

    id: object
    message: Message


@dataclass(frozen=True, slots=True)
class Replied:
    """The miner's answer to client.get_version, mining.ping."""

    answer: Answer
    result: object


@dataclass
class ServerProtocol:
    """One connection from a miner."""

    _out: bytearray = field(default_factory=bytearray)
    _lines: LineBuffer = field(default_factory=lambda: LineBuffer(LINE_LIMIT))

    def receive(self, data: bytes) -> list[Asked | Replied | Malformed]:
        """What came. Unknown methods and params out of bounds are refused here, with code 20, and reported."""
        events: list[Asked | Replied | Malformed] = []
        for line in self._lines.feed(data):
            if isinstance(line, bytes) and (submit := plain_submit(line)) is not None:
                events.append(submit)
                continue
            message = decode_line(line) if isinstance(line, bytes) else line
            match message:
                case Malformed():
                    events.append(message)
                case Response():
                    events.append(Replied(Answer.decode(message.result, message.error), message.result))
                case Request():
                    events.append(self._requested(message))
        return events

    def _requested(self, request: Request) -> Asked | Malformed:
        row = MESSAGES.get(request.method)
        if row is None or row.sender == "pool":
            self.refuse(request.id, 20, "Unknown method")
            return Malformed("an unknown method", printable(request.method, 40), answered=True)
        try:
            return Asked(request.id, row.decode(request.params))
        except Refusal as refusal:
            self.refuse(request.id, 20, str(refusal))
            return Malformed(f"{request.method}: {refusal}", answered=True)

    def answer(self, identity: object, result: object) -> None:
        if identity is not None:
            self._out += encode_response(identity, result)

    def refuse(self, identity: object, code: int, text: str = "") -> None:
        if identity is not None:
            self._out += encode_response(identity, None, error_for(code, text))

    def tell(self, message: Message, identity: object = None) -> None:
        """A notification, or with an id a request."""
        self._out += encode_request(identity, message.method, message.encode())

    def outgoing(self) -> bytes:
        """What is to be sent since the last call."""
        data = bytes(self._out)
        self._out.clear()
        return data


class _PlainSubmit(msgspec.Struct, forbid_unknown_fields=True):
    id: int | str | None
    method: Literal["mining.submit"]
    params: list[str]


_plain_submit = msgspec.json.Decoder(_PlainSubmit)
_TWO_NUMBERS = Struct(">II")


def plain_submit(line: bytes) -> Asked | None:
    """A submit in the form that nearly all have, read in one step, for a pool reads little else.

    None: it is in no such form, which says nothing about it; decode_line and Submit.decode do. What is read here they
    would read as the same.
    """
    try:
        asked = _plain_submit.decode(line)
        user, job, extranonce2, ntime, nonce, *rest = asked.params
        numbers = bytes.fromhex(extranonce2 + ntime + nonce)
        bits = hex_number(rest[0], "version bits") if rest else None
    except (msgspec.DecodeError, ValueError):
        return None
    if not len(ntime) == len(nonce) == 8 or 2 * len(numbers) != len(extranonce2) + 16:  # fromhex skips spaces
        return None
    if len(user) > MAX_TEXT or len(job) > MAX_TEXT or len(numbers) - 8 > MAX_EXTRANONCE2:
        return None
    ntime_number, nonce_number = _TWO_NUMBERS.unpack(numbers[-8:])
    return Asked(asked.id, Submit(user, job, numbers[:-8], ntime_number, nonce_number, bits))
