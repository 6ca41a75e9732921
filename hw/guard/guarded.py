"""The miner's side of the guard: start it before the board gets its first volt, and tell it when the board is safe.

    async with guarded(LineOff("bitaxe-gamma", port, [(b"", 0.01), (plant.off_bytes(), 0.1)]), alarm) as guard:
        ...                       mine; if the miner dies here, SIGKILL included, the guard writes the off bytes
        await plant.off()
        await guard.done()        the board is safe by the ordinary way: the guard ends and does nothing

Left without `done`, by an error say, the guard is told to switch the board off. It is watched: should it end by itself,
another is started and `alarm` is told; when none can be, the body is cancelled, and DeviceError raised. Close the port
after it: until the guard has ended, it holds the port as well.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from threading import Thread

from ...engine.errors import DeviceError, cause
from . import process
from .plan import Off, encoded

SILENCE_S = 10.0  # a miner whose loop stood still for so long watches nothing any more: stopped, or hung
START_S = 10.0  # for a busy small computer
END_S = 10.0  # more than a guard takes with its patience and the pauses of any board
RESTARTS, RESTARTS_S = 3, 60.0  # as many within so long; more is no accident

Alarm = Callable[[str], None]


@asynccontextmanager
async def guarded(off: Off, alarm: Alarm, silence_s: float = SILENCE_S) -> AsyncGenerator[Guard]:
    """Raises DeviceError when a guard cannot be started, or held."""
    guard = Guard(off, alarm, silence_s)
    try:
        await guard.start()
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(guard.watch())
                yield guard
                watching.cancel()
        except BaseExceptionGroup as errors:
            raise cause(errors) from None
    finally:
        await guard.end()


class Guard:
    """Used by `guarded` alone, but for `done` and `pid`."""

    def __init__(self, off: Off, alarm: Alarm, silence_s: float) -> None:
        self._off, self._alarm, self._silence_s = off, alarm, silence_s
        self._child: GuardProcess | None = None
        self._over = True  # nothing is to be guarded: not yet, no more

    @property
    def pid(self) -> int | None:
        """None while there is none that is ready."""
        return self._child.pid if self._child and self._child.said == "ready" else None

    async def done(self) -> None:
        """The board is safe. The guard has ended when this returns."""
        self._over = True
        await self._dismiss("done")

    async def start(self) -> None:
        """Returns when it is ready to act."""
        plan, fds = encoded(self._off, self._silence_s)
        self._child = child = GuardProcess(fds)
        child.tell(plan)
        with suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                await child.heard.wait()
        if child.said != "ready":
            await self._dismiss("done")
            raise self._error(f"its guard process cannot start: {child.failure}")
        self._over = False

    async def watch(self) -> None:
        """Show it that the miner lives, and replace it when it ends."""
        deaths: deque[float] = deque(maxlen=RESTARTS)
        while (child := self._child) is not None:
            try:
                async with asyncio.timeout(self._silence_s / 10):
                    await child.over.wait()
            except TimeoutError:
                child.tell(b"alive\n")
                continue
            if child is not self._child:  # dismissed meanwhile
                return
            self._child = None
            await child.close()
            if child.said != "ready":
                self._over = True
                did = "it was switched off" if child.said == "off" else f"it could not be switched off: {child.failure}"
                raise self._error(f"the miner stood still for {self._silence_s:g} s, and its guard acted: {did}")
            now_s = asyncio.get_running_loop().time()
            if len(deaths) == RESTARTS and now_s - deaths[0] < RESTARTS_S:
                raise self._error(f"its guard process ended by itself {RESTARTS + 1} times in {RESTARTS_S:g} s")
            deaths.append(now_s)
            self._alarm(f"{self._off.name}: its guard process ended by itself; another is started")
            await self.start()

    async def end(self) -> None:
        """Without `done` before, it is told to switch the board off; `alarm` is told if it cannot."""
        if (child := self._child) is not None:
            await self._dismiss("off")
        if not self._over and (child is None or child.said != "off"):
            reason = child.failure if child else "it has ended"
            self._alarm(f"{self._off.name}: its guard could not switch it off: {reason}; cut its power")
        self._over = True

    async def _dismiss(self, word: str) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.tell(word.encode() + b"\n")
        try:
            async with asyncio.timeout(END_S):
                await child.over.wait()
        except TimeoutError:
            pass  # told by what it said, or did not
        finally:
            await child.close()

    def _error(self, reason: str) -> DeviceError:
        return DeviceError(f"{self._off.name}: {reason}")


class GuardProcess:
    """The process, what it is told, and what it says."""

    def __init__(self, fds: tuple[int, ...]) -> None:
        self.said = ""  # last
        self.heard, self.over = asyncio.Event(), asyncio.Event()  # it has said something; or it has ended
        self._partial = b""
        self._loop = asyncio.get_running_loop()
        self._process = subprocess.Popen(
            [sys.executable, "-P", process.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=fds,
            start_new_session=True,  # Ctrl-C, and the end of the terminal, are not for it
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        os.set_blocking(self._stdin.fileno(), False)  # it may be stopped, and the pipe full
        self._loop.add_reader(self._stdout.fileno(), self._readable)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def failure(self) -> str:
        if self.said.startswith("failed "):
            return self.said.removeprefix("failed ")
        return "it has ended" if self.over.is_set() else "it does not answer"

    def tell(self, line: bytes) -> None:
        with suppress(OSError):  # it has ended, which is heard elsewhere; or it is stopped
            os.write(self._stdin.fileno(), line)

    async def close(self) -> None:
        """Of the pipes; it ends when its stdin does."""
        self._loop.remove_reader(self._stdout.fileno())
        self._stdin.close()
        self._stdout.close()
        try:
            async with asyncio.timeout(1.0):
                while self._process.poll() is None:  # noqa: ASYNC110  it is ending; a watcher would need a thread
                    await asyncio.sleep(0.002)
        except TimeoutError:
            pass
        finally:
            if self._process.poll() is None:
                Thread(target=self._process.wait, name="guard's end", daemon=True).start()

    def _readable(self) -> None:
        data = os.read(self._stdout.fileno(), 4096)
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self.said = line.decode(errors="replace")
            self.heard.set()
        if not data:
            self._loop.remove_reader(self._stdout.fileno())
            self.heard.set()
            self.over.set()
