"""From options to a pool: one, several as one, or the embedded pool."""

from __future__ import annotations

import pytest

from joulehash.app.options import MineOptions
from joulehash.app.pooloptions import PoolOptions
from joulehash.app.pools import make_pool
from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import InputError
from joulehash.engine.pools.embedded import EmbeddedPool
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.stratum import StratumPool


def names(options: MineOptions) -> list[str]:
    async def main() -> list[str]:
        return [stats.name for stats in make_pool(options, print).stats().members]

    return run_virtual(main())


def test_none_one_or_several() -> None:
    assert isinstance(make_pool(MineOptions(), print), EmbeddedPool)
    assert isinstance(make_pool(MineOptions(url="a:1", user="me"), print), StratumPool)
    group = make_pool(MineOptions(url=["a:1", "b:2"], user="me"), print)
    assert isinstance(group, PoolGroup)
    assert group.name == "stratum+tcp://a:1", "the first, until one is mined on"


def test_each_pool_has_a_name_of_its_own() -> None:
    assert names(MineOptions(url=["a:1", "ssl://a:1", "a:1", "a:1"], user=["me", "me", "you", "them"])) == [
        "stratum+tcp://a:1",
        "stratum+ssl://a:1",
        "stratum+tcp://a:1 (2)",
        "stratum+tcp://a:1 (3)",
    ]
    assert names(MineOptions(pool=[PoolOptions(url="a:1", name="one"), PoolOptions(url="a:1")], user="me")) == [
        "one",
        "stratum+tcp://a:1",
    ]
    twice = [PoolOptions(url="a:1", name="one"), PoolOptions(url="b:2", name="one")]
    with pytest.raises(InputError, match="'one': given twice"):
        make_pool(MineOptions(pool=twice, user="me"), print)


def test_a_wrong_url_is_named_whichever_it_is() -> None:
    with pytest.raises(InputError, match="the port is missing"):
        make_pool(MineOptions(url=["a:1", "b"], user="me"), print)
