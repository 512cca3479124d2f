"""Metrics of choices that are computed on all examples together, with intervals by group.

Each is a function of sums over the examples, so the cluster bootstrap draws groups of sums. Answers
are those of ``acc``, probabilities the softmax over summed log-likelihoods.

- ``ece``: expected calibration error (Guo et al. 2017, arXiv 1706.04599, eq. 3): over ten bins of
  equal width, |right answers − confidence| summed and divided by the examples; the confidence is
  the probability of the answer. Not below 0, so the interval lies towards larger errors.
- ``mcc``: Matthews correlation, for any number of labels R_K (Gorodkin 2004, eq. 8); of two labels
  the usual one.
- ``f1_label``: F1 of the last label, by convention the positive one.
- ``pearson``, ``spearman``: of the expected rating with the true one. The number in a choice's text
  is its rating; the true one is the first reference, or else the right choice's. Spearman's
  correlation is Pearson's of the ranks in the whole set, ties sharing their mean rank; a draw keeps
  these ranks.

What is undefined, because all answers or all truths are the same, is 0: as scikit-learn has it for
Matthews and F1; of correlations scipy says NaN.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.choice_metrics import Ranks, best, probabilities
from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.metrics import Interval, Statistic, bootstrap, sums_by_group
from tasks_to_text.scored import Item
from tasks_to_text.text_metrics import last_number

BINS = 10
_TINY = 1e-12
"""Variances below it, of values with variance 1, are rounding."""
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """What one model or baseline answered to the examples of a task."""

    examples: Sequence[Example]
    picked: Sequence[int]
    """The answer to each."""
    probabilities: Ranks

    @property
    def right(self) -> Array:
        """(n,) 1.0 where the answer is right."""
        return np.array(
            [float(p == one.gold) for p, one in zip(self.picked, self.examples, strict=True)]
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A row of a reliability table: answers of which a model was about equally sure."""

    low: float
    high: float
    """Confidences in (low, high]."""
    n: int
    confidence: float
    """Mean; 0.0 without answers, as is the accuracy."""
    accuracy: float


def pooled_interval(metric: str, answers: Answers, groups: Sequence[str], *, seed: int) -> Interval:
    """A metric of this module with its interval and standard error, resampled by group.

    DataError for a choice without a number where ratings are correlated.
    """
    columns, statistic = _parts(metric, answers)
    return bootstrap(sums_by_group(columns, groups), statistic, seed=seed)


def reliability(items: Sequence[Item]) -> list[Bin]:
    """How often a language model was right when it was so sure: ten bins of equal width.

    ``items`` are its answers to the examples of one task of choices, in nats per choice.
    """
    nats = [item.scores for item in items]
    picked = best(nats, [item.example_id for item in items])
    right = np.array([float(p == i.gold) for p, i in zip(picked, items, strict=True)])
    confidence, at = _confidence(probabilities(nats), picked)
    return [
        Bin(
            low=i / BINS,
            high=(i + 1) / BINS,
            n=int((at == i).sum()),
            confidence=_mean(confidence[at == i]),
            accuracy=_mean(right[at == i]),
        )
        for i in range(BINS)
    ]


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else 0.0


def _confidence(chances: Ranks, picked: Sequence[int]) -> tuple[Array, NDArray[np.int64]]:
    """Probability of each answer, and its bin: (0, 0.1], (0.1, 0.2] …"""
    pairs = zip(chances, picked, strict=True)
    confidence = np.array([row[pick] for row, pick in pairs])
    return confidence, np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)


def _parts(metric: str, answers: Answers) -> tuple[Array, Statistic]:
    """(n, k) columns to be summed, and the function of the sums."""
    if metric == "ece":
        return _calibration(answers), _ece
    if metric == "mcc":
        return _labels(answers), _mcc
    if metric == "f1_label":
        return _positives(answers), _f1
    predicted, true = _ratings(answers)
    if metric == "spearman":
        predicted, true = _ranked(predicted), _ranked(true)
    return _moments(predicted, true), _correlation


