from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from joulehash.bench.check.result import Counted
from joulehash.bench.paper.colours import INK, ORANGE, RED
from joulehash.bench.paper.core_picture import core_picture
from joulehash.bench.paper.cores import core_map
from tests.support.checked import chain_result, failed_result
from tests.support.svg import inside, words


def test_a_core_for_each_core() -> None:
    counted = failed_result().counted
    assert counted is not None
    tree = fromstring(core_picture(core_map(counted)))
    said = [found.text or "" for found in tree.iter("title")]
    assert len([one for one in said if one.startswith("chip 0, core ")]) == 128
    (dead,) = (found for found in tree.iter("rect") if "core 17: 0 of" in found.findtext("title", ""))
    assert (dead.get("fill"), dead.get("stroke")) == (INK, RED)
    (weak,) = (found for found in tree.iter("rect") if "core 40: 2 of" in found.findtext("title", ""))
    assert weak.get("fill") == ORANGE
    assert {"×", "▾", "chip 0"} <= set(words(tree))
    assert inside(tree)


@pytest.mark.parametrize(("chips", "cores"), [(1, 1), (2, 112), (6, 128), (40, 128), (114, 672), (126, 1)])
def test_boards_of_any_size_fit(chips: int, cores: int) -> None:
    rows = core_map(Counted([[20.0] * cores] * chips, [[20] * cores] * chips))
    assert inside(fromstring(core_picture(rows)))


def test_a_chain_is_drawn_chip_by_chip() -> None:
    counted = chain_result().counted
    assert counted is not None
    assert {"7 ×", "20 ▾", "37"} <= set(words(fromstring(core_picture(core_map(counted)))))


def test_no_cores_no_map() -> None:
    with pytest.raises(ValueError, match="no cores"):
        core_picture([])
