"""What the counts of a window say of each core or chip: the map that text and page draw.

The rules are those of the check, over all units of the board: a core that gave nothing is called dead only where
silence says so, and is otherwise not yet known; a weak one gives surely less than a part of what the others give.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from ..check.result import CheckResult, Counted
from ..decide.units import FLOOR, dead, weaker

State = Literal["sound", "weak", "dead", "silent"]  # silent: gave nothing, and too little was due to hold it against it
STATES: tuple[State, ...] = ("sound", "weak", "dead", "silent")
SIGNS: dict[State, str] = {"sound": "·", "weak": "▾", "dead": "×", "silent": "?"}
_MOST_NAMED = 12


@dataclass(frozen=True, slots=True)
class Core:
    """One unit that can be told apart: a core, or a whole chip where its cores cannot."""

    chip: int
    core: int | None  # None: the whole chip
    n: int
    expected: float
    state: State

    @property
    def name(self) -> str:
        return f"chip {self.chip}" if self.core is None else f"chip {self.chip}, core {self.core}"


def core_map(counted: Counted, least: float = FLOOR) -> list[list[Core]]:
    """A row for each chip. `least`: what a unit should give at least, as a part of what the others give."""
    counts = [n for row in counted.valid for n in row]
    expected = [due for row in counted.expected for due in row]
    silent, low = set(dead(counts, expected)), set(weaker(counts, expected, least))

    def state(i: int) -> State:
        if not counts[i]:
            return "dead" if i in silent else "silent"
        return "weak" if i in low else "sound"

    rows: list[list[Core]] = []
    i = 0
    for chip, row in enumerate(counted.valid):
        cores: list[Core] = []
        for core in range(len(row)):
            cores.append(Core(chip, core if len(row) > 1 else None, counts[i], expected[i], state(i)))
            i += 1
        rows.append(cores)
    return rows


def tally(rows: list[list[Core]]) -> str:
    """126 cores are sound, 1 weak, 1 dead."""
    found = Counter(core.state for row in rows for core in row)
    what = "cores" if any(core.core is not None for row in rows for core in row) else "chips"
    said = [f"{found[state]} {state}" for state in STATES if found[state]]
    return f"{sum(found.values())} {what}: {', '.join(said)}"


def unsound(rows: list[list[Core]]) -> list[str]:
    """A line for each state but sound: "dead: chip 0, core 17 (0 of 24.1 due)", twelve of them at most."""
    lines: list[str] = []
    for state in STATES[1:]:
        names = [
            f"{core.name} ({core.n} of {core.expected:.1f} due)" for row in rows for core in row if core.state == state
        ]
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            lines.append(f"{state}: {'; '.join(names[:_MOST_NAMED])}{more}")
    return lines


def cores_of(result: CheckResult) -> list[list[Core]]:
    """By the limits of its check; empty where units cannot be told apart, or nothing was counted."""
    if result.counted is None or not any(result.counted.valid):
        return []
    least = result.limits.get("unit_least")
    return core_map(result.counted, least if isinstance(least, float) else FLOOR)
