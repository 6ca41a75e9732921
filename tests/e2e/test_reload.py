"""A miner whose configuration changes while it runs, as a user does it: in files, by a signal, over TCP."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.command import Command, Event


def pool(stack: ExitStack) -> str:
    served = stack.enter_context(Command("pool", "--listen", "127.0.0.1:0", "--json"))
    told = served.wait_for("note", lambda event: "listening on" in str(event["text"]))
    return str(told["text"]).split()[2].rstrip(",")


def tables(*urls: str, devices: str = '"cpu"') -> str:
    pools = "".join(f'[[mine.pool]]\nurl = "{url}"\nuser = "joe"\n' for url in urls)
    return f"[mine]\nthreads = 1\ndevice = [{devices}]\n{pools}"


def note(*words: str) -> Callable[[Event], bool]:
    return lambda event: all(word in str(event["text"]) for word in words)


@pytest.mark.long
@pytest.mark.alone
def test_pools_and_devices_change_and_no_share_is_lost(tmp_path: Path) -> None:
    file = tmp_path / "joulehash.toml"
    with ExitStack() as stack:
        first, second = pool(stack), pool(stack)
        file.write_text(tables(first), encoding="utf-8")
        miner = stack.enter_context(Command("mine", "--config", str(file), "--json"))
        miner.wait_for("share", lambda event: event["pool"] == first)

        file.write_text(tables(second, devices='"cpu", "sim:bitaxe-gamma"'), encoding="utf-8")
        miner.wait_for("note", note("is read, and in force"))
        miner.wait_for("share", lambda event: (event["pool"], event["device"]) == (second, "cpu"))
        miner.wait_for("share", lambda event: (event["pool"], event["device"]) == (second, "sim:bitaxe-gamma"))

        file.write_text("[mine]\nthreads = 0.5\n", encoding="utf-8")
        miner.signal(signal.SIGHUP)
        miner.wait_for("note", note("threads", "all goes on as it was"))
        file.write_text(tables(second, devices='"sim:bitaxe-gamma"') + "quota = 1\n", encoding="utf-8")
        miner.signal(signal.SIGHUP)
        miner.wait_for("note", note("is read, and in force"))
        miner.wait_for("share", lambda event: event["device"] == "sim:bitaxe-gamma")

        miner.signal(signal.SIGINT)
        summary = miner.wait_for("summary")
        assert miner.end() == (0, "")
    assert {device["name"] for device in summary["devices"]} == {"cpu", "sim:bitaxe-gamma"}
    assert (summary["rejected"], summary["lost"], summary["pending"], summary["hardware_errors"]) == (0, 0, 0, 0)
    assert {one["name"]: one["accepted"] > 0 for one in summary["pools"]} == {first: True, second: True}
    assert not [event for event in miner.events if event["event"] in ("crash", "device_failed")]
