"""What a pool may have us tell of it: so many messages and jobs a second, of those beyond only the last, and how many.

A pool that sends ten thousand jobs a second, or jokes, shall fill neither the terminal nor a log. No I/O, no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..events import Event, Note, Report

_A_SECOND, _BURST = 5.0, 50.0


@dataclass(slots=True)
class Told:
    """Of one pool, for events of a kind that it can make at will."""

    pool: str
    report: Report
    _left: float = _BURST
    _at_s: float = 0.0
    _held: dict[type[Event], Event] = field(default_factory=dict[type[Event], Event])
    _skipped: int = 0

    def put(self, event: Event, now: float) -> None:
        self._refill(now)
        if self._left < 1:
            self._skipped += type(event) in self._held
            self._held[type(event)] = event
        else:
            self._left -= 1
            self._skipped += self._held.pop(type(event), None) is not None
            self.report(event)

    def tick(self, now: float) -> None:
        """To be called now and then: what is held leaves when there is room for it."""
        self._refill(now)
        if not (self._held or self._skipped) or self._left < 1 + len(self._held):
            return
        self._left -= 1 + len(self._held)
        held, self._held = list(self._held.values()), {}
        skipped, self._skipped = self._skipped, 0
        if skipped:
            self.report(Note(f"{self.pool} sent {skipped} more messages than are shown"))
        for event in held:
            self.report(event)

    def _refill(self, now: float) -> None:
        self._left = min(_BURST, self._left + max(0.0, now - self._at_s) * _A_SECOND)
        self._at_s = now
