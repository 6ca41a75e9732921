from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from joulehash.bench.decide.intervals import Interval
from joulehash.bench.paper.colours import ORANGE
from joulehash.bench.paper.spots import Spot
from joulehash.bench.paper.sweep_pictures import curve_picture, map_picture
from tests.support.svg import inside, words
from tests.support.swept import SPOTS


def test_the_map_has_a_cell_for_each_spot_and_says_why_one_has_no_figure() -> None:
    tree = fromstring(map_picture(SPOTS))
    assert {"14.5", "16.2", "errors", "16.0", "500", "400", "1 V", "1.1 V"} <= set(words(tree))
    cells = {found.findtext("title", "").split(", ")[0:2][0]: found for found in tree.iter("rect")}
    assert float(cells["500 MHz"].get("y", 0)) < float(cells["400 MHz"].get("y", 0))  # upwards
    assert len([found for found in tree.iter("rect") if found.get("stroke") == ORANGE]) == 2
    assert inside(tree)


def test_a_board_with_one_voltage() -> None:
    tree = fromstring(
        map_picture([Spot(400, None, j_per_th=Interval(9.0, 10.0, 11.0)), Spot(425, None, said="skipped")])
    )
    assert not any(one.endswith(" V") for one in words(tree))
    with pytest.raises(ValueError, match="no spots"):
        map_picture([])


def test_the_curve_goes_along_the_frontier() -> None:
    drawn = curve_picture(SPOTS)
    assert drawn is not None
    tree = fromstring(drawn)
    assert len(list(tree.iter("circle"))) == 3
    (line,) = tree.iter("polyline")
    (x1, y1), (x2, y2) = (tuple(map(float, at.split(","))) for at in line.get("points", "").split())
    assert x1 < x2
    assert y1 > y2  # more J/TH is higher up
    assert {"best J/TH: 400 MHz, 1 V", "best rate: 500 MHz, 1.1 V"} <= set(words(tree))
    assert inside(tree)
    assert curve_picture([Spot(400, 1.0, said="errors")]) is None
