"""The guard process itself: waits for the miner's end, and if it comes without the word "done", makes the board safe.

A program of its own, run by its path: it imports the standard library only (and what drives a stick or a supply), so
that it starts in a blink and nothing of the miner's can hurt it. It is in a session of its own and ignores the
signals that end programs: it goes when it is told, or when there is nobody left to tell it.

    from the miner, by stdin     a line with the plan (plan.py); lines of any kind, as signs of life; "done" or "off"
    to the miner, by stdout      "ready", or "failed REASON"; after the board was switched off "off", or "failed REASON"

A miner that is silent for longer than the plan allows (stopped, hung) is dead. All is over in a few seconds, however
the board behaves. When the miner is dead, one line on stderr says what was done. Answers are read, for a board may wait
for that, and not looked at.
"""

from __future__ import annotations

import json
import os
import select
import signal
import termios
import time
from contextlib import suppress
from importlib import import_module
from typing import Any

USB_OFF = "joulehash.hw.ports.usb_off"
SUPPLY_OFF = "joulehash.hw.meters.visa_off"
PATIENCE_S = 3.0  # for all that may block, beside the pauses of the plan
IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGTSTP", "SIGTTOU", "SIGPIPE")

Plan = dict[str, Any]


def main() -> None:
    for name in IGNORED:
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    miner = Miner()
    if (first := miner.word()) == "dead":
        return
    plan: Plan = json.loads(first)
    try:
        if plan["kind"] == "usb":
            import_module(USB_OFF).libusb.find(plan["place"])
        elif plan["kind"] == "supply":
            import_module(SUPPLY_OFF).ready(plan["library"])
        else:
            termios.tcgetattr(plan["fd"])
    except Exception as error:
        say(f"failed {reason(error)}")
        return
    say("ready")
    while (end := miner.word(plan["silence_s"])) not in ("done", "off", "silent", "dead"):
        pass
    if end == "done":
        return
    failure = make_safe(plan)
    say(f"failed {failure}" if failure else "off")
    if end != "off":
        did = f"was not switched off: {failure}; cut its power" if failure else "was switched off"
        tell(2, f"joulehash: the miner is {end}; {plan['name']} {did}")


class Miner:
    """What it says: lines."""

    def __init__(self) -> None:
        self._partial = b""

    def word(self, silence_s: float | None = None) -> str:
        """The next line; "silent" when none comes for so long, "dead" when none can come any more."""
        while b"\n" not in self._partial:
            if not select.select([0], [], [], silence_s)[0]:
                return "silent"
            if not (data := os.read(0, 1 << 16)):
                return "dead"  # a line without its end is none
            self._partial += data
        line, _, self._partial = self._partial.partition(b"\n")
        return line.decode()


def make_safe(plan: Plan) -> str:
    """What failed; empty if nothing did."""
    limit_s = sum(pause_s for _, pause_s in plan.get("steps", ())) + PATIENCE_S

    def give_up(*_: object) -> None:
        raise TimeoutError(f"it took longer than {limit_s:g} s")

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        if plan["kind"] == "usb":
            switch_stick_off(plan)
        elif plan["kind"] == "supply":
            switch_supply_off(plan)
        else:
            write_line(plan)
    except Exception as error:
        return reason(error)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ""


def write_line(plan: Plan) -> None:
    fd: int = plan["fd"]
    end_s = time.monotonic() + sum(pause_s for _, pause_s in plan["steps"]) + PATIENCE_S / 2
    try:
        for data, pause_s in plan["steps"]:
            left = bytes.fromhex(data)
            while left:
                if not ready(fd, end_s, to_write=True):
                    raise TimeoutError(f"the port took nothing for {PATIENCE_S / 2:g} s")
                with suppress(BlockingIOError):  # another took the room
                    left = left[os.write(fd, left) :]
            termios.tcdrain(fd)
            ready(fd, time.monotonic() + pause_s, to_write=False)
    except BaseException:
        with suppress(termios.error):  # or closing it would wait for what it cannot send
            termios.tcflush(fd, termios.TCOFLUSH)
        raise


def ready(fd: int, end_s: float, *, to_write: bool) -> bool:
    """Whether it can be written before that time; reads what comes meanwhile."""
    while True:
        left_s = max(0.0, end_s - time.monotonic())
        readable, writable, _ = select.select([fd], [fd] if to_write else [], [], left_s)
        if readable:
            with suppress(BlockingIOError):
                if not os.read(fd, 1 << 14):
                    raise OSError("the board is unplugged")
        if writable:
            return True
        if not left_s:
            return False


def switch_stick_off(plan: Plan) -> None:
    """The dead miner's hold on the stick may last a moment longer than its pipe."""
    usb_off = import_module(USB_OFF)
    off = usb_off.UsbOff.decode(bytes.fromhex(plan["off"]))
    end_s = time.monotonic() + PATIENCE_S / 2
    while True:
        try:
            usb_off.switch_off(plan["place"], off)
            return
        except OSError:
            if time.monotonic() > end_s:
                raise
        time.sleep(0.02)


def switch_supply_off(plan: Plan) -> None:
    """As of a stick: many an instrument takes one session at a time."""
    supply_off = import_module(SUPPLY_OFF)
    wanted = ("address", "library", "lines", "state", "bit", "channel")
    end_s = time.monotonic() + PATIENCE_S / 2
    while True:
        try:
            supply_off.switch_off(*(plan[key] for key in wanted))
            return
        except Exception:
            if time.monotonic() > end_s:
                raise
        time.sleep(0.02)


def reason(error: Exception) -> str:
    """One line."""
    return " ".join(str(error).split()) or type(error).__name__


def say(text: str) -> None:
    tell(1, text)


def tell(fd: int, text: str) -> None:
    with suppress(OSError):  # nobody listens
        os.write(fd, text.encode() + b"\n")


if __name__ == "__main__":
    main()
