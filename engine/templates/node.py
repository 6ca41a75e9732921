"""Templates from a Bitcoin node, and blocks to it: getblocktemplate with longpoll, and submitblock.

Sources: BIP 22, BIP 23 (longpoll), Bitcoin Core src/rpc/mining.cpp and src/rpc/protocol.h (error codes). Works with
any node that speaks them; tests/engine/templates/test_node.py runs it against bcoin.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from itertools import count

import msgspec

from ..chain.address import chain_named, script_for
from ..chain.coinbase import TAG
from ..errors import NodeError
from .gbt import TEST_CHAINS, Offer, Terms, request, template_from
from .latest import Latest
from .rpc import TIMEOUT_S, NodeRpc, NodeUrl, RpcError
from .template import Template

REFRESH_S = 30.0  # for the fees of new transactions
POLL_S = 2.0  # refresh instead, when a node has no longpoll
LONGPOLL_S = 3600.0  # how long a longpoll may hang; a lost one is also noticed at the next refresh
LONGPOLL_APART_S = 1.0  # between two longpolls, however quickly they are answered
RETRY_S = (0.5, 30.0)  # first and longest wait after a failure
STALE_S = 120.0  # after so long without the node, its last template is withdrawn
SUBMIT_TRIES = 6  # 0.5, 1, 2, 4 and 8 s apart

# Bitcoin Core: RPC_IN_WARMUP, RPC_CLIENT_IN_INITIAL_DOWNLOAD, RPC_CLIENT_NOT_CONNECTED. All three pass.
_WAIT = {-28: "is starting", -10: "is still downloading the chain", -9: "has no peers yet"}


class ChainInfo(msgspec.Struct):
    chain: str


class HeaderInfo(msgspec.Struct):
    time: int


def _say_nothing(text: str) -> None:
    pass


class NodeSource:
    """A TemplateSource.

    url      see rpc.NodeUrl
    address  whom the coinbases pay; checked against the node's chain
    tag      what else stands in the coinbase's script
    report   is told, one line each, when the node fails, why it is waited for, and when it is back
    """

    def __init__(
        self,
        url: NodeUrl | str,
        address: str,
        *,
        tag: bytes = TAG,
        report: Callable[[str], None] = _say_nothing,
        refresh_s: float = REFRESH_S,
    ) -> None:
        self.rpc = NodeRpc(url)
        self.name = f"node {self.rpc.url}"
        self._address = address
        self._tag = tag
        self._report = report
        self._refresh_s = refresh_s
        self._terms: Terms | None = None
        self._serials = count(1)
        self._latest = Latest()
        self._follower: asyncio.Task[None] | None = None
        self._hurry = asyncio.Event()  # a new template is wanted at once
        self._prev_time = ("", 0)  # the time of the block of that hash
        self._longpolled = -LONGPOLL_APART_S  # when the last longpoll began, by the loop's clock
        self._trouble: str | None = None  # what was reported last, until the node is well again

    @property
    def chain(self) -> str:
        return "" if self._terms is None else self._terms.chain

    @property
    def troubled(self) -> bool:
        """Whether it fails, or is not ready; `report` tells of each change."""
        return self._trouble is not None

    async def start(self) -> None:
        """Returns when there is a template; waits, and reports, while the node is starting or downloading.

        Raises InputError when the address is not of the node's chain, NodeError when the node cannot be reached,
        does not let us in, or offers what cannot be mined.
        """
        try:
            first = await self._patiently(self._begin, forgiving=False)
        except BaseException:
            await self.rpc.close()
            raise
        self._latest.open()
        self._latest.put(first)
        self._follower = asyncio.create_task(self._follow(first))

    async def stop(self) -> None:
        follower, self._follower = self._follower, None
        try:
            if follower is not None:
                follower.cancel()
                await asyncio.wait([follower])
                if not follower.cancelled():
                    follower.result()
        finally:
            self._latest.close()
            await self.rpc.close()

    def templates(self) -> AsyncIterator[Template]:
        """See TemplateSource. Raises NodeError when the node has been away for two minutes; ask again then."""
        return self._latest.read()

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        """See TemplateSource. Tries again for a quarter of a minute when the node does not answer."""
        params: list[object] = [block.hex()]
        if template is not None and template.workid is not None:
            params.append({"workid": template.workid})
        answer, tries = await self._submit(params)
        self._hurry.set()
        reason = None if answer is None else str(answer).removeprefix("rejected: ")  # which bcoin sets before it
        # After an attempt without an answer, it had arrived.
        return None if reason == "duplicate" and tries > 1 else reason

    async def _submit(self, params: list[object]) -> tuple[object, int]:
        for tries, wait_s in enumerate(waits(), 1):
            try:
                return await self.rpc.call(object, "submitblock", *params), tries
            except NodeError as error:
                final = isinstance(error, RpcError) and error.code not in _WAIT
                if final or tries == SUBMIT_TRIES:
                    raise
            await asyncio.sleep(wait_s)
        raise AssertionError("waits have no end")

    async def _begin(self) -> Template:
        chain = chain_named((await self.rpc.call(ChainInfo, "getblockchaininfo")).chain)
        self._terms = Terms(chain.name, script_for(self._address, chain.name), self._tag)
        return await self._ask()

    async def _follow(self, template: Template) -> None:
        """Puts out newer templates for ever: when longpoll has one, after our own block, and when one is used up."""
        longpoll: asyncio.Task[Template] | None = None
        try:
            while True:
                longpoll = longpoll or asyncio.create_task(self._longpoll(template))
                await self._wait_for(longpoll, self._good_for(template))
                fresh = longpoll.result() if longpoll.done() and longpoll.exception() is None else None
                if longpoll.done():
                    longpoll = None
                if fresh is None:
                    fresh = await self._patiently(self._ask, forgiving=True)
                if longpoll is not None and fresh.prev_hash != template.prev_hash:
                    longpoll.cancel()  # it should have told: its connection is lost, or it is about to tell the same
                    longpoll = None
                if fresh.serial > template.serial:  # both may have answered, the later one first
                    template = fresh
                    self._latest.put(template)
        except Exception as error:  # a fault of ours: who waits for templates shall know, and stop() raises it
            self._latest.fail(error)
            raise
        finally:
            if longpoll is not None:
                longpoll.cancel()

    def _good_for(self, template: Template) -> float:
        """Seconds until it must be refreshed: for its fees, or because a later ntime needs another template."""
        return max(1.0, min(self._refresh_s, template.last_ntime + 1 - template.curtime))

    async def _wait_for(self, longpoll: asyncio.Task[Template], timeout_s: float) -> None:
        hurry = asyncio.create_task(self._hurry.wait())
        try:
            await asyncio.wait([longpoll, hurry], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurry.cancel()
            self._hurry.clear()

    async def _longpoll(self, template: Template) -> Template:
        now = asyncio.get_running_loop().time
        await asyncio.sleep(self._longpolled + LONGPOLL_APART_S - now())
        self._longpolled = now()
        if template.longpollid is not None:
            with suppress(NodeError):
                return await self._ask(template.longpollid, LONGPOLL_S)
        await asyncio.sleep(POLL_S)
        return await self._ask()

    async def _patiently(self, get: Callable[[], Awaitable[Template]], forgiving: bool) -> Template:
        """What `get` gets; waits while the node says that it is not ready yet or, when forgiving, while it fails."""
        now = asyncio.get_running_loop().time
        since, withdrawn = now(), False
        for wait_s in waits():
            try:
                template = await get()
                self._tell(None)
                return template
            except NodeError as error:
                waiting = _WAIT.get(error.code) if isinstance(error, RpcError) else None
                if not forgiving and waiting is None:
                    raise
                self._tell(f"{self.name} {waiting}; waiting" if waiting else f"{error}; trying again")
                if forgiving and not withdrawn and now() - since > STALE_S:
                    self._latest.fail(error)
                    withdrawn = True
            await asyncio.sleep(wait_s)
        raise AssertionError("waits have no end")

    async def _ask(self, longpollid: str | None = None, timeout_s: float = TIMEOUT_S) -> Template:
        terms = self._terms
        assert terms is not None  # set by _begin before anything else asks
        asked = request(terms.chain, longpollid)
        offer = await self.rpc.call(Offer, "getblocktemplate", asked, timeout_s=timeout_s)
        prev_time = await self._time_of(offer.previousblockhash) if terms.chain in TEST_CHAINS else None
        return template_from(offer, terms, next(self._serials), prev_time)  # 20 ms for 4000 transactions

    async def _time_of(self, block_hash: str) -> int:
        if self._prev_time[0] != block_hash:
            self._prev_time = block_hash, (await self.rpc.call(HeaderInfo, "getblockheader", block_hash)).time
        return self._prev_time[1]

    def _tell(self, trouble: str | None) -> None:
        """Reports what changed: a trouble once, and its end."""
        before, self._trouble = self._trouble, trouble
        if trouble != before:
            self._report(trouble or f"{self.name} answers again")


def waits() -> Iterator[float]:
    """0.5, 1, 2 … 30, 30, 30 s."""
    wait_s, longest_s = RETRY_S
    while True:
        yield wait_s
        wait_s = min(2 * wait_s, longest_s)
