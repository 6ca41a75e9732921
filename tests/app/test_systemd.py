"""What systemd is told, at a socket of our own where it would listen; and the unit, which systemd itself reads."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from joulehash.app import unit as units
from joulehash.app.systemd import Systemd
from joulehash.app.unit import install, unit
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError

ANALYZE = shutil.which("systemd-analyze")


@contextmanager
def listening(address: str) -> Generator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        sock.settimeout(20.0)
        yield sock


def heard(sock: socket.socket) -> list[list[str]]:
    """All that waits."""
    sock.setblocking(False)
    told = list[list[str]]()
    while True:
        try:
            told.append(sock.recv(4096).decode().splitlines())
        except BlockingIOError:
            return told


@pytest.mark.parametrize("abstract", [True, False])
def test_it_is_told_at_the_socket_that_it_names(abstract: bool, tmp_path: Path) -> None:
    address = f"@joulehash-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with listening(address) as sock:
        systemd = Systemd.of({"NOTIFY_SOCKET": address})
        systemd.ready()
        systemd.reloading()
        systemd.stopping()
        ready, (reloading, clock), stopping = heard(sock)
    assert (ready, reloading, stopping) == (["READY=1"], "RELOADING=1", ["STOPPING=1"])
    assert clock.startswith("MONOTONIC_USEC=")
    assert int(clock.partition("=")[2]) > 0


def test_it_beats_twice_as_often_as_it_is_wanted_to(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")

    async def main() -> None:
        systemd = Systemd.of({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid())})
        beating = asyncio.create_task(systemd.beat(lambda: "38 MH/s\nREADY=0"))
        await asyncio.sleep(19.0)
        beating.cancel()

    with listening(address) as sock:
        run_virtual(main())
        told = heard(sock)
    assert len(told) == 10
    assert all(lines[0] == "WATCHDOG=1" for lines in told)
    assert [lines[1:] for lines in told if lines[1:]] == [["STATUS=38 MH/s READY=0"]] * 2, "one line, whatever it holds"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"WATCHDOG_USEC": "1000000"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/nowhere/at/all", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_where_nobody_listens_nothing_fails_and_nothing_hangs(environment: dict[str, str]) -> None:
    async def main() -> None:
        systemd = Systemd.of(environment)
        systemd.ready()
        with suppress(TimeoutError):  # outside of systemd it ends at once
            await asyncio.wait_for(systemd.beat(lambda: "well"), 100.0)
        assert asyncio.get_running_loop().time() == (100.0 if environment.get("NOTIFY_SOCKET") else 0.0)

    run_virtual(main())


def test_a_miner_tells_that_it_is_ready_lives_and_stops(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    environment = {**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "400000"}
    command = [sys.executable, "-m", "joulehash", "mine", "--threads", "1"]
    with listening(address) as sock:
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as miner:
            told = [sock.recv(4096).decode() for _ in range(5)]
            miner.send_signal(signal.SIGTERM)
            assert miner.wait(20) == 0
        told += ["\n".join(lines) for lines in heard(sock)]
    assert "READY=1" in told[:2]
    assert sum("WATCHDOG=1" in text for text in told) >= 3
    assert any("STATUS=" in text and "A 0" in text for text in told)
    assert told[-1] == "STOPPING=1"


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_itself_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    assert ANALYZE is not None
    path = tmp_path / "joulehash.service"
    path.write_text(unit(group="dialout"), encoding="utf-8")
    done = subprocess.run([ANALYZE, "verify", "--man=no", str(path)], check=False, capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "joulehash.service" in line] == []
    assert done.returncode == 0


def test_the_unit_is_installed_and_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, record = tmp_path / "joulehash.service", tmp_path / "record"
    monkeypatch.setattr(units, "_RELOAD", ("sh", "-c", f"echo reloaded >> {record}"))
    (said,) = install(path)
    assert str(path) in said
    assert "systemctl enable --now joulehash" in said
    assert f'"{sys.executable}" -P -m joulehash mine --config /etc/joulehash.toml' in path.read_text(encoding="utf-8")
    assert record.read_text(encoding="utf-8") == "reloaded\n"
    monkeypatch.setattr(units, "_RELOAD", ("no-such-systemctl",))
    assert install(path)[-1] == "systemd does not answer to no-such-systemctl"
    with pytest.raises(InputError, match="this system has no systemd"):
        install(tmp_path / "nowhere" / "joulehash.service")
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(InputError, match="systemd is Linux's; on darwin"):
        install(path)
