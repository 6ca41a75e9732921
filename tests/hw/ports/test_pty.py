"""The board's end of a pseudo-terminal, with plain programs at the other."""

from __future__ import annotations

import asyncio
import os
import tty
from pathlib import Path

import pytest
import serial

from joulehash.engine.errors import InputError
from joulehash.hw.ports.port import READ_LIMIT
from joulehash.hw.ports.pty import PtyEnd
from tests.support.ports import PATIENCE_S, run


async def received(far: PtyEnd, size: int) -> bytes:
    data = bytearray()
    async with asyncio.timeout(PATIENCE_S):
        while len(data) < size:
            data += (await far.receive())[0]
    return bytes(data)


def test_a_host_may_close_it_and_come_back(tmp_path: Path) -> None:
    path = str(tmp_path / "board")

    async def main() -> None:
        far = PtyEnd(path)
        far.plug()
        for baud in (115200, 9600, 1_041_700):
            with serial.Serial(path, baud, timeout=PATIENCE_S) as host:
                host.write(b"hello")
                assert await received(far, 5) == b"hello"
                assert far.baud == baud
                far.send(b"\x00\x03\x11\x13\x7f\xff\n", baud)
                assert host.read(7) == b"\x00\x03\x11\x13\x7f\xff\n"
            await asyncio.sleep(0.05)
            far.send(b"to nobody", baud)
        far.unplug()

    run(main())


def test_what_a_host_wrote_before_it_was_gone_arrives(tmp_path: Path) -> None:
    """As a guard does: opens, writes, ends."""
    path = str(tmp_path / "board")

    async def main() -> None:
        far = PtyEnd(path)
        far.plug()
        for text in (b"off", b"off again"):
            fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
            os.write(fd, text)
            os.close(fd)
            assert await received(far, len(text)) == text
        far.unplug()

    run(main())


def test_it_is_raw_from_the_start(tmp_path: Path) -> None:
    """For programs that set nothing: no echo, no lines, no signals."""
    path = str(tmp_path / "board")

    async def main() -> None:
        far = PtyEnd(path)
        far.plug()
        assert far.baud == 115200
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"\r\n\x03\x04no line")
        assert await received(far, 11) == b"\r\n\x03\x04no line"
        far.send(b"\r\x03\x04", 115200)
        assert os.read(fd, 100) == b"\r\x03\x04"
        os.close(fd)
        far.unplug()

    run(main())


def test_a_host_that_does_not_read_loses_what_is_too_much(tmp_path: Path) -> None:
    path = str(tmp_path / "board")

    async def main() -> None:
        far = PtyEnd(path)
        far.plug()
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        for _ in range(64):
            far.send(bytes(READ_LIMIT // 16), 115200)
            await asyncio.sleep(0)
        assert far.dropped >= 2 * READ_LIMIT
        os.close(fd)
        await asyncio.sleep(0.05)
        fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(fd)  # flushes, as hosts do when they open it
        far.send(b"fresh", 115200)
        await asyncio.sleep(0.01)
        assert os.read(fd, 100) == b"fresh"
        os.close(fd)
        far.unplug()

    run(main())


def test_the_link_is_made_replaced_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "board"
    path.symlink_to("/dev/pts/999999")  # a run that was killed has left it

    async def main() -> None:
        far = PtyEnd(str(path))
        far.plug()
        far.plug()
        assert path.readlink() != Path("/dev/pts/999999")
        far.unplug()
        far.unplug()
        assert not path.is_symlink()
        far.plug()
        path.unlink()
        path.symlink_to("/dev/pts/999999")  # another's by now
        far.unplug()
        assert path.is_symlink()

    run(main())


@pytest.mark.parametrize("kind", ["file", "link", "folder that is none"])
def test_what_is_not_ours_is_left_alone(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "board"
    if kind == "file":
        path.write_bytes(b"precious")
    elif kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path = tmp_path / "nowhere" / "board"

    async def main() -> None:
        with pytest.raises(InputError, match=f"--pty {path}: .*; give a path"):
            PtyEnd(str(path)).plug()

    run(main())
    assert kind != "file" or path.read_bytes() == b"precious"
