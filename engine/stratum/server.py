"""The pool's side of Stratum V1 as messages. No I/O; what a session makes of them is poolserver/session.py."""

from __future__ import annotations

from dataclasses import dataclass, field

from .fields import Refusal
from .lines import LineBuffer, Malformed, Request, Response, decode_line, encode_request, encode_response, printable
from .messages import MESSAGES, Message
from .results import Answer, error_for

LINE_LIMIT = 16_384  # bytes; a miner's longest line, mining.configure, has a few hundred


@dataclass(frozen=True, slots=True)
class Asked:
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
