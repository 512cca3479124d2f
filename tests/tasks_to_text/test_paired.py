"""Differences of two models on the same items: by hand, as scipy has them, and under no change."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binomtest

from tasks_to_text.errors import DataError
from tasks_to_text.paired import difference, mcnemar, pairs
from tasks_to_text.scored import Item


def _items(values: Sequence[float], per_group: int = 1, metric: str = "acc") -> list[Item]:
    return [
        Item(
            task="t",
            split="test",
            model="m",
            example_id=str(i),
            group=f"g{i // per_group}",
            template_hash="h",
            prompt_digest=f"d{i}",
            values={metric: value},
        )
        for i, value in enumerate(values)
    ]


def test_gain_and_both_tests_by_hand() -> None:
    found = difference(pairs(_items([0, 0, 0, 1]), _items([1, 1, 1, 1])), seed=0)
    assert found.interval.value == 0.75
    assert (found.n, found.n_groups) == (4, 4)
    assert found.mcnemar == 2 * (1 / 2**3), "three changed, all to the better"
    assert 0 < found.p < 0.05
    assert difference(pairs(_items([1, 0]), _items([1, 0])), seed=0).p == 1.0


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (5, 5), (1, 9), (12, 3), (40, 61)])
def test_mcnemar_is_the_binomial_test(better: int, worse: int) -> None:
    expected = binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert mcnemar(better, worse) == pytest.approx(expected)
    assert mcnemar(worse, better) == mcnemar(better, worse)


def test_the_sign_of_the_gain_changes_with_the_order_and_p_does_not() -> None:
    rng = np.random.default_rng(0)
    a, b = (_items((rng.random(60) < 0.5).astype(float).tolist(), 3) for _ in "ab")
    there, back = (difference(pairs(*two), seed=0) for two in ((a, b), (b, a)))
    assert there.interval.value == -back.interval.value
    assert there.interval.low == pytest.approx(-back.interval.high)
    assert there.p == back.p and there.mcnemar == back.mcnemar


def test_under_no_difference_few_p_values_are_small_even_where_items_hang_together() -> None:
    """Groups of six items with one fate: McNemar over items is too sure, the bootstrap is not."""
    rng = np.random.default_rng(3)
    small, too_sure, n = 0, 0, 200
    for trial in range(n):
        a, b = (np.repeat(rng.random(40) < 0.5, 6).astype(float).tolist() for _ in "ab")
        found = difference(pairs(_items(a, 6), _items(b, 6)), seed=trial, resamples=400)
        small += found.p < 0.05
        assert found.mcnemar is not None
        too_sure += found.mcnemar < 0.05
    assert small / n < 0.11  # nominal 0.05, binomial sd 0.015; percentile draws of 40 groups
    assert too_sure / n > 0.25


def test_only_the_same_question_is_a_pair_and_scales_have_no_mcnemar() -> None:
    ours, theirs = _items([30.0, 50.0], metric="chrf"), _items([40.0], metric="chrf")
    found = difference(pairs(ours, theirs), seed=0)
    assert found.interval.value == pytest.approx(0.1)
    assert found.mcnemar is None and found.n == 1
    with pytest.raises(DataError, match="no item was answered by both"):
        difference([], seed=0)
