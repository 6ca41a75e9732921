"""What opens pools, proxies and nodes is never printed: every command line that holds a secret is run, right and wrong,
as a person and as a program would, and what it wrote is searched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = "pl4nted"
POOL_PASSWORD, PROXY_PASSWORD, NODE_PASSWORD, COOKIE = (f"{PLANTED}-{of}" for of in ("pool", "proxy", "node", "cookie"))
ADDRESS = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"

MINE = [
    "tcp://127.0.0.1:1#proxy=socks5h://joe:{proxy}@127.0.0.1:1",
    "tcp://127.0.0.1:1#proxy=socks5://joe:{proxy}@127.0.0.1:1",
    "tcp://127.0.0.1:1#proxy=http://joe:{proxy}@127.0.0.1:1",
    "tcp://127.0.0.1:1#proxy=http://joe:{proxy}@127.0.0.1",  # no port
    "tcp://127.0.0.1:1#proxy=ftp://joe:{proxy}@127.0.0.1:1",
    "tcp://127.0.0.1#proxy=http://joe:{proxy}@127.0.0.1:1",
    "tcp://127.0.0.1:1#proxi=http://joe:{proxy}@127.0.0.1:1",
    "tcp://joe:{proxy}@127.0.0.1:1",
    "http://joe:{node}@127.0.0.1:1",
    "http://joe:{node}@127.0.0.1:99999",
    "ftp://joe:{node}@127.0.0.1:1",
]


def said_by(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """Everything that it wrote."""
    command = [sys.executable, "-m", "joulehash", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    said = done.stdout + done.stderr
    assert said.strip(), arguments
    return said


@pytest.mark.parametrize("url", MINE)
def test_mine_with_a_secret(url: str) -> None:
    url = url.format(proxy=PROXY_PASSWORD, node=NODE_PASSWORD)
    common = ("mine", "-o", url, "-p", POOL_PASSWORD, "--kernel", "portable", "--threads", "1", "--duration", "0.3")
    for more in (("-u", ADDRESS, "--json"), ("-u", ADDRESS), ()):  # without a user name it does not begin
        assert PLANTED not in said_by(*common, *more), more


@pytest.mark.parametrize("text", ['url = "{}"\npassword = 5', 'url = "{}"\nuser = "u"\nunknown = 1', 'url = "{}" x'])
def test_a_configuration_with_a_secret_and_a_fault(tmp_path: Path, text: str) -> None:
    file = tmp_path / "joulehash.toml"
    file.write_text("[mine]\n" + text.format(f"tcp://h:1#proxy=socks5://joe:{PROXY_PASSWORD}@h:1"))
    assert PLANTED not in said_by("mine", "--config", str(file))


@pytest.mark.parametrize("json", [True, False])
def test_pool_with_a_secret(tmp_path: Path, json: bool) -> None:
    cookie = tmp_path / ".cookie"
    cookie.write_text(f"__cookie__:{COOKIE}")
    more = ("--json",) if json else ()
    for node in (
        f"http://joe:{NODE_PASSWORD}@127.0.0.1:1",
        f"http://joe:{NODE_PASSWORD}@127.0.0.1:99999",
        f"ftp://joe:{NODE_PASSWORD}@127.0.0.1:1",
        f"http://127.0.0.1:1?cookie={cookie}",
    ):
        assert PLANTED not in said_by("pool", "--node", node, "--address", ADDRESS, "--listen", "127.0.0.1:0", *more)
