"""Statistics of items with 95 % intervals that respect how the items hang together.

Items of one module resemble each other, so n items are worth fewer than n independent ones. The
cluster bootstrap (Field & Welsh 2007, "Bootstrapping clustered data") draws whole groups with
replacement, as many as there are, and takes the 2.5th and 97.5th percentile of the statistic over
the draws. Every statistic is computed from sums over items (accuracy: right answers and items; bits
per byte: bits and bytes; BLEU: its n-gram counts), so a draw needs only the sums per group.

With few groups (below about thirty) percentile intervals are too narrow; n_groups stands beside
every score for that reason.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.errors import ConfigError, DataError

RESAMPLES = 2000
"""Draws of groups behind an interval; its ends then wander by about 0.05 of their distance."""
_BLOCK = 4_000_000
"""Sums gathered at once: bounds the memory at 32 MB."""
_MOST_NATS = 700.0
"""Per unit; the exponential of more is no finite number."""


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
    sums = sums_by_group(np.column_stack([numerators, denominators]), groups)
    draws = resampled_sums(sums, np.random.default_rng(seed), resamples)
    low, high = np.percentile(draws[:, 0] / draws[:, 1], [2.5, 97.5])
    above, below = sums.sum(axis=0)
    return Interval(float(above / below), float(low), float(high))


def exponential(interval: Interval) -> Interval:
    """exp of a statistic and of its interval: nats per unit → perplexity."""
    value, low, high = (math.exp(min(x, _MOST_NATS)) for x in interval)
    return Interval(value, low, high)


def bits_per_byte(nats: float, n_bytes: int) -> float:
    """Information per UTF-8 byte: nats / (bytes · ln 2)."""
    return nats / (n_bytes * math.log(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values after Holm's step-down correction, in the given order (Holm 1979).

    Rejecting those at or below a level keeps the chance of any false rejection at that level.
    """
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def sums_by_group(values: Any, groups: Sequence[str]) -> NDArray[np.float64]:
    """(n_items, k) → (n_groups, k) sums, groups in sorted order so that there is one order only."""
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    columns = np.asarray(values, dtype=np.float64).T
    return np.column_stack([np.bincount(index, weights=column) for column in columns])


def resampled_sums(
    sums: NDArray[np.float64], rng: np.random.Generator, resamples: int
) -> NDArray[np.float64]:
    """(n_groups, k) sums → (resamples, k): each row sums n_groups groups drawn with replacement."""
    n, k = sums.shape
    rows = max(1, _BLOCK // (n * k))
    drawn = []
    for start in range(0, resamples, rows):
        index = rng.integers(n, size=(min(rows, resamples - start), n))
        drawn.append(sums[index].sum(axis=1))
    return np.concatenate(drawn)
