from __future__ import annotations

from xml.etree.ElementTree import fromstring

from hypothesis import given
from hypothesis import strategies as st

from joulehash.bench.check.result import Moment
from joulehash.bench.paper.series_picture import Point, series_picture, thin
from tests.support.checked import moments
from tests.support.svg import inside, words


def test_only_what_is_sensed_is_drawn() -> None:
    every = series_picture(moments(60), {"chip_c": 75.0, "watts": None})
    assert every is not None
    said = words(fromstring(every))
    assert {"chip", "regulator", "power", "rate", "input", "fan", "chip limit 75"} <= set(said)
    assert inside(fromstring(every))
    few = series_picture([Moment(0.0, chip_c=20.0), Moment(1.0, chip_c=None), Moment(2.0, chip_c=22.0)], {})
    assert few is not None
    assert "regulator" not in words(fromstring(few))
    assert len(list(fromstring(few).iter("polyline"))) == 2  # broken where nothing was sensed
    assert series_picture([Moment(0.0), Moment(1.0)], {}) is None
    assert series_picture([Moment(0.0, chip_c=20.0)], {}) is None


@given(st.lists(st.one_of(st.none(), st.floats(-50, 150)), min_size=1, max_size=3000))
def test_thinning_keeps_the_peaks_and_the_order(values: list[float | None]) -> None:
    points: list[Point] = [(float(i), value) for i, value in enumerate(values)]
    kept = thin(points, most=100)
    assert len(kept) <= 100
    assert [at for at, _ in kept] == sorted(at for at, _ in kept)
    known, left = ([v for v in some if v is not None] for some in (values, [v for _, v in kept]))
    assert not known or (min(known), max(known)) == (min(left), max(left))
