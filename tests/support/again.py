"""Tests that are marked `alone` promise times. One that fails while this machine stood still says nothing: it is made
again, and that is told at the end. One that fails while the machine had time has failed.
"""

from __future__ import annotations

import pytest
from _pytest.runner import runtestprotocol

from .lateness import Lateness

TRIES = 4
LATE_PART, LATE_AT_ONCE_S = 0.05, 0.5  # of its time, or at once: that no code of ours makes a sleeping thread wait
_repeated: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if item.get_closest_marker("alone") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = list[pytest.TestReport]()
    for left in reversed(range(TRIES)):
        with Lateness() as machine:
            reports = runtestprotocol(item, log=False, nextitem=nextitem)
        late_s, part = machine.worst_s, machine.late_s / max(machine.own_s + machine.late_s, 1e-9)
        stood_still = part > LATE_PART or late_s > LATE_AT_ONCE_S
        if not left or not stood_still or not any(report.failed for report in reports):
            break
        _repeated.append(f"{item.nodeid}: this machine stood still for {part:.0%} of its time, {late_s:.2f} s at once")
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _repeated:
        terminalreporter.write_line(f"MADE AGAIN {line}")
