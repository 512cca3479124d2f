"""Laws of tasks_to_text.metrics: values, coverage, pairing, seeds, bad input."""

import math

import numpy as np
import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.metrics import (
    bits_per_byte,
    cluster_bootstrap,
    constant,
    holm,
    item_stderr,
    ratio_cluster_bootstrap,
    resampled_sums,
    sums_by_group,
)


def _clustered(rng: np.random.Generator, n_groups: int) -> tuple[list[float], list[str]]:
    """0/1 values whose groups differ in difficulty and size; the true mean is 0.6."""
    values, groups = [], []
    for group in range(n_groups):
        p = rng.beta(3.0, 2.0)
        for _ in range(rng.integers(2, 12)):
            values.append(float(rng.random() < p))
            groups.append(f"g{group}")
    return values, groups


def test_the_value_is_the_plain_mean_and_lies_in_the_interval() -> None:
    interval = cluster_bootstrap([1.0, 0.0, 1.0, 1.0], ["a", "a", "b", "c"], seed=0)
    assert interval.value == 0.75
    assert interval.low <= interval.value <= interval.high


def test_the_interval_covers_the_truth_where_a_naive_one_does_not() -> None:
    rng = np.random.default_rng(7)
    trials, hits, naive_hits = 200, 0, 0
    for trial in range(trials):
        values, groups = _clustered(rng, 60)
        low, high = cluster_bootstrap(values, groups, seed=trial, resamples=400)[1:3]
        hits += low <= 0.6 <= high
        low, high = cluster_bootstrap(
            values, [str(i) for i in range(len(values))], seed=trial, resamples=400
        )[1:3]
        naive_hits += low <= 0.6 <= high
    assert 0.90 <= hits / trials <= 0.99  # nominal 0.95; binomial sd 0.015 over 200 trials
    assert naive_hits < hits


def test_a_ratio_weighs_items_by_their_size() -> None:
    interval = ratio_cluster_bootstrap([1.0, 30.0], [1.0, 10.0], ["a", "b"], seed=0)
    assert interval.value == 31 / 11
    assert (interval.low, interval.high) == (1.0, 3.0)  # both draws of a single group


def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_groups() -> None:
    values, groups = _clustered(np.random.default_rng(5), 30)
    first = cluster_bootstrap(values, groups, seed=1)
    assert cluster_bootstrap(values, groups, seed=1) == first
    assert cluster_bootstrap(values, groups, seed=2) != first
    backwards = cluster_bootstrap(values[::-1], groups[::-1], seed=1)
    assert backwards == pytest.approx(first)


def test_a_byte_of_eight_coin_flips_has_eight_bits() -> None:
    assert bits_per_byte(8 * math.log(2), 1) == pytest.approx(8.0)


def test_a_perplexity_is_the_exponential_of_its_nats_at_all_three_places() -> None:
    nats, groups = [1.0, 2.0, 3.0, 2.5], ["a", "b", "c", "d"]
    plain = cluster_bootstrap(nats, groups, seed=0)
    units = [1.0] * 4
    found = ratio_cluster_bootstrap(nats, units, groups, seed=0, exponential=True)
    assert found[0] == pytest.approx(math.exp(plain.value))
    # Percentiles lie between two draws, so the exponential is only near theirs.
    assert found[1:3] == pytest.approx([math.exp(x) for x in plain[1:3]], rel=0.01)
    huge = ratio_cluster_bootstrap([1e9], [1.0], ["a"], seed=0, exponential=True)
    assert all(map(math.isfinite, huge))


def test_the_standard_error_is_the_harness_s_where_every_item_is_a_group() -> None:
    from lm_eval.api.metrics import mean_stderr

    values = [float(one < 0.3) for one in np.random.default_rng(2).random(400)]
    assert item_stderr(values) == pytest.approx(mean_stderr(values))
    alone = cluster_bootstrap(values, [str(i) for i in range(400)], seed=0)
    assert alone.stderr == pytest.approx(mean_stderr(values), rel=0.05)
    twice = cluster_bootstrap(values * 2, [str(i) for i in range(400)] * 2, seed=0)
    assert twice.stderr == pytest.approx(alone.stderr), "the same items again tell nothing new"
    assert mean_stderr(values * 2) < 0.75 * mean_stderr(values)
    assert constant(0.25) == (0.25, 0.25, 0.25, 0.0)
    with pytest.raises(DataError, match="1 items"):
        item_stderr([1.0])


def test_draws_that_are_kept_are_those_that_are_drawn_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    values, groups = _clustered(np.random.default_rng(5), 30)
    kept = cluster_bootstrap(values, groups, seed=1)
    monkeypatch.setattr("tasks_to_text.metrics._KEPT", 0)
    assert cluster_bootstrap(values, groups, seed=1) == kept


def test_every_column_is_resampled_by_the_same_draw_of_groups() -> None:
    values = np.array([[1.0, 10.0], [2.0, 20.0], [5.0, 50.0]])
    sums = sums_by_group(values, ["b", "a", "b"])
    assert sums.tolist() == [[2.0, 20.0], [6.0, 60.0]]
    draws = resampled_sums(sums, 0, 50)
    assert draws.shape == (50, 2)
    assert np.array_equal(draws[:, 1], 10 * draws[:, 0])
    assert set(draws[:, 0]) == {4.0, 8.0, 12.0}


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert holm([0.8, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match="at least one item"):
        cluster_bootstrap([], [], seed=0)
    with pytest.raises(DataError, match="1 groups"):
        cluster_bootstrap([1.0, 0.0], ["a"], seed=0)
    with pytest.raises(DataError, match="denominator is 0"):
        ratio_cluster_bootstrap([1.0], [0.0], ["a"], seed=0)
    with pytest.raises(ConfigError, match="resamples=0"):
        cluster_bootstrap([1.0], ["a"], seed=0, resamples=0)
