"""Solo mining straight from nodes: what `-o http://USER:PASS@HOST:PORT -u ADDRESS` means."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..engine.errors import InputError

if TYPE_CHECKING:
    from ..engine.events import Report
    from ..engine.journal import Journal
    from ..engine.pools.node import NodePool


def is_node(url: str) -> bool:
    return url.strip().lower().startswith(("http://", "https://"))


def node_pool(
    urls: Sequence[str],
    user: str,
    report: Report,
    journal: Journal | None,
    *,
    difficulty: Fraction | None = None,
    version_mask: int,
    name: str = "",
) -> NodePool:
    """Of one node, or of several that are one pool. Raises InputError for what is no node's URL, and for a user that is
    no address."""
    from ..engine.chain.payout import address_in
    from ..engine.events import Note
    from ..engine.pools.node import NodePool
    from ..engine.templates.nodes import source_of
    from ..engine.templates.rpc import NodeUrl

    nodes = [NodeUrl.parse(url) for url in urls]
    address = address_in(user)
    if address is None:
        raise InputError(f"-u {user[:100]!r}: is no address; straight from a node the blocks pay an address of yours")
    source = source_of(nodes, address, lambda text: report(Note(text)))
    return NodePool(source, address, report, journal, difficulty=difficulty, version_mask=version_mask, name=name)
