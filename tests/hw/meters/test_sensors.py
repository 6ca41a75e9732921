"""A board's own sensors as a meter: where they measure, and when they do not."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from joulehash.engine.clock import run_virtual
from joulehash.engine.errors import DeviceError
from joulehash.hw.limits import Reading
from joulehash.hw.meters.meter import Sample
from joulehash.hw.meters.sensors import BoardSensors, Sensing

INPUT = Reading(input_v=5.0, input_w=19.0, rail_w=15.0)
RAIL = Reading(rail_v=1.1, rail_w=14.0, other_w=5.0)


@dataclass
class Board:
    reading: Reading


def read(*readings: Reading) -> tuple[Sample, BoardSensors]:
    boards: list[Sensing] = [Board(reading) for reading in readings]
    meter = BoardSensors(lambda: boards)
    return run_virtual(meter.read()), meter


def test_its_input_comes_first() -> None:
    sample, meter = read(INPUT, INPUT)
    assert (sample.watts, meter.place, meter.accuracy.gain) == (38.0, "board input", 0.005)


def test_what_is_estimated_beside_the_rail_is_left_out() -> None:
    sample, meter = read(RAIL)
    assert (sample.watts, meter.place, meter.accuracy.gain) == (14.0, "VR output", 0.05)


@pytest.mark.parametrize("readings", [(), (Reading(),), (INPUT, Reading()), (Reading(faults=("silent",)),)])
def test_without_power_there_is_no_figure(readings: tuple[Reading, ...]) -> None:
    sample, _ = read(*readings)
    assert sample.watts is None


def test_boards_that_cannot_be_summed() -> None:
    with pytest.raises(DeviceError, match="measure at different places"):
        read(INPUT, RAIL)
    with pytest.raises(DeviceError, match="does not measure its power"):
        read(INPUT, Reading(chip_c=50.0))