def _calibration(answers: Answers) -> Array:
    """Right minus confidence in the column of the bin; 1 in the last one."""
    confidence, at = _confidence(answers.probabilities, answers.picked)
    columns = np.zeros((len(at), BINS + 1))
    columns[np.arange(len(at)), at] = answers.right - confidence
    columns[:, BINS] = 1.0
    return columns


def _ece(sums: Array) -> Array:
    return np.asarray(np.abs(sums[:, :BINS]).sum(axis=1) / sums[:, BINS])


def _labels(answers: Answers) -> Array:
    """Right, 1, then per label whether it is the truth, and per label whether it is the answer."""
    pairs = list(zip(answers.examples, answers.picked, strict=True))
    names = sorted({choice for one in answers.examples for choice in one.choices})
    at = {name: i for i, name in enumerate(names)}
    one_hot = np.eye(len(names))
    true = one_hot[[at[one.choices[one.gold]] for one, _ in pairs]]
    said = one_hot[[at[one.choices[pick]] for one, pick in pairs]]
    return np.column_stack([answers.right, np.ones(len(pairs)), true, said])


def _mcc(sums: Array) -> Array:
    right, n = sums[:, 0], sums[:, 1]
    true, said = np.split(sums[:, 2:], 2, axis=1)
    covariance = right * n - (true * said).sum(axis=1)
    spread = (n**2 - (true**2).sum(axis=1)) * (n**2 - (said**2).sum(axis=1))
    return _quotient(covariance, np.sqrt(np.maximum(spread, 0.0)))


def _positives(answers: Answers) -> Array:
    """Both are the last label; how many of both are."""
    positive = answers.examples[0].choices[-1]
    pairs = list(zip(answers.examples, answers.picked, strict=True))
    true = np.array([float(one.choices[one.gold] == positive) for one, _ in pairs])
    said = np.array([float(one.choices[pick] == positive) for one, pick in pairs])
    return np.column_stack([true * said, true + said])


def _f1(sums: Array) -> Array:
    return _quotient(2 * sums[:, 0], sums[:, 1])


def _ratings(answers: Answers) -> tuple[Array, Array]:
    """The expected rating of each example, and the true one."""
    predicted, true = [], []
    for one, chances in zip(answers.examples, answers.probabilities, strict=True):
        numbers = [_rating(choice, one) for choice in one.choices]
        predicted.append(sum(p * number for p, number in zip(chances, numbers, strict=True)))
        true.append(_rating(one.references[0], one) if one.references else numbers[one.gold])
    return np.array(predicted), np.array(true)


def _rating(text: str, example: Example) -> float:
    """The number that a text is, ``1e-05`` too, or else the last one in it."""
    try:
        return float(text)
    except ValueError:
        number = last_number(text)
    if number is None:
        raise DataError(
            f"example {example.example_id!r}: {text!r} is no number: ratings are correlated as "
            "numbers; give choices such as '1', '2'"
        )
    return float(number)


def _ranked(values: Array) -> Array:
    """Ranks from 1; equal values share their mean rank."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[index])


def _moments(x: Array, y: Array) -> Array:
    """1, x, y, x², y², xy of values with mean 0 and variance 1, which loses no digits in sums."""
    x, y = _standard(x), _standard(y)
    return np.column_stack([np.ones(len(x)), x, y, x * x, y * y, x * y])


def _standard(values: Array) -> Array:
    centred: Any = values - values.mean()
    spread = centred.std()
    return np.asarray(centred / spread if spread > _TINY else np.zeros(len(values)))


def _correlation(sums: Array) -> Array:
    means = sums[:, 1:] / sums[:, :1]
    x, y, xx, yy, xy = means.T
    spread = np.maximum(xx - x * x, 0.0) * np.maximum(yy - y * y, 0.0)
    return _quotient(xy - x * y, np.sqrt(spread))


def _quotient(above: Array, below: Array) -> Array:
    """above / below; 0 where nothing varies."""
    defined = below > _TINY
    return np.where(defined, above / np.where(defined, below, 1.0), 0.0)
