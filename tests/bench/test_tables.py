from __future__ import annotations

import pytest

from joulehash.bench.compare import Change
from joulehash.bench.copies import Copies, Placed
from joulehash.bench.tables import changes_table, copies_table, kernels_table, short, spread
from tests.support.rates import rate

ROWS = [
    rate("avx512", 1, 1, [50.0, 51.0, 54.0], [45.0, 45.9, 48.6]),
    rate("avx512", 1, 2, [52.0, 53.0, 56.0], [45.0, 45.9, 48.6]),
    rate("reference", 8, 1, [712900.0]),
    rate("reference", 8, 2, [712900.0]),
]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0032981, "0.003298"),
        (2.4634, "2.463"),
        (101.74, "101.7"),
        (1234.5, "1234"),
        (712900.0, "712900"),
        (2e6, "2000000"),
    ],
)
def test_four_digits_without_an_exponent(value: float, text: str) -> None:
    assert short(value) == text


def test_quartiles_in_percent_of_the_median() -> None:
    assert spread(200.0, (194.0, 208.0)) == "-3 +4 %"
    assert spread(200.0, (200.0, 200.0)) == "-0 +0 %"


def test_one_line_a_kernel_with_all_threads_beside_one() -> None:
    head, one, reference = kernels_table(ROWS).lines()
    assert " ".join(head.split()) == "kernel M MH/s quartiles cycles/hash of floor x portable on 2 scaling"
    assert one.split() == ["avx512", "1", "39.22", "-3", "+1", "%", "51", "90%", "1", "75.47", "2.00"]
    assert reference.split()[:2] == ["reference", "8"]
    assert "–" in reference  # no floor is counted


def test_one_cpu_has_nothing_beside() -> None:
    head, *_ = kernels_table(ROWS[::2]).lines()
    assert "scaling" not in head


def test_tables_fit_a_terminal() -> None:
    wide = [rate("reference", 256, n, [712900.0, 800000.0], [1.0, 2.0]) for n in (1, 128)]
    change = Change("reference", 256, 128, 10.123, 9.876, 11.234, "no difference", "avx512")
    copies = Copies([Placed("avx512", 8, [1234.5] * 8, 1234.5)])
    for table in (kernels_table(wide), changes_table([change]), copies_table(copies)):
        assert max(map(len, table.lines())) <= 80


def test_markdown_has_the_same_cells() -> None:
    head, rule, one, _ = kernels_table(ROWS).markdown()
    assert head.startswith("| kernel | M | MH/s |")
    assert rule.startswith("| --- | ---: |")
    assert one == "| avx512 | 1 | 39.22 | -3 +1 % | 51 | 90% | 1 | 75.47 | 2.00 |"


def test_copies_tell_their_spread_and_its_noise() -> None:
    placed = Placed("avx512", 1, [100.0, 101.0, 103.0], 100.5)
    assert placed.median == 101
    assert placed.spread == pytest.approx(0.03)
    assert placed.noise == pytest.approx(0.005)
    _, line = copies_table(Copies([placed])).lines()
    assert "100.0 to 103.0 (3.0%)" in line
    assert line.endswith("0.5%")
