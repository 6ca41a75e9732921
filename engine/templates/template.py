"""Block templates: all that is known of a block before it is mined, and where they come from.

Source: BIP 22 and BIP 23. Leaves out changing the set of transactions: a template's are the node's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from ..chain.block import pack_block
from ..chain.coinbase import Coinbase
from ..chain.target import target_from_bits

FUTURE_S = 7200  # a block's time may be so far ahead of a node's clock; Bitcoin Core, MAX_FUTURE_BLOCK_TIME
MIN_DIFFICULTY_S = 1200  # on test networks a block so long after the one before may be of least difficulty


@dataclass(frozen=True, slots=True)
class Template:
    """Seconds are since 1970, as in headers; hashes are in internal order."""

    serial: int  # of its source, 1, 2, 3 …; a later template has a higher one
    height: int
    version: int
    prev_hash: bytes
    nbits: int
    curtime: int  # the header's time, where a miner starts
    mintime: int
    coinbase: Coinbase
    transactions: tuple[bytes, ...] = field(repr=False)  # serialised with their witness, the coinbase left out
    branches: tuple[bytes, ...] = field(repr=False)  # from the coinbase's txid to the merkle root
    maxtime: int | None = None
    min_difficulty_after: int | None = None  # see first_ntime; None on chains without that rule
    longpollid: str | None = None
    workid: str | None = None

    @property
    def target(self) -> int:
        """What the hash of the block must not exceed."""
        return target_from_bits(self.nbits)

    @property
    def first_ntime(self) -> int:
        """The lowest time that a header of this template may have.

        On test networks the difficulty falls to its least when more than 20 minutes have passed since the block
        before: nBits then depend on the header's own time, and a template's hold on its own side of that moment only.
        """
        after = self.min_difficulty_after
        return self.mintime if after is None or self.curtime <= after else max(self.mintime, after + 1)

    @property
    def last_ntime(self) -> int:
        """The highest time that a header of this template may have; see first_ntime. Later ones need a new template."""
        bounds = [self.curtime + FUTURE_S, 2**32 - 1]
        if self.maxtime is not None:
            bounds.append(self.maxtime)
        if self.min_difficulty_after is not None and self.curtime <= self.min_difficulty_after:
            bounds.append(self.min_difficulty_after)
        return min(bounds)

    def coinbase_halves(self, extranonce_bytes: int) -> tuple[bytes, bytes]:
        """(coinb1, coinb2), as mining.notify has them. InputError when the extranonce does not fit between them."""
        return self.coinbase.halves(extranonce_bytes)

    def block(self, header: bytes, coinbase: bytes) -> bytes:
        """The whole block of a mined header (80 bytes) and its coinbase (coinb1 + extranonces + coinb2)."""
        return pack_block(header, [self.coinbase.in_block(coinbase), *self.transactions])


class TemplateSource(Protocol):
    """Where templates come from and blocks go to: a node, or a chain in memory."""

    @property
    def name(self) -> str: ...

    @property
    def chain(self) -> str:
        """Whose blocks these are, as address.CHAINS names it; known when it has started."""
        ...

    async def start(self) -> None: ...

    def templates(self) -> AsyncIterator[Template]:
        """The template of now at once, then each newer one; ends when the source is stopped. May be asked for twice.

        A slow reader misses those in between and gets the latest. Raises NodeError when the source has been away for
        so long that the last template should not be worked on; asked again, it waits for the next one.
        """
        ...

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        """Hand in a block of `template`, or of one of an earlier run: None when it was accepted, or why not, in BIP
        22's words.

        Raises NodeError when no answer could be had.
        """
        ...

    async def stop(self) -> None: ...
