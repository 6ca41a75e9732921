"""Whose turn it is among pools that share the work by quota: the one that has had least for its quota.

Counted is the work that was really done, so that slices of unequal length or speed even out. Who was away is owed
nothing: its part went to the others (start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996).
"""

from __future__ import annotations

from collections.abc import Sequence

from .member import Member


class Turns:
    def __init__(self) -> None:
        self._had: dict[Member, float] = {}  # work / quota
        self._present: set[Member] = set()

    def take_part(self, members: Sequence[Member]) -> None:
        """Who is there now. One that joins is where the one is that has had least, or ahead."""
        level = min((self._had[member] for member in members if member in self._present), default=0.0)
        for member in members:
            if member not in self._present:
                self._had[member] = max(self._had.get(member, 0.0), level)
        self._present = set(members)

    def credit(self, member: Member, work: float) -> None:
        """So much was done for it."""
        member.worked += work
        if member.quota:
            self._had[member] = self._had.get(member, 0.0) + work / member.quota

    def next_of(self, members: Sequence[Member]) -> Member:
        """Of several with quotas, whose turn it is; else the first."""
        if not all(member.quota for member in members):
            return members[0]
        return min(members, key=lambda member: self._had.get(member, 0.0))
