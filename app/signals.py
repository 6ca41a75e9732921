"""SIGINT and SIGTERM end the work in good order; a second one ends it at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager


@contextmanager
def stop_on_signals(stop: Callable[[], object]) -> Generator[None]:
    """Call `stop` for the first signal while the block runs; a second one is a KeyboardInterrupt."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def first() -> None:
        for number in signals:
            loop.remove_signal_handler(number)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        stop()

    before = {number: signal.getsignal(number) for number in signals}
    for number in signals:
        loop.add_signal_handler(number, first)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])
