"""From options to a pool: one, several as one, or the embedded pool where none is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from .pooloptions import PoolOptions, names_of
from .solo import is_node, node_pool, shown_of, together

if TYPE_CHECKING:
    from ..engine.events import Report
    from ..engine.journal import Journal
    from ..engine.pool import Pool
    from ..engine.stratum.client import Settings
    from .options import MineOptions

VERSION_MASK = 0x1FFFE000  # BIP320: the bits that are ours to roll
FAILBACK_S = 60.0


def make_pool(options: MineOptions, report: Report, journal: Journal | None = None) -> Pool:
    """The pool that -o names, or several as one; without any the embedded one. Raises InputError. Nodes, which are
    http:// URLs, are one pool together, where the first of them stands."""
    from ..engine.pools.group import PoolGroup
    from ..engine.pools.member import Policy

    pools = options.pools
    if not pools:
        return _embedded(options, report)
    rows = together(pools)
    names = names_of([shown_of(row) for row in rows], [row[0] for row in rows])
    members = [_one(row, name, options, report, journal) for row, name in zip(rows, names, strict=True)]
    if len(members) == 1:
        return members[0]
    failback_s = FAILBACK_S if options.failback is None else options.failback
    policy = Policy(failback=None if options.stay else failback_s)
    return PoolGroup(members, report, policy, [row[0].quota or 0 for row in rows])


def _embedded(options: MineOptions, report: Report) -> Pool:
    from ..engine.pools.embedded import EmbeddedPool

    settings = _settings("joulehash", None, options.suggested, options)
    return EmbeddedPool(settings, report, options.block_every or 60.0)


def _one(row: Sequence[PoolOptions], name: str, options: MineOptions, report: Report, journal: Journal | None) -> Pool:
    """One of those that are named; or all nodes."""
    from ..engine.pools.stratum import StratumPool
    from ..engine.pools.url import PoolURL

    pool = row[0]
    settings = _settings(pool.user or "", pool.password, pool.suggested, options)
    if is_node(pool.url):
        return node_pool(row, name, report, journal, settings)
    url = PoolURL.parse(pool.url)
    settings = replace(settings, extranonce_subscribe=url.extranonce_subscribe, pays_me=options.pays_me)
    return StratumPool(url, settings, report, name=name, journal=journal)


def _settings(user: str, password: str | None, difficulty: Fraction | None, options: MineOptions) -> Settings:
    from .. import __version__
    from ..engine.stratum.client import Settings

    mask = 0 if options.version_rolling is False else VERSION_MASK
    agent = f"joulehash/{__version__}"
    return Settings(user, "x" if password is None else password, agent, mask, suggest_difficulty=difficulty)
