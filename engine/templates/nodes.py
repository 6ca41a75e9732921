"""Several nodes as one TemplateSource: templates from the first in order that is well, blocks to all of them.

A node is well when it answers and is not behind: one that has stayed lower than another for ten seconds is passed over
until it has caught up. A block is accepted when one of them has accepted it; the others then know it already, or have
it as one of two at its height, as nodes do that hear of each other's blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from ..errors import InputError, NodeError
from .latest import Latest
from .node import NodeSource, waits
from .rpc import NodeUrl
from .template import Template

BEHIND_S = 10.0  # a block reaches all nodes in less
_LAST_S = 3.0  # that blocks still on their way to other nodes have when we stop

Report = Callable[[str], None]


def source_of(urls: Sequence[NodeUrl], address: str, report: Report) -> NodeSource | Nodes:
    """Of one node, or of several."""
    if len(urls) == 1:
        return NodeSource(urls[0], address, report=report)
    return Nodes(urls, address, report)


class Nodes:
    """A TemplateSource. `report` is told, one line each, of what fails and which node gives the work."""

    def __init__(self, urls: Sequence[NodeUrl], address: str, report: Report) -> None:
        self._report = report
        self.members = [NodeSource(url, address, report=self._member_told) for url in urls]
        self.name = ", ".join(member.name for member in self.members)
        self._offers: list[Template | None] = [None] * len(urls)
        self._behind: dict[int, float] = {}  # since when, by the loop's clock
        self._chosen: tuple[int, Template] | None = None
        self._latest = Latest()
        self._tasks: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[str | None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._first = asyncio.Event()  # there is a template
        self._failures: dict[int, Exception] = {}  # of those that could not start

    @property
    def chain(self) -> str:
        return next((member.chain for member in self.members if member.chain), "")

    async def start(self) -> None:
        """Returns when one of them has a template; the others go on trying. Raises InputError when the address is not
        of a node's chain, or they are of several; NodeError when none of them can be reached."""
        self._latest.open()
        self._failures.clear()
        self._first.clear()
        self._tasks = [asyncio.create_task(self._keep(n)) for n in range(len(self.members))]
        try:
            await self._until_first()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._sending:
            await asyncio.wait(self._sending, timeout=_LAST_S)
        for sending in [*self._sending]:
            sending.cancel()
        if self._timer is not None:
            self._timer.cancel()
        self._latest.close()
        self._offers = [None] * len(self.members)
        self._chosen = None
        for member in self.members:
            await member.rpc.close()

    def templates(self) -> AsyncIterator[Template]:
        """See TemplateSource. Raises NodeError when all have been away for two minutes; ask again then."""
        return self._latest.read()

    async def submit(self, block: bytes, template: Template | None = None) -> str | None:
        """See TemplateSource. Returns with the first that accepts it; the others are told, too."""
        calls = {asyncio.create_task(member.submit(block, template)): member for member in self.members}
        for call in calls:
            self._sending.add(call)
            call.add_done_callback(self._sent)
        answers: dict[str, str] = {}  # by name
        failures: list[Exception] = []
        pending = set(calls)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for call in done:
                try:
                    reason = call.result()
                except NodeError as error:
                    failures.append(error)
                    continue
                if reason is None:
                    return None
                answers[calls[call].name] = reason
        if not answers:
            raise failures[0]
        if len(set(answers.values())) == 1:
            return next(iter(answers.values()))
        names = [member.name for member in self.members if member.name in answers]
        return "; ".join(f"{answers[name]} ({name})" for name in names)

    def _sent(self, call: asyncio.Task[str | None]) -> None:
        self._sending.discard(call)
        if not call.cancelled():
            call.exception()  # who waited has it; of the others the next block will tell

    async def _until_first(self) -> None:
        first = asyncio.create_task(self._first.wait())
        try:
            while not self._first.is_set():
                await asyncio.wait([first, *self._tasks], timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                self._raise_ended()
                if len(self._failures) == len(self.members):
                    raise self._failures[0]
        finally:
            first.cancel()

    def _raise_ended(self) -> None:
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()

    async def _keep(self, n: int) -> None:
        """One of them: started, in the end, and followed for ever. Raises InputError for what cannot get better."""
        member = self.members[n]
        try:
            for wait_s in waits():
                try:
                    await member.start()
                    break
                except NodeError as error:
                    if n not in self._failures:
                        self._report(f"{error}; trying again")
                    self._failures[n] = error
                await asyncio.sleep(wait_s)
            self._failures.pop(n, None)
            if member.chain != self.chain:
                raise InputError(f"{member.name} is on chain {member.chain}, another on {self.chain}: give one chain's")
            while True:
                try:
                    async for template in member.templates():
                        self._offers[n] = template
                        self._choose()
                except NodeError:
                    self._offers[n] = None
                    self._choose()
        except InputError as error:
            self._latest.fail(error)
            raise
        finally:
            await member.stop()

    def _member_told(self, text: str) -> None:
        self._report(text)
        self._choose()

    def _choose(self) -> None:
        """Put out the template of the first that is well, where it is a new one."""
        if (timer := self._timer) is not None:
            timer.cancel()
            self._timer = None
        offers = {n: template for n, template in enumerate(self._offers) if template is not None}
        if not offers:
            if self._chosen is not None:
                self._chosen = None
                self._latest.fail(NodeError(f"none of {self.name} answers"))
            return
        well = {n: offer for n, offer in offers.items() if not self.members[n].troubled} or offers
        chosen = self._best(well)
        self._first.set()
        if self._chosen is not None and self._chosen[1] is well[chosen]:
            return
        if self._chosen is not None and self._chosen[0] != chosen:
            self._report(f"work now from {self.members[chosen].name}")
        self._chosen = chosen, well[chosen]
        self._latest.put(well[chosen])

    def _best(self, well: dict[int, Template]) -> int:
        """The first that is not behind, or not for long."""
        loop = asyncio.get_running_loop()
        now, highest = loop.time(), max(template.height for template in well.values())
        self._behind = {n: self._behind.get(n, now) for n, template in well.items() if template.height < highest}
        if self._behind and (wait_s := min(self._behind.values()) + BEHIND_S - now) > 0:
            self._timer = loop.call_later(wait_s, self._choose)
        return min(n for n in well if n not in self._behind or now - self._behind[n] < BEHIND_S)
