"""From options to a pool: one, several as one, or the embedded pool where none is named."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from .pooloptions import PoolOptions, names_of

if TYPE_CHECKING:
    from ..engine.events import Report
    from ..engine.pool import Pool
    from ..engine.pools.url import PoolURL
    from ..engine.stratum.client import Settings
    from .options import MineOptions

VERSION_MASK = 0x1FFFE000  # BIP320: the bits that are ours to roll
FAILBACK_S = 60.0


def make_pool(options: MineOptions, report: Report) -> Pool:
    """The pool that -o names, or several as one; without any the embedded one. Raises InputError."""
    from ..engine.pools.group import PoolGroup
    from ..engine.pools.member import Policy
    from ..engine.pools.url import PoolURL

    pools = options.pools
    if not pools:
        return _embedded(options, report)
    urls = [PoolURL.parse(pool.url) for pool in pools]
    names = names_of([str(url) for url in urls], pools)
    members = [_one(*each, options, report) for each in zip(pools, urls, names, strict=True)]
    if len(members) == 1:
        return members[0]
    failback_s = FAILBACK_S if options.failback is None else options.failback
    policy = Policy(failback=None if options.stay else failback_s)
    return PoolGroup(members, report, policy, [pool.quota or 0 for pool in pools])


def _embedded(options: MineOptions, report: Report) -> Pool:
    from ..engine.pools.embedded import EmbeddedPool

    settings = _settings("joulehash", None, options.suggested, options)
    return EmbeddedPool(settings, report, options.block_every or 60.0)


def _one(pool: PoolOptions, url: PoolURL, name: str, options: MineOptions, report: Report) -> Pool:
    """One of those that are named."""
    from ..engine.pools.stratum import StratumPool

    settings = _settings(pool.user or "", pool.password, pool.suggested, options)
    return StratumPool(url, replace(settings, extranonce_subscribe=url.extranonce_subscribe), report, name=name)


def _settings(user: str, password: str | None, difficulty: Fraction | None, options: MineOptions) -> Settings:
    from .. import __version__
    from ..engine.stratum.client import Settings

    mask = 0 if options.version_rolling is False else VERSION_MASK
    agent = f"joulehash/{__version__}"
    return Settings(user, "x" if password is None else password, agent, mask, suggest_difficulty=difficulty)
