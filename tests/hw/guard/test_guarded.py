"""The guard, with real processes and pseudo-terminals: whatever the miner dies of, the board's off bytes arrive."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import signal
import subprocess
import sys
import time
import tty
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from joulehash.engine.errors import DeviceError
from joulehash.hw.guard import process
from joulehash.hw.guard.guarded import Guard, guarded
from joulehash.hw.guard.plan import LineOff, StickOff
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.ports.pty import PtyEnd
from joulehash.hw.ports.serial import SerialPort
from joulehash.hw.ports.usb_off import UsbOff
from tests.support import guarded_miner
from tests.support.ports import PATIENCE_S, run

pytestmark = pytest.mark.alone

WITHIN_S = 1.0  # the issue's: rails off within a second of the miner's death


class Board:
    """The master of a pseudo-terminal, read without a loop."""

    def __init__(self) -> None:
        self.master, slave = pty.openpty()
        self.path = os.ttyname(slave)
        tty.setraw(slave)
        self._slave = slave  # so that what a guard wrote stays though it has ended

    def read(self, size: int, within_s: float = PATIENCE_S) -> bytes:
        data, end_s = b"", time.monotonic() + within_s
        while len(data) < size and select.select([self.master], [], [], max(0.0, end_s - time.monotonic()))[0]:
            data += os.read(self.master, 100)
        return data

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)


@dataclass
class Miner:
    process: subprocess.Popen[str]
    guard: int

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@contextmanager
def miner(board: Board, end: str, silence_s: float = 10.0) -> Generator[Miner]:
    """Under way: its board is on, its guard ready. In a session of its own, as in a terminal."""
    command = [sys.executable, guarded_miner.__file__, board.path, end, str(silence_s)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert board.read(2) == b"on"
        assert process.stdout is not None
        guard = int(process.stdout.readline())
        yield Miner(process, guard)
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def board() -> Generator[Board]:
    made = Board()
    yield made
    made.close()


def alive(pid: int) -> bool:
    """Running, and no zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # before it is opened, or before it is read
        return False


