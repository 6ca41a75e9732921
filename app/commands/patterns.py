"""`joulehash patterns`: for which cores of which board a nonce is known, and how to come to know more of them."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from ...engine.errors import InputError
from ..options import check_writable
from ..output import write_line

if TYPE_CHECKING:
    from ...hw.boards.row import Row
    from ...hw.patterns.harvest import Harvest
    from ...hw.patterns.pattern import Library
    from ..signals import Signals

_SAVED_S = _TOLD_S = 30.0  # at least so often; what is found is saved and told at once
_HARVEST_TOLD = 1000  # blocks


def patterns(
    board: Annotated[
        str | None,
        typer.Argument(metavar="[BOARD]", help="As in the table, chain:CHIPxN or sim:BOARD; without it, all of them."),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Patterns of your own; --node and --search write it.")
    ] = None,
    node: Annotated[
        str | None, typer.Option(metavar="URL", help="Harvest the blocks of a Bitcoin node for BOARD; URL as for pool.")
    ] = None,
    blocks: Annotated[
        int | None, typer.Option(metavar="N", help="With --node: look at N blocks at most, from the newest back.")
    ] = None,
    search: Annotated[
        bool, typer.Option("--search", help="Search, on one thread, for boards of one chip: 2^32 hashes a pattern.")
    ] = False,
    duration: Annotated[
        float | None, typer.Option(metavar="S", help="With --search: stop after so many seconds.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> int:
    """List the known nonces that `check` asks cores for; harvest them from blocks, or search for them.

    Exit code 1: cores lack one.
    """
    from ..signals import noted_signals

    if blocks is not None and (node is None or blocks < 1):
        raise InputError(f"--blocks {blocks}: takes 1 or more, with --node")
    if duration is not None and not (search and duration > 0):
        raise InputError(f"--duration {duration:g}: takes seconds above 0, with --search")
    if node is None and not search:
        return _list(board, file, _Face(as_json=as_json))
    if file is None:
        raise InputError("--file: where shall the patterns be kept? they are added to what the file holds")
    check_writable("--file", file)
    with noted_signals() as signals:
        if search:
            if board is not None or node is not None:
                raise InputError("--search: serves all boards of one chip; leave out the board and --node")
            return _search(file, duration, _Face(as_json=as_json), signals)
        if node is None or board is None:
            raise InputError("--node: for which board? name it, chain:bm1370x65 say, as its chips divide the nonces")
        return asyncio.run(_harvest(board, node, blocks, file, _Face(as_json=as_json), signals))


def _list(board: str | None, file: Path | None, face: _Face) -> int:
    from ...hw.boards.table import BOARDS
    from ...hw.patterns.known import known
    from ...hw.patterns.pattern import load
    from ...hw.patterns.search import spots

    given = load(file).patterns if file is not None else ()
    whole = True
    for name in [board] if board is not None else BOARDS:
        row = _row(name)
        found, cores = len(known(row, row.mhz.most, given)), len(spots(row))
        face.board(name, found, cores, told="core" if row.chip is not None and row.chip.core_bits else "unit")
        whole = whole and found == cores
    return 0 if whole else 1


def _search(file: Path, duration: float | None, face: _Face, signals: Signals) -> int:
    from ...ext.kernels import choose
    from ...hw.patterns.pattern import save
    from ...hw.patterns.search import search

    library = _read(file)
    began_s = saved_s = monotonic()
    with closing(search(library, choose())) as units:
        for after in units:
            now_s = monotonic()
            done = signals.count or (duration is not None and now_s - began_s >= duration)
            more = len(after.patterns) > len(library.patterns)
            library = after
            if more or done or now_s - saved_s >= _SAVED_S:
                save(file, library)
                face.searched(library)
                saved_s = now_s
            if done:
                return 1
    face.searched(library)
    return 0


async def _harvest(board: str, node: str, blocks: int | None, file: Path, face: _Face, signals: Signals) -> int:
    from ...engine.templates.rpc import NodeRpc
    from ...hw.patterns.harvest import harvest
    from ...hw.patterns.pattern import save

    row, library, rpc = _row(board), _read(file), NodeRpc(node)
    account: Harvest | None = None

    async def look() -> None:
        nonlocal account
        async for account in harvest(rpc, row, row.mhz.most, blocks):
            if account.looked % _HARVEST_TOLD == 0:
                face.harvested(account)

    looking = asyncio.create_task(look())
    with signals.tell(looking.cancel):
        await asyncio.wait([looking])
    await rpc.close()
    if account is not None:  # what was found before the node failed, too
        both = tuple(dict.fromkeys((*library.patterns, *account.patterns)))
        least = min([library.zero_bits, *(pattern.zero_bits for pattern in both)])
        save(file, replace(library, patterns=both, zero_bits=least))
        face.harvested(account)
    if not looking.cancelled():
        looking.result()
    return 0 if account is not None and account.whole else 1


def _read(file: Path) -> Library:
    from ...hw.patterns.pattern import Library, load

    return load(file) if file.exists() else Library()


def _row(board: str) -> Row:
    """Scaled, of a simulator. Raises InputError."""
    from ...hw.boards.table import board_row
    from ...hw.sim.table import simulated

    if not board.startswith("sim:"):
        return board_row(board)
    made = simulated(board)
    return board_row(made.name).scaled(made.scale)


class _Face:
    """Plain lines, or JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def board(self, name: str, found: int, cores: int, told: str) -> None:
        if self._as_json:
            self._json(event="patterns", board=name, known=found, cores=cores)
        else:
            write_line(f"{name:<15} {found} of {cores} {told}{'s' if cores > 1 else ''}")

    def searched(self, library: Library) -> None:
        from ...hw.patterns.search import UNIT_HASHES

        hashes = library.searched * UNIT_HASHES
        if self._as_json:
            self._json(event="search", hashes=hashes, patterns=len(library.patterns))
        else:
            write_line(f"{len(library.patterns)} patterns in {hashes / 2**32:.2f} x 2^32 hashes")

    def harvested(self, account: Harvest) -> None:
        if self._as_json:
            self._json(
                event="harvest",
                blocks=account.looked,
                zero_bits=account.needed,
                qualified=account.qualified,
                known=len(account.kept),
                cores=account.cores,
            )
            return
        write_line(
            f"{account.looked} blocks, {account.qualified} of them with {account.needed} zero bits or more; "
            f"patterns for {len(account.kept)} of {account.cores} cores"
        )

    def _json(self, **fields: object) -> None:
        import json

        write_line(json.dumps(fields))
