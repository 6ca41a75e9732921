"""A chain of blocks in memory: the default behind the embedded pool, which needs no node and no network.

It begins at Bitcoin's regtest genesis block and keeps the rules of headers, coinbases, merkle roots and witness
commitments, at a block target that its owner sets. What it does not have: other nodes, scripts, or coins. The few
transactions in its templates are made up and spend nothing that exists; they are there so that jobs have merkle
branches and blocks have witnesses, as real ones do. Rejections are in the words of BIP 22 and Bitcoin Core.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from statistics import median_low
from time import time

from ..chain.block import Block
from ..chain.coinbase import COMMITMENT_PREFIX, RESERVED_VALUE, Coinbase, push_height, witness_commitment
from ..chain.header import Header, hash_number
from ..chain.merkle import merkle_branches, merkle_root
from ..chain.target import MAX_TARGET, bits_from_target, target_from_bits
from ..chain.transaction import Input, Output, Transaction
from ..errors import InputError
from .latest import Latest
from .template import FUTURE_S, Template

GENESIS = Header.parse(
    bytes.fromhex(
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3"
        "888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000"
    )
)
VERSION = 0x20000000  # BIP 9, no deployment signalled
ANYONE = b"\x51"  # OP_TRUE: these coins buy nothing
REFRESH_S = 30.0
SUBSIDY, HALVING = 50 * 10**8, 150  # regtest's
_MEDIAN_OF = 11  # BIP 113


class MemoryChain:
    """A TemplateSource. `target` is what a block's hash must not exceed, rounded down to what nBits can say.

    script        whom its coinbases pay
    clock         seconds since 1970
    transactions  how many made-up ones a template has
    refresh_s     a new template at least so often, as from a node whose mempool changes
    """

    name = chain = "memory"

    def __init__(
        self,
        target: int,
        *,
        script: bytes = ANYONE,
        clock: Callable[[], float] = time,
        transactions: int = 5,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self._script = script
        self._clock = clock
        self._n_transactions = transactions
        self._refresh_s = refresh_s
        self._headers = [GENESIS]
        self._heights = {GENESIS.hash: 0}
        self._nbits = _bits(target)
        self._offered: set[int] = set()  # nBits of the templates on this tip: each may still be mined
        self._serial = 0
        self._latest = Latest()
        self._refresher: asyncio.Task[None] | None = None
        self.refresh()

    @property
    def height(self) -> int:
        return len(self._headers) - 1

    @property
    def tip(self) -> Header:
        return self._headers[-1]

    def set_target(self, target: int) -> None:
        """The block target from the next template on, which comes with the next block or refresh.

        Raises InputError unless it is 1 to 2^256-1.
        """
        self._nbits = _bits(target)

    async def start(self) -> None:
        self._latest.open()
        self.refresh()
        self._refresher = asyncio.create_task(self._refresh_often())

    async def stop(self) -> None:
        if self._refresher is not None:
            self._refresher.cancel()
            await asyncio.wait([self._refresher])
            self._refresher = None
        self._latest.close()

    def templates(self) -> AsyncIterator[Template]:
        """See TemplateSource."""
        return self._latest.read()

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        """See TemplateSource. The next template is there before this returns."""
        try:
            parsed = Block.parse(block)
        except ValueError:
            return "rejected"
        if reason := self._fault_in_header(parsed.header) or _fault_in_block(parsed, self.height + 1):
            return reason
        self._headers.append(parsed.header)
        self._heights[parsed.header.hash] = self.height
        self._offered.clear()
        self.refresh()
        return None

    def refresh(self) -> None:
        """A new template on the same tip: new time, new transactions, and the target last set."""
        self.template = self._make()
        self._latest.put(self.template)

    async def _refresh_often(self) -> None:
        while True:
            await asyncio.sleep(self._refresh_s)
            self.refresh()

    def _make(self) -> Template:
        self._serial += 1
        self._offered.add(self._nbits)
        height, mintime = self.height + 1, self._median_time() + 1
        transactions = [_made_up(height, self._serial, i) for i in range(self._n_transactions)]
        commitment = witness_commitment(t.wtxid for t in transactions)
        return Template(
            serial=self._serial,
            height=height,
            version=VERSION,
            prev_hash=self.tip.hash,
            nbits=self._nbits,
            curtime=max(mintime, int(self._clock())),
            mintime=mintime,
            coinbase=Coinbase(height, (Output(subsidy(height), self._script),), commitment=commitment),
            transactions=tuple(t.pack() for t in transactions),
            branches=tuple(merkle_branches([t.txid for t in transactions])),
        )

    def _median_time(self) -> int:
        return median_low(h.ntime for h in self._headers[-_MEDIAN_OF:])

    def _fault_in_header(self, header: Header) -> str | None:
        if header.hash in self._heights:
            return "duplicate"
        if header.prev_hash != self.tip.hash:
            return "stale-prevblk" if header.prev_hash in self._heights else "bad-prevblk"
        if header.nbits not in self._offered:
            return "bad-diffbits"
        if hash_number(header.hash) > target_from_bits(header.nbits):
            return "high-hash"
        if header.ntime <= self._median_time():
            return "time-too-old"
        if header.ntime > self._clock() + FUTURE_S:
            return "time-too-new"
        return None


def _bits(target: int) -> int:
    if not 1 <= target <= MAX_TARGET:
        raise InputError(f"block target {target:#x}: takes 1 to 2^256-1")
    return bits_from_target(target)


def subsidy(height: int) -> int:
    """What the coinbase at this height may create, in satoshi."""
    return SUBSIDY >> height // HALVING if height // HALVING < 64 else 0


def _fault_in_block(block: Block, height: int) -> str | None:
    transactions = block.transactions
    if not transactions or not transactions[0].is_coinbase:
        return "bad-cb-missing"
    if any(t.is_coinbase for t in transactions[1:]):
        return "bad-cb-multiple"
    txids = [t.txid for t in transactions]
    if merkle_root(txids) != block.header.merkle_root:
        return "bad-txnmrklroot"
    if len(set(txids)) != len(txids):  # the same root with the last ones doubled: CVE-2012-2459
        return "bad-txns-duplicate"
    coinbase = transactions[0]
    script = coinbase.inputs[0].script
    if not 2 <= len(script) <= 100:
        return "bad-cb-length"
    if not script.startswith(push_height(height)):
        return "bad-cb-height"
    if sum(o.value for o in coinbase.outputs) > subsidy(height):  # the made-up transactions pay no fee
        return "bad-cb-amount"
    return _fault_in_witness(block)


def _fault_in_witness(block: Block) -> str | None:
    """BIP 141, "Commitment structure": the last output that looks like one is the commitment."""
    coinbase, *others = block.transactions
    marked = [o.script for o in coinbase.outputs if o.script.startswith(COMMITMENT_PREFIX) and len(o.script) >= 38]
    if not marked:
        return "unexpected-witness" if any(t.has_witness for t in block.transactions) else None
    if coinbase.inputs[0].witness != (RESERVED_VALUE,):
        return "bad-witness-nonce-size"
    if marked[-1][6:38] != witness_commitment(t.wtxid for t in others):
        return "bad-witness-merkle-match"
    return None


def _made_up(height: int, serial: int, index: int) -> Transaction:
    """A transaction that looks real and spends nothing; every second one has a witness."""
    name = f"joulehash memory chain {height}/{serial}/{index}".encode()
    source = Input(sha256(name).digest(), 0, b"", witness=(name,) if index % 2 == 0 else ())
    return Transaction(2, (source,), (Output(0, ANYONE),))
