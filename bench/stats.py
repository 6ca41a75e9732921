"""Statistics of samples that scatter to one side: medians, quartiles, and how sure a median is.

The bootstrap here draws blocks of neighbouring samples (Künsch 1989), because what disturbs a machine lasts longer
than a sample; single samples would make the median look surer than it is. It is seeded: the same samples give the same
error. It knows nothing of what changes between one run and the next; that is in compare.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median, quantiles

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

    A block is about the square root of the series long, and goes around its end.
    """
    values = np.asarray(samples, dtype=np.float64)
    n = len(values)
    length = max(1, round(n**0.5))
    starts = np.random.default_rng(_SEED).integers(0, n, size=(draws, -(-n // length)))
    places = (starts[:, :, None] + np.arange(length)) % n
    series = values[places.reshape(draws, -1)[:, :n]]
    return float(np.std(np.median(series, axis=1)))
