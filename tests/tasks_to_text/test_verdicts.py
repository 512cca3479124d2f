"""When a model is said to be better than what needs no model."""

from collections.abc import Sequence

import numpy as np
import pytest

from tasks_to_text.scored import Item, Score, Verdict
from tasks_to_text.verdicts import verdicts

N = 120


def _items(task: str, model: str, values: Sequence[float], metric: str = "acc") -> list[Item]:
    return [
        Item(
            task=task,
            split="test",
            model=model,
            example_id=str(i),
            group=f"g{i // 2}",
            template_hash="h",
            prompt_digest="d",
            values={metric: value},
        )
        for i, value in enumerate(values)
    ]


def _score(
    task: str, model: str, value: float, metric: str = "acc", headline: bool = True
) -> Score:
    return Score(
        task=task,
        split="test",
        model=model,
        metric=metric,
        headline=headline,
        value=value,
        low=value,
        high=value,
        n=N,
        n_groups=N // 2,
        exposure="unseen",
    )


def _answers(share: float, seed: int) -> list[float]:
    return [float(one < share) for one in np.random.default_rng(seed).random(N)]


def _judge(items: Sequence[Item], scores: Sequence[Score]) -> list[Verdict]:
    return verdicts(items, scores, model="m", models=("m", "other"), seed=0)


def _task(name: str, share: float, majority: float = 0.3) -> tuple[list[Item], list[Score]]:
    values = {"m": _answers(share, 1), "majority": _answers(majority, 2), "other": _answers(0.9, 3)}
    items = [item for model, row in values.items() for item in _items(name, model, row)]
    scores = [_score(name, model, sum(row) / N) for model, row in values.items()]
    return items, [*scores, _score(name, "chance", 0.25), _score(name, "bag of words", 0.9)]


def test_all_rivals_must_be_beaten_and_models_are_none() -> None:
    items, scores = _task("clear", 0.7)
    (verdict,) = _judge(items, scores)
    assert verdict.beats_all and verdict.rivals.keys() == {"majority", "chance"}
    assert verdict.p == max(verdict.rivals.values()) == pytest.approx(1 / 5001)
    items, scores = _task("beaten", 0.7, majority=0.75)
    (verdict,) = _judge(items, scores)
    assert not verdict.beats_all
    assert verdict.rivals["chance"] < 0.05 < verdict.rivals["majority"] == verdict.p


def test_a_rival_that_gives_the_same_answers_is_not_beaten() -> None:
    ours = _answers(0.9, 1)
    items = [*_items("t", "m", ours), *_items("t", "copy", ours)]
    (verdict,) = _judge(items, [_score("t", "m", 0.9), _score("t", "copy", 0.9)])
    assert verdict.p == 1.0


def test_pairing_sees_a_small_gain_on_the_same_items() -> None:
    theirs = _answers(0.5, 1)
    ours = [1.0 if i % 12 == 0 else value for i, value in enumerate(theirs)]
    items = [*_items("t", "m", ours), *_items("t", "rule", theirs)]
    (verdict,) = _judge(items, [_score("t", "m", 0.55), _score("t", "rule", 0.5)])
    assert verdict.beats_all


def test_more_tasks_need_more_evidence() -> None:
    weak = {"share": 0.35, "majority": 0.2}
    alone = _judge(*_task("t0", **weak))
    assert alone[0].p == alone[0].p_holm < 0.05
    together = [_task(f"t{i}", **weak) for i in range(9)]
    items = [item for one, _ in together for item in one]
    found = _judge(items, [score for _, rows in together for score in rows])
    assert [one.task for one in found] == [f"t{i}" for i in range(9)]
    assert all(one.p_holm == pytest.approx(min(1, 9 * one.p)) for one in found)


def test_chance_alone_is_rarely_called_an_ability() -> None:
    called = 0
    for seed in range(100):
        items = _items("t", "m", _answers(0.25, seed))
        (verdict,) = _judge(items, [_score("t", "m", 0.25), _score("t", "chance", 0.25)])
        called += verdict.beats_all
    assert called <= 12  # nominal 5; the bootstrap is a little bold at 60 groups


def test_texts_and_tasks_without_rivals_get_no_verdict() -> None:
    text = _items("text", "m", [1.0] * N, "bits_per_byte")
    bits = [_score("text", m, 1.0, "bits_per_byte") for m in ("m", "lzma")]
    assert _judge(text, bits) == []
    assert _judge(_items("t", "m", [1.0] * N), [_score("t", "m", 1.0)]) == []


@pytest.mark.parametrize(("n_groups", "judged"), [(7, 0), (8, 1)])
def test_few_groups_get_no_verdict(n_groups: int, judged: int) -> None:
    items = _items("t", "m", [1.0] * 2 * n_groups)  # two items in each
    scores = [_score("t", "m", 1.0), _score("t", "chance", 0.25)]
    assert len(_judge(items, scores)) == judged


def test_a_score_beside_the_headline_makes_no_rival() -> None:
    items, scores = _task("t", 0.7)
    extra = _score("t", "majority", 0.99, "acc_norm", headline=False)
    assert _judge(items, [*scores, extra]) == _judge(items, scores)


def test_rules_do_not_count_for_what_is_plain() -> None:
    items, scores = _task("t", 0.7)
    items += _items("t", "rule", _answers(0.75, 4))
    (verdict,) = _judge(items, [*scores, _score("t", "rule", 0.75)])
    assert not verdict.beats_all and verdict.rivals["rule"] == verdict.p > 0.05
    assert verdict.beats_plain and verdict.plain_p_holm == pytest.approx(1 / 5001)


def test_what_is_plain_is_corrected_over_the_tasks_that_have_it() -> None:
    weak = [_task(f"t{i}", share=0.35, majority=0.2) for i in range(3)]
    items = [item for one, _ in weak for item in one]
    scores = [score for _, rows in weak for score in rows]
    items += [*_items("only", "m", _answers(0.9, 1)), *_items("only", "rule", _answers(0.1, 2))]
    scores += [_score("only", "m", 0.9), _score("only", "rule", 0.1)]
    *found, only = _judge(items, scores)
    assert only.beats_all and (only.plain_p_holm, only.beats_plain) == (-1.0, False)
    assert all(one.plain_p_holm == pytest.approx(3 * one.p) for one in found)


def test_bag_of_words_is_no_rival_and_is_compared_with_item_by_item() -> None:
    items, scores = _task("t", 0.7)
    (with_it,) = _judge(items + _items("t", "bag of words", _answers(0.3, 5)), scores)
    assert with_it.bag_of_words_p == pytest.approx(1 / 5001)
    (better,) = _judge(items + _items("t", "bag of words", _answers(0.9, 5)), scores)
    assert better.bag_of_words_p > 0.9 and better.beats_all
    (without,) = _judge(items, [one for one in scores if one.model != "bag of words"])
    assert without.bag_of_words_p == -1.0
    alone = [one for one in scores if one.model in ("m", "bag of words")]
    assert _judge(items, alone) == []
