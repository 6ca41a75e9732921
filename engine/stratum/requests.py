"""What the miner's side has asked and not been answered yet; answers find their request by any id that servers send.

Bounded by who asks: a session's own requests are few, and the client limits its shares.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .lines import Response, encode_request
from .messages import Authorize, Configure, Message, Submit, Subscribe


@dataclass(slots=True)
class Requests:
    """Of one connection. Ids count from 1."""

    _next_id: int = 1
    _open: dict[int, Message] = field(default_factory=dict[int, Message])

    def ask(self, message: Message) -> tuple[int, bytes]:
        """(its id, its line)."""
        identity = self._next_id
        self._next_id += 1
        self._open[identity] = message
        return identity, encode_request(identity, message.method, message.encode())

    def answered(self, response: Response) -> tuple[int, Message] | None:
        """(id, request) that this answers, and no other will; None: nothing that was asked."""
        identity = self._nameless(response) if response.id is None else _own_id(response.id)
        asked = self._open.pop(identity, None) if identity is not None else None
        return None if identity is None or asked is None else (identity, asked)

    def forget(self, identity: int) -> None:
        """Its answer is nothing to us any more; many a request is never answered."""
        self._open.pop(identity, None)

    def clear(self) -> None:
        self._open.clear()

    def _nameless(self, response: Response) -> int | None:
        """Some servers leave the id out: it answers the oldest request that such an answer fits."""
        return next((i for i, asked in self._open.items() if _fits(asked, response)), None)


def _fits(asked: Message, response: Response) -> bool:
    """Whether an answer without an id can be to this request."""
    match response.result:
        case list():
            return isinstance(asked, Subscribe)
        case dict():
            return isinstance(asked, Configure)
        case None if response.error:
            return isinstance(asked, Subscribe | Authorize | Submit)
        case _:
            return isinstance(asked, Authorize | Submit)


def _own_id(identity: object) -> int | None:
    """Our ids are integers; some servers answer with them as strings."""
    if isinstance(identity, str) and identity.isascii() and identity.isdigit() and len(identity) < 16:
        return int(identity)
    return identity if isinstance(identity, int) and not isinstance(identity, bool) else None
