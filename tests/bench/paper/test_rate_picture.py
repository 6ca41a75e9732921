from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from joulehash.bench.decide.intervals import Interval
from joulehash.bench.paper.rate_picture import rate_picture
from tests.support.svg import inside, words

RATE = Interval(0.95e12, 1.0e12, 1.05e12)


def test_the_interval_lies_between_its_ends_on_the_scale() -> None:
    tree = fromstring(rate_picture(RATE, 1.1e12))
    bar = next(found for found in tree.iter("line") if found.get("stroke-width") == "5")
    due = next(found for found in tree.iter("line") if found.get("stroke-dasharray"))
    low, high, full = float(bar.get("x1", 0)), float(bar.get("x2", 0)), float(due.get("x1", 0))
    assert (low - 20) / (high - 20) == pytest.approx(0.95 / 1.05, abs=0.001)
    assert (full - 20) / (high - 20) == pytest.approx(1.1 / 1.05, abs=0.001)
    assert {"fails, up to 80%", "passes, from 90%", "due"} <= set(words(tree))
    assert inside(tree)


def test_without_an_expected_rate_there_are_no_zones() -> None:
    said = words(fromstring(rate_picture(RATE, None)))
    assert not any("fails" in one or "due" in one for one in said)
    assert inside(fromstring(rate_picture(Interval(0.0, 0.0, 0.0), None)))
