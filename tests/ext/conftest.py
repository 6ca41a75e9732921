"""What the tests of the kernels share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import emulated
from tests.support.emulated import Emulator


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs the C kernels on 64-bit ARM."""
    return emulated.build(tmp_path_factory.mktemp("server"))


@pytest.fixture(scope="session")
def emulator(server: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(server, tmp_path_factory.mktemp("emulator")) as started:
        yield started
