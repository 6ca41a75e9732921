from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from joulehash.app import udev
from joulehash.app import unit as units
from joulehash.app.cli import run
from joulehash.app.commands import doctor
from joulehash.ext import kernels
from joulehash.ext.kernels import ENVIRONMENT, KERNELS, Kernel, measured
from joulehash.hw import find
from joulehash.hw.find import Recognised
from joulehash.hw.ports import libusb

WIDTH = 80


@pytest.fixture(autouse=True)
def whole_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody wishes for a kernel; libusb, which pip does not bring, is there; and nothing is plugged in."""
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.setattr(libusb, "default_backend", object)
    monkeypatch.setattr(find, "plugged_in", list[Recognised])


def findings(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    """By kernel, of a run before."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {line["name"]: line for line in lines if line["topic"] == "kernel"}


def use(monkeypatch: pytest.MonkeyPatch, *rows: Kernel) -> None:
    monkeypatch.setattr(kernels, "KERNELS", {row.name: row for row in rows})


def lacking(name: str, reason: str) -> Kernel:
    return replace(KERNELS["portable"], name=name, missing=lambda: reason)


def blind(*_: Any, **__: Any) -> tuple[int, int]:
    return 0, 1


def test_it_names_every_kernel_and_says_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "OPTIONAL", {"no_such_library": "nothing at all"})
    assert run(["doctor", "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {f["name"] for f in lines if f["topic"] == "kernel"} == {*KERNELS, "default"}
    missing = [f for f in lines if f["ok"] is False]
    assert missing[-1]["name"] == "no_such_library"
    assert missing[-1]["remedy"] == "pip install no_such_library"


def test_on_a_whole_installation_nothing_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert not [line for line in lines if line.startswith("missing")]
    assert [line for line in lines if len(line) > WIDTH] == []
    (default,) = (line for line in lines if " default " in line)
    assert f" {measured().kernel.name}, the fastest here" in default


def test_it_tells_the_rate_of_each_kernel_that_was_measured(capsys: pytest.CaptureFixture[str]) -> None:
    run(["doctor", "--json"])
    told = {name for name, line in findings(capsys).items() if "H/s; " in line["detail"]}
    assert told == set(measured().rates_hps)


@pytest.mark.parametrize("name", KERNELS)
def test_a_row_with_a_rate_has_room_in_a_terminal(name: str) -> None:
    assert len(f"{'missing':<7} {'kernel':<7} {name:<9} 99.9 MH/s; {KERNELS[name].about}") <= WIDTH


def test_a_kernel_that_fails_its_self_test_is_a_fault_and_not_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    liar = replace(KERNELS["portable"], name="liar", load=lambda: blind)
    use(monkeypatch, liar, KERNELS["portable"])
    assert run(["doctor", "--json"]) == 1
    told = findings(capsys)
    assert told["liar"]["ok"] is False
    assert "fails its self-test on block 1: it must not be used" in told["liar"]["detail"]
    assert told["default"]["detail"].startswith("portable, ")


def test_where_all_fail_there_is_no_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, replace(KERNELS["portable"], load=lambda: blind))
    assert run(["doctor", "--json"]) == 1
    told = findings(capsys)
    assert [line["ok"] for line in told.values()] == [False, False]
    assert told["default"]["detail"] == "none can be used here"


def test_what_a_cpu_has_not_is_no_fault(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "this CPU has no AVX-512F"
    use(monkeypatch, lacking("avx512", reason), KERNELS["portable"])
    assert run(["doctor"]) == 0
    assert f"-       kernel  avx512    {reason}" in capsys.readouterr().out.splitlines()


def test_what_only_the_compiler_has_not_can_be_had(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, lacking("avx2", "the compiler has none"), KERNELS["portable"])
    assert run(["doctor", "--json"]) == 1
    avx2 = findings(capsys)["avx2"]
    assert (avx2["ok"], avx2["remedy"]) == (False, "build joulehash with a newer gcc or clang")


def test_the_environment_names_the_default(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, "reference")
    assert run(["doctor", "--json"]) == 0
    assert findings(capsys)["default"]["detail"] == f"reference, which {ENVIRONMENT} forces"
    monkeypatch.setenv(ENVIRONMENT, "abacus")
    assert run(["doctor", "--json"]) == 1
    assert "kernel 'abacus' is unknown" in findings(capsys)["default"]["detail"]


def others(capsys: pytest.CaptureFixture[str], topic: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line for line in lines if line["topic"] == topic]


@pytest.mark.parametrize("there", [True, False])
def test_it_tells_whether_sticks_can_be_driven(
    there: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libusb, "default_backend", lambda: object() if there else None)
    assert run(["doctor", "--json"]) == (0 if there else 1)
    (finding,) = others(capsys, "usb")
    assert (finding["ok"], finding["remedy"]) == (there, "" if there else libusb.REMEDY)


def test_it_tells_which_boards_may_not_be_opened(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mine, other = str(tmp_path / "ttyACM0"), str(tmp_path / "ttyUSB0")
    plugged = [
        Recognised("bitaxe-gamma", {}, "strings", files=(mine, other)),
        Recognised(None, {}, "an id", "say which", files=(other,)),
    ]

    def plugged_in() -> list[Recognised]:
        return plugged

    def access(path: str, mode: int) -> bool:
        return path == mine

    monkeypatch.setattr(find, "plugged_in", plugged_in)
    monkeypatch.setattr("os.access", access)
    assert run(["doctor", "--json"]) == 1
    found = others(capsys, "board")
    assert [(each["name"], each["ok"]) for each in found] == [
        ("bitaxe-gamma", True),
        ("bitaxe-gamma", False),
        ("unknown", None),
    ]
    assert found[1]["detail"] == f"{other} may not be opened"
    assert [each["remedy"] for each in found] == ["", *["joulehash doctor --install-udev"] * 2]


def refused(path: Path = udev.RULES_PATH) -> list[str]:
    raise PermissionError(13, "Permission denied", str(path))


def test_who_is_not_root_gets_the_rules_and_what_to_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udev, "install", refused)
    assert run(["doctor", "--install-udev"]) == 1
    said = capsys.readouterr()
    assert said.out == udev.rules(udev.serial_group())
    assert said.err == f"{udev.RULES_PATH} takes root to write; run: {udev.COMMAND}\n"
    assert run(["doctor", "--install-udev", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["installed"], told["command"], told["text"]) == (False, udev.COMMAND, said.out)


def test_root_gets_them_installed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(udev, "install", lambda: ["written", "boards may be used now"])
    assert run(["doctor", "--install-udev"]) == 0
    assert capsys.readouterr().out == "written\nboards may be used now\n"


def test_who_is_not_root_gets_the_unit_and_what_to_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units, "install", refused)
    assert run(["doctor", "--install-service"]) == 1
    said = capsys.readouterr()
    assert said.out == units.unit(group=udev.serial_group())
    assert said.err == f"{units.UNIT_PATH} takes root to write; run: {units.COMMAND}\n"
