"""The newest template, and those who wait for a newer one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from .template import Template


class Latest:
    """One writer, any number of readers; a slow reader misses templates in between and never the newest."""

    def __init__(self) -> None:
        self._template: Template | None = None
        self._error: Exception | None = None
        self._turn = 0  # counts puts and fails
        self._closed = False
        self._changed = asyncio.Event()

    def put(self, template: Template) -> None:
        self._template, self._error = template, None
        self._wake()

    def fail(self, error: Exception) -> None:
        """There is no template to work on. Readers that wait raise `error`; later ones wait for the next template."""
        self._template, self._error = None, error
        self._wake()

    def open(self) -> None:
        self._closed = False

    def close(self) -> None:
        """Readers end."""
        self._closed = True
        self._wake()

    async def read(self) -> AsyncIterator[Template]:
        """The newest template at once, if there is one, and then each newer one."""
        seen = 0 if self._template is not None else self._turn
        while True:
            while self._turn == seen and not self._closed:
                await self._changed.wait()
            if self._closed:
                return
            seen = self._turn
            if self._error is not None:
                raise self._error
            if self._template is not None:
                yield self._template

    def _wake(self) -> None:
        self._turn += 1
        self._changed.set()
        self._changed = asyncio.Event()
