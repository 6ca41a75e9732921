"""`joulehash boards export` and `import`: a board's passport as lines of JSON, for when the board moves."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Annotated

import typer

from ....engine.errors import InputError
from .opened import Key, PassportFile, with_passport

if TYPE_CHECKING:
    from ....hw.passport.exchange import Imported
    from ....hw.passport.store import Passport


def export(key: Key, passport: PassportFile = None) -> int:
    """Write all that is known of a board to stdout, as lines of JSON: `> FILE` keeps them."""

    async def work(book: Passport) -> int:
        return await book.export_to(await book.find(key), sys.stdout.buffer.write)

    with_passport(passport, work)
    sys.stdout.buffer.flush()
    return 0


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="What boards export wrote; - for stdin.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="LABEL", help="What it is called here; the same for the same board.")
    ] = None,
    passport: PassportFile = None,
) -> int:
    """Take over a board's passport from another machine. What is here already stays as it is, and nothing doubles."""
    from ....hw.passport.exchange import lines_of

    async def work(book: Passport) -> Imported:
        with ExitStack() as files:
            return await book.import_from(lines_of(_opened(file, files)), file, name)

    done = with_passport(passport, work, create=True)
    typer.echo(f"{done.key}: {done.added} records are new, {done.known} were here already")
    return 0


def _opened(file: str, files: ExitStack) -> IO[bytes]:
    if file == "-":
        return sys.stdin.buffer
    try:
        return files.enter_context(open(file, "rb"))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; takes what joulehash boards export wrote") from None
