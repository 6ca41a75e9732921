"""Patterns out of solved blocks: a node's headers, from the newest back, those of them whose nonce a chip comes to.

For chains of many chips, for which nobody can search: every block of the main chain has more than 32 zero bits, and a
nonce that lies anywhere. A block of regtest has 1 zero bit or more: it is of use to a simulator, at a scale that leaves
it no more, and only where its nonce is among those that such a chip tries. Source: Bitcoin Core's getblockheader.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from ...engine.chain.header import Header, hash_text
from ...engine.errors import NodeError
from ...engine.templates.rpc import NodeRpc
from ..boards.row import Row
from .known import EACH
from .pattern import Pattern
from .place import place
from .search import Spot, spots

_NO_HASH = bytes(32)  # before the first block


@dataclass(slots=True)
class Harvest:
    """So far. `needed` zero bits make a header qualify; of those, `kept` are the first few for each core, by small
    core."""

    needed: int
    cores: int
    looked: int = 0
    qualified: int = 0
    kept: dict[Spot, dict[int | None, Pattern]] = field(default_factory=dict[Spot, dict[int | None, Pattern]])

    @property
    def whole(self) -> bool:
        """Every core has one; by then most have some."""
        return len(self.kept) == self.cores

    @property
    def patterns(self) -> list[Pattern]:
        return [pattern for of_core in self.kept.values() for pattern in of_core.values()]

    def keep(self, spot: Spot, small_core: int | None, pattern: Pattern) -> None:
        """Unless there is one of that small core, or enough of the core."""
        of_core = self.kept.setdefault(spot, {})
        if len(of_core) < EACH:
            of_core.setdefault(small_core, pattern)


async def harvest(rpc: NodeRpc, row: Row, mhz: float, blocks: int | None = None) -> AsyncIterator[Harvest]:
    """The same account after each block, until every core has a pattern, so many blocks were looked at, or there are no
    more. Raises NodeError, also for a header that is not the one that was asked for."""
    account = Harvest(row.zero_bits, len(spots(row)))
    wanted = await rpc.call(str, "getbestblockhash")
    while not account.whole and account.looked != blocks:
        header = await _header(rpc, wanted)
        pattern = Pattern.of(header)
        account.looked += 1
        if pattern.zero_bits >= row.zero_bits:
            account.qualified += 1
            if (where := place(row, mhz, pattern)) is not None:
                account.keep((where.chip, where.core), where.small_core, pattern)
        yield account
        if header.prev_hash == _NO_HASH:
            return
        wanted = hash_text(header.prev_hash)


async def _header(rpc: NodeRpc, block_hash: str) -> Header:
    told = await rpc.call(str, "getblockheader", block_hash, False)
    try:
        header = Header.parse(bytes.fromhex(told))
    except ValueError:
        raise NodeError(f"node {rpc.url}: getblockheader: {told[:40]!r} is no header") from None
    if hash_text(header.hash) != block_hash:
        raise NodeError(f"node {rpc.url}: getblockheader: its header does not hash to {block_hash[:40]}")
    return header
