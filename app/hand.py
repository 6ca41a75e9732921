"""Which of several pools is mined on, chosen by hand: with a key on the live screen, or with a signal.

hand.key("2")   the second of those that the screen lists; "0" in the order that was given
hand.next()     SIGUSR1: the one after that which is mined on now
hand.free()     SIGUSR2: in the order that was given
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..engine.events import Note, Report

if TYPE_CHECKING:
    from ..engine.pools.group import PoolGroup


class Hand:
    def __init__(self, group: PoolGroup, report: Report) -> None:
        self._group, self._report = group, report

    @property
    def help(self) -> str:
        """What keys there are, in a few words; empty: nothing to choose from."""
        n = min(len(self._group.stats().members), 9)  # of more there is no key
        return f"keys: 1-{n} choose a pool, 0 in order" if n > 1 else ""

    @property
    def signals(self) -> Mapping[signal.Signals, Callable[[], None]]:
        return {signal.SIGUSR1: self.next, signal.SIGUSR2: self.free}

    def key(self, key: str) -> None:
        """Others than the digits of pools do nothing."""
        members = self._group.stats().members
        if key == "0":
            self.free()
        elif key.isascii() and key.isdigit() and int(key) <= len(members):
            self._choose(members[int(key) - 1].name)

    def next(self) -> None:
        members = self._group.stats().members
        names = [member.name for member in members]
        current = next((at for at, member in enumerate(members) if member.state == "mining"), -1)
        chosen = self._group.chosen
        after = current if chosen is None else names.index(chosen)
        self._choose(names[(after + 1) % len(names)])

    def free(self) -> None:
        if self._group.chosen is not None:
            self._group.switch(None)
            self._report(Note("pools: in the order that was given"))

    def _choose(self, name: str) -> None:
        members = self._group.stats().members
        if name == self._group.chosen or len(members) < 2:
            return
        self._group.switch(name)
        state = next(member.state for member in self._group.stats().members if member.name == name)
        waits = "" if state == "mining" else ", as soon as it has work"
        self._report(Note(f"{name}: chosen by hand{waits}"))
