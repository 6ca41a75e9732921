"""The unit by which systemd runs the miner: started at boot, begun again when it dies or hangs, stopped in good order.

Source: systemd.service(5), systemd.exec(5) of systemd 252. Exit code 2 is a mistake of the user, as in a configuration
that cannot be read: beginning again would not mend it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ..engine.errors import InputError
from .udev import serial_group

UNIT_PATH = Path("/etc/systemd/system/joulehash.service")
CONFIG_PATH = Path("/etc/joulehash.toml")
COMMAND = f"joulehash doctor --install-service | sudo sh -c 'cat > {UNIT_PATH} && systemctl daemon-reload'"
START = "systemctl enable --now joulehash"
_RELOAD = ("systemctl", "daemon-reload")


def unit(python: str = sys.executable, group: str | None = None) -> str:
    """The file. `group` may use serial ports."""
    return f"""\
# joulehash as a service; its configuration is {CONFIG_PATH}. To install: {COMMAND}
[Unit]
Description=joulehash, a SHA-256 miner
Documentation=man:systemd.service(5)
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart="{python}" -P -m joulehash mine --config {CONFIG_PATH}
ExecReload=/bin/kill -HUP $MAINPID
# Begun again for ever, but for mistakes in the configuration (exit code 2).
Restart=always
RestartSec=5
RestartPreventExitStatus=2
SuccessExitStatus=130
# One that hangs is killed. Its guard processes are not: they make its boards safe, and then end by themselves.
WatchdogSec=30
TimeoutStopSec=30
KillMode=process
# Passports and the journal of blocks are in /var/lib/joulehash.
StateDirectory=joulehash
Environment=XDG_DATA_HOME=%S PYTHONUNBUFFERED=1
DynamicUser=yes
{f"SupplementaryGroups={group}" if group else "# SupplementaryGroups= the group that may use serial ports"}
Nice=5
LimitNOFILE=8192
MemoryMax=1G
ProtectHome=read-only
ProtectSystem=strict
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=multi-user.target
"""


def install(path: Path = UNIT_PATH) -> list[str]:
    """Write the unit and have it read; what there is to say of it. Raises InputError, and PermissionError."""
    if not sys.platform.startswith("linux"):
        raise InputError(f"--install-service: systemd is Linux's; on {sys.platform} use what starts services there")
    try:
        path.write_text(unit(group=serial_group()), encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"--install-service: {path.parent} is not there; this system has no systemd") from None
    said = [f"{path} is written; write the configuration to {CONFIG_PATH}, then: {START}"]
    try:
        subprocess.run(_RELOAD, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return [*said, f"systemd does not answer to {' '.join(_RELOAD)}"]
    return said
