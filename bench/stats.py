"""Statistics of samples that scatter to one side: medians, quartiles, and how sure a median is.

The bootstrap here draws blocks of neighbouring samples (Künsch 1989), because what disturbs a machine lasts longer
than a sample; single samples would make the median look surer than it is. It is seeded: the same samples give the same
error. It knows nothing of what changes between one run and the next; that is in compare.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist, median, quantiles

import numpy as np

DRAWS = 400
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


def median_error(samples: Sequence[float], draws: int = DRAWS) -> float:
    """Standard error of their median: how far it scatters when the series is put together anew from its own blocks.

    A block is about the square root of the series long, and goes around its end. Infinite for a single sample.
    """
    values = np.asarray(samples, dtype=np.float64)
    n = len(values)
    if n < 2:
        return float("inf")
    length = _block(n)
    starts = np.random.default_rng(_SEED).integers(0, n, size=(draws, -(-n // length)))
    places = (starts[:, :, None] + np.arange(length)) % n
    series = values[places.reshape(draws, -1)[:, :n]]
    return float(np.std(np.median(series, axis=1)))


def blocks(samples: Sequence[float]) -> float:
    """How many blocks an error of their median rests on."""
    return len(samples) / _block(len(samples))


def _block(n: int) -> int:
    return max(1, round(sqrt(n)))


def t_quantile(p: float, freedom: float) -> float:
    """What Student's t stays below with probability p, by Cornish and Fisher's first term: within a tenth from 4 on."""
    z = NormalDist().inv_cdf(p)
    return z + (z**3 + z) / (4 * freedom)
