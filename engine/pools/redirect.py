"""client.reconnect: where a pool may send its miner, and where not.

In 2014 miners were hijacked by this message (sgminer #296, #257), put into plain connections by someone on the way.
Rented miners need it all the same, mostly for another port (ESP-Miner #41, #517; NerdMiner #221). So it is obeyed
within the host that the user has configured, and within its registered domain (pool.example.co.uk: example.co.uk), as
publicsuffixlist's copy of the Public Suffix List knows it. All else that the URL says stays: TLS, pin, proxy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from ipaddress import ip_address

from ..errors import InputError
from ..stratum.events import Redirected
from ..stratum.lines import printable
from .url import PoolURL, bare_host, same_host


def followed(asked: Redirected, configured: PoolURL, now: PoolURL) -> PoolURL | str:
    """Where to connect next, or why not there.

    configured: what the user has given, whose domain counts; now: where we are, whose host or port an answer without
    them means.
    """
    port = asked.port or now.port
    if asked.host is None or same_host(asked.host, now.host):
        return replace(now, port=port)
    if same_host(asked.host, configured.host):
        return replace(configured, port=port)
    told = f"client.reconnect to {printable(asked.host, 80)}"
    try:
        target = PoolURL.parse(f"[{bare_host(asked.host)}]:1" if ":" in asked.host else f"{bare_host(asked.host)}:1")
    except InputError:
        return f"{told}: not obeyed, it is no host"
    if str(target) != target.address:
        return f"{told}: not obeyed, it is no host"
    own = _registered(configured.host)
    if own is None or _registered(target.host) != own:
        return f"{told}: not obeyed, it is not of {own or configured.host}, which you have configured"
    return replace(now, host=target.host, port=port)


def _registered(host: str) -> str | None:
    """The registered domain of a name; None for addresses, and for names without one (localhost, co.uk)."""
    name = bare_host(host)
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        pass
    else:
        return None
    return _suffixes()(name)


@cache
def _suffixes() -> Callable[[str], str | None]:
    from publicsuffixlist import PublicSuffixList  # takes a sixth of a second to load, and is seldom needed

    known = PublicSuffixList(accept_unknown=False)

    def registered(name: str) -> str | None:
        found = known.privatesuffix(name)
        return found if isinstance(found, str) else None

    return registered
