"""How mining is shown: JSON lines, plain lines, or a live screen. Each takes the same events and looks at one miner."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import msgspec

from ..engine.crash import crash
from ..engine.events import Crash, Event, Summary
from ..engine.miner import Miner
from .lines import line_of, status_line, summary_lines
from .output import write_line

if TYPE_CHECKING:
    from ..bench.metering import Metered
    from .hand import Hand

STATUS_S = 10.0


class Face(Protocol):
    def event(self, event: Event) -> None:
        """Something has happened."""

    async def watch(self, miner: Miner, metered: Metered | None = None, hand: Hand | None = None) -> None:
        """Show the miner until cancelled; what it takes, where there is a meter; and take keys, where there are pools
        to choose from."""

    def close(self, summary: Summary | None) -> None:
        """The end; without a summary it ended with an error."""


class JsonFace:
    """One JSON object a line on stdout; the last is the summary."""

    def event(self, event: Event) -> None:
        write_line(msgspec.json.encode(event).decode())

    async def watch(self, miner: Miner, metered: Metered | None = None, hand: Hand | None = None) -> None:
        del miner, metered, hand

    def close(self, summary: Summary | None) -> None:
        if summary is not None:
            self.event(summary)


class PlainFace:
    """Lines with the time of day, and a status line now and then: for logs and pipes."""

    def event(self, event: Event) -> None:
        if (line := line_of(event)) is not None:
            self._print(line)
        if isinstance(event, Crash):
            for line in event.traceback.splitlines():
                write_line(f"    {line}")

    async def watch(self, miner: Miner, metered: Metered | None = None, hand: Hand | None = None) -> None:
        del hand
        while True:
            await asyncio.sleep(STATUS_S)
            self._print(status_line(miner, metered))

    def close(self, summary: Summary | None) -> None:
        for line in summary_lines(summary) if summary is not None else ():
            write_line(line)

    def _print(self, line: str) -> None:
        write_line(f"{datetime.now():%H:%M:%S} {line}")


class SteadyFace:
    """Another face, of which no bug reaches the miner: what it fails to show is written to stderr, and its watch is
    begun again."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._told: set[str] = set()

    def event(self, event: Event) -> None:
        try:
            self._face.event(event)
        except Exception as error:
            self._tell(crash("the face", error))

    async def watch(self, miner: Miner, metered: Metered | None = None, hand: Hand | None = None) -> None:
        while True:
            try:
                return await self._face.watch(miner, metered, hand)
            except Exception as error:
                self._tell(crash("the face", error, STATUS_S))
            await asyncio.sleep(STATUS_S)

    def close(self, summary: Summary | None) -> None:
        self._face.close(summary)

    def _tell(self, told: Crash) -> None:
        """Each once: a screen may fail every second for a year."""
        if told.error not in self._told:
            self._told.add(told.error)
            print(told.traceback, line_of(told), sep="\n", file=sys.stderr, flush=True)


def choose_face(*, as_json: bool, picture: Path | None = None) -> Face:
    """The screen on a terminal, and where a picture of it is wanted; JSON where it is asked for; else lines."""
    if as_json:
        return SteadyFace(JsonFace())
    if sys.stdout.isatty() or picture is not None:
        from .screen import ScreenFace

        return SteadyFace(ScreenFace(picture))
    return SteadyFace(PlainFace())
