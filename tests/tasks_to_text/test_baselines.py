"""What tasks_to_text.baselines answers, on examples small enough to do by hand."""

import math

import pytest

from tasks_to_text.baselines import NaiveBayes, bag_of_words, chance, majority
from tasks_to_text.example import Example


def _closed(text: str, label: str, labels: str = "ab") -> Example:
    choices = tuple(f" {name}" for name in labels)
    return Example(
        example_id=text,
        group=text,
        prompt=f"Text: {text}\nLabel:",
        target=f" {label}",
        choices=choices,
        gold=labels.index(label),
        segments=(text,),
    )


def _free(first: str, second: str, gold: int) -> Example:
    choices = (first, second)
    return Example(
        example_id=first, group=first, prompt="p", target=choices[gold], choices=choices, gold=gold
    )


def _best(scores: list[tuple[float, ...]]) -> list[int]:
    return [row.index(max(row)) for row in scores]


def test_chance_is_the_mean_over_examples() -> None:
    assert chance([_closed("x", "a"), _closed("y", "c", "abcd")]) == pytest.approx(3 / 8)


def test_majority_is_the_most_frequent_training_label_among_the_choices() -> None:
    train = [_closed(str(i), label, "abc") for i, label in enumerate("cccbba")]
    tests = [_closed("x", "a", "abc"), _closed("y", "a", "ab")]
    assert _best(majority(tests, train, closed=True)) == [2, 1]


def test_majority_of_free_text_is_the_most_frequent_position() -> None:
    train = [_free(f"{i}", f"{i}!", gold) for i, gold in enumerate([1, 1, 0])]
    assert _best(majority([_free("x", "y", 0)], train, closed=False)) == [1]


def test_naive_bayes_by_hand() -> None:
    model = NaiveBayes([("a", ["x", "x", "y"]), ("b", ["y"])])
    scores = model.scores(["x", "unknown"])
    assert scores["a"] == pytest.approx(math.log(1) + math.log(2.2 / 3.4))
    assert scores["b"] == pytest.approx(math.log(1) + math.log(0.2 / 1.4))


def test_bag_of_words_reads_the_fields_and_not_the_wording() -> None:
    train = [_closed("if true", "a"), _closed("if false", "a"), _closed("number of rows", "b")]
    tests = [_closed("If True, rows", "a"), _closed("Number of labels", "b")]
    assert _best(bag_of_words(tests, train, closed=True)) == [0, 1]


def test_bag_of_words_never_picks_a_label_that_training_lacks() -> None:
    assert _best(bag_of_words([_closed("z", "a")], [_closed("z", "b")], closed=True)) == [1]


def test_for_free_text_it_sees_which_words_come_first() -> None:
    train = [
        _free("compute it . then stop", "then stop . compute it", 0),
        _free("then rest . compute all", "compute all . then rest", 1),
    ]
    tests = [_free("then go . compute that", "compute that . then go", 1)]
    assert _best(bag_of_words(tests, train, closed=False)) == [1]
