"""Statistics of items with 95 % intervals that respect how the items hang together.

Items of one module resemble each other, so n items are worth fewer than n independent ones. The
cluster bootstrap (Field & Welsh 2007, "Bootstrapping clustered data") draws whole groups with
replacement, as many as there are, and takes the 2.5th and 97.5th percentile of the statistic over
the draws; the standard error is the standard deviation of the same draws. Every statistic is
computed from sums over items (accuracy: right answers and items; bits per byte: bits and bytes;
BLEU: its n-gram counts), so a draw needs only the sums per group.

lm-evaluation-harness states another standard error, that of n independent items
(``item_stderr``): equal to ours within the noise of the draws where every item is a group of its
own, and smaller where items hang together.

With few groups (below about thirty) percentile intervals are too narrow; n_groups stands beside
every score for that reason.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.errors import ConfigError, DataError

RESAMPLES = 2000
"""Draws of groups behind an interval; its ends then wander by about 0.05 of their distance."""
_BLOCK = 4_000_000
"""Counts of drawn groups that are made at once: bounds the memory at 32 MB."""
_KEPT = 32_000_000
"""Counts that are kept for the next statistic of the same groups: 64 MB; what is larger is drawn
again every time."""
MOST_NATS = 700.0
"""Per unit; the exponential of more is no finite number."""


class Interval(NamedTuple):
    """A statistic and its 95 % interval, in the statistic's own unit."""

    value: float
    low: float
    high: float
    stderr: float = 0.0
    """Standard deviation of the draws; 0 for a constant."""


Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""(m, k) sums → the value of each row (m,)."""


def constant(value: float) -> Interval:
    """What no draw changes, such as chance."""
    return Interval(value, value, value)


def bootstrap(
    sums: NDArray[np.float64], statistic: Statistic, *, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """A statistic of (n_groups, k) sums per group, resampled by group.

    Where a statistic cannot be smaller than its value (absolute differences), the draws lie above
    it, and so may the interval. ConfigError for resamples < 1.
    """
    if resamples < 1:
        raise ConfigError(f"resamples={resamples}: use at least 1, better 2000")
    draws = statistic(resampled_sums(sums, seed, resamples))
    low, high = np.percentile(draws, [2.5, 97.5])
    value = statistic(sums.sum(axis=0, keepdims=True))[0]
    stderr = draws.std(ddof=1) if resamples > 1 else 0.0
    return Interval(float(value), float(low), float(high), float(stderr))


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
    exponential: bool = False,
) -> Interval:
    """Σ numerators / Σ denominators, resampled by group: long items weigh as much as they are long.

    ``exponential``: exp of it (nats per unit → perplexity). Raises DataError without items, with
    lengths that differ or a denominator that is not positive, ConfigError for resamples < 1.
    """
    if not len(numerators) == len(denominators) == len(groups) > 0:
        raise DataError(
            f"{len(numerators)} numerators, {len(denominators)} denominators and {len(groups)} "
            "groups: give one of each per item, and at least one item"
        )
    if min(denominators) <= 0:
        raise DataError(f"a denominator is {min(denominators)}: leave out items without extent")
    sums = sums_by_group(np.column_stack([numerators, denominators]), groups)
    statistic = _perplexity if exponential else _ratio
    return bootstrap(sums, statistic, seed=seed, resamples=resamples)


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sums[:, 0] / sums[:, 1])


def _perplexity(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(np.minimum(_ratio(sums), MOST_NATS))


def item_stderr(values: Sequence[float]) -> float:
    """Standard error of a mean as lm-evaluation-harness states it: the sample standard deviation
    over √n, as if every item were drawn by itself. DataError for fewer than two items.
    """
    if len(values) < 2:
        raise DataError(f"{len(values)} items have no standard deviation: give two or more")
    return statistics.stdev(values) / math.sqrt(len(values))


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


def resampled_sums(sums: NDArray[np.float64], seed: int, resamples: int) -> NDArray[np.float64]:
    """(n_groups, k) sums → (resamples, k): each row sums n_groups groups drawn with replacement.

    The draws depend on the number of groups and the seed alone, so that all statistics of the same
    groups, and the models among each other, are resampled alike.
    """
    n = len(sums)
    drawn = _kept_counts if n * resamples <= _KEPT else _counts
    return np.concatenate([block.astype(np.float64) @ sums for block in drawn(n, seed, resamples)])


@lru_cache(maxsize=2)
def _kept_counts(n: int, seed: int, resamples: int) -> tuple[NDArray[np.uint16], ...]:
    return tuple(_counts(n, seed, resamples))


def _counts(n: int, seed: int, resamples: int) -> Iterator[NDArray[np.uint16]]:
    """How often each of n groups is in each draw, in blocks of draws."""
    rng = np.random.default_rng(seed)
    rows = max(1, _BLOCK // n)
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        index = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        counts = np.bincount(index.ravel(), minlength=size * n)
        yield counts.reshape(size, n).astype(np.uint16)
