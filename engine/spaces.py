"""The header spaces of the jobs of late, so that no header is hashed twice whichever job, session or pool it came by.

Jobs of equal content have one space, also where two pools give them. Each pool's newest jobs keep theirs, however many
jobs another pool gives meanwhile.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar
from weakref import WeakValueDictionary

from .space import HeaderSpace
from .work import Job

_KEPT = 64  # jobs of each pool
_POOLS = 64
K = TypeVar("K")
V = TypeVar("V")


class HeaderSpaces:
    def __init__(self) -> None:
        self._by_content: WeakValueDictionary[object, HeaderSpace] = WeakValueDictionary()
        self._kept: OrderedDict[str, OrderedDict[object, HeaderSpace]] = OrderedDict()

    def of(self, job: Job) -> HeaderSpace:
        content = job.content
        space = self._by_content.get(content)
        if space is None:
            space = self._by_content[content] = HeaderSpace(job.extranonce2_size)
        kept = self._kept.setdefault(job.pool, OrderedDict())
        kept[content] = space
        _trim(kept, content, _KEPT)
        _trim(self._kept, job.pool, _POOLS)
        return space


def _trim(kept: OrderedDict[K, V], newest: K, most: int) -> None:
    kept.move_to_end(newest)
    if len(kept) > most:
        kept.popitem(last=False)
