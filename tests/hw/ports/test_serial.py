"""Serial lines: opening them, and what a refusal says; DTR and RTS; the change of speed. test_port.py has the rest."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import termios
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial
from serial import serialposix

from joulehash.engine.errors import DeviceError
from joulehash.hw.ports import serial as module
from joulehash.hw.ports.pty import PtyEnd
from joulehash.hw.ports.serial import ADAPTER_BYTES, SerialPort
from tests.support.ports import PATIENCE_S, TcpEnd, hurry_pyserial, open_files, run


def on_pty(folder: Path, body: Callable[[SerialPort, PtyEnd], Awaitable[None]]) -> None:
    async def main() -> None:
        far = PtyEnd(str(folder / "board"))
        far.plug()
        port = SerialPort(str(folder / "board"), 115200)
        try:
            await body(port, far)
        finally:
            await port.close()
            far.unplug()

    run(main())


async def refusal(port: SerialPort) -> str:
    with pytest.raises(DeviceError) as caught:
        await port.open()
    return str(caught.value)


def refusing(number: int) -> SimpleNamespace:
    """Of `os`: all of it, but nothing can be opened."""

    def refuse(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return SimpleNamespace(**{**vars(os), "open": refuse})


def test_what_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    path = str(tmp_path / "ttyACM0")
    port = SerialPort(path, 115200)
    assert asyncio.run(refusal(port)) == f"{path}: is not there; plug it in (`joulehash boards` lists what is)"


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"")
    text = asyncio.run(refusal(SerialPort(str(path), 115200)))
    assert text.startswith(f"{path}: cannot be opened: ")
    assert text.endswith("is it a serial port?")


def test_a_url_without_a_handler_is_said_to_be() -> None:
    assert "cannot be opened: invalid URL" in asyncio.run(refusal(SerialPort("nonsense://here", 115200)))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_without_permission_the_remedy_is_named(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ttyUSB0"
    path.write_bytes(b"")

    monkeypatch.setattr(serialposix, "os", refusing(number))
    text = asyncio.run(refusal(SerialPort(str(path), 115200)))
    assert "no permission; run `joulehash doctor --install-udev`, or join its group: sudo usermod -aG " in text


def test_the_group_is_that_of_the_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ttyUSB0"
    path.write_bytes(b"")
    for name, said in [("uucp", "uucp"), ("root", "dialout")]:

        def group(number: int, name: str = name) -> SimpleNamespace:
            return SimpleNamespace(gr_name=name)

        monkeypatch.setattr(module, "grp", SimpleNamespace(getgrgid=group))
        monkeypatch.setattr(serialposix, "os", refusing(errno.EACCES))
        assert f"usermod -aG {said} " in asyncio.run(refusal(SerialPort(str(path), 9600)))


def test_held_by_another_program_it_is_refused_and_so_is_what_comes_after_us(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd) -> None:
        other = os.open(str(tmp_path / "board"), os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as other miners do
        files = open_files()
        assert "another program holds it; end that first (`fuser -v " in await refusal(port)
        assert open_files() == files
        os.close(other)
        await port.open()
        other = os.open(str(tmp_path / "board"), os.O_RDWR | os.O_NOCTTY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)

    on_pty(tmp_path, body)


def test_a_device_marked_exclusive_is_held_by_another_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serialposix, "os", refusing(errno.EBUSY))
    assert "another program holds it" in asyncio.run(refusal(SerialPort("/dev/ttyS9", 115200)))


def test_a_device_that_is_no_pseudo_terminal_is_marked_exclusive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def body(port: SerialPort, far: PtyEnd) -> None:
        await port.open()

    def name(fd: int) -> str:
        return "/dev/ttyACM0"

    def ioctl(fd: int, request: int) -> None:
        asked.append(request)

    monkeypatch.setattr(module, "os", SimpleNamespace(ttyname=name))
    monkeypatch.setattr(module, "fcntl", SimpleNamespace(ioctl=ioctl))
    on_pty(tmp_path, body)
    assert asked == [termios.TIOCEXCL]


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")
@pytest.mark.parametrize(("dtr", "rts"), [(False, True), (True, False), (False, False)])
def test_dtr_and_rts_have_never_another_state_than_that_asked_for(
    dtr: bool, rts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told by an RFC 2217 server, which writes down each change; they come before a byte can."""
    hurry_pyserial(monkeypatch)

    async def main() -> None:
        far = TcpEnd(telnet=True)
        await far.settled()
        port = SerialPort(f"rfc2217://127.0.0.1:{far.number}", 115200, dtr=dtr, rts=rts)
        await port.open()
        port.write(b"x")
        async with asyncio.timeout(PATIENCE_S):
            await far.receive()
        assert [event for event in far.events if event[0] in ("dtr", "rts")] == [("dtr", dtr), ("rts", rts)]
        await port.close()
        far.unplug()
        await far.settled()

    run(main())


def test_dtr_and_rts_are_set_on_a_device_before_anything_else_can_use_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pseudo-terminal has none, so it is seen where pyserial sets them: in open()."""
    seen: list[tuple[str, bool, bool]] = []

    def note(name: str) -> Callable[[serial.Serial], None]:
        return lambda line: seen.append((name, line.is_open, getattr(line, name)))

    monkeypatch.setattr(serial.Serial, "_update_dtr_state", note("dtr"))
    monkeypatch.setattr(serial.Serial, "_update_rts_state", note("rts"))

    async def main() -> None:
        far = PtyEnd(str(tmp_path / "board"))
        far.plug()
        port = SerialPort(str(tmp_path / "board"), 115200, dtr=False, rts=False)
        await port.open()
        await port.close()
        far.unplug()

    run(main())
    assert seen == [("dtr", False, False), ("rts", False, False)]


def test_a_change_of_speed_leaves_time_to_what_the_adapter_holds(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd) -> None:
        loop = asyncio.get_running_loop()
        await port.open()
        before_s = loop.time()
        await port.set_baud(1_041_700)
        assert loop.time() - before_s >= ADAPTER_BYTES * 10 / 115200
        assert (port.baud, far.baud) == (1_041_700, 1_041_700)

    on_pty(tmp_path, body)


def test_cancelled_while_it_opens_it_is_closed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = serial.Serial.open

    def late(line: serial.Serial) -> None:
        time.sleep(0.05)
        slow(line)

    monkeypatch.setattr(serial.Serial, "open", late)

    async def body(port: SerialPort, far: PtyEnd) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await port.open()
        async with asyncio.timeout(PATIENCE_S):
            while True:  # until the first has let go of it
                try:
                    await port.open()
                    break
                except DeviceError:
                    await asyncio.sleep(0.01)

    on_pty(tmp_path, body)


def test_its_descriptor_is_there_for_a_child_while_it_is_open(tmp_path: Path) -> None:
    async def body(port: SerialPort, far: PtyEnd) -> None:
        assert port.fileno() is None
        await port.open()
        fd = port.fileno()
        assert fd is not None
        os.write(fd, b"by the descriptor")
        async with asyncio.timeout(PATIENCE_S):
            assert await far.receive() == (b"by the descriptor", 115200)
        far.unplug()
        with pytest.raises(DeviceError):
            await port.read()
        assert port.fileno() is None

    on_pty(tmp_path, body)
