from __future__ import annotations

import msgspec
import pytest

from joulehash.bench.check.result import Step
from joulehash.bench.decide.intervals import Interval
from joulehash.bench.energy import efficiency
from joulehash.bench.paper.figures import (
    amount,
    began,
    duration,
    efficiency_text,
    expected_hps,
    interval,
    number,
    step_line,
)
from tests.support.checked import sound_result


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "0"), (1.15, "1.15"), (525.0, "525"), (115200, "115200"), (87.654321, "87.65"), (123456.7, "123457")],
)
def test_numbers_have_four_digits_and_no_exponent(value: float, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (None, "V", "–"),
        (1.152, "V", "1.152 V"),
        ("BM1370", "", "BM1370"),
        (1.0712e12, "H/s", "1.07 TH/s"),
        (999.6e9, "H/s", "1 TH/s"),
        (1000000, "Bd", "1 MBd"),
        (12, "chips", "12 chips"),
        (0, "%", "0 %"),
    ],
)
def test_amounts_have_their_unit(value: str | float | None, unit: str, said: str) -> None:
    assert amount(value, unit) == said


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Interval(1.023e12, 1.06e12, 1.098e12), "1.060 TH/s (1.023 to 1.098, 95 %)"),
        (Interval(500e9, 900e9, 1.3e12, 0.999), "900 GH/s (500 to 1300, 99.9 %)"),
        (Interval(0.0, 0.0, 3.69), "0.0 H/s (0.0 to 3.7, 95 %)"),
        (None, "–"),
    ],
)
def test_an_interval_has_as_many_digits_as_make_sense(found: Interval | None, said: str) -> None:
    assert interval(found, "H/s") == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min"), (603, "10 min 3 s"), (3720, "1 h 2 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_what_is_measured_beside_what_was_expected() -> None:
    assert step_line(Step("cores", 128, 125, "cores", "", "fail", 0.0)) == "125 cores, expected 128 cores"
    assert step_line(Step("identify", "BM1370", "BM1370", "", "", "pass", 0.0)) == "BM1370"
    assert step_line(Step("errors", None, 1.5, "%", "", "pass", 0.0)) == "1.5 %"
    assert step_line(Step("enumerate", 1, None, "chips", "", "fail", 0.0)) == "–, expected 1 chips"


def test_joules_per_terahash_with_what_is_not_known_of_them() -> None:
    """1102 J over 61.48 TH; u is 1 % of the energy and 1.8 % of the nonces."""
    result = sound_result()
    assert efficiency_text(result) == "17.92 ± 0.74 J/TH (k = 2) over 58 s, measured at board input by sensors:"
    assert result.energy is not None
    scaled = efficiency(result.energy, 61.48e12 / 2**22, 0.018 * 61.48e12 / 2**22, "claims")
    assert efficiency_text(msgspec.structs.replace(result, efficiency=scaled)).startswith("75.2 ± 3.1 J/MH (k = 2)")
    unknown = msgspec.structs.replace(result, efficiency=None)
    assert efficiency_text(unknown) == "unknown: nothing hashed"
    assert efficiency_text(msgspec.structs.replace(unknown, energy=None)) == "unknown: no meter"
    failed = msgspec.structs.replace(unknown, energy=None, notes=["J/TH is unknown: plug: does not answer"])
    assert efficiency_text(failed) == "unknown: plug: does not answer"


def test_what_is_due_comes_from_what_was_counted() -> None:
    result = sound_result()
    assert result.rate is not None
    assert result.counted is not None
    valid = sum(map(sum, result.counted.valid))
    assert expected_hps(result) == pytest.approx(result.rate.value * 128 * 24.0 / valid)
    assert expected_hps(msgspec.structs.replace(result, counted=None)) is None


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("2026-11-22T10:12:33Z", "2026-11-22 10:12:33 UTC"),
        ("2026-11-22T10:12:33+02:00", "2026-11-22 08:12:33 UTC"),
        ("yesterday", "yesterday"),
    ],
)
def test_when_it_began(told: str, said: str) -> None:
    assert began(msgspec.structs.replace(sound_result(), began=told)) == said
