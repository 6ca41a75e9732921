"""`joulehash scan`: the nonces of one header."""

from __future__ import annotations

from typing import Annotated

import typer

from ...engine.errors import InputError

NONCES = 2**32


def scan(
    header: Annotated[str, typer.Argument(help="76 or 80 bytes in wire order, as hex.")],
    first: Annotated[int, typer.Option(metavar="N", help="The first nonce.")] = 0,
    count: Annotated[int, typer.Option(metavar="N", help="How many nonces; they wrap at 2^32.")] = NONCES,
    target: Annotated[
        str | None, typer.Option(metavar="HEX", help="64 hex digits or fewer; the header's own nBits without it.")
    ] = None,
    kernel: Annotated[str | None, typer.Option("-k", "--kernel", help="Hash kernel.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help='One {"nonce", "hash"} a line.')] = False,
) -> int:
    """Find the nonces with which a header meets a target. Exit code 1: there are none."""
    from dataclasses import replace

    from ...engine.chain.header import Header, hash_text
    from ...engine.scan import scan_iter

    data = _hex(header)
    found = 0
    for nonce in scan_iter(data, first, count, _target(target), kernel):
        found += 1
        digest = hash_text(replace(Header.parse(data.ljust(80, b"\0")), nonce=nonce).hash)
        typer.echo(f'{{"nonce": {nonce}, "hash": "{digest}"}}' if as_json else f"{nonce} {digest}")
    return 0 if found else 1


def _hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise InputError(f"header {text[:20]!r}…: is not hex; takes 152 or 160 hex digits") from None


def _target(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text, 16)
    except ValueError:
        raise InputError(f"target {text[:20]!r}: is not hex; takes up to 64 hex digits") from None
