"""Frames out of a stream of bytes that loses some, damages some, and has garbage between them. No I/O, no clock.

Frames begin with a preamble, which may also stand inside them, and in garbage; their CRC5 passes one false frame in 32.
So no frame swallows another: after one is given, the search goes on inside it. A frame found there is given too, but
only if none follows the first: then the first was the false one. On a line without faults nothing but what was sent is
given; after a fault, everything that came whole. How the stream was cut into reads makes no difference to the frames.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

WAIT = -1  # what measure says of a frame that has not come whole

T = TypeVar("T")


class Garbage(msgspec.Struct, frozen=True, gc=False):
    """Bytes that belong to no frame. One run of them may come in pieces."""

    data: bytes


class Scanner(Generic[T]):
    """A decoder says how long the frame at a preamble is, and what it says. At most two frames' bytes are kept."""

    def __init__(self, preamble: bytes) -> None:
        self._preamble = preamble
        self._rest = b""  # what is not decided yet: it begins with a preamble, or the first half of one
        self._given = 0  # how many bytes of the rest belong to a frame that has been given

    @property
    def undecided(self) -> bool:
        """Whether something is left to be fed on, or flushed when nothing comes."""
        return bool(self._rest)

    def feed(self, data: bytes) -> list[T | Garbage]:
        """What has become certain with these bytes, in the order of the stream."""
        return self._scan(self._rest + data, ended=False)

    def flush(self) -> list[T | Garbage]:
        """Nothing more comes, for the line has been silent longer than a frame takes: what the rest is, then."""
        return self._scan(self._rest, ended=True)

    def measure(self, data: bytes, start: int) -> int:
        """Bytes of the good frame whose preamble is at `start`; 0: none is there; WAIT: it has not come whole."""
        raise NotImplementedError

    def measure_last(self, data: bytes, start: int) -> int:
        """The same, when measure says WAIT and nothing more comes."""
        return 0

    def parse(self, frame: bytes) -> T:
        """What a frame says that has been measured."""
        raise NotImplementedError

    def _scan(self, data: bytes, *, ended: bool) -> list[T | Garbage]:
        values: list[T | Garbage] = []
        given = self._given  # data before it is in values, or was given earlier
        at = given if ended else 0
        while (start := data.find(self._preamble, at)) >= 0:
            if start < given and (size := self._follows(data, given)):
                if size == WAIT and not ended:
                    break
                at = given
                continue
            size = self.measure(data, start)
            if size == WAIT:
                if not ended:
                    break
                size = self.measure_last(data, start)
            at = start + 1
            if size:
                if start > given:
                    values.append(Garbage(data[given:start]))
                given = start + size
                values.append(self.parse(data[start:given]))
        else:
            start = len(data) - (not ended and data.endswith(self._preamble[:1]))
        if start > given:
            values.append(Garbage(data[given:start]))
            given = start
        self._rest, self._given = data[start:], given - start
        return values

    def _follows(self, data: bytes, end: int) -> int:
        """measure, where a frame that has been given ends."""
        if len(data) < end + len(self._preamble):
            return WAIT
        return self.measure(data, end) if data.startswith(self._preamble, end) else 0
