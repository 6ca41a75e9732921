"""`joulehash boards label`: which board is plugged in there, where it cannot say so itself; or what to call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ....engine.errors import InputError
from .opened import PassportFile, with_passport

if TYPE_CHECKING:
    from ....hw.passport.key import Claim
    from ....hw.passport.store import Passport


def label(
    port: Annotated[str, typer.Argument(metavar="[BOARD:]PORT", help="A board, as -d takes it.")],
    name: Annotated[str, typer.Argument(metavar="LABEL", help="What it is called from now on.")],
    passport: PassportFile = None,
) -> int:
    """Say which board this is.

    A board with a serial number of its own keeps the label for good. Of any other it holds until the board is pulled.
    """
    claim = _claim(port)

    async def work(book: Passport) -> str:
        return await book.label(claim, name)

    key = with_passport(passport, work, create=True)
    until = "" if key != name else ", until it is pulled"
    typer.echo(f"{claim.name} is {name}{until}; its passport: joulehash boards show {name}")
    return 0


def _claim(port: str) -> Claim:
    from ....hw import find
    from ....hw.passport.key import claim_of
    from ....hw.spec import parse_spec

    spec = parse_spec(port)
    if spec.kind != "port":
        by_name = f"-d '{spec.name}?label=NAME'"
        how = (
            f"a simulated board is labelled where it is used: {by_name}" if spec.kind == "sim" else "takes [BOARD:]PORT"
        )
        raise InputError(f"{port}: {how}")
    found = find.plugged_in()
    row, _ = find.ports_of(spec, found)
    return claim_of(spec, row, find.thing_of(spec, found), found)
