"""Two models on the same items: by how much their mean merit differs, and how surely.

A difference has two sources of chance. Which items were chosen: groups are drawn with replacement,
the same draw for all tasks because tasks share groups, means are taken within strata
(``flows.strata``), and the standard deviation of the draws is the standard error (cluster
bootstrap, Field & Welsh 2007). Which seeds were drawn: training the
same configuration again gives other weights, and what all items share of that no bootstrap over
items can see; it is measured (``flows.spread``) and added, once for each of the two models. So

    low = difference − t · √(standard error² + 2 · spread²)

with t of Student's distribution, of one degree of freedom less than there are groups. Single tasks
are treated alike; what is said of several at once has Holm's correction (Holm 1979).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flows.spread import Spread
from flows.strata import Array, Layout
from tasks_to_text.metrics import holm, resampled_sums

FEW_GROUPS = 10
"""With fewer, a bootstrap over groups tells little, and nothing is established about a task."""
_NORMAL = NormalDist()


class Estimate(NamedTuple):
    """A difference and its interval, in merit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a decision rests on, as it stands in the promotion log and on the night's page."""

    gain: Estimate
    """Mean over tasks of the difference, with the interval whose lower end decided."""
    level: float
    """Probability that the lower end lies below the true value: that of one night."""
    spread: float
    """Between seeds, of the mean: what the interval was widened by, once per model."""
    runs: int
    """That it was measured on; 0: it is assumed, or, of a first champion, does not count."""
    tasks: Mapping[str, Estimate]
    """Task → difference with its 95 % interval, seeds included."""
    items: int
    """That both answered."""
    left_out: int
    """Of them, because they stand in the training text of one of the two."""
    idle: tuple[str, ...] = ()
    """Tasks without a clean item: they decide nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Mean differences of merit, a model minus what it is compared with."""

    tasks: tuple[str, ...]
    differences: Array
    """(n_tasks,)"""
    errors: Array
    """(n_tasks,) standard errors: the choice of items."""
    error: float
    """Standard error of the mean over tasks."""
    n_groups: tuple[int, ...]
    """Groups of each task."""
    groups: int
    """Of all tasks together."""
    spread: Spread = field(default_factory=Spread)
    """Between seeds."""
    models: int = 2
    """That another seed would have changed: 1 where a model is held against a rule."""

    def gain(self, level: float) -> Estimate:
        """Mean over tasks; its lower end lies below the truth with probability ``level``.

        What tasks of few groups add to the mean is not believed: a single group has no variance
        that a bootstrap could see, and would count as certain.
        """
        few = np.array(self.n_groups) < FEW_GROUPS
        unsure = float(np.abs(self.differences[few]).sum()) / len(self.tasks)
        reach = _reach(level, self.groups, self.error, self.models * self.spread.mean**2) + unsure
        return _around(float(self.differences.mean()), reach)

    def by_task(self) -> dict[str, Estimate]:
        """Every task's difference with its 95 % interval."""
        return {
            task: _around(value, _reach(0.975, n, error, self._seeds(task)))
            for task, value, error, n in self._rows()
        }

    def harmed(self, margin: float, significance: float) -> tuple[str, ...]:
        """Tasks on which a loss beyond the margin is established, or observed in few groups."""
        established = self._established(-1.0, margin, significance)
        return tuple(
            task
            for task, value, _, n in self._rows()
            if task in established or (n < FEW_GROUPS and value < -margin)
        )

    def gained(self, significance: float) -> tuple[str, ...]:
        """Tasks on which a gain is established."""
        return self._established(1.0, 0.0, significance)

    def _established(self, sign: float, margin: float, significance: float) -> tuple[str, ...]:
        """Tasks whose difference, times sign, exceeds the margin beyond chance (Holm)."""
        p_values = holm(
            [
                _p(sign * value - margin, math.hypot(error, math.sqrt(self._seeds(task))), n)
                for task, value, error, n in self._rows()
            ]
        )
        pairs = zip(self.tasks, p_values, strict=True)
        return tuple(task for task, p in pairs if p <= significance)

    def _seeds(self, task: str) -> float:
        return self.models * self.spread.of(task) ** 2

    def _rows(self) -> list[tuple[str, float, float, int]]:
        columns = self.differences.tolist(), self.errors.tolist(), self.n_groups
        return list(zip(self.tasks, *columns, strict=True))


def bootstrap(
    where: Layout, differences: Array, *, seed: int, resamples: int, spread: Spread, models: int = 2
) -> Comparison:
    """Means with their standard errors, of (n_groups, n_strata) sums of differences.

    A draw without any group of a task says nothing of it: there the task has its mean. The factor
    √(n / (n − 1)) makes the variance of the draws that of a sample.
    """
    strata = len(where.task)
    drawn = resampled_sums(np.hstack([differences, where.counts]), seed, resamples)
    counts = drawn[:, strata:]
    means = np.full(counts.shape, np.nan)
    np.divide(drawn[:, :strata], counts, out=means, where=counts > 0)
    draws, observed = where.by_task(means), where.by_task(differences.sum(0) / where.counts.sum(0))
    whole = np.where(np.isnan(draws), observed, draws).mean(1)
    return Comparison(
        tasks=where.tasks,
        differences=observed,
        errors=np.nanstd(draws, axis=0) * _unbiased(where.n_groups),
        error=float(whole.std() * _unbiased(np.array(where.groups))),
        n_groups=tuple(where.n_groups.tolist()),
        groups=where.groups,
        spread=spread,
        models=models,
    )


def _unbiased(n: NDArray[np.intp]) -> Array:
    return np.asarray(np.sqrt(n / np.maximum(n - 1, 1)))


def student(level: float, groups: int) -> float:
    """Quantile of Student's t, of ``groups`` − 1 degrees of freedom; ∞ for a single group.

    Wallace's approximation (1959): for the levels used here within 1 % from five degrees on, too
    large below.
    """
    if groups < 2:
        return math.inf
    n, z = groups - 1, _NORMAL.inv_cdf(level)
    exponent = (z * (8 * n + 3) / (8 * n + 1)) ** 2 / n
    return math.inf if exponent > 700 else math.sqrt(n * math.expm1(exponent))


def _p(excess: float, error: float, groups: int) -> float:
    """One-sided p-value of an excess over 0; 1 where too few groups tell nothing."""
    if groups < FEW_GROUPS or excess <= 0:
        return 1.0
    if not error:
        return 0.0
    n = groups - 1
    z = (8 * n + 1) / (8 * n + 3) * math.sqrt(n * math.log1p((excess / error) ** 2 / n))
    return 1 - _NORMAL.cdf(z)


def _reach(level: float, groups: int, error: float, seeds: float) -> float:
    """How far an interval reaches on either side."""
    return student(level, groups) * math.sqrt(error**2 + seeds)


def _around(value: float, reach: float) -> Estimate:
    """Ends stay on the scale of differences of merit."""
    return Estimate(value, max(-1.0, value - reach), min(1.0, value + reach))
