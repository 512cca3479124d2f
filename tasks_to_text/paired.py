"""Two models on the same items: by how much the second is better, and whether that may be chance.

An item is better or worse by its ``merit``, a text by its bits per byte. The mean gain has the
interval of the cluster bootstrap over groups, and a two-sided p-value from the same draws: twice
the smaller share of draws at or beyond "no gain" on either side, (1 + such draws) / (1 + draws).
Where every answer is right or wrong, McNemar's test stands beside it in its exact form (McNemar
1947; two-sided binomial over the items on which the two differ). It takes items as independent, so
where they hang together in groups it is too sure: the bootstrap decides.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks_to_text.errors import DataError
from tasks_to_text.metrics import RESAMPLES, Interval, resampled_sums, sums_by_group
from tasks_to_text.scored import Item

TINY = 1e-9
"""Differences within it are rounding."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """The answers of two models to the same item."""

    a: Item
    b: Item

    @property
    def gain(self) -> float:
        """How much better b is: in merit, or in bits per byte saved."""
        a, b = self.a.merit, self.b.merit
        if a is None or b is None:
            return (self.a.nats - self.b.nats) / (math.log(2) * self.weight)
        return b - a

    @property
    def weight(self) -> int:
        """What the item counts in a mean: a text as many times as it has bytes."""
        return max(1, self.a.n_bytes)

    @property
    def binary(self) -> bool:
        """Whether both answers are right or wrong."""
        return self.a.merit in (0.0, 1.0) and self.b.merit in (0.0, 1.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The mean gain of the second model over the first."""

    interval: Interval
    """With its 95 % interval and standard error."""
    p: float
    """Two-sided, of "no difference"."""
    mcnemar: float | None
    """Exact two-sided p-value over single items; None where answers are more than right or
    wrong."""
    n: int
    """Items that both answered."""
    n_groups: int


def pairs(a: Sequence[Item], b: Sequence[Item]) -> list[Pair]:
    """Items of one task and split that both answered to the same text, in the order of ``a``."""
    theirs = {(item.example_id, item.prompt_digest): item for item in b}
    return [
        Pair(a=item, b=theirs[key])
        for item in a
        if (key := (item.example_id, item.prompt_digest)) in theirs
    ]


def difference(paired: Sequence[Pair], *, seed: int, resamples: int = RESAMPLES) -> Difference:
    """Mean gain of b over pairs; DataError when there are none."""
    if not paired:
        raise DataError("no item was answered by both: compare models on the same examples")
    groups = [pair.a.group for pair in paired]
    weights = np.array([float(pair.weight) for pair in paired])
    gains = np.array([pair.gain for pair in paired])
    sums = sums_by_group(np.column_stack([gains * weights, weights]), groups)
    drawn = resampled_sums(sums, seed, resamples)
    draws = drawn[:, 0] / drawn[:, 1]
    low, high = np.percentile(draws, [2.5, 97.5])
    value = sums[:, 0].sum() / sums[:, 1].sum()
    binary = all(pair.binary for pair in paired)
    return Difference(
        interval=Interval(float(value), float(low), float(high), float(draws.std(ddof=1))),
        p=_two_sided(draws),
        mcnemar=mcnemar(int((gains > TINY).sum()), int((gains < -TINY).sum())) if binary else None,
        n=len(paired),
        n_groups=len(sums),
    )


def mcnemar(better: int, worse: int) -> float:
    """Exact two-sided p-value of "as often better as worse" over the items that changed."""
    n = better + worse
    tail = sum(math.comb(n, i) for i in range(min(better, worse) + 1))
    return float(min(1.0, 2 * tail / 2**n))


def _two_sided(draws: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    fewer = min((draws <= TINY).sum(), (draws >= -TINY).sum())
    return float(min(1.0, 2 * (1 + fewer) / (1 + len(draws))))
