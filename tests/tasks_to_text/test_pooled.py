"""Metrics over all examples together: by hand, and as scikit-learn and scipy compute them."""

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import f1_score, matthews_corrcoef

from tasks_to_text.choice_metrics import certain
from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.pooled import Answers, pooled_interval, reliability
from tasks_to_text.scored import Item


def _example(i: int, gold: int, choices: Sequence[str], reference: str = "") -> Example:
    return Example(
        example_id=f"e{i}",
        group=f"g{i // 3}",
        prompt="p",
        target=choices[gold],
        choices=tuple(choices),
        gold=gold,
        references=(reference,) if reference else (),
    )


def _answers(gold: Sequence[int], picked: Sequence[int], n_labels: int = 2) -> Answers:
    names = [f" {name}" for name in "abcdef"[:n_labels]]
    examples = [_example(i, right, names) for i, right in enumerate(gold)]
    return Answers(examples=examples, picked=picked, probabilities=certain(picked, examples))


def _value(metric: str, answers: Answers) -> float:
    groups = [one.group for one in answers.examples]
    interval = pooled_interval(metric, answers, groups, seed=0)
    assert interval.stderr >= 0
    if metric != "ece":
        assert interval.low <= interval.value <= interval.high
    return interval.value


@pytest.mark.parametrize("n_labels", [2, 3, 6])
def test_matthews_is_scikit_learn_s_for_any_number_of_labels(n_labels: int) -> None:
    rng = np.random.default_rng(n_labels)
    gold = rng.integers(n_labels, size=90)
    picked = np.where(rng.random(90) < 0.4, gold, rng.integers(n_labels, size=90))
    ours = _value("mcc", _answers(gold.tolist(), picked.tolist(), n_labels))
    assert ours == pytest.approx(matthews_corrcoef(gold, picked))


def test_matthews_by_hand_and_where_it_is_undefined() -> None:
    # tp 2, tn 1, fp 1, fn 1: (2·1 − 1·1) / √(3·3·2·2)
    assert _value("mcc", _answers([1, 1, 1, 0, 0], [1, 1, 0, 0, 1])) == pytest.approx(1 / 6)
    assert _value("mcc", _answers([1, 0, 1], [1, 1, 1])) == 0.0
    assert _value("mcc", _answers([1, 0, 1], [0, 1, 0])) == pytest.approx(-1.0)


def test_f1_of_the_last_label_is_scikit_learn_s_of_the_positive_one() -> None:
    rng = np.random.default_rng(4)
    gold, picked = (rng.random((2, 80)) < 0.3).astype(int)
    ours = _value("f1_label", _answers(gold.tolist(), picked.tolist()))
    assert ours == pytest.approx(f1_score(gold, picked))
    assert ours != pytest.approx(f1_score(1 - gold, 1 - picked))
    assert _value("f1_label", _answers([0, 0], [0, 0])) == 0.0


def _rated(numbers: Sequence[float], seed: int) -> tuple[Answers, list[float]]:
    """Examples with these true ratings, and what a model expects of them."""
    choices = [" 0", " 1.5", " 4"]
    examples = [_example(i, 0, choices, str(number)) for i, number in enumerate(numbers)]
    rows = np.random.default_rng(seed).dirichlet([1, 1, 1], size=len(numbers))
    expected = (rows @ [0.0, 1.5, 4.0]).tolist()
    answers = Answers(
        examples=examples, picked=[0] * len(numbers), probabilities=list(map(tuple, rows.tolist()))
    )
    return answers, expected


def test_correlations_of_ratings_are_scipy_s() -> None:
    numbers = np.random.default_rng(3).integers(0, 6, size=70).astype(float).tolist()  # with ties
    answers, expected = _rated(numbers, seed=8)
    assert _value("pearson", answers) == pytest.approx(pearsonr(expected, numbers)[0])
    assert _value("spearman", answers) == pytest.approx(spearmanr(expected, numbers)[0])
    tiny = [10.0 ** -(2 * number) for number in numbers]  # "1e-06" is a number as a whole
    answers, expected = _rated(tiny, seed=8)
    assert _value("spearman", answers) == pytest.approx(spearmanr(expected, tiny)[0])
    small = [1e-3 * number + 1e6 for number in numbers]  # no digits are lost in the sums
    answers, expected = _rated(small, seed=8)
    assert _value("pearson", answers) == pytest.approx(pearsonr(expected, small)[0], abs=1e-6)


