"""Accuracies and bits per byte with 95 % intervals that respect how the items hang together.

Items of one module resemble each other, so n items are worth fewer than n independent ones. The
cluster bootstrap (Field & Welsh 2007, "Bootstrapping clustered data") draws whole groups with
replacement, as many as there are, and takes the 2.5th and 97.5th percentile of the statistic over
the draws. Every statistic here is a ratio of two sums over items (accuracy: right answers over
items; bits per byte: bits over bytes), so a draw needs only the sums per group.

With few groups (below about thirty) percentile intervals are too narrow; n_groups stands beside
every score for that reason.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.errors import ConfigError, DataError

RESAMPLES = 2000
"""Draws of groups behind an interval; its ends then wander by about 0.05 of their distance."""
_BLOCK = 4_000_000
"""Group indices drawn at once: bounds the memory at 32 MB."""


class Interval(NamedTuple):
    """A statistic and its 95 % interval, in the statistic's own unit."""

    value: float
    low: float
    high: float


def cluster_bootstrap(
    values: Sequence[float],
    groups: Sequence[str],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """Mean of the items' values (1.0 right, 0.0 wrong: the accuracy), resampled by group.

    Raises DataError without items or with lengths that differ, ConfigError for resamples < 1.
    """
    return ratio_cluster_bootstrap(
        values, [1.0] * len(values), groups, seed=seed, resamples=resamples
    )


def ratio_cluster_bootstrap(
    numerators: Sequence[float],
    denominators: Sequence[float],
    groups: Sequence[str],
    *,
    seed: int,
    resamples: int = RESAMPLES,
) -> Interval:
    """Σ numerators / Σ denominators, resampled by group: long items weigh as much as they are long.

    Raises DataError without items, with lengths that differ or a denominator that is not positive,
    ConfigError for resamples < 1.
    """
    if not len(numerators) == len(denominators) == len(groups) > 0:
        raise DataError(
            f"{len(numerators)} numerators, {len(denominators)} denominators and {len(groups)} "
            "groups: give one of each per item, and at least one item"
        )
    if min(denominators) <= 0:
        raise DataError(f"a denominator is {min(denominators)}: leave out items without extent")
    if resamples < 1:
        raise ConfigError(f"resamples={resamples}: use at least 1, better 2000")
    above = _sums_by_group(numerators, groups)
    below = _sums_by_group(denominators, groups)
    draws = _resampled_ratios(above, below, np.random.default_rng(seed), resamples)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(float(above.sum() / below.sum()), float(low), float(high))


def bits_per_byte(nats: float, n_bytes: int) -> float:
    """Information per UTF-8 byte: nats / (bytes · ln 2)."""
    return nats / (n_bytes * math.log(2))


def _sums_by_group(values: Sequence[float], groups: Sequence[str]) -> NDArray[np.float64]:
    """(n_groups,) sums, groups in sorted order so that the result has one order only."""
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    return np.bincount(index, weights=np.asarray(values)).astype(np.float64)


def _resampled_ratios(
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    rng: np.random.Generator,
    resamples: int,
) -> NDArray[np.float64]:
    """(resamples,) ratios; each draws n_groups groups with replacement."""
    n = len(above)
    rows = max(1, _BLOCK // n)
    ratios = []
    for start in range(0, resamples, rows):
        drawn = rng.integers(n, size=(min(rows, resamples - start), n))
        ratios.append(above[drawn].sum(axis=1) / below[drawn].sum(axis=1))
    return np.concatenate(ratios)
