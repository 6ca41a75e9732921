"""What systemd is told of a service: that it is ready, alive, reads its configuration anew, or stops.

Source: sd_notify(3), sd_watchdog_enabled(3) of systemd 257: datagrams of NAME=VALUE lines to the socket that
NOTIFY_SOCKET names. Outside of systemd nothing is sent. `joulehash doctor --install-service` writes the unit.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import clock_gettime_ns

_STATUS_S = 10.0
_MICROSECONDS = 1e6
_MONOTONIC = 1  # CLOCK_MONOTONIC, which systemd compares with


class Systemd:
    """`address`: of its socket, "@…" an abstract one; None: nobody listens. `watchdog_s`: how often it wants a sign."""

    def __init__(self, address: str | None = None, watchdog_s: float | None = None) -> None:
        self._address = address
        self._watchdog_s = watchdog_s

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> Systemd:
        """What this process was started with. A watchdog that is for another process is not ours."""
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        told = environment.get("WATCHDOG_USEC", "") if ours else ""
        watchdog_s = int(told) / _MICROSECONDS if told.isascii() and told.isdigit() and int(told) else None
        address = environment.get("NOTIFY_SOCKET") or None
        return cls(address, watchdog_s if address else None)

    def ready(self) -> None:
        self._send("READY=1")

    def reloading(self) -> None:
        """`ready` follows when it is done."""
        self._send(f"RELOADING=1\nMONOTONIC_USEC={clock_gettime_ns(_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    async def beat(self, status: Callable[[], str]) -> None:
        """Until cancelled: a sign of life at twice the rate that is wanted, as it says itself that the loop turns; and
        every ten seconds a line for `systemctl status`."""
        if self._address is None:
            return
        loop = asyncio.get_running_loop()
        period_s = _STATUS_S if self._watchdog_s is None else min(_STATUS_S, self._watchdog_s / 2)
        status_s = loop.time()
        while True:
            lines = [] if self._watchdog_s is None else ["WATCHDOG=1"]
            if loop.time() >= status_s:
                status_s += _STATUS_S
                lines.append(f"STATUS={' '.join(status().split())}")
            if lines:
                self._send("\n".join(lines))
            await asyncio.sleep(period_s)

    def _send(self, text: str) -> None:
        """One datagram; a socket that takes none now is no reason to wait, or to fail."""
        if self._address is None:
            return
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto(text.encode(), address)
