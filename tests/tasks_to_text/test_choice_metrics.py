"""Answers and probabilities from log-likelihoods: by hand, and as the harness counts them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lm_eval.api.metrics import brier_score

from tasks_to_text.choice_metrics import best, brier, certain, probabilities, ranks
from tasks_to_text.example import Example
from tests.tasks_to_text.fakes import Answer

TEXTS = (" no", " naïve", " of the")
ASKED = [[("p", text) for text in TEXTS]]
SAID = [[Answer(-3.0, n_tokens=1), Answer(-5.4, n_tokens=3), Answer(-6.5, n_tokens=2)]]
ALONE = [[Answer(-2.5), Answer(-9.0), Answer(-6.0)]]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("acc", (-3.0, -5.4, -6.5)),
        ("acc_norm", (-3.0 / 2, -5.4 / 5, -6.5 / 6)),
        ("acc_bytes", (-3.0 / 2, -5.4 / 6, -6.5 / 6)),
        ("acc_token", (-3.0, -5.4 / 3, -6.5 / 2)),
        ("acc_pmi", (-0.5, 3.6, -0.5)),
    ],
)
def test_each_metric_ranks_by_a_number_of_its_own(metric: str, expected: list[float]) -> None:
    assert ranks(metric, ASKED, SAID, ALONE)[0] == pytest.approx(expected)


def test_one_end_of_several_contexts_is_ranked_by_its_sum_under_every_norm() -> None:
    asked = [[("Ann met Mia because Ann", " called."), ("Ann met Mia because Mia", " called.")]]
    said = [[Answer(-3.0, n_tokens=2), Answer(-2.0, n_tokens=2)]]
    alone = [[Answer(-7.0), Answer(-7.0)]]
    for metric in ("acc", "acc_norm", "acc_bytes", "acc_token", "acc_pmi"):
        first, second = ranks(metric, asked, said, alone)[0]
        assert second > first


def _example(n: int, gold: int = 0, example_id: str = "e") -> Example:
    choices = tuple(f" {i}" for i in range(n))
    return Example(
        example_id=example_id, group="g", prompt="p", target=choices[gold], choices=choices,
        gold=gold,
    )  # fmt: skip


@given(st.lists(st.floats(-900, 0), min_size=2, max_size=6))
def test_probabilities_are_a_softmax(nats: list[float]) -> None:
    (row,) = probabilities([tuple(nats)])
    assert sum(row) == pytest.approx(1.0)
    total = np.logaddexp.reduce(nats)
    assert row == pytest.approx([math.exp(one - total) for one in nats])


def test_a_model_that_gives_no_numbers_is_not_sure_of_anything() -> None:
    assert probabilities([(float("nan"), -1.0), (-1.0, float("-inf"))]) == [(0.5, 0.5), (0.5, 0.5)]


def test_what_picks_one_choice_is_certain_of_it() -> None:
    assert certain([1, 0], [_example(3), _example(2)]) == [(0.0, 1.0, 0.0), (1.0, 0.0)]
    rows = [(1.0, 3.0, 2.0), (2.0, 1.0)]
    assert best(rows, ["a", "b"]) == [1, 0]
    equal = best([(1.0, 2.0, 2.0)] * 300, [f"e{i}" for i in range(300)])
    assert set(equal) == {1, 2} and 120 < equal.count(1) < 180
    assert best([(float("nan"), 1.0)] * 40, [f"e{i}" for i in range(40)]).count(0) > 0
    assert best([(1.0, float("nan"))] * 40, [f"e{i}" for i in range(40)]).count(1) > 0


def test_brier_scores_are_the_harness_s() -> None:
    rng = np.random.default_rng(1)
    rows = rng.dirichlet([1.0, 1.0, 1.0], size=50)
    gold = rng.integers(3, size=50)
    ours = [brier(tuple(row), right) for row, right in zip(rows, gold, strict=True)]
    assert np.mean(ours) == pytest.approx(brier_score(list(zip(gold, rows, strict=True))))
    assert brier((1.0, 0.0), 0) == 0.0 and brier((1.0, 0.0), 1) == 2.0
    assert brier((0.25,) * 4, 2) == pytest.approx(1 - 1 / 4), "what chance has"
