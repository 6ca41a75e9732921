"""SIGINT and SIGTERM end the work in good order, from the command's first line to its last.

The first one stops the work, and it gives its account. A second one does not wait for whom the first one waits for; a
third is a KeyboardInterrupt.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """How many have come; and whom to tell, once there is something to stop."""

    def __init__(self) -> None:
        self.count = 0
        self._stop: Callable[[], object] | None = None
        self._hasten: Callable[[], object] | None = None

    @contextmanager
    def tell(self, stop: Callable[[], object], hasten: Callable[[], object] | None = None) -> Generator[None]:
        """In a running loop: call `stop` for the first signal, at once if it has come, and `hasten` for the second."""
        loop = asyncio.get_running_loop()
        self._stop, self._hasten = stop, hasten
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.came)
        if self.count:
            stop()
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, self.handler)
            self._stop = self._hasten = None

    @contextmanager
    def others(self, calls: Mapping[signal.Signals, Callable[[], object]]) -> Generator[None]:
        """In a running loop: each of these, which else end the process, calls what it is for."""
        loop = asyncio.get_running_loop()
        for number, call in calls.items():
            loop.add_signal_handler(number, call)
        try:
            yield
        finally:
            for number in calls:
                loop.remove_signal_handler(number)

    def came(self) -> None:
        self.count += 1
        call = self._stop if self.count == 1 else self._hasten if self.count == 2 else None
        if call is not None:
            call()
        elif self.count > 1:
            raise KeyboardInterrupt

    def handler(self, number: int, frame: FrameType | None) -> None:
        """As signal.signal takes it: outside of the loop."""
        del number, frame
        self.came()


@contextmanager
def noted_signals() -> Generator[Signals]:
    """Signals are counted from now on, and kept for `tell`."""
    signals = Signals()
    before = {number: signal.signal(number, signals.handler) for number in _SIGNALS}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
