"""Statistics of samples that scatter to one side: medians, quartiles, and intervals by the bootstrap.

The bootstrap here draws blocks of neighbouring samples (Künsch 1989), because what disturbs a machine lasts longer
than a sample; an interval from single samples would be too narrow. It is seeded: the same samples give the same
interval. No distribution is assumed for samples; what two runs differ by is, in compare.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

import numpy as np
from numpy.typing import NDArray

DRAWS = 4000
_SEED = 20091031


def quartiles(samples: Sequence[float]) -> tuple[float, float]:
    """The middle half of them lies between these. Raises ValueError for none."""
    if not samples:
        raise ValueError("quartiles: no samples; takes at least 1")
    if len(samples) == 1:
        return samples[0], samples[0]
    low, _, high = quantiles(samples, n=4, method="inclusive")
    return low, high


def median_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """The median of the ratios of samples taken together. Raises ValueError when there are not as many of both."""
    return median(a / b for a, b in zip(above, below, strict=True))


def scatter(samples: Sequence[float]) -> float:
    """Standard deviation of the middle half, as if normal: what lies far out does not count."""
    low, high = quartiles(samples)
    return (high - low) / 1.349


def median_draws(samples: Sequence[float], stream: int = 0, draws: int = DRAWS) -> NDArray[np.float64]:
    """What else the median could have been: medians of `draws` series that are put together from blocks of this one.

    A block is about the square root of the series long. `stream` numbers independent draws.
    """
    values = np.asarray(samples, dtype=np.float64)
    n = len(values)
    length = max(1, round(n**0.5))
    random = np.random.default_rng([_SEED, stream])
    starts = random.integers(0, n, size=(draws, -(-n // length)))
    places = (starts[:, :, None] + np.arange(length)) % n  # around the end, so that each sample is drawn as often
    series = values[places.reshape(draws, -1)[:, :n]]
    return np.asarray(np.median(series, axis=1), dtype=np.float64)


def interval(draws: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """The middle part of the draws that holds `confidence` of them."""
    outside = (1 - confidence) / 2
    low, high = np.quantile(draws, [outside, 1 - outside])
    return float(low), float(high)
