"""Linux's permission to use boards: a file of udev rules, made of the table by which boards are recognised.

Only what strings prove to be a board is opened to more than root: not every adapter of the same make. ModemManager is
told to leave them alone, for it sends commands to every serial port that it meets.
"""

from __future__ import annotations

import grp
import subprocess
import sys
from pathlib import Path

from ..engine.errors import InputError
from ..hw.boards.usb_ids import ROWS, UsbRow

RULES_PATH = Path("/etc/udev/rules.d/70-joulehash.rules")  # uaccess works before 73 only
RELOAD = (("udevadm", "control", "--reload"), ("udevadm", "trigger", "--subsystem-match=usb", "--subsystem-match=tty"))
COMMAND = (
    f"joulehash doctor --install-udev | sudo sh -c 'cat > {RULES_PATH} && udevadm control --reload && udevadm trigger'"
)
_GROUPS = ("dialout", "uucp")  # who may use serial ports, by distribution


def rules(group: str | None = None) -> str:
    """The file. `group` may use boards from anywhere; whoever sits at the machine may, too."""
    allowed = [
        'MODE="0660"',
        *([f'GROUP="{group}"'] if group else []),
        'TAG+="uaccess"',
        'ENV{ID_MM_DEVICE_IGNORE}="1"',
    ]
    lines = [f"# joulehash: boards may be used without being root. To install: {COMMAND}"]
    for condition in dict.fromkeys(
        map(_condition, (row for row in ROWS if row.has_strings and (row.board or row.maybe)))
    ):
        device = [f'ATTR{{{name}}}=="{value}"' for name, value in condition]
        above = [f'ATTRS{{{name}}}=="{value}"' for name, value in condition]
        lines.append(", ".join(['SUBSYSTEM=="usb"', 'ENV{DEVTYPE}=="usb_device"', *device, *allowed]))
        lines.append(", ".join(['SUBSYSTEM=="tty"', *above, *allowed]))
    return "\n".join(lines) + "\n"


def _condition(row: UsbRow) -> tuple[tuple[str, str], ...]:
    """Ids and manufacturer where the row has them; else the product."""
    ids = [("idVendor", row.vid), ("idProduct", row.pid)]
    found = [(name, f"{value:04x}") for name, value in ids if value is not None]
    if row.manufacturer is not None:
        found.append(("manufacturer", row.manufacturer))
    else:
        found.append(("product", (row.product or "").replace(".*", "*")))
    return tuple(found)


def serial_group() -> str | None:
    for name in _GROUPS:
        try:
            return grp.getgrnam(name).gr_name
        except KeyError:
            continue
    return None


def install(path: Path = RULES_PATH) -> list[str]:
    """Write the rules and have them read; what there is to say of it. Raises InputError, and PermissionError."""
    if not sys.platform.startswith("linux"):
        raise InputError(f"--install-udev: udev is Linux's; on {sys.platform} boards need no such rules")
    try:
        path.write_text(rules(serial_group()), encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"--install-udev: {path.parent} is not there; this system has no udev") from None
    said = [f"{path} is written"]
    for command in RELOAD:
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=30)
        except (OSError, subprocess.SubprocessError):
            return [*said, f"udev does not answer to {' '.join(command)}: unplug boards and plug them in again"]
    return [*said, "boards may be used now"]
