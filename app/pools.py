"""From options to a pool: one, several as one, or the embedded pool where none is named."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from .pooloptions import PoolOptions, names_of
from .solo import is_node, node_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..engine.events import Report
    from ..engine.journal import Journal
    from ..engine.pool import Pool
    from ..engine.stratum.client import Settings
    from .options import MineOptions

VERSION_MASK = 0x1FFFE000  # BIP320: the bits that are ours to roll
FAILBACK_S = 60.0


def make_pool(options: MineOptions, report: Report, journal: Journal | None = None) -> Pool:
    """The pool that -o names, or several as one; without any the embedded one. Raises InputError."""
    from ..engine.pools.group import PoolGroup
    from ..engine.pools.member import Policy

    pools = _joined(options.pools)
    if not pools:
        return _embedded(options, report)
    names = names_of([_shown(urls) for _, urls in pools], [pool for pool, _ in pools])
    members = [
        (_solo if is_node(pool.url) else _stratum)(pool, urls, name, options, report, journal)
        for (pool, urls), name in zip(pools, names, strict=True)
    ]
    if len(members) == 1:
        return members[0]
    failback_s = FAILBACK_S if options.failback is None else options.failback
    policy = Policy(failback=None if options.stay else failback_s)
    return PoolGroup(members, report, policy, [pool.quota or 0 for pool, _ in pools])


def _joined(pools: Sequence[PoolOptions]) -> list[tuple[PoolOptions, list[str]]]:
    """Each with its URLs: nodes that mine for one address are one pool, where the first of them stands."""
    joined: list[tuple[PoolOptions, list[str]]] = []
    for pool in pools:
        same = [urls for one, urls in joined if is_node(pool.url) and is_node(one.url) and one.user == pool.user]
        if same:
            same[0].append(pool.url)
        else:
            joined.append((pool, [pool.url]))
    return joined


def _embedded(options: MineOptions, report: Report) -> Pool:
    from ..engine.pools.embedded import EmbeddedPool

    settings = _settings("joulehash", None, options.suggested, options)
    return EmbeddedPool(settings, report, options.block_every or 60.0)


def _shown(urls: Sequence[str]) -> str:
    """How a pool is called that was given no name. Raises InputError for what is no URL."""
    from ..engine.pools.url import PoolURL
    from ..engine.templates.rpc import NodeUrl

    if is_node(urls[0]):
        return ", ".join(f"node {NodeUrl.parse(url)}" for url in urls)
    return PoolURL.parse(urls[0]).address


def _solo(
    pool: PoolOptions, urls: list[str], name: str, options: MineOptions, report: Report, journal: Journal | None
) -> Pool:
    mask = 0 if options.version_rolling is False else VERSION_MASK
    return node_pool(urls, pool.user or "", report, journal, difficulty=pool.suggested, version_mask=mask, name=name)


def _stratum(
    pool: PoolOptions, urls: list[str], name: str, options: MineOptions, report: Report, journal: Journal | None
) -> Pool:
    from ..engine.pools.stratum import StratumPool
    from ..engine.pools.url import PoolURL

    url = PoolURL.parse(urls[0])
    settings = _settings(pool.user or "", pool.password, pool.suggested, options)
    settings = replace(settings, extranonce_subscribe=url.extranonce_subscribe, pays_me=options.pays_me)
    return StratumPool(url, settings, report, name=name, journal=journal)


def _settings(user: str, password: str | None, difficulty: Fraction | None, options: MineOptions) -> Settings:
    from .. import __version__
    from ..engine.stratum.client import Settings

    mask = 0 if options.version_rolling is False else VERSION_MASK
    agent = f"joulehash/{__version__}"
    return Settings(user, "x" if password is None else password, agent, mask, suggest_difficulty=difficulty)
