"""Solo mining straight from nodes: what `-o http://USER:PASS@HOST:PORT -u ADDRESS` means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..engine.errors import InputError
from .pooloptions import PoolOptions

if TYPE_CHECKING:
    from ..engine.events import Report
    from ..engine.journal import Journal
    from ..engine.pools.node import NodePool
    from ..engine.stratum.client import Settings


def is_node(url: str) -> bool:
    return url.strip().lower().startswith(("http://", "https://"))


def together(pools: Sequence[PoolOptions]) -> list[list[PoolOptions]]:
    """Each pool by itself, but all nodes as one, where the first of them stands. Raises InputError where nodes are to
    pay different addresses."""
    rows: list[list[PoolOptions]] = []
    nodes: list[PoolOptions] = []
    for pool in pools:
        if not is_node(pool.url):
            rows.append([pool])
            continue
        if not nodes:
            rows.append(nodes)
        nodes.append(pool)
    if len({pool.user for pool in nodes}) > 1:
        raise InputError("-u: nodes work together on blocks that pay one address; give all of them the same")
    return rows


def shown_of(row: Sequence[PoolOptions]) -> str:
    """Without secrets. Raises InputError for what is no URL of a pool or a node."""
    from ..engine.pools.url import PoolURL
    from ..engine.templates.rpc import NodeUrl

    if not is_node(row[0].url):
        return str(PoolURL.parse(row[0].url))
    return ", ".join(f"node {NodeUrl.parse(pool.url)}" for pool in row)


def node_pool(
    row: Sequence[PoolOptions], name: str, report: Report, journal: Journal | None, settings: Settings
) -> NodePool:
    """Of one node, or of several that are one pool. Raises InputError for what is no node's URL, and for a user that is
    no address."""
    from ..engine.chain.payout import address_in
    from ..engine.events import Note
    from ..engine.pools.node import NodePool
    from ..engine.templates.nodes import source_of
    from ..engine.templates.rpc import NodeUrl

    nodes = [NodeUrl.parse(pool.url) for pool in row]
    address = address_in(settings.user)
    if address is None:
        raise InputError(
            f"-u {settings.user[:100]!r}: is no address; straight from a node the blocks pay an address of yours"
        )
    source = source_of(nodes, address, lambda text: report(Note(text)))
    shown, mask = settings.suggest_difficulty, settings.version_mask
    return NodePool(source, address, report, journal, difficulty=shown, version_mask=mask, name=name)
