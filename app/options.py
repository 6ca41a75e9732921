"""Options of `joulehash mine`: from the command line, and under the same names from a TOML file."""

from __future__ import annotations

import os
import tomllib
from fractions import Fraction
from pathlib import Path

import msgspec

from ..engine.errors import InputError
from .pooloptions import PoolOptions, as_list, pools_of, suggested

_LONGEST_S = 1e9  # between blocks: some thirty years


class MineOptions(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """None: not given. The names are those of the flags, and of the keys of [mine] in the configuration."""

    url: str | list[str] | None = None
    user: str | list[str] | None = None
    password: str | list[str] | None = None
    quota: str | None = None
    failback: float | None = None
    stay: bool | None = None
    pool: list[PoolOptions] | None = None  # [[mine.pool]], instead of url
    device: list[str] | None = None
    unguarded: bool | None = None
    meter: str | None = None
    supply: str | None = None
    record: str | None = None
    passport: str | None = None
    journal: str | None = None
    pays_me: float | None = None
    kernel: str | None = None
    threads: int | None = None
    affinity: bool | None = None
    duration: float | None = None
    shares: int | None = None
    block_every: float | None = None
    difficulty: float | str | list[float | str] | None = None
    version_rolling: bool | None = None

    def check(self) -> None:
        """Raises InputError for the first option out of bounds."""
        _above_zero(self.duration, "--duration", "seconds")
        check_block_every(self.block_every)
        _above_zero(self.shares, "--shares", "a number of shares")
        pools = self.pools
        for pool in pools:
            pool.check()
        if self.pays_me is not None and not 0 < self.pays_me <= 100:
            raise InputError(f"--pays-me: {self.pays_me:g}; takes percent above 0, at most 100")
        if self.pays_me is not None and not pools:
            raise InputError("--pays-me: is for a pool; give its URL with -o")
        if not pools and (self.user is not None or self.password is not None):
            raise InputError("-u and -p: are for a pool; give its URL with -o, or leave them out for the embedded pool")
        if pools and self.block_every is not None:
            raise InputError("--block-every: is for the embedded pool; leave it out with -o")
        if len(pools) < 2:
            for name, value in (("--quota", self.quota), ("--failback", self.failback), ("--stay", self.stay)):
                if value is not None:
                    raise InputError(f"{name}: is for several pools; give -o more than once, or leave it out")
        if self.failback is not None and not 0 <= self.failback < float("inf"):
            raise InputError(f"--failback: {self.failback:g}; takes seconds from 0 on")
        if self.failback is not None and self.stay:
            raise InputError("--failback and --stay: the one goes back to a better pool, the other never; choose one")
        _ = self.suggested

    @property
    def pools(self) -> list[PoolOptions]:
        """The best first; none: the embedded pool is meant. Raises InputError where they do not fit together."""
        return pools_of(
            as_list(self.url),
            as_list(self.user),
            as_list(self.password),
            self._difficulties,
            self.quota,
            self.pool or [],
        )

    @property
    def suggested(self) -> Fraction | None:
        """The difficulty to suggest to the embedded pool: None by rate, 0 none at all."""
        return suggested(next(iter(self._difficulties), None))

    @property
    def _difficulties(self) -> list[float | str]:
        given = self.difficulty
        return given if isinstance(given, list) else as_list(given)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    mine: MineOptions = msgspec.field(default_factory=MineOptions)


def load_options(path: Path | None) -> MineOptions:
    """What the file says. Raises InputError that names the key, or the line, and what it takes."""
    if path is None:
        return MineOptions()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(data, _File).mine
    except OSError as error:
        raise InputError(f"config {path}: {error.strerror}") from None
    except RecursionError:
        raise InputError(f"config {path}: its lists or tables lie too deep in each other") from None
    except (ValueError, msgspec.ValidationError) as error:  # of TOML, UTF-8, or a number of thousands of digits
        known = ", ".join(field.encode_name for field in msgspec.structs.fields(MineOptions))
        hint = f"; [mine] takes {known}" if "unknown field" in str(error) else ""
        raise InputError(f"config {path}: {error}{hint}") from None


def merge(given: MineOptions, file: MineOptions) -> MineOptions:
    """The command line before the file; pools of the one are not mixed with pools of the other."""
    if given.url is not None:
        file = msgspec.structs.replace(file, pool=None, quota=None, failback=None, stay=None)
    values = {
        name: value if (value := getattr(given, name)) is not None else getattr(file, name)
        for name in MineOptions.__struct_fields__
    }
    return MineOptions(**values)


def check_block_every(seconds: float | None) -> None:
    """Raises InputError for what no chain in memory can be paced to."""
    if seconds is not None and not 0 < seconds <= _LONGEST_S:
        raise InputError(f"--block-every: {seconds:g}; takes seconds above 0, at most {_LONGEST_S:g}")


def check_writable(option: str, path: Path) -> None:
    """Raises InputError where no file can be left: before an hour of work, not after it."""
    if path.is_dir():
        raise InputError(f"{option} {path}: is a folder; takes the name of a file")
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: there is no folder {path.parent}; make it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{option} {path}: permission denied; choose a folder that you may write to")


def _above_zero(value: float | None, name: str, unit: str) -> None:
    if value is not None and not 0 < value < float("inf"):
        raise InputError(f"{name}: {value:g}; takes {unit} above 0")
