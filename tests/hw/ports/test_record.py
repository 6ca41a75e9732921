"""A recording: one JSON line for each thing that happens on the wire, bounded, and there though all else fails."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError, InputError
from joulehash.hw.ports.pipe import Cable
from joulehash.hw.ports.record import Recorder


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_all_that_happens_is_written_with_its_time(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"

    async def main() -> None:
        await asyncio.sleep(100)
        cable, recorder = Cable("board"), Recorder(str(path))
        port = recorder.port(cable.host)
        await asyncio.sleep(0.5)
        await port.open()
        port.write(b"\x55\xaa")
        await port.drain()
        await asyncio.sleep(0.25)
        cable.send(b"\xaa\x55", 115200)
        assert await port.read() == b"\xaa\x55"
        await port.set_baud(1_000_000)
        await port.close()
        await port.close()
        recorder.close()

    run_virtual(main())
    assert lines(path) == [
        {"t": 0.5, "port": "board", "dir": "open"},
        {"t": 0.5, "port": "board", "dir": "out", "hex": "55aa"},
        {"t": 0.75, "port": "board", "dir": "in", "hex": "aa55"},
        {"t": 0.75, "port": "board", "dir": "baud", "baud": 1_000_000},
        {"t": 0.75, "port": "board", "dir": "close"},
    ]


def test_a_loss_stands_there_once_and_so_does_an_opening_that_was_refused(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"

    async def main() -> None:
        cable, recorder = Cable("board"), Recorder(str(path))
        port = recorder.port(cable.host)
        await port.open()
        with pytest.raises(DeviceError, match="open already"):
            await port.open()
        cable.unplug()
        for _ in range(2):
            with pytest.raises(DeviceError):
                await port.read()
            with pytest.raises(DeviceError):
                port.write(b"x")
        await port.close()
        with pytest.raises(DeviceError):
            await port.open()
        recorder.close()

    run_virtual(main())
    assert [(line["dir"], line.get("error")) for line in lines(path)] == [
        ("open", None),
        ("lost", "board: was unplugged; plug it in again"),
        ("refused", "board: is not there; plug it in"),
    ]


def test_what_was_recorded_is_in_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"

    async def main() -> None:
        recorder = Recorder(str(path))
        recorder.write("board", "out", b"x")
        assert len(lines(path)) == 1
        recorder.close()

    run_virtual(main())


def test_several_ports_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"

    async def main() -> None:
        recorder = Recorder(str(path))
        for name in ("control", "data"):
            await recorder.port(Cable(name).host).open()
        recorder.close()

    run_virtual(main())
    assert [line["port"] for line in lines(path)] == ["control", "data"]


def test_it_ends_at_its_limit_and_the_port_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "wire.jsonl"

    async def main() -> None:
        cable, recorder = Cable("board"), Recorder(str(path), limit_bytes=500)
        port = recorder.port(cable.host)
        await port.open()
        for _ in range(20):
            port.write(b"0123456789")
        assert recorder.ended == f"--record {path}: ended at its limit; record for a shorter time"
        assert len((await cable.receive())[0]) == 200
        recorder.close()

    run_virtual(main())
    assert 400 < path.stat().st_size <= 500
    assert lines(path)


@pytest.mark.parametrize("written", [0, 5, None])
def test_on_a_full_disk_it_ends_and_the_port_goes_on(
    written: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(fd: int, data: bytes) -> int:
        if written is None:
            raise OSError(28, "No space left on device")
        return written

    async def main() -> None:
        cable, recorder = Cable("board"), Recorder(str(tmp_path / "wire.jsonl"))
        port = recorder.port(cable.host)
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", write)
            await port.open()
        assert recorder.ended
        port.write(b"goes on")
        assert (await cable.receive())[0] == b"goes on"

    run_virtual(main())


def test_a_file_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    path = os.path.join(tmp_path, "nowhere", "wire.jsonl")

    async def main() -> None:
        with pytest.raises(InputError, match=f"--record {path}: no such file or directory; name a file"):
            Recorder(path)

    run_virtual(main())
