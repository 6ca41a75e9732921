"""Miners by the thousand, for seeing how many shares and sessions a pool server bears: the client's side.

Each session first works out all its shares (one nonce, a fresh extranonce2 each), then sends them, so many unanswered
at a time. It looks at no more of an answer than it must: what it costs shall not be taken for the server's. The
server must be so easy that every hash is a share.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field

_LOGIN = (
    b'{"id":1,"method":"mining.subscribe","params":["load"]}\n{"id":2,"method":"mining.authorize","params":["a","x"]}\n'
)
_LOGIN_ANSWERS = (b'{"id":1,', b'{"id":2,')
_FIRST_ID = 10


@dataclass
class Load:
    """What all sessions do together."""

    sessions: int
    shares: int  # for each session to send
    window: int  # of a session's shares that may be unanswered
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])  # by the server's words; "connection lost" is ours
    jobs: int = 0  # that were told, over all sessions
    ready: asyncio.Event = field(default_factory=asyncio.Event)  # every session has its shares
    done: asyncio.Event = field(default_factory=asyncio.Event)  # and an answer to each, or no connection
    _ready: int = 0
    _done: int = 0

    def one_is_ready(self) -> None:
        self._ready += 1
        if self._ready == self.sessions:
            self.ready.set()

    def one_is_done(self) -> None:
        self._done += 1
        if self._done == self.sessions:
            self.done.set()


class LoadSession(asyncio.Protocol):
    """One miner; its shares are ready before `go`."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[bytes] = []
        self._sent = self._answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(_LOGIN)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self._answered < self._load.shares:
            self._load.refused["connection lost"] += 1
            if not self._lines:
                self._load.one_is_ready()
            self._load.one_is_done()

    def go(self) -> None:
        self._send(self._load.window)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        answered = 0
        for line in lines:
            if b'"method"' in line:
                self._told(line)
            elif not line.startswith(_LOGIN_ANSWERS):
                answered += 1
                if b'"result":true' in line:
                    self._load.accepted += 1
                else:
                    self._load.refused[str(json.loads(line)["error"])] += 1
        self._answered += answered
        if self._answered == self._load.shares and answered:
            self._load.one_is_done()
        elif answered:
            self._send(answered)

    def _told(self, line: bytes) -> None:
        message = json.loads(line)
        if message["method"] == "mining.notify":
            self._load.jobs += 1
            if not self._lines:
                job, ntime = message["params"][0], message["params"][7]
                start = '{"id":%d,"method":"mining.submit","params":["a","' + job + '","%016x","' + ntime
                self._lines = [
                    (start % (_FIRST_ID + i, i) + '","00000000"]}\n').encode() for i in range(self._load.shares)
                ]
                self._load.one_is_ready()

    def _send(self, count: int) -> None:
        batch = self._lines[self._sent : self._sent + count]
        self._sent += len(batch)
        if batch and self._transport is not None:
            self._transport.write(b"".join(batch))
