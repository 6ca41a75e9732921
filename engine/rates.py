"""Hash rates over sliding windows, from a counter that is read once a second."""

from __future__ import annotations

from collections import deque

WINDOWS_S = (5.0, 60.0, 900.0)  # as miners read them: 5s, 1m, 15m


class RateMeter:
    """Feed it a growing count; it remembers as long as the longest window."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._first: tuple[float, int] | None = None

    def sample(self, now: float, count: int) -> None:
        """`count` so far at `now` (the loop's clock, seconds). Of samples at one moment the last counts."""
        if self._samples and self._samples[-1][0] >= now:
            now = self._samples.pop()[0]
        self._samples.append((now, count))
        self._first = self._first or (now, count)
        while len(self._samples) > 2 and self._samples[1][0] <= now - WINDOWS_S[-1]:
            self._samples.popleft()

    def rate(self, window_s: float) -> float | None:
        """A second, over the last `window_s` or what there is of them; None before two samples."""
        if len(self._samples) < 2:
            return None
        end_s, end = self._samples[-1]
        before_end = list(self._samples)[:-1]
        start_s, start = next((s for s in before_end if s[0] >= end_s - window_s - 1e-9), before_end[-1])
        return (end - start) / (end_s - start_s)

    def average(self) -> float | None:
        """A second, since the first sample; None before the second."""
        if self._first is None or self._samples[-1][0] <= self._first[0]:
            return None
        end_s, end = self._samples[-1]
        return (end - self._first[1]) / (end_s - self._first[0])
