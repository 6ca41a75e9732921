"""Which point comes next, and what is said of those that are never measured. Pure: the same cells, the same next one.

Three things are taken for granted of every board, at points that are otherwise alike:

* more volts make fewer errors and more MHz make more: a point that fails by errors speaks for all with fewer volts and
  more MHz;
* more volts, and more MHz, cost more watts and heat: one at a limit speaks for all above it in both;
* more volts at a frequency gain no more than the errors that they heal.

The board's usual point comes first, to compare with. Then, as of each frequency the least sound voltage is the one to
find, and it rises with the frequency, the search bisects the lowest voltage for its highest sound frequency, and goes
on like a staircase: to the right where there are errors, and upwards where there are none. Below a sound point of its
own voltage no frequency is better in either figure, for what does not rise with the frequency is then paid for by fewer
hashes; where measured points say otherwise, their neighbours are measured, too. So a sweep takes about as many cells as
the grid has rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from .grid import Grid
from .result import WORSE_ABOVE, WORSE_BELOW, Cell

At: TypeAlias = tuple[int, int]  # of the grid: which MHz, which volts
Known: TypeAlias = Mapping[At, Cell]

Next: TypeAlias = Callable[[Grid, Known], At | None]

HEALED = 0.01  # errors above which the next voltage is tried, too: what fewer cost is less than what volts cost


def known(grid: Grid, cells: Iterable[Cell]) -> dict[At, Cell]:
    """By their places. Cells of other points are left out."""
    places = {(mhz, volts): (i, j) for i, mhz in enumerate(grid.mhz) for j, volts in enumerate(grid.volts)}
    return {places[cell.mhz, cell.volts]: cell for cell in cells if (cell.mhz, cell.volts) in places}


def next_of(grid: Grid, cells: Known) -> At | None:
    """None: nothing more is worth measuring."""
    if grid.usual is not None:
        usual = grid.mhz.index(grid.usual[0]), grid.volts.index(grid.usual[1])
        if said(cells, usual) is None:
            return usual
    foot, unknown = _bisect(grid, cells)
    if unknown is not None:
        return unknown
    for at in (*_staircase(grid, cells, foot), *_healed(grid, cells), *_beside_the_best(grid, cells)):
        if said(cells, at) is None:
            return at
    return None


def next_of_all(grid: Grid, cells: Known) -> At | None:
    """Every point that its neighbours do not condemn: a whole map, from the lowest frequency up."""
    for i in range(len(grid.mhz)):
        for j in reversed(range(len(grid.volts))):
            if said(cells, (i, j)) is None:
                return i, j
    return None


def ahead(grid: Grid, cells: Known, next_at: Next) -> float:
    """About how many cells are still to come: as if all were sound, and half of the voltages that may be tried yet."""
    guess = dict(cells)
    while (at := next_at(grid, guess)) is not None:
        guess[at] = Cell(mhz=grid.mhz[at[0]], volts=grid.volts[at[1]], verdict="sound")
    more = len(guess) - len(cells)
    if next_at is next_of_all or not more:
        return more
    reached = max((j for _, j in cells), default=0)
    return more + (len(grid.volts) - 1 - reached) / 2


def said(cells: Known, at: At) -> str | None:
    """The verdict of a point, by itself or by a neighbour that speaks for it; None: nothing is known."""
    if (cell := cells.get(at)) is not None:
        return cell.verdict
    speaker = _speaker(cells, at)
    return None if speaker is None else speaker.verdict


def whole(grid: Grid, cells: Known) -> list[Cell]:
    """A cell for every point of the grid, by MHz, then by volts: as it was measured, or why it was not."""
    points = [(i, j) for i in range(len(grid.mhz)) for j in range(len(grid.volts))]
    return [cells[at] if at in cells else _skipped(grid, cells, at) for at in points]


def _skipped(grid: Grid, cells: Known, at: At) -> Cell:
    i, j = at
    if (speaker := _speaker(cells, at)) is not None:
        like, why = speaker.verdict, f"as at {speaker.text}: {speaker.why or speaker.verdict}"
    elif any(cells[i, column].verdict == "sound" for column in range(j) if (i, column) in cells):
        like, why = None, "fewer volts are enough"
    else:
        like, why = None, "cannot win"
    return Cell(mhz=grid.mhz[i], volts=grid.volts[j], verdict="skipped", like=like, why=why)


def _speaker(cells: Known, at: At) -> Cell | None:
    """The nearest of those that speak for it."""
    i, j = at
    speakers = [
        (i - row + abs(column - j), cell)
        for (row, column), cell in cells.items()
        if row <= i and ((column >= j and cell.verdict in WORSE_BELOW) or (column <= j and cell.verdict in WORSE_ABOVE))
    ]
    return min(speakers, key=lambda speaker: speaker[0])[1] if speakers else None


def _bisect(grid: Grid, cells: Known) -> tuple[int, At | None]:
    """(highest sound frequency of the lowest voltage, -1 for none; the point to ask next)"""
    low, high = -1, len(grid.mhz)
    while high - low > 1:
        middle = (low + high) // 2
        verdict = said(cells, (middle, 0))
        if verdict is None:
            return low, (middle, 0)
        if verdict == "sound":
            low = middle
        else:
            high = middle
    return low, None


def _staircase(grid: Grid, cells: Known, foot: int) -> Iterator[At]:
    """From the foot up, as far as it is known, and the first point that is not."""
    i, j = max(foot, 0), 0
    while i < len(grid.mhz) and j < len(grid.volts):
        yield i, j
        verdict = said(cells, (i, j))
        if verdict == "sound":
            i += 1
        elif verdict in WORSE_BELOW:
            j += 1
        else:
            return


def _healed(grid: Grid, cells: Known) -> Iterator[At]:
    """More volts where the least sound ones leave errors that are worth healing."""
    for (i, j), cell in cells.items():
        if (
            cell.verdict == "sound"
            and cell.errors is not None
            and cell.errors.value > HEALED
            and j + 1 < len(grid.volts)
        ):
            yield i, j + 1


def _beside_the_best(grid: Grid, cells: Known) -> Iterator[At]:
    """Where a voltage's J/TH is surely less at another than at its highest sound frequency."""
    costs = {at: cell.cost for at, cell in cells.items() if cell.verdict == "sound" and cell.cost is not None}
    for column in {j for _, j in costs}:
        rows = {i: cost for (i, j), cost in costs.items() if j == column}
        best, top = min(rows, key=lambda i: rows[i].j_per_th), max(rows)
        if rows[best].j_per_th + rows[best].scatter < rows[top].j_per_th - rows[top].scatter:
            yield from ((i, column) for i in (best + 1, best - 1) if 0 <= i < len(grid.mhz))
