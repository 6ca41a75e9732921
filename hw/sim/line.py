"""The line from the chips to the host: frames wait until they have gone, ten bit times a byte; and what happens to
them on the way when the line is bad."""

from __future__ import annotations

import random
from collections import deque

from .faults import NO_FAULTS, Faults


class Line:
    def __init__(self, faults: Faults = NO_FAULTS, seed: int = 1) -> None:
        self._faults = faults
        self._rng = random.Random(f"line {seed}")
        self._frames: deque[tuple[bytes, bool]] = deque()
        self._begun = b""  # what is left of the frame that is on its way
        self._room = 0.0  # bytes that time has passed for

    @property
    def nonces(self) -> int:
        """How many wait."""
        return sum(nonce for _, nonce in self._frames)

    def say(self, frame: bytes, *, nonce: bool = False) -> None:
        self._frames.append((frame, nonce))

    def clear(self) -> None:
        self._frames.clear()
        self._begun, self._room = b"", 0.0

    def leave(self, baud: float, seconds: float) -> bytes:
        """What goes out in so many seconds."""
        self._room += seconds * baud / 10
        data = bytearray()
        while int(self._room) and (self._begun or self._frames):
            if not self._begun:
                self._begun = self._frames.popleft()[0]
            count = min(int(self._room), len(self._begun))
            data += self._begun[:count]
            self._begun = self._begun[count:]
            self._room -= count
        if not self._begun and not self._frames:
            self._room = 0.0  # silence is not saved up
        return self.hurt(bytes(data))

    def hurt(self, data: bytes) -> bytes:
        """What arrives of it."""
        noise, lost = self._faults.noise, self._faults.lost_bytes
        if not noise and not lost:
            return data
        arrived = bytearray()
        for byte in data:
            if self._rng.random() >= lost:
                arrived.append(byte ^ 1 << self._rng.randrange(8) if self._rng.random() < noise else byte)
        return bytes(arrived)
