"""The pools of `joulehash mine`: -o, -u, -p and --difficulty, each given as often as there are pools, or [[mine.pool]].

The n-th of each belongs to the n-th pool; where there are fewer, the last goes on for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar, cast

import msgspec

from ..engine.chain.target import exact_difficulty
from ..engine.errors import InputError
from ..engine.pools.url import without_secrets

T = TypeVar("T")
_QUOTA_MOST = 1000


class PoolOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="kebab", omit_defaults=True):
    """One pool. None: not given. The names are those of the flags, and of the keys of [[mine.pool]]."""

    url: str
    user: str | None = None
    password: str | None = None
    difficulty: float | str | None = None
    quota: int | None = None
    name: str | None = None  # how it is shown; None: its URL

    def check(self) -> None:
        """Raises InputError for the first option out of bounds."""
        if not (self.user or "").strip():
            shown = without_secrets(self.url)
            raise InputError(f"pool {shown}: the user name is missing; give it with -u, often ADDRESS.WORKER")
        for name, text in (("-u", self.user), ("-p", self.password), ("name", self.name)):
            if text is not None and any(ord(char) < 32 or ord(char) == 127 for char in text):
                raise InputError(f"{name}: holds control characters; takes what can be typed, without line ends")
        if self.quota is not None and not 0 <= self.quota <= _QUOTA_MOST:
            raise InputError(f"--quota: {self.quota}; takes 0, for a backup, to {_QUOTA_MOST} for each pool")
        _ = self.suggested

    def __repr__(self) -> str:  # neither the password, nor what a URL may hold
        return f"PoolOptions({without_secrets(self.url)!r}, {self.user!r})"

    @property
    def suggested(self) -> Fraction | None:
        return suggested(self.difficulty)


def pools_of(
    urls: Sequence[str],
    users: Sequence[str],
    passwords: Sequence[str],
    difficulties: Sequence[float | str],
    quota: str | None,
    tables: Sequence[PoolOptions],
) -> list[PoolOptions]:
    """Each pool with what belongs to it. Raises InputError where there is more of something than pools."""
    if urls and tables:
        raise InputError("url and [[mine.pool]]: both name pools; leave one of them out")
    pools = list(tables) if tables else [PoolOptions(url=url) for url in urls]
    for flag, given in (("-u", users), ("-p", passwords), ("--difficulty", difficulties)):
        if len(given) > max(1, len(pools)):
            raise InputError(f"{flag}: given {len(given)} times for {_n_pools(pools)}; takes one for each -o at most")
    quotas = quotas_of(quota, len(pools))
    return [
        msgspec.structs.replace(
            pool,
            user=_first(pool.user, _nth(users, n)),
            password=_first(pool.password, _nth(passwords, n)),
            difficulty=_first(pool.difficulty, _nth(difficulties, n)),
            quota=_first(pool.quota, quotas[n]),
        )
        for n, pool in enumerate(pools)
    ]


def quotas_of(text: str | None, n: int) -> list[int | None]:
    """2:1 as the parts of the first two of n pools; the rest are backups. Raises InputError."""
    if text is None:
        return [None] * n
    parts = text.split(":")
    if not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise InputError(f"--quota: {text!r}; takes whole numbers, as 2:1 for two pools")
    if len(parts) > n:
        raise InputError(f"--quota: {text} has {len(parts)} parts, but there are {n} pools; takes one for each at most")
    return [*map(int, parts), *([0] * (n - len(parts)))]


def names_of(shown: Sequence[str], pools: Sequence[PoolOptions]) -> list[str]:
    """A name of its own for each pool: the one it was given, or its URL as it is shown, numbered where it comes again.

    Raises InputError where a name was given twice."""
    names: list[str] = []
    for url, pool in zip(shown, pools, strict=True):
        if pool.name is not None and pool.name in names:
            raise InputError(f"pool name {pool.name!r}: given twice; give each pool a name of its own")
        name, n = pool.name or url, 1
        while name in names:
            n += 1
            name = f"{url} ({n})"
        names.append(name)
    return names


def suggested(difficulty: float | str | None) -> Fraction | None:
    """The difficulty to suggest: None by rate, 0 none at all. Raises InputError."""
    if difficulty is None:
        return None
    if difficulty in (0, "0"):
        return Fraction(0)
    try:
        return exact_difficulty(difficulty)
    except ValueError as error:
        raise InputError(f"--difficulty: {error}") from None


def as_list(value: T | list[T] | None) -> list[T]:
    """What was given once, several times, or not at all."""
    if value is None:
        return []
    return cast("list[T]", value) if isinstance(value, list) else [value]


def _n_pools(pools: Sequence[PoolOptions]) -> str:
    return "1 pool" if len(pools) == 1 else f"{len(pools)} pools"


def _first(own: T | None, other: T | None) -> T | None:
    return other if own is None else own


def _nth(given: Sequence[T], n: int) -> T | None:
    return given[min(n, len(given) - 1)] if given else None
