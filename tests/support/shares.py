"""A share of a job, as a device would have found it."""

from __future__ import annotations

import asyncio

from joulehash.engine.judge import Judge, Verdict
from joulehash.engine.space import HeaderSpace
from joulehash.engine.work import Assignment, Found, Job


def share_of(job: Job, first: int = 0) -> Verdict:
    """Of its first header, with the first nonce from `first` on that will do; the job must be very easy."""
    now = asyncio.get_running_loop().time
    work = Assignment(job, HeaderSpace(job.extranonce2_size), now, job.target).draw()
    assert work is not None
    judge = Judge()
    judge.accept(job)
    for nonce in range(first, first + 1000):
        found = Found("test", (work,), nonce, work.versions[0], work.ntime, now())
        verdict = judge.judge(found, now())
        if verdict.sendable:
            return verdict
    raise AssertionError("not easy enough for a test")
