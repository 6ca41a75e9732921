"""A session with an instrument, by pyvisa. Its calls block, so each is made in a thread, one after the other.

A call that does not come back leaves its thread behind, and the session is lost: the next `open` makes another one. An
answer has a known end, its line feed, and a known length at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from ...engine.daemon import in_daemon
from ...engine.errors import DeviceError
from ...engine.stratum.lines import printable
from .extra import load

T = TypeVar("T")
ANSWER_S = 2.0
_STUCK_S = 2.0  # more than that, and the library itself hangs
_MOST_BYTES = 4096
_SHOWN = 80


class Instrument(Protocol):
    """What we use of pyvisa's MessageBasedResource."""

    timeout: float
    read_termination: str | None
    write_termination: str | None

    def write(self, message: str) -> int: ...

    def read_bytes(self, count: int, *, break_on_termchar: bool) -> bytes: ...

    def close(self) -> None: ...


class Visa:
    """address: as VISA has it, TCPIP::HOST::PORT::SOCKET say; library: as pyvisa has it, @py for pyvisa-py."""

    def __init__(self, name: str, address: str, library: str) -> None:
        self._name, self._address, self._library = name, address, library
        self._instrument: Instrument | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """If it is not already. Raises DeviceError, as all of them."""
        if self._instrument is None:
            pyvisa = load("pyvisa", self._name, "pyvisa")
            opening = partial(opened, pyvisa.ResourceManager, self._address, self._library)
            self._instrument = await self._call(opening)

    async def ask(self, question: str) -> str:
        """What it answers, without the end of the line."""
        return await self._call(partial(asked, self._instrument, question))

    async def tell(self, *lines: str) -> None:
        def write() -> None:
            for line in lines:
                _there(self._instrument).write(line)

        await self._call(write)

    async def close(self) -> None:
        """Raises nothing."""
        instrument, self._instrument = self._instrument, None
        if instrument is not None:
            await asyncio.wait([asyncio.ensure_future(in_daemon(partial(_close, instrument)))], timeout=_STUCK_S)

    def error(self, what: str) -> DeviceError:
        return DeviceError(f"{self._name}: {what}")

    async def _call(self, call: Callable[[], T]) -> T:
        async with self._turn:
            try:
                async with asyncio.timeout(ANSWER_S + _STUCK_S):
                    return await in_daemon(call)
            except TimeoutError:
                self._instrument = None
                raise self.error(f"does not answer within {ANSWER_S + _STUCK_S:g} s; switch it off and on") from None
            except Exception as error:  # pyvisa raises whatever its many back ends happen to meet
                what = printable(" ".join(str(error).split()) or type(error).__name__, _SHOWN)
                raise self.error(f"{what}; is it on, and its VISA address right?") from None


def opened(manager: Callable[[str], Resources], address: str, library: str) -> Instrument:
    """Blocks."""
    resources = manager(library)
    instrument = resources.open_resource(address)
    instrument.timeout = ANSWER_S * 1000
    instrument.read_termination = instrument.write_termination = "\n"
    return instrument


class Resources(Protocol):
    """What we use of pyvisa's ResourceManager. It is one for all, and never closed."""

    def open_resource(self, address: str, /) -> Instrument: ...


def asked(instrument: Instrument | None, question: str) -> str:
    """Blocks."""
    there = _there(instrument)
    there.write(question)
    answer = there.read_bytes(_MOST_BYTES, break_on_termchar=True)
    if len(answer) >= _MOST_BYTES:
        raise ValueError(f"its answer to {question} has no end")
    return printable(answer.decode("ascii", "replace").strip(), _MOST_BYTES)


def _there(instrument: Instrument | None) -> Instrument:
    if instrument is None:
        raise ValueError("the session was lost")
    return instrument


def _close(instrument: Instrument) -> None:
    try:
        instrument.close()
    except Exception:  # it is gone already, one way or the other
        return
