from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from joulehash.app import udev
from joulehash.engine.errors import InputError
from joulehash.hw.boards.usb_ids import ROWS

MATCH = r'(?:[A-Z]+|(?:ATTRS?|ENV)\{\w+\})=="[^"]+"'
SET = r'(?:MODE|GROUP|ENV\{\w+\})="[^"]+"|TAG\+="uaccess"'
UDEVADM = shutil.which("udevadm")


def conditions(text: str) -> list[tuple[str | None, ...]]:
    """(subsystem, vendor, product id, manufacturer, product) of each rule."""
    found: list[tuple[str | None, ...]] = []
    for line in text.splitlines():
        if not line.startswith("#"):
            said: dict[str, str] = dict(re.findall(r'(\w+)\}?=="([^"]+)"', line))
            found.append(tuple(map(said.get, ("SUBSYSTEM", "idVendor", "idProduct", "manufacturer", "product"))))
    return found


def test_every_line_is_a_rule_of_matches_and_settings() -> None:
    lines = udev.rules("dialout").splitlines()
    assert [line for line in lines[1:] if not re.fullmatch(rf"(?:{MATCH}, )+(?:{SET})(?:, (?:{SET}))*", line)] == []
    assert lines[0].startswith("# ")
    assert all('GROUP="dialout"' in line for line in lines[1:])
    assert "GROUP" not in udev.rules()


def test_sticks_and_bitaxes_are_opened_to_users_and_bare_bridges_are_not() -> None:
    found = conditions(udev.rules())
    for subsystem in ("usb", "tty"):
        assert (subsystem, "0403", "6015", "GekkoScience", None) in found
        assert (subsystem, "10c4", "ea70", "Silicon Labs", None) in found
        assert (subsystem, None, None, "OSMU", None) in found
        assert (subsystem, None, None, None, "*Block*Erupter*") in found
    assert [rule for rule in found if rule[3:] == (None, None)] == []
    assert len(found) == len(set(found))


def test_what_strings_name_has_a_rule() -> None:
    found = conditions(udev.rules())
    for row in ROWS:
        if row.board is not None:
            product = None if row.manufacturer else str(row.product).replace(".*", "*")
            assert any(rule[0] == "tty" and rule[3:] == (row.manufacturer, product) for rule in found), row


@pytest.mark.skipif(UDEVADM is None, reason="needs udevadm")
def test_udev_itself_finds_no_fault(tmp_path: Path) -> None:
    assert UDEVADM is not None
    path = tmp_path / "70-joulehash.rules"
    path.write_text(udev.rules(), encoding="utf-8")
    done = subprocess.run([UDEVADM, "verify", str(path)], check=False, capture_output=True, text=True)
    if "verify" in done.stderr and "ommand" in done.stderr:
        pytest.skip("needs udevadm verify, of systemd 254")
    assert done.returncode == 0, done.stderr + done.stdout


def test_installing_writes_and_reloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "record"
    tell = ("sh", "-c", f"echo reloaded >> {record}")
    monkeypatch.setattr(udev, "RELOAD", (tell, tell))
    path = tmp_path / "70-joulehash.rules"
    assert udev.install(path) == [f"{path} is written", "boards may be used now"]
    assert path.read_text(encoding="utf-8") == udev.rules(udev.serial_group())
    assert record.read_text(encoding="utf-8") == "reloaded\n" * 2


@pytest.mark.parametrize("command", [("false",), ("no-such-udevadm",)])
def test_where_udev_does_not_answer_it_says_what_to_do(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(udev, "RELOAD", (command,))
    said = udev.install(tmp_path / "70-joulehash.rules")
    assert said[-1] == f"udev does not answer to {command[0]}: unplug boards and plug them in again"


def test_elsewhere_than_on_linux_there_is_nothing_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="this system has no udev"):
        udev.install(tmp_path / "nowhere" / "70-joulehash.rules")
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(InputError, match="udev is Linux's; on darwin"):
        udev.install(tmp_path / "70-joulehash.rules")
