"""`joulehash boards` alone: what is plugged in, and by what it was recognised. It opens no port."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from textwrap import wrap
from typing import TYPE_CHECKING

import msgspec
import typer

if TYPE_CHECKING:
    from ....hw.find import Recognised

WIDTHS = (13, 21, 42)  # of the columns; with two spaces between them, a terminal's 80
HEAD = ("BOARD", "PORTS", "RECOGNISED BY")
NOTHING = "nothing is plugged in that could be a board; to try a simulated one: joulehash mine -d sim:bitaxe-gamma"


def boards(*, as_json: bool) -> int:
    from ....hw.find import plugged_in

    found = plugged_in()
    if as_json:
        for each in found:
            typer.echo(msgspec.json.encode(each))
    elif not found:
        typer.echo("\n".join(wrap(NOTHING, 80)))
    else:
        for line in table(found):
            typer.echo(line)
    return 0


def table(found: list[Recognised]) -> Iterator[str]:
    """Rows whose cells take as many lines as they need."""
    yield _line(HEAD)
    for each in found:
        several = len(each.ports) > 1
        ports = [f"{role} {port}" if several else port for role, port in each.ports.items()] or [*each.paths] or ["-"]
        texts = [each.by, *([each.remedy] if each.remedy else [])]
        cells = ([each.board or "-"], ports, texts)
        wrapped = [[part for text in cell for part in wrap(text, w)] for cell, w in zip(cells, WIDTHS, strict=True)]
        for line in zip_longest(*wrapped, fillvalue=""):
            yield _line(line)


def _line(cells: tuple[str, ...]) -> str:
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
