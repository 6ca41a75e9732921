"""What is checked in the study: boards of every family of chips, sound and with each fault that the simulators know.

Which chip, which core, how much: each run draws it from its seed, so that the same run can be had again. A new board
is a line here. Left out: boards without chips that could be asked (Icarus and its kin); cores so small that a check
without soak does not judge them (BM1362's last).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ...hw.boards.row import Row
from ...hw.boards.table import board_row
from ...hw.chips.table import CHIPS
from ...hw.query import values_of
from ...hw.sim.table import simulator
from ..check.units import is_runt
from ..window import core_shares

# Of each family a lone chip and several. Little to hash, and slow clocks where a board with a regulator may be slowed:
# what is due of each core is the same, and comes later. So little that a core has one nonce to a sweep would be too
# little: a slow clock would not come to it, and a BM1397 is given new work before its last cores had their turn.
BOARDS = (
    "newpac?scale=21",
    "r606?scale=21",
    "bitaxe-max?scale=21&mhz=300",
    "chain:bm1397x2?scale=21",
    "bitaxe-ultra?scale=23&mhz=200",
    "chain:bm1366x2?scale=22",
    "bitaxe-supra?scale=23&mhz=200",
    "chain:bm1368x2?scale=22",
    "bitaxe-gamma?scale=23&mhz=200",
    "bitaxe-gt?scale=22&mhz=200",
    "compac-a1?scale=23",
    "chain:bm1362x3?scale=22",
)
SOUND = "sound"

Draw = Callable[[Row, Random], str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault as the study names it; `name` is that of hw/sim/faults.py, `draw` gives its argument."""

    label: str
    name: str
    draw: Draw = lambda _row, _random: ""
    hot: bool = False  # shows at the full clock only
    finer: int = 0  # bits of scale more to hash: a slow clock does not come to the last cores where each has few nonces

    def text(self, row: Row, seed: int) -> str:
        """As it is written after `fault=`."""
        argument = self.draw(row, Random(f"{row.name} {self.label} {seed}"))
        return f"{self.name}:{argument}" if argument else self.name


@dataclass(frozen=True, slots=True)
class Cell:
    """One board with one kind of fault; None: it is sound."""

    board: str
    kind: Kind | None

    @property
    def row(self) -> Row:
        return board_row(self.board.partition("?")[0])

    @property
    def family(self) -> str:
        return family(self.row)

    @property
    def label(self) -> str:
        return SOUND if self.kind is None else self.kind.label

    def fault(self, seed: int) -> str:
        return "" if self.kind is None else self.kind.text(self.row, seed)

    def spec(self, seed: int) -> str:
        """As the command line takes it."""
        name, values = self.row.name, values_of(self.board, self.board.partition("?")[2], ("scale", "mhz"))
        if self.kind is not None and self.kind.hot:
            values.pop("mhz", None)
        if self.kind is not None and "scale" in values:
            values["scale"] = str(int(values["scale"]) - self.kind.finer)
        values["seed"] = str(seed)
        if fault := self.fault(seed):
            values["fault"] = fault
        return f"sim:{name}?" + "&".join(f"{key}={value}" for key, value in values.items())


def family(row: Row) -> str:
    return row.chip.name if row.chip is not None else row.title


def cells(boards: Sequence[str] = BOARDS) -> list[Cell]:
    """Every board, sound and with each fault that its simulator can have."""
    return [Cell(board, kind) for board in boards for kind in (None, *KINDS) if kind is None or can_have(board, kind)]


def cell_of(board: str, label: str) -> Cell:
    """Raises KeyError for a label that there is not."""
    return Cell(board, None if label == SOUND else {kind.label: kind for kind in KINDS}[label])


def can_have(board: str, kind: Kind) -> bool:
    return kind.name not in simulator(board.partition("?")[0]).absent


def _core(row: Row, random: Random) -> str:
    assert row.chip is not None
    whole = [core for core in range(len(core_shares(row.chip))) if not is_runt(row, core)]
    return f"{random.randrange(row.chips)}.{random.choice(whole)}"


def _half_core(row: Row, random: Random) -> str:
    return f"{_core(row, random)}+0.5"


def _chip(row: Row, random: Random) -> str:
    return str(random.randrange(row.chips))


def _behind(row: Row, random: Random) -> str:
    """Where there are several, not before the first: that is as no chips at all."""
    return str(random.randrange(min(1, row.chips - 1), row.chips))


def _other_chip(row: Row, random: Random) -> str:
    return f"{random.choice([chip.id for chip in CHIPS.values() if chip is not row.chip]):04X}"


def _between(least: float, most: float) -> Draw:
    return lambda _, random: f"{random.uniform(least, most):.3g}"


def _either(*values: str) -> Draw:
    return lambda _, random: random.choice(values)


KINDS = (
    Kind("dead-core", "dead-core", _core),
    Kind("weak-core, half of it", "weak-core", _half_core),
    Kind("dead-chip", "dead-chip", _chip),
    Kind("no-chips", "no-chips"),
    Kind("wrong-chip", "wrong-chip", _other_chip),
    Kind("address-stuck", "address-stuck"),
    Kind("stuck-nonce", "stuck-nonce"),
    Kind("duplicate-nonces", "duplicate-nonces"),
    Kind("chain-cut", "chain-cut", _behind),
    Kind("slow, to 85 %", "slow", _either("0.85"), finer=2),
    Kind("slow, to 70 %", "slow", _either("0.7"), finer=2),
    Kind("brown-out", "brown-out", _between(3.0, 8.0)),
    Kind("mute", "mute", _between(3.0, 8.0)),
    Kind("noise", "noise", _between(0.002, 0.01)),
    Kind("lost-bytes", "lost-bytes", _between(0.002, 0.01)),
    Kind("overheat", "overheat", hot=True),
    Kind("fan-stall", "fan-stall", hot=True),
    Kind("sensor-open", "sensor-open"),
    Kind("sensor-frozen", "sensor-frozen"),
    Kind("i2c-dead", "i2c-dead"),
    Kind("lying-counter", "lying-counter", _either("0.5", "1.5", "2")),
    Kind("slow-start", "slow-start", _either("4")),
    Kind("unplug", "unplug", _between(1.0, 20.0)),
)
