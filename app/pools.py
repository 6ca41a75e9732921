"""From options to a pool: one, several as one, or the embedded pool where none is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from ..engine.errors import InputError
from .pooloptions import PoolOptions, names_of
from .solo import is_node, node_pool, shown_of, together

if TYPE_CHECKING:
    from ..engine.events import Report
    from ..engine.journal import Journal
    from ..engine.pool import Pool
    from ..engine.pools.group import PoolGroup
    from ..engine.pools.member import Policy
    from ..engine.stratum.client import Settings
    from .options import MineOptions

Key = tuple[object, ...]

VERSION_MASK = 0x1FFFE000  # BIP320: the bits that are ours to roll
FAILBACK_S = 60.0


def make_pool(options: MineOptions, report: Report, journal: Journal | None = None) -> Pool:
    """The pool that -o names, or several as one; without any the embedded one. Raises InputError. Nodes, which are
    http:// URLs, are one pool together, where the first of them stands."""
    return Pools(options, report, journal).pool


class Pools:
    """`pool` is that of a miner; `group` is the same where there may be several. `changeable`: others may be named
    while it mines."""

    def __init__(
        self, options: MineOptions, report: Report, journal: Journal | None, *, changeable: bool = False
    ) -> None:
        self._report, self._journal = report, journal
        self._made: dict[Key, Pool] = {}
        self.group: PoolGroup | None = None
        if not options.pools:
            self.pool: Pool = _embedded(options, report)
            return
        made, policy, quotas = self._named(options)
        self._made = made
        from ..engine.pools.group import PoolGroup

        self.pool, *others = made.values()
        if others or changeable:
            self.pool = self.group = PoolGroup(list(made.values()), report, policy, quotas)

    def change(self, options: MineOptions) -> Callable[[], None]:
        """What is to be called so that other options are in force; pools that they name as before stay as they are.
        Raises InputError, and then nothing has changed."""
        if not options.pools or self.group is None:
            if bool(options.pools) != bool(self._made):
                raise InputError("pools: from the embedded pool to others, and back, takes another start")
            return lambda: None
        group, (made, policy, quotas) = self.group, self._named(options)

        def apply() -> None:
            self._made = made
            group.change(list(made.values()), policy, quotas)

        return apply

    def _named(self, options: MineOptions) -> tuple[dict[Key, Pool], Policy, list[int]]:
        from ..engine.pools.member import Policy

        rows = together(options.pools)
        names = names_of([shown_of(row) for row in rows], [row[0] for row in rows])
        made: dict[Key, Pool] = {}
        for row, name in zip(rows, names, strict=True):
            key = _key(row, name, options)
            made[key] = self._made.get(key) or _one(row, name, options, self._report, self._journal)
        failback_s = FAILBACK_S if options.failback is None else options.failback
        policy = Policy(failback=None if options.stay else failback_s)
        return made, policy, [row[0].quota or 0 for row in rows]


def _key(row: Sequence[PoolOptions], name: str, options: MineOptions) -> Key:
    """All that a pool is made of."""
    plain = [msgspec.structs.astuple(msgspec.structs.replace(pool, quota=None)) for pool in row]
    return *plain, name, options.version_rolling, options.pays_me


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
