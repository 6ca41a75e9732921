"""`joulehash boards`: what is plugged in; and their passports, in which all is kept that was ever measured on them."""

from __future__ import annotations

from typing import Annotated

import typer

from ....engine.errors import InputError
from . import exchange, label, listing, note, show

app = typer.Typer(invoke_without_command=True)
app.command("show")(show.show)
app.command("label")(label.label)
app.command("note")(note.note)
app.command("export")(exchange.export)
app.command("import")(exchange.import_)


@app.callback()
def boards(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> int:
    """List the boards that are plugged in, and by what each was recognised; or use their passports."""
    if context.invoked_subcommand is None:
        return listing.boards(as_json=as_json)
    if as_json:
        raise InputError(
            f"--json: is of the list; joulehash boards {context.invoked_subcommand} --help has its options"
        )
    return 0
