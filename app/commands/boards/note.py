"""`joulehash boards note`: what somebody did to a board, for whoever reads its passport next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ....engine.errors import InputError
from .opened import Key, PassportFile, with_passport

if TYPE_CHECKING:
    from ....hw.passport.store import Passport

LONGEST = 4000


def note(
    key: Key,
    text: Annotated[str, typer.Argument(metavar="TEXT", help='What was done, as "fan replaced".')],
    passport: PassportFile = None,
) -> int:
    """Add a service note to a board's passport."""
    from ....hw.passport.records import Service, now

    if not text.strip() or len(text) > LONGEST:
        raise InputError(f"note: {len(text)} characters; takes 1 to {LONGEST}, not all of them blank")
    if not text.isprintable() and not text.replace("\n", " ").isprintable():
        raise InputError("note: holds control characters; takes what can be typed")

    async def work(book: Passport) -> str:
        found = await book.find(key)
        await book.add(found, [Service(now(), text)])
        return found

    typer.echo(f"noted of {with_passport(passport, work)}")
    return 0
