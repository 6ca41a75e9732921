"""Fixtures that more than one folder uses."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from hypothesis import settings

from tests.support.bitcoin_node import BitcoinNode, available

pytest_plugins = ["tests.support.again"]

# The same examples in every run; and no deadline, for the machine may be busy and the first example imports.
settings.register_profile("joulehash", derandomize=True, deadline=None)
settings.load_profile("joulehash")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--board",
        metavar="[BOARD:]PORT",
        help="run the contracts of devices and boards on this real board, too: it is powered up and mines",
    )


@pytest.fixture(scope="session", autouse=True)
def own_passport(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the passport or the journal of whoever runs it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("passport")
        patch.setenv("JOULEHASH_PASSPORT", str(folder / "passport.sqlite3"))
        patch.setenv("JOULEHASH_JOURNAL", str(folder / "blocks.sqlite3"))
        yield


StartNode = Callable[..., BitcoinNode]


@pytest.fixture(scope="session")
def bitcoin_node() -> Iterator[BitcoinNode]:
    """A real node on regtest with segwit active and coins to spend; all tests mine on the one chain."""
    available()
    with BitcoinNode() as node:
        yield node


@pytest.fixture
def start_node() -> Iterator[StartNode]:
    """Starts nodes for one test alone; the arguments are BitcoinNode's."""
    available()
    with ExitStack() as nodes:

        def start(**options: int) -> BitcoinNode:
            return nodes.enter_context(BitcoinNode(**options))

        yield start


@pytest.fixture
def unused_port() -> int:
    """A TCP port of 127.0.0.1 where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