def until(true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def test_a_miner_that_is_killed_leaves_a_board_that_is_off(board: Board) -> None:
    with miner(board, "alive") as victim:
        victim.process.kill()
        assert board.read(3, WITHIN_S) == b"off"
        until(lambda: not alive(victim.guard))
        _, said = victim.process.communicate(timeout=PATIENCE_S)
        assert said == "joulehash: the miner is dead; board was switched off\n"


def test_signals_to_the_whole_group_and_to_the_guard_do_not_take_it(board: Board) -> None:
    """Ctrl-C, a closed terminal, a kill of all: the guard stays until the miner is gone, and then does its work."""
    with miner(board, "alive") as victim:
        assert os.getsid(victim.guard) == victim.guard
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            os.kill(victim.guard, number)
        time.sleep(0.1)
        assert alive(victim.guard)
        assert board.read(1, 0.1) == b""
        os.killpg(victim.process.pid, signal.SIGKILL)
        assert board.read(3, WITHIN_S) == b"off"
        until(lambda: not alive(victim.guard))


def test_ctrl_c_in_the_group_ends_the_miner_in_its_own_way_and_the_guard_with_it(board: Board) -> None:
    with miner(board, "alive") as victim:
        os.killpg(victim.process.pid, signal.SIGINT)
        assert board.read(3) == b"off"  # asyncio.run cancels the body, which has not said that the board is safe
        until(lambda: not alive(victim.guard))
        _, said = victim.process.communicate(timeout=PATIENCE_S)
        assert "KeyboardInterrupt" in said
        assert "the miner is dead" not in said


def test_after_an_orderly_end_nothing_is_sent(board: Board) -> None:
    with miner(board, "done") as orderly:
        until(lambda: not alive(orderly.guard))
        assert orderly.process.communicate(timeout=PATIENCE_S) == ("", "")
        assert board.read(1, 0.1) == b""


def test_an_exception_in_the_miner_switches_the_board_off(board: Board) -> None:
    with miner(board, "error") as failing:
        assert failing.line() == "ZeroDivisionError()"
        assert board.read(3, WITHIN_S) == b"off"
        assert failing.process.communicate(timeout=PATIENCE_S) == ("", "")


def test_a_miner_that_stands_still_is_as_good_as_dead(board: Board) -> None:
    """Ctrl-Z, or a loop that hangs; when it goes on, it learns what was done."""
    with miner(board, "alive", silence_s=0.5) as stopped:
        time.sleep(0.7)
        assert board.read(1, 0.0) == b"", "while it lives it shows so"
        os.kill(stopped.process.pid, signal.SIGSTOP)
        assert board.read(3, 0.5 + WITHIN_S) == b"off"
        until(lambda: not alive(stopped.guard))
        os.kill(stopped.process.pid, signal.SIGCONT)
        assert "board: the miner stood still for 0.5 s, and its guard acted: it was switched off" in stopped.line()
        _, said = stopped.process.communicate(timeout=PATIENCE_S)
        assert said == "joulehash: the miner is silent; board was switched off\n"


def test_a_guard_that_dies_is_replaced_and_the_miner_hears_of_it(board: Board) -> None:
    with miner(board, "alive") as lucky:
        os.kill(lucky.guard, signal.SIGKILL)
        assert lucky.line() == "board: its guard process ended by itself; another is started"
        assert board.read(1, 0.2) == b""
        time.sleep(0.3)
        lucky.process.kill()
        assert board.read(3, WITHIN_S) == b"off"


# In one process, the rest.


def on_board(folder: Path, body: Callable[[SerialPort, PtyEnd, list[str]], Awaitable[None]]) -> None:
    async def main() -> None:
        far = PtyEnd(str(folder / "board"))
        far.plug()
        port = SerialPort(str(folder / "board"), 115200)
        await port.open()
        try:
            await body(port, far, [])
        finally:
            await port.close()
            far.unplug()

    run(main())


async def replaced(guard: Guard, old: int | None) -> int:
    async with asyncio.timeout(PATIENCE_S):
        while guard.pid in (old, None):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    assert guard.pid is not None
    return guard.pid


def test_guards_that_die_again_and_again_end_the_session(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        off = LineOff("board", port, [(b"off", 0.0)])
        with pytest.raises(DeviceError, match="board: its guard process ended by itself 4 times in 60 s"):  # noqa: PT012
            async with guarded(off, alarms.append) as guard:
                pid: int | None = None
                while True:
                    pid = await replaced(guard, pid)
                    os.kill(pid, signal.SIGKILL)
        again = "board: its guard process ended by itself; another is started"
        assert alarms == [again] * 3 + ["board: its guard could not switch it off: it has ended; cut its power"]

    on_board(tmp_path, body)


def test_done_ends_it_and_the_port_is_free(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        async with guarded(LineOff("board", port, [(b"off", 0.0)]), alarms.append) as guard:
            await guard.done()
            assert guard.pid is None
            await guard.done()
            await port.close()
            await port.open()  # which is refused while anybody holds it
        assert (alarms, far.waiting) == ([], 0)

    on_board(tmp_path, body)


def test_left_without_done_it_switches_off_before_it_is_left(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        with pytest.raises(ZeroDivisionError):
            async with guarded(LineOff("board", port, [(b"", 0.01), (b"off", 0.0)]), alarms.append):
                raise ZeroDivisionError
        async with asyncio.timeout(PATIENCE_S):
            assert (await far.receive())[0] == b"off"
        assert alarms == []

    on_board(tmp_path, body)


def test_a_board_that_is_gone_cannot_be_switched_off_and_that_is_told(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        with pytest.raises(DeviceError, match="unplugged"):  # noqa: PT012
            async with guarded(LineOff("board", port, [(b"off", 0.0)]), alarms.append):
                far.unplug()
                await port.read()
        assert len(alarms) == 1
        assert alarms[0].startswith("board: its guard could not switch it off: ")
        assert alarms[0].endswith("; cut its power")

    on_board(tmp_path, body)


def test_a_port_that_takes_nothing_is_given_up(board: Board) -> None:
    """Full to the brim, for nobody reads: the guard ends all the same, and says so."""

    async def main() -> None:
        port, alarms = SerialPort(board.path, 115200), list[str]()
        await port.open()
        async with guarded(LineOff("board", port, [(b"off", 0.0)]), alarms.append):
            for _ in range(5):  # the kernel moves some on meanwhile
                with pytest.raises(BlockingIOError):  # noqa: PT012
                    while True:
                        os.write(port.fileno() or -1, bytes(4096))
                await asyncio.sleep(0.02)
        assert alarms == ["board: its guard could not switch it off: the port took nothing for 1.5 s; cut its power"]
        await port.close()

    run(main())


def test_a_port_without_a_descriptor_cannot_be_guarded() -> None:
    async def main() -> None:
        cable = Cable("sim:board")
        await cable.host.open()
        with pytest.raises(DeviceError, match="board: sim:board cannot be handed to a guard process; use a local port"):
            async with guarded(LineOff("board", cable.host, []), print):
                pass

    run(main())


def test_a_guard_that_cannot_start_is_an_error_and_none_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("print('failed no reason', flush=True)\n")

    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        monkeypatch.setattr(process, "__file__", str(broken))
        with pytest.raises(DeviceError, match="board: its guard process cannot start: no reason"):
            async with guarded(LineOff("board", port, []), alarms.append):
                pass
        broken.write_text("")
        with pytest.raises(DeviceError, match="board: its guard process cannot start: it has ended"):
            async with guarded(LineOff("board", port, []), alarms.append):
                pass
        assert alarms == []

    on_board(tmp_path, body)


def test_what_the_board_answers_is_read_meanwhile(tmp_path: Path) -> None:
    """A firmware that waits until its answer was taken would not hear the rest."""

    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        far.send(b"unread" * 5000, 115200)  # more than a terminal holds
        async with guarded(LineOff("board", port, [(b"of", 0.1), (b"f", 0.1)]), alarms.append):
            fd = port.fileno()
            assert fd is not None
            asyncio.get_running_loop().remove_reader(fd)  # the miner reads no more
            far.send(b"unread" * 5000, 115200)
        assert alarms == []
        far.send(b"", 115200)
        assert not far._outbox  # pyright: ignore[reportPrivateUsage]

    on_board(tmp_path, body)


def test_cancelled_it_still_switches_off(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd, alarms: list[str]) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), guarded(LineOff("board", port, [(b"off", 0.0)]), alarms.append):
                await asyncio.sleep(60)
        async with asyncio.timeout(PATIENCE_S):
            assert (await far.receive())[0] == b"off"

    on_board(tmp_path, body)


def test_a_stick_that_is_not_there_cannot_be_guarded() -> None:
    async def main() -> None:
        with pytest.raises(DeviceError, match="stick: its guard process cannot start: "):
            async with guarded(StickOff("stick", "99-99", UsbOff(())), print):
                pass

    run(main())
