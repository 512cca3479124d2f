"""Laws of ranking choices, with a fake at its one seam for them: LanguageModel."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.scored import Item, Score
from tasks_to_text.task import Task
from tasks_to_text.tasks.documentation import PARAMETER_TYPE
from tasks_to_text.verdicts import verdicts
from tests.tasks_to_text.fakes import Fake

LABELS = (" array", " bool", " int", " str")
OPEN = replace(PARAMETER_TYPE, closed=False)
Results = tuple[list[Item], dict[tuple[str, str], Score]]


def _examples(n: int) -> list[Example]:
    return [
        Example(
            example_id=f"e{i}",
            group=f"g{i // 4}",
            prompt=f"Parameter: p{i}\nType:",
            target=LABELS[i % 4],
            choices=LABELS,
            gold=i % 4,
            segments=(f"p{i}",),
        )
        for i in range(n)
    ]


def _evaluate(
    models: dict[str, LanguageModel],
    examples: Sequence[Example],
    task: Task = PARAMETER_TYPE,
    train: int = 40,
) -> Results:
    items, scores = evaluate(
        task,
        examples,
        split="test",
        models=models,
        choices_only_of=next(iter(models)),
        train=_examples(train),
        exposure={model: "unseen" if model == "uniform" else "in_mixture" for model in models},
        seed=0,
    )
    return items, {(score.model, score.metric): score for score in scores}


def test_who_knows_scores_one_and_who_does_not_scores_chance() -> None:
    examples = _examples(80)
    knows = Fake({example.prompt: example.target for example in examples})
    items, scores = _evaluate({"knows": knows, "uniform": Fake()}, examples)
    names = {"knows", "uniform", "chance", "majority", "choices only", "bag of words"}
    assert scores.keys() == {(name, "acc") for name in names}
    best = scores["knows", "acc"]
    assert (best.value, best.low, best.high, best.n, best.n_groups) == (1.0, 1.0, 1.0, 80, 20)
    assert scores["uniform", "acc"].value == pytest.approx(0.25, abs=0.05)
    assert scores["choices only", "acc"].value == scores["uniform", "acc"].value
    assert scores["chance", "acc"].value == scores["chance", "acc"].low == 0.25
    unseen = {score.model for score in scores.values() if score.exposure == "unseen"}
    assert unseen == {"uniform", "chance"}  # majority and bag of words learn from training rows
    assert len(items) == 5 * 80  # chance is an expectation: it answers nothing


def test_items_say_what_was_shown_and_answered() -> None:
    examples = _examples(8)
    items, _ = _evaluate({"m": Fake({examples[2].prompt: " int"})}, examples)
    item = items[2]
    assert (item.model, item.example_id, item.group) == ("m", "e2", "g0")
    assert item.scores == (-1.0, -1.0, 0.0, -1.0)
    assert (item.predicted, item.gold, item.answer, item.values) == (2, 2, "int", {"acc": 1.0})
    assert item.template_hash == PARAMETER_TYPE.template_hash
    digests = {(one.example_id, one.prompt_digest) for one in items}
    assert len(digests) == len({digest for _, digest in digests}) == 8


def test_choices_only_sees_no_prompt_and_equal_requests_go_out_once() -> None:
    examples, model = _examples(12), Fake()
    _evaluate({"m": model}, examples)
    assert model.calls == 1
    assert len(model.requests) == 12 * 4 + 4
    assert model.requests[-4:] == [("", label) for label in LABELS]


def _pair(nats: dict[str, tuple[float, float]]) -> tuple[Example, Fake]:
    """One example with two choices; choice → nats with and without the prompt."""
    first, second = nats
    example = Example(
        example_id="e", group="g", prompt="p", target=first, choices=(first, second), gold=0
    )
    known = {(p, c): n[not p] for c, n in nats.items() for p in ("p", "")}
    return example, Fake(nats=known)


def test_each_metric_ranks_in_its_own_way() -> None:
    task = replace(OPEN, metrics=("acc", "acc_norm", "acc_pmi"))
    # Sums prefer the short one, 3 < 4 nats; per character the long one, 4 / 10 < 3 / 2; the short
    # one loses by PMI too, since it is as likely without the prompt.
    example, model = _pair({" long words": (4.0, 9.0), " ab": (3.0, 3.0)})
    items, scores = _evaluate({"m": model}, [example], task, train=0)
    assert items[0].values == {"acc": 0.0, "acc_norm": 1.0, "acc_pmi": 1.0}
    assert items[0].answer == "ab" and items[0].scores == (-4.0, -3.0)
    assert {metric for name, metric in scores if name == "m"} == set(task.metrics)
    headline = {metric: score.headline for (name, metric), score in scores.items() if name == "m"}
    assert headline == {"acc": True, "acc_norm": False, "acc_pmi": False}


def test_the_leading_space_is_no_character_of_a_choice() -> None:
    task = replace(OPEN, metrics=("acc_norm",))
    # Per character 1 / 1 against 3 / 2; with the space it would be 1 / 2 against 3 / 3.
    example, model = _pair({" a": (1.3, 0.0), " bb": (2.5, 0.0)})
    items, _ = _evaluate({"m": model}, [example], task, train=0)
    assert items[0].predicted == 1  # 1.3 against 1.25


def test_baselines_stand_under_the_headline_and_choices_only_ranks_as_it_does() -> None:
    nats = {" long words": (1.0, 4.0), " ab": (1.0, 3.0)}
    example, model = _pair(nats)
    by_headline = {}
    for metrics in (("acc", "acc_norm"), ("acc_norm", "acc"), ("acc_pmi",)):
        _, scores = _evaluate({"m": model}, [example], replace(OPEN, metrics=metrics), train=0)
        assert [metric for name, metric in scores if name == "choices only"] == [metrics[0]]
        by_headline[metrics[0]] = scores["choices only", metrics[0]].value
    assert by_headline == {"acc": 0.0, "acc_norm": 1.0, "acc_pmi": 0.0}


def test_without_training_rows_only_labels_have_a_majority() -> None:
    examples = [*_examples(8), replace(_examples(1)[0], example_id="again")]
    _, scores = _evaluate({"m": Fake()}, examples, train=0)
    assert {name for name, _ in scores} == {"m", "choices only", "majority", "chance"}
    assert scores["majority", "acc"].value == 3 / 9
    _, scores = _evaluate({"m": Fake()}, examples, OPEN, train=0)
    assert {name for name, _ in scores} == {"m", "choices only", "chance"}


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match="no examples"):
        _evaluate({"m": Fake()}, [])
    bare = Example(example_id="1", group="g", prompt="p", target=" t")
    with pytest.raises(DataError, match="'1' has no choices"):
        _evaluate({"m": Fake()}, [bare])
    with pytest.raises(ConfigError, match="choices_only_of='other'"):
        evaluate(
            PARAMETER_TYPE,
            _examples(4),
            split="test",
            models={"m": Fake()},
            choices_only_of="other",
            train=_examples(4),
            exposure={"m": "unseen"},
            seed=0,
        )


def test_rules_of_the_task_answer_beside_the_models() -> None:
    task = replace(PARAMETER_TYPE, baselines={"always bool": lambda example: " bool"})
    items, scores = _evaluate({"m": Fake()}, _examples(8), task)
    rule = scores["always bool", "acc"]
    assert (rule.value, rule.exposure, rule.headline) == (0.25, "unseen", True)
    own = [item for item in items if item.model == "always bool"]
    assert {(item.answer, item.predicted, item.scores) for item in own} == {
        ("bool", 1, (0.0, 1.0, 0.0, 0.0))
    }
    assert [item.values["acc"] for item in own] == [0.0, 1.0, 0.0, 0.0] * 2


def test_without_a_prompt_the_choices_alone_are_the_model_itself_and_no_rival() -> None:
    examples = [
        replace(one, prompt="", group=one.example_id, choices=_texts(i), target=_texts(i)[one.gold])
        for i, one in enumerate(_examples(40))
    ]
    model = Fake({"": examples[0].target}, {("", one.target): 0.5 for one in examples})
    items, scores = evaluate(
        OPEN,
        examples,
        split="test",
        models={"m": model},
        choices_only_of="m",
        train=(),
        exposure={"m": "unseen"},
        seed=0,
    )
    assert {score.model for score in scores} == {"m", "chance"}
    (verdict,) = verdicts(items, scores, model="m", models=["m"], seed=0)
    assert verdict.beats_all and verdict.beats_plain


def _texts(i: int) -> tuple[str, ...]:
    return tuple(f"sentence {i} version {n}" for n in range(4))


def test_a_rule_that_picks_no_choice_is_named() -> None:
    task = replace(PARAMETER_TYPE, baselines={"bare": lambda example: "bool"})
    with pytest.raises(DataError, match="baseline 'bare' gives 'bool' for example 'e0'"):
        _evaluate({"m": Fake()}, _examples(8), task)


def test_a_constant_model_wins_nothing_by_where_the_right_choice_stands() -> None:
    for gold in range(4):
        examples = [replace(one, target=LABELS[gold], gold=gold) for one in _examples(400)]
        items, scores = _evaluate({"m": Fake()}, examples, OPEN, train=0)
        assert 0.19 < scores["m", "acc"].value < 0.31
        assert {item.predicted for item in items} == {0, 1, 2, 3}
    again, _ = _evaluate({"m": Fake()}, examples, OPEN, train=0)
    assert again == items


def test_a_model_that_gives_no_numbers_is_at_chance() -> None:
    examples = _examples(200)
    nats = {(one.prompt, choice): float("nan") for one in examples for choice in LABELS}
    _, scores = _evaluate({"m": Fake(nats=nats)}, examples, OPEN, train=0)
    assert 0.15 < scores["m", "acc"].value < 0.35
