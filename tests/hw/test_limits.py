"""What a board's readings come to."""

from __future__ import annotations

from joulehash.hw.limits import Reading


def test_the_watts_of_a_board_are_those_of_its_input_or_of_its_rail_and_what_is_beside_it() -> None:
    assert Reading().watts is None
    assert Reading(input_w=12.0, rail_w=9.0).watts == 12.0
    assert Reading(rail_w=9.0, other_w=5.0).watts == 14.0
    assert Reading(other_w=5.0).watts is None
