"""`joulehash` as a user runs it: a process of its own, whose JSON lines are read as they come."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

Event = dict[str, Any]


class Command:
    """Started on construction; use `with`, which ends it whatever happens."""

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self.events: list[Event] = []
        self.times: list[float] = []  # when each came, by time.monotonic()
        self._unread: queue.Queue[Event | None] = queue.Queue()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "joulehash", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, kind: str, accept: Callable[[Event], bool] = lambda _: True, timeout_s: float = 60) -> Event:
        """The next event of a kind. AssertionError when the process ends before it, or takes longer than that."""
        while True:
            try:
                event = self._unread.get(timeout=timeout_s)
            except queue.Empty:
                raise AssertionError(f"no {kind} in {timeout_s} s; last: {self.events[-3:]}") from None
            if event is None:
                raise AssertionError(f"it ended before {kind}: {self.end()}")
            if event.get("event") == kind and accept(event):
                return event

    def wait_until(self, enough: Callable[[list[Event]], object], timeout_s: float = 60) -> None:
        """Until that is true of all events so far. AssertionError as `wait_for`."""
        end_s = time.monotonic() + timeout_s
        while not enough(self.events):
            if self._process.poll() is not None:
                raise AssertionError(f"it ended before there was enough: {self.end()}")
            if time.monotonic() > end_s:
                raise AssertionError(f"not enough in {timeout_s} s; last: {self.events[-3:]}")
            time.sleep(0.1)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, timeout_s: float = 60) -> tuple[int, str]:
        """Wait for its end: exit code and what it wrote to stderr."""
        assert self._process.stderr is not None
        code = self._process.wait(timeout_s)
        self._reader.join(5)
        return code, self._process.stderr.read()

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(10)
        self._reader.join(5)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event = json.loads(line)
            self.times.append(time.monotonic())
            self.events.append(event)
            self._unread.put(event)
        self._unread.put(None)


def run(*arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    """To its end."""
    return subprocess.run(
        [sys.executable, "-m", "joulehash", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def guards(miner: int) -> list[int]:
    """Process ids of the guards that a process has started."""
    command = ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(miner)]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)  # it has no child: exit code 1
    return [int(line.split()[0]) for line in listed.stdout.splitlines() if "guard/process.py" in line]
