"""The passport that a command works on: the option that says where it is, and its opening and closing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import typer

if TYPE_CHECKING:
    from ....hw.passport.store import Passport

T = TypeVar("T")

PassportFile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--passport",
        metavar="FILE",
        help="Where passports are kept.",
        show_default="JOULEHASH_PASSPORT, or the user's data folder",
    ),
]
Key: TypeAlias = Annotated[str, typer.Argument(metavar="KEY", help="Key or label of a board, as boards show lists it.")]


def with_passport(file: str | None, work: Callable[[Passport], Awaitable[T]], *, create: bool = False) -> T:
    """What `work` returns. Raises PassportError; without `create` for a file that is not there, too."""
    from ....hw.passport.store import Passport
    from ....hw.passport.where import passport_path

    async def opened() -> T:
        async with Passport(passport_path(file), create=create) as passport:
            return await work(passport)

    return asyncio.run(opened())
