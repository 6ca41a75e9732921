"""What is wrong with a board's nonces themselves: false ones, the same again, one over and over; and with their line.

A false nonce is one that misses every work that it may belong to: by a core that does not keep up, or a line that flips
bits. Alarms are judged over the last thousand nonces and say no figures that change; the counts stand in the summary.
"""

from __future__ import annotations

from collections import deque

from ..engine.work import Origin

_WINDOW, _LEAST = 1024, 64  # nonces
_FALSE_MOST = 0.035  # a board that runs well stays far below (error-gated benchmarks of Bitaxes stop at it)
_REPEATED_MOST = 0.01  # ours: there are none on a sound board
_DEVIATIONS = 4.0  # above the part that is allowed, so that chance gives no alarm
_LOOKS, _LEAST_BYTES = 60, 500
_BROKEN_MOST = 0.005  # ours, of the bytes: there are none on a sound line
_FRAME_BYTES = 11  # at the most; what breaks one loses all of them
_OVER_AND_OVER = 8  # times in succession, of one chip
_NO_RUN = (-1, 0)


class Answers:
    """Of one session. `take` each nonce; `alarms` once in a while."""

    def __init__(self, word: str = "chip") -> None:
        self._word = word
        self._kinds: deque[str] = deque(maxlen=_WINDOW)
        self._seen: deque[object] = deque(maxlen=_WINDOW)
        self._known: set[object] = set()
        self._runs: dict[int | None, tuple[int, int]] = {}  # of each chip: its last nonce, and how often in succession
        self._on: set[str] = set()

    def take(self, where: Origin, nonce: int, key: object, *, true: bool) -> bool:
        """Whether hashes were done for it: for true ones and false ones, and not for one that came before. Headers are
        told apart by the key."""
        if true and key in self._known:  # of two chips that search the same, or of one that does it again
            self._kinds.append("repeated")
            return False
        last, times = self._runs.get(where.chip, _NO_RUN)
        self._runs[where.chip] = (nonce, times + 1 if nonce == last else 1)
        if not true:
            self._kinds.append("false")
            return True
        self._kinds.append("true")
        self._remember(key)
        return True

    def alarms(self) -> list[str]:
        stuck = sorted(chip or 0 for chip, (_, times) in self._runs.items() if times >= _OVER_AND_OVER)
        if stuck:  # its nonces are false, and come again: that is no more to know
            return [f"{self._word} {chip} tells one nonce over and over" for chip in stuck]
        told: list[str] = []
        if self._is_on("false", _FALSE_MOST):
            told.append(f"more than {_FALSE_MOST:.1%} of its nonces are false")
        if self._is_on("repeated", _REPEATED_MOST):
            told.append(f"more than {_REPEATED_MOST:.0%} of its nonces come again")
        return told

    def _is_on(self, kind: str, most: float) -> bool:
        """From where chance does not reach, down to half of what is allowed."""
        n, found = len(self._kinds), self._kinds.count(kind)
        limit = most * n + _DEVIATIONS * (most * n) ** 0.5
        if n >= _LEAST and found > limit:
            self._on.add(kind)
        elif found < most * n / 2:
            self._on.discard(kind)
        return kind in self._on

    def _remember(self, key: object) -> None:
        if len(self._seen) == _WINDOW:
            self._known.remove(self._seen.popleft())
        self._seen.append(key)
        self._known.add(key)


class Line:
    """How much of what a board says comes broken, of the bytes after `heard` and `broken`: what chips say while their
    speed is looked for does not count."""

    def __init__(self, heard: int, broken: int) -> None:
        self._looks: deque[tuple[int, int]] = deque([(heard, broken)], maxlen=_LOOKS)
        self._on = False

    def look(self, heard: int, broken: int) -> str:
        """Bytes so far. What a person must know; empty: nothing."""
        self._looks.append((heard, broken))
        heard, broken = (heard - self._looks[0][0], broken - self._looks[0][1])
        if heard >= _LEAST_BYTES:
            most = _BROKEN_MOST * heard / _FRAME_BYTES  # frames, as is what chance may add
            limit = most / 2 if self._on else most + _DEVIATIONS * most**0.5
            self._on = broken > limit * _FRAME_BYTES
        return f"more than {_BROKEN_MOST:.1%} of what it says comes broken: look at its cable" if self._on else ""
