"""The figures of the kernels as tables: cells, aligned for a terminal of 80 columns or written as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .compare import Change
from .copies import Copies
from .results import KernelRate


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text. Of the columns, so many from the left stand to the left, the others to the right."""

    head: list[str]
    rows: list[list[str]]
    left: int = 1

    def lines(self) -> list[str]:
        """For a terminal."""
        widths = [max(map(len, column)) for column in zip(self.head, *self.rows, strict=True)]
        gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= 80 else " "
        return [
            gap.join(
                cell.ljust(width) if i < self.left else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in [self.head, *self.rows]
        ]

    def markdown(self) -> list[str]:
        rule = ["---"] * self.left + ["---:"] * (len(self.head) - self.left)
        return [f"| {' | '.join(row)} |" for row in [self.head, rule, *self.rows]]


def kernels_table(kernels: Sequence[KernelRate]) -> Table:
    """One line for each kernel and number of midstates: its smallest crew, and beside it the others' rates."""
    first = min(row.threads for row in kernels)
    crews = sorted({row.threads for row in kernels} - {first})
    head = ["kernel", "M", "MH/s", "quartiles", "cycles/hash", "of floor", "x portable"]
    rows: list[list[str]] = []
    for row in (row for row in kernels if row.threads == first):
        more = [
            next(r for r in kernels if (r.name, r.midstates, r.threads) == (row.name, row.midstates, n)) for n in crews
        ]
        rows.append([*_one(row), *(cell for other in more for cell in _scaled(other))])
    return Table([*head, *(cell for n in crews for cell in (f"on {n}", "scaling"))], rows)


def _one(row: KernelRate) -> list[str]:
    return [
        row.name,
        str(row.midstates),
        short(row.rate_hps / 1e6),
        spread(row.rate_hps, row.spread_hps),
        short(row.cycles_per_hash),
        "–" if row.floor_fraction is None else f"{row.floor_fraction:.0%}",
        f"{row.ratio:.3g}",
    ]


def _scaled(row: KernelRate) -> list[str]:
    return [short(row.rate_hps / 1e6), "–" if row.scaling is None else f"{row.scaling:.2f}"]


def short(value: float) -> str:
    """Four digits, without an exponent: 0.003298, 2.463, 101.7, 708200."""
    return f"{value:.4g}" if value < 10000 else f"{float(f'{value:.4g}'):.0f}"


def spread(middle: float, ends: tuple[float, float]) -> str:
    """How far the quartiles lie from the median, in percent: -3 +4 %."""
    low, high = (100 * abs(end / middle - 1) for end in ends)
    return f"-{low:.0f} +{high:.0f} %"


def changes_table(changes: Sequence[Change]) -> Table:
    """Now against then."""
    return Table(
        ["kernel", "M", "threads", "now/then", "interval", "", "measured by"],
        [
            [
                c.name,
                str(c.midstates),
                str(c.threads),
                f"{c.ratio:.3f}",
                f"{c.low:.3f} to {c.high:.3f}",
                c.verdict,
                "cycles" if c.yardstick is None else f"{c.yardstick}'s floor",
            ]
            for c in changes
        ],
    )


def copies_table(copies: Copies) -> Table:
    return Table(
        ["kernel", "M", "copies", "cycles/hash", "fastest to slowest", "same copy twice"],
        [
            [
                placed.name,
                str(placed.midstates),
                str(len(placed.cycles_per_hash)),
                short(placed.median),
                f"{min(placed.cycles_per_hash):.1f} to {max(placed.cycles_per_hash):.1f} ({placed.spread:.1%})",
                f"{placed.noise:.1%}",
            ]
            for placed in copies.kernels
        ],
    )
