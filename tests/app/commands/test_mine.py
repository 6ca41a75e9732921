"""`joulehash mine` where no device ever works: the reason in one line in each face, and an exit code that says so."""

from __future__ import annotations

import json

from tests.support.command import run

ABSENT = ("mine", "-d", "icarus:/dev/nowhere", "--unguarded", "--duration", "0.3")
REASON = "/dev/nowhere: is not there; plug it in (`joulehash boards` lists what is)"


def test_lines() -> None:
    done = run(*ABSENT)
    assert done.returncode == 2
    assert done.stderr == f"joulehash: no device has worked: icarus:/dev/nowhere: {REASON}\n"
    told = [line for line in done.stdout.splitlines() if REASON in line]
    assert len(told) == 1
    assert told[0].endswith(f"icarus:/dev/nowhere failed: {REASON}; started again in 1 s")


def test_json() -> None:
    done = run(*ABSENT, "--json")
    assert done.returncode == 2
    assert done.stderr == f"joulehash: no device has worked: icarus:/dev/nowhere: {REASON}\n"
    events = [json.loads(line) for line in done.stdout.splitlines()]
    failures = [event for event in events if event["event"] == "device_failed"]
    assert failures == [{"event": "device_failed", "device": "icarus:/dev/nowhere", "reason": REASON, "retry_s": 1.0}]
    assert events[-1]["event"] == "summary"
    assert events[-1]["accepted"] == 0


def test_beside_one_that_works_it_is_no_end() -> None:
    done = run("mine", "-d", "icarus:/dev/nowhere", "-d", "cpu:portable", "--unguarded", "--duration", "0.3", "--json")
    assert (done.returncode, done.stderr) == (0, "")
