from __future__ import annotations

import pytest

from joulehash.app.options import MineOptions
from joulehash.app.pools import make_pool
from joulehash.app.solo import is_node
from joulehash.engine.errors import InputError
from joulehash.engine.pools.group import PoolGroup
from joulehash.engine.pools.node import NodePool

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


@pytest.mark.parametrize("url", ["http://a", " HTTPS://a:1", "http://u:p@a:8332"])
def test_a_node_is_known_by_its_scheme(url: str) -> None:
    assert is_node(url)
    assert not is_node("stratum+tcp://a:1")
    assert not is_node("a:8332")


def test_several_nodes_are_one_pool_whose_name_has_no_secrets() -> None:
    urls: list[str] = ["http://u:secret@a:1", "https://b:2"]
    pool = make_pool(MineOptions(url=urls, user=f"{ADDRESS}.rig1"), print)
    assert isinstance(pool, NodePool)
    assert pool.name == "node http://a:1, node https://b:2"
    assert pool.stats().user == ADDRESS


def test_nodes_stand_together_among_pools_where_the_first_of_them_is() -> None:
    urls: list[str] = ["a:1", "http://b:2", "c:3", "http://d:4"]
    pool = make_pool(MineOptions(url=urls, user=["joe", ADDRESS, "jim", ADDRESS]), print)
    assert isinstance(pool, PoolGroup)
    with pytest.raises(InputError, match=r"choose from stratum.tcp://a:1, node http://b:2, node http://d:4, stratum"):
        pool.switch("another")


def test_a_user_that_is_no_address_is_an_error_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match=r"-u 'joe': is no address; straight from a node the blocks pay an address"):
        make_pool(MineOptions(url="http://a:1", user="joe"), print)
    with pytest.raises(InputError, match="node URL"):
        make_pool(MineOptions(url="http://", user=ADDRESS), print)
    with pytest.raises(InputError, match="pay one address"):
        make_pool(MineOptions(url=["http://a", "http://b"], user=[ADDRESS, ADDRESS.upper()]), print)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (MineOptions(url="a:1", user="joe", pays_me=0), "--pays-me: 0; takes percent above 0, at most 100"),
        (MineOptions(url="a:1", user="joe", pays_me=101), "--pays-me: 101; takes percent above 0, at most 100"),
        (MineOptions(pays_me=98), "--pays-me: is for a pool; give its URL with -o"),
    ],
)
def test_pays_me_takes_percent_of_a_pool(options: MineOptions, message: str) -> None:
    with pytest.raises(InputError, match=message):
        options.check()


def test_pays_me_needs_an_address() -> None:
    with pytest.raises(InputError, match="the user name 'joe' has no address in it"):
        make_pool(MineOptions(url="a:1", user="joe", pays_me=98), print)
