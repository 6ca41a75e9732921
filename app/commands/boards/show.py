"""`joulehash boards show`: a board's passport, as a page, as JSON, as a picture; or all boards that have one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from ....engine.errors import InputError
from .opened import PassportFile, with_passport

if TYPE_CHECKING:
    from ....hw.passport.history import Book, Metered, Overview, Span
    from ....hw.passport.store import Passport


def show(
    key: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", help="Key or label of a board.", show_default="all of them, a line each"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a board.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw its trends, as .svg or .png.")] = None,
    passport: PassportFile = None,
) -> int:
    """Show what is known of a board: checks, trends, hours, energy, faults, service."""
    if key is None:
        if plot is not None:
            raise InputError("--plot: draws one board; takes its key or label before it")
        _show_all(passport, as_json=as_json)
        return 0
    if plot is not None:
        from ....bench.plot import check

        check("--plot", plot)
    wanted = key

    async def work(book: Passport) -> Book:
        return await book.book(await book.find(wanted))

    book = with_passport(passport, work)
    if plot is not None:
        _draw(book, plot)
    if as_json:
        typer.echo(msgspec.json.encode(_json(book)))
    else:
        from .page import page

        for line in page(book):
            typer.echo(line)
    return 0


def _show_all(file: str | None, *, as_json: bool) -> None:
    from .page import overview

    async def work(book: Passport) -> list[Overview]:
        return await book.boards()

    boards = with_passport(file, work)
    for board in boards if as_json else ():
        typer.echo(msgspec.json.encode(board))
    for line in () if as_json else overview(boards):
        typer.echo(line)


def _draw(book: Book, path: Path) -> None:
    from ....bench.trends import draw

    try:
        draw(book, path)
    except OSError as error:
        raise InputError(f"--plot {path}: {error.strerror}") from None


def _json(book: Book) -> dict[str, Any]:
    """Its fields, and what follows from them."""
    data: dict[str, Any] = msgspec.to_builtins(book)
    data["total"] = _span(book.total)
    data["days"] = [{"day": each.day.isoformat(), **_span(each.span)} for each in book.days]
    return data


def _span(span: Span) -> dict[str, Any]:
    energy = [_metered(each) for each in span.energy]
    return {**msgspec.to_builtins(span), "rate_hps": span.rate_hps, "error_rate": span.error_rate, "energy": energy}


def _metered(metered: Metered) -> dict[str, Any]:
    return {**msgspec.to_builtins(metered), "j_per_th": metered.j_per_th}
