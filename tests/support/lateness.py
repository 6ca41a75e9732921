"""How long this machine stood still, for tests that promise a time: what a loaded machine adds is not ours."""

from __future__ import annotations

import threading
import time
from types import TracebackType

_STEP_S = 0.01


class Lateness:
    """`with Lateness() as machine:` and then `machine.own_s`: seconds since it was entered, without those by which a
    thread that wanted to run each hundredth of a second came too late; `machine.late_s`: those; `machine.worst_s`: the
    most of them at once."""

    def __init__(self) -> None:
        self.worst_s = self.late_s = self._began_s = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def own_s(self) -> float:
        return time.monotonic() - self._began_s - self.late_s

    def __enter__(self) -> Lateness:
        self._began_s = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            due_s = time.monotonic() + _STEP_S
            self._over.wait(_STEP_S)
            late_s = max(0.0, time.monotonic() - due_s)
            self.late_s += late_s
            self.worst_s = max(self.worst_s, late_s)
