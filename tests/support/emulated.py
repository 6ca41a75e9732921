"""The C kernels on a CPU that is not here: cross-compiled for 64-bit ARM and run under QEMU, as rows like any other.

emulated.c is the other side. One process serves all scans, each in a thread of its own, and each through a file that
both map; what a caller shares with its scan while it runs, stop flag and first hits, is carried over every millisecond.
It proves what the instructions compute. What an emulator does not tell: how fast they are, and what silicon does else.
"""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
from array import array
from collections.abc import Sequence
from itertools import count as counter
from pathlib import Path
from threading import Event, Lock, Thread
from typing import NoReturn, Self

from joulehash.ext.arguments import check
from joulehash.ext.kernels import Kernel
from tests.support.compilers import ENVIRONMENT, SANITIZE, SOURCES, compiled, run, tool

GCC = ("aarch64-linux-gnu-gcc", "-march=armv8-a")  # no SHA instructions but where the source asks for them
CLANG = ("clang", "--target=aarch64-linux-gnu", "-march=armv8-a")

JOB = struct.Struct("=iII3III4Q")  # stop kernel n_midstates tail first top_word count cap n_hits done
STOP, RESULT = struct.Struct("=i"), struct.Struct("=2Q")  # what stands first in it, and last
GUARD = b"\xde\xad\xbe\xef" * 16
FRONT = 64  # bytes of hits that a caller sees while the scan runs
MIRROR_S = 0.001
GUEST = ENVIRONMENT | {"ASAN_OPTIONS": "detect_leaks=0"}  # leaks are looked for by means that QEMU has not


def build(folder: Path, compiler: Sequence[str] = GCC, *flags: str) -> list[str]:
    """The command that runs the server under the emulator. Without flags, it is built with the
    sanitizers under `make sanitize`, and else as joulehash is."""
    emulator = tool("qemu-aarch64", "qemu-aarch64-static")
    sanitized = not flags and bool(os.environ.get("JOULEHASH_SANITIZE"))
    flags = flags or (("-O1", *SANITIZE) if sanitized else ("-O3",))
    objects = compiled([*compiler, *flags], [*SOURCES, Path(__file__).with_suffix(".c")], folder)
    server, linker = folder / "server", tool(GCC[0])
    run([linker, *(SANITIZE if sanitized else ["-static"]), *objects, "-pthread", "-o", server])
    libraries = Path(run([linker, "-print-file-name=libc.so.6"]).strip()).resolve().parents[1]
    return [emulator, "-L", str(libraries), str(server)]


class EmulatorDied(Exception):
    """It ended while scans ran; the message is what it wrote to standard error."""


class Emulator:
    """A server, started; `with` ends it. `lanes` has the C kernels in their order: 0 where one does not run."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self._folder, self._lock, self._number = folder, Lock(), counter()
        self._waiting: dict[str, Event] = {}
        self._dead = False
        with (folder / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, env=GUEST, cwd=folder
            )
        assert self._process.stdin
        assert self._process.stdout
        self._jobs, self._ended = self._process.stdin, self._process.stdout
        self.lanes = self._read_lanes()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._reader.join(10)
        self._jobs.close()
        self._ended.close()
        self._process.wait(10)

    def row(self, name: str) -> Kernel:
        """A row like those of the kernel table."""
        missing = None if self.lanes[name] else f"the emulated CPU does not run {name}"
        scan = _Scan(self, name, self.lanes[name])
        return Kernel(f"{name} under emulation", scan.lanes, "", lambda: scan, lambda: missing)

    def new_job(self) -> Path:
        with self._lock:
            return self._folder / f"job{next(self._number)}"

    def start(self, job: Path) -> Event:
        """Scan the job; the event is set when that has ended, or the emulator."""
        ended = Event()
        with self._lock:
            if self._dead:
                self._died()
            self._waiting[str(job)] = ended
            self._jobs.write(f"{job}\n".encode())
            self._jobs.flush()
        return ended

    def check_alive(self) -> None:
        if self._dead:
            self._died()

    def _read_lanes(self) -> dict[str, int]:
        rows: list[list[str]] = []
        while words := self._ended.readline().decode().split():
            rows.append(words)
        if not rows:
            self._died()
        return {name: int(lanes) * int(runs) for name, lanes, runs in rows}

    def _died(self) -> NoReturn:
        status = self._process.wait(10)
        raise EmulatorDied(f"exit status {status}: {(self._folder / 'stderr').read_text()}")

    def _read(self) -> None:
        for line in self._ended:
            with self._lock:
                self._waiting.pop(line.decode().strip()).set()
        with self._lock:
            self._dead = True
            for ended in self._waiting.values():
                ended.set()


class _Scan:
    """The contract is joulehash.ext.kernels.ScanFn."""

    def __init__(self, emulator: Emulator, name: str, lanes: int) -> None:
        self.lanes = lanes
        self._emulator, self._name = emulator, name
        self._index = list(emulator.lanes).index(name)

    def __call__(
        self,
        midstates: array[int],
        tail: array[int],
        first: int,
        count: int,
        top_word: int,
        hits: array[int],
        stop: array[int],
    ) -> tuple[int, int]:
        n_midstates = check(self._name, self.lanes, midstates, tail, first, count, top_word, hits, stop)
        room = memoryview(hits).cast("B")
        job = JOB.pack(stop[0], self._index, n_midstates, *tail, first, top_word, count, len(hits) // 2, 0, 0)
        path = self._emulator.new_job()
        path.write_bytes(b"".join((job, midstates, GUARD, room, GUARD)))
        try:
            with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as shared:
                ended = self._emulator.start(path)
                _mirror(ended, shared, JOB.size + 32 * n_midstates + len(GUARD), room, stop)
                self._emulator.check_alive()
                n_hits, done = RESULT.unpack_from(shared, JOB.size - RESULT.size)
        finally:
            path.unlink()
        return n_hits, done


def _mirror(ended: Event, shared: mmap.mmap, at: int, room: memoryview, stop: array[int]) -> None:
    """Until the scan has ended, carry the flag there and the first hits here; then all the hits."""
    front = min(FRONT, len(room))
    while not ended.wait(MIRROR_S):
        shared[:4] = STOP.pack(stop[0])
        room[:front] = shared[at : at + front]
    room[:] = shared[at : at + len(room)]
    guards = shared[at - len(GUARD) : at], shared[at + len(room) :]
    assert guards == (GUARD, GUARD), "the kernel wrote where no hits belong"
