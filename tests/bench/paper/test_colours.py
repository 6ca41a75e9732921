from __future__ import annotations

import pytest

from joulehash.bench.paper.colours import FAINT, GREEN, INK, ORANGE, PAPER, RED, SHADE, VERDICTS


def light(colour: str) -> float:
    """Relative luminance, as WCAG 2 has it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colour", [INK, FAINT, GREEN, RED, *VERDICTS.values()])
@pytest.mark.parametrize("ground", [PAPER, SHADE])
def test_words_can_be_read(colour: str, ground: str) -> None:
    """WCAG 2.1, level AA: 4.5 to 1."""
    assert contrast(colour, ground) >= 4.5


def test_dead_weak_and_sound_cores_differ_without_colour_too() -> None:
    assert contrast(INK, ORANGE) >= 3
    assert contrast(ORANGE, PAPER) >= 2
    assert contrast(INK, PAPER) >= 10
