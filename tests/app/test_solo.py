from __future__ import annotations

import pytest

from joulehash.app.solo import is_node, node_pool
from joulehash.engine.errors import InputError

ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"


@pytest.mark.parametrize("url", ["http://a", " HTTPS://a:1", "http://u:p@a:8332"])
def test_a_node_is_known_by_its_scheme(url: str) -> None:
    assert is_node(url)
    assert not is_node("stratum+tcp://a:1")
    assert not is_node("a:8332")


def test_several_nodes_are_one_pool_whose_name_has_no_secrets() -> None:
    pool = node_pool(["http://u:secret@a:1", "https://b:2"], f"{ADDRESS}.rig1", print, None, version_mask=0)
    assert pool.name == "node http://a:1, node https://b:2"
    assert pool.stats().user == ADDRESS


def test_a_user_that_is_no_address_is_an_error_before_anything_is_asked() -> None:
    with pytest.raises(InputError, match=r"-u 'joe': is no address; straight from a node the blocks pay an address"):
        node_pool(["http://a:1"], "joe", print, None, version_mask=0)
    with pytest.raises(InputError, match="node URL"):
        node_pool(["http://"], ADDRESS, print, None, version_mask=0)