def test_without_a_reference_the_right_choice_is_the_rating() -> None:
    choices = [" 1", " 2", " 5"]
    examples = [_example(i, i % 3, choices) for i in range(9)]
    right = [one.gold for one in examples]
    answers = Answers(examples=examples, picked=right, probabilities=certain(right, examples))
    assert _value("pearson", answers) == pytest.approx(1.0)
    constant = Answers(examples=examples, picked=[0] * 9, probabilities=certain([0] * 9, examples))
    assert _value("pearson", constant) == _value("spearman", constant) == 0.0
    words = [_example(0, 0, [" good", " bad"])]
    answers = Answers(examples=words, picked=[0], probabilities=certain([0], words))
    with pytest.raises(DataError, match="' good' is no number"):
        _value("pearson", answers)


def _sure(rows: Sequence[tuple[float, float]], gold: Sequence[int]) -> Answers:
    examples = [_example(i, right, [" a", " b"]) for i, right in enumerate(gold)]
    picked = [int(second > first) for first, second in rows]
    return Answers(examples=examples, picked=picked, probabilities=rows)


def _items(answers: Answers) -> list[Item]:
    """What a model leaves that is so sure of its answers."""
    with np.errstate(divide="ignore"):
        nats = [np.maximum(np.log(row), -700.0) - 3.0 for row in answers.probabilities]
    return [
        Item(
            task="t",
            split="test",
            model="m",
            example_id=one.example_id,
            group=one.group,
            template_hash="h",
            prompt_digest="d",
            scores=tuple(row.tolist()),
            gold=one.gold,
        )
        for one, row in zip(answers.examples, nats, strict=True)
    ]


def test_calibration_by_hand() -> None:
    # Confidences .85 .85 (one right) and 1 (right): |1 − 1.7| + |1 − 1| over 3
    answers = _sure([(0.85, 0.15), (0.15, 0.85), (0.0, 1.0)], [0, 0, 1])
    assert _value("ece", answers) == pytest.approx(0.7 / 3)
    table = reliability(_items(answers))
    assert [one.n for one in table] == [0, 0, 0, 0, 0, 0, 0, 0, 2, 1]
    assert (table[8].confidence, table[8].accuracy) == pytest.approx((0.85, 0.5))
    assert (table[8].low, table[8].high) == (0.8, 0.9)
    assert (table[9].confidence, table[9].accuracy) == pytest.approx((1.0, 1.0))
    assert (table[0].confidence, table[0].accuracy) == (0.0, 0.0)


def test_the_error_is_that_of_the_reliability_table() -> None:
    rng = np.random.default_rng(6)
    first = rng.random(200)
    answers = _sure([(p, 1 - p) for p in first.tolist()], rng.integers(2, size=200).tolist())
    table = reliability(_items(answers))
    assert sum(one.n for one in table) == 200
    error = sum(one.n * abs(one.accuracy - one.confidence) for one in table) / 200
    assert _value("ece", answers) == pytest.approx(error)


def test_a_draw_of_groups_is_a_data_set_of_its_own() -> None:
    """Each statistic of summed columns is the statistic of the items that were drawn."""
    gold, picked = np.random.default_rng(9).integers(3, size=(2, 30))
    answers = _answers(gold.tolist(), picked.tolist(), 3)
    whole = pooled_interval("mcc", answers, ["one"] * 30, seed=0)
    assert whole.low == whole.high == pytest.approx(matthews_corrcoef(gold, picked))
    spread = pooled_interval("mcc", answers, [f"g{i}" for i in range(30)], seed=0)
    draws = [
        matthews_corrcoef(gold[at], picked[at])
        for at in np.random.default_rng(1).integers(30, size=(400, 30))
    ]
    assert spread.stderr == pytest.approx(np.std(draws), rel=0.15)
