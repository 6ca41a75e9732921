"""`joulehash blocks`: the journal of found blocks, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ..output import write_line

if TYPE_CHECKING:
    from ...engine.journal import Listed


def blocks(
    journal: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="The journal.", show_default="JOULEHASH_JOURNAL, or the user's data folder"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """List the blocks that were found, and how each was answered; exit code 1 while one was not."""
    from ...engine.journal import Journal, journal_path

    path = journal_path(journal)

    async def read() -> list[Listed]:
        async with Journal(path, lambda _: None, create=False) as opened:
            return await opened.all()

    listed = asyncio.run(read())
    for block in listed:
        if as_json:
            write_line(
                msgspec.json.encode({**msgspec.structs.asdict(block), "outcome": block.outcome or None}).decode()
            )
        else:
            for line in lines(block):
                write_line(line)
    return 1 if any(not block.outcome for block in listed) else 0


def lines(block: Listed) -> Iterator[str]:
    """Two or more, of 80 columns where names are no longer than usual."""
    height = "block" if block.height is None else f"block {block.height}"
    left = "hands it in" if block.kind == "block" else "closes it"
    outcome = block.outcome or f"not answered yet: the next start {left}"
    yield f"{datetime.fromtimestamp(block.at):%Y-%m-%d %H:%M:%S}  {height} on {block.place}: {outcome}"
    yield f"  {block.hash}"
    for answer in block.answers:
        reason = f": {answer.reason}" if answer.reason else ""
        yield f"  {datetime.fromtimestamp(answer.at):%H:%M:%S} {answer.by}: {answer.outcome}{reason}"
