"""`joulehash pool`: a Stratum V1 server for any miner, on a chain in memory or a Bitcoin node."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from ...engine.errors import InputError
from ..lines import line_of
from ..output import write_line

if TYPE_CHECKING:
    from ...engine.events import Event
    from ...engine.poolserver.pace import Pace
    from ...engine.poolserver.server import PoolServer, ServerSettings
    from ...engine.templates.rpc import NodeUrl
    from ...engine.templates.template import TemplateSource
    from ..signals import Signals

_STATUS_S = 30.0
_ASSUMED_HPS = 2e6  # of the miners together, until they are measured


def pool(
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where miners connect.")] = "127.0.0.1:3333",
    node: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="Bitcoin node, as http://USER:PASS@HOST:PORT or with ?cookie=FILE; several times for several.",
        ),
    ] = None,
    address: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Whom the blocks pay; needed with --node.")
    ] = None,
    block_every: Annotated[
        float | None,
        typer.Option(metavar="S", help="Without --node: seconds between blocks, on average.", show_default="60"),
    ] = None,
    difficulty: Annotated[str, typer.Option(metavar="D", help="Share difficulty that a miner starts with.")] = "0.001",
    sessions: Annotated[int, typer.Option(metavar="N", help="Miners at a time, at most.")] = 4096,
    journal: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="With --node: where found blocks are written down before they are sent.",
            show_default="JOULEHASH_JOURNAL, or the user's data folder",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")] = False,
) -> int:
    """Serve work to any Stratum miner. Without --node: a chain in memory that needs nothing."""
    from ...engine.chain.target import exact_difficulty
    from ...engine.poolserver.pace import Pace
    from ...engine.poolserver.server import ServerSettings
    from ...engine.templates.rpc import NodeUrl
    from ..options import check_block_every
    from ..signals import noted_signals

    if node is not None and address is None:
        raise InputError("--node: whom shall the blocks pay? give a payout address of the node's chain with --address")
    if node is None and address is not None:
        raise InputError("--address: is for --node; a chain in memory pays nobody")
    if node is not None and block_every is not None:
        raise InputError("--block-every: is for the chain in memory; leave it out with --node")
    if node is None and journal is not None:
        raise InputError("--journal: is for --node; blocks of a chain in memory are worth nothing")
    check_block_every(block_every)
    nodes = [NodeUrl.parse(url) for url in node or ()]
    if sessions < 1:
        raise InputError(f"--sessions: {sessions}; takes 1 or more")
    try:
        start = exact_difficulty(difficulty)
    except ValueError as error:
        raise InputError(f"--difficulty: {error}") from None
    host, port = parse_listen(listen)
    settings = ServerSettings(host, port, start, min(start, Fraction(1, 10**6)), sessions=sessions)
    pace = Pace(block_every or 60.0, _ASSUMED_HPS) if node is None else None
    with noted_signals() as signals:
        asyncio.run(_serve(settings, pace, nodes, address, journal, _Face(as_json=as_json), signals))
    return 0


async def _serve(
    settings: ServerSettings,
    pace: Pace | None,
    nodes: Sequence[NodeUrl],
    address: str | None,
    file: str | None,
    face: _Face,
    signals: Signals,
) -> None:
    from ...engine.events import Note
    from ...engine.journal import Journal, journal_path
    from ...engine.poolserver.server import PoolServer, serving
    from ...engine.templates.memory import MemoryChain
    from ...engine.templates.nodes import source_of

    source: TemplateSource
    journal: Journal | None = None
    if nodes and address is not None:
        source = source_of(nodes, address, lambda text: face.event(Note(text)))
        journal = Journal(journal_path(file), face.event)
    else:
        assert pace is not None
        source = MemoryChain(pace.target)

    async def run() -> None:
        async with serving(PoolServer(source, settings, face.event, pace, journal=journal)) as server:
            host, port = server.address
            shown = f"[{host}]" if ":" in host else host
            face.event(Note(f"listening on stratum+tcp://{shown}:{port}, work from {source.name}; Ctrl-C ends it"))
            await face.watch(server)

    running = asyncio.create_task(run())
    with signals.tell(running.cancel):
        await asyncio.wait([running])
    if journal is not None:
        await journal.close()
    if not running.cancelled():
        running.result()  # it ends by itself only with an error
    face.close()


class _Face:
    """What the pool says: each event as a line, shares only in sums, or all of it as JSON."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._accepted = self._refused = self._blocks = 0

    def event(self, event: Event) -> None:
        from ...engine.events import PoolBlock, PoolShare

        match event:
            case PoolShare(code=0):
                self._accepted += 1
            case PoolShare():
                self._refused += 1
            case PoolBlock(accepted=True):
                self._blocks += 1
            case _:
                pass
        if self._as_json:
            write_line(msgspec.json.encode(event).decode())
        elif (line := line_of(event)) is not None:
            write_line(f"{datetime.now():%H:%M:%S} {line}")

    async def watch(self, server: PoolServer) -> None:
        while True:
            await asyncio.sleep(_STATUS_S)
            if not self._as_json:
                write_line(f"{datetime.now():%H:%M:%S} {len(server.sessions)} miners; {self._account()}")

    def close(self) -> None:
        if not self._as_json:
            write_line(self._account())

    def _account(self) -> str:
        return f"shares accepted {self._accepted}, refused {self._refused}; blocks {self._blocks}"


def parse_listen(text: str) -> tuple[str, int]:
    """HOST:PORT, [IPV6]:PORT or :PORT for every address. Raises InputError."""
    host, colon, port = text.rpartition(":")
    ipv6 = host.startswith("[") and host.endswith("]")
    if (
        not colon
        or (not ipv6 and any(sign in host for sign in ":[]"))
        or not port.isascii()
        or not port.isdigit()
        or int(port) > 65535
    ):
        raise InputError(f"--listen {text!r}: takes HOST:PORT or [IPV6]:PORT with a port of 0 (any free one) to 65535")
    return host.strip("[]") or "0.0.0.0", int(port)
