"""Written answers and last words: what counts, and what stands beside the models."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.scored import Item, Score
from tasks_to_text.source import Source
from tasks_to_text.task import Task
from tests.tasks_to_text.fakes import Fake

Results = tuple[list[Item], dict[tuple[str, str], Score]]


def _task(protocol: Any, *metrics: str) -> Task:
    return Task(
        name="answers",
        description="d",
        kind="question answering",
        source=Source(path="x"),
        columns=(),
        rows=lambda records, split: iter(records),
        keys=lambda row: (),
        template=lambda row: _example(**row),
        specimens=({"i": 0, "target": " t"},),
        protocol=protocol,
        metrics=metrics,
        baselines={"shout": lambda example: example.prompt.upper()},
    )


def _example(i: int, target: str, *references: str) -> Example:
    return Example(
        example_id=f"e{i}", group=f"g{i // 2}", prompt=f"q{i}", target=target, references=references
    )


def _evaluate(
    task: Task, model: Fake, examples: Sequence[Example], train: Sequence[Example] = ()
) -> Results:
    items, scores = evaluate(
        task,
        examples,
        split="test",
        models={"m": model},
        choices_only_of="m",
        train=train,
        exposure={"m": "in_mixture"},
        seed=0,
    )
    return items, {(score.model, score.metric): score for score in scores}


EXAMPLES = [
    _example(0, " the Seine", "the Seine", "Seine river"),
    _example(1, " Q1"),
    _example(2, " red house"),
    _example(3, " nothing"),
]


def test_answers_are_stripped_and_compared_with_the_best_reference() -> None:
    model = Fake({"q0": " seine River. ", "q1": " none", "q2": "  a red car "})
    items, scores = _evaluate(_task("generation", "f1", "exact_match"), model, EXAMPLES)
    ours = [item for item in items if item.model == "m"]
    assert [item.answer for item in ours] == ["seine River.", "none", "a red car", "no idea"]
    assert [item.values["f1"] for item in ours] == [1.0, 0.0, 0.5, 0.0]
    assert [item.values["exact_match"] for item in ours] == [1.0, 0.0, 0.0, 0.0]
    assert scores["m", "f1"].value == 0.375 and scores["m", "f1"].headline
    assert scores["m", "exact_match"].value == 0.25
    assert scores["m", "f1"].n_groups == 2
    assert (ours[0].scores, ours[0].predicted, ours[0].gold) == ((), -1, -1)


def test_rules_and_the_most_frequent_target_are_scored_by_the_headline() -> None:
    train = [_example(9, " nothing"), _example(8, " x"), _example(7, " nothing")]
    task = _task("generation", "f1", "exact_match")
    items, scores = _evaluate(task, Fake(), EXAMPLES, train)
    assert scores["majority", "f1"].value == scores["shout", "f1"].value == 0.25
    assert {metric for name, metric in scores if name != "m"} == {"f1"}
    assert (scores["majority", "f1"].exposure, scores["shout", "f1"].exposure) == (
        "in_mixture",
        "unseen",
    )
    assert {item.answer for item in items if item.model == "majority"} == {"nothing"}
    assert len(items) == 3 * 4
    items, scores = _evaluate(task, Fake(), [*EXAMPLES, _example(4, EXAMPLES[1].target)])
    assert {name for name, _ in scores} == {"m", "shout", "majority"}
    often = {item.answer for item in items if item.model == "majority"}
    assert often == {EXAMPLES[1].target.strip()}, "without training rows, of the evaluated ones"


def test_of_equally_frequent_answers_the_first_is_the_majority_in_every_process() -> None:
    answers = [f"answer {i}" for i in range(30)]
    examples = [_example(i, f" {answers[0]}", *answers) for i in range(4)]
    items, _ = _evaluate(_task("generation", "exact_match"), Fake(), examples)
    assert {item.answer for item in items if item.model == "majority"} == {answers[0]}


def test_corpus_metrics_have_intervals_and_sentence_values() -> None:
    examples = [_example(i, f" the number {i} of many words") for i in range(12)]
    model = Fake({one.prompt: one.target for one in examples[:6]})
    items, scores = _evaluate(_task("generation", "chrf", "bleu"), model, examples)
    for metric in ("chrf", "bleu"):
        score = scores["m", metric]
        assert 10 < score.low < score.value < score.high < 101
        assert items[0].values[metric] == pytest.approx(100)
        assert items[11].values[metric] < 20  # the last of the model's: no idea


def test_the_last_word_is_right_when_every_token_is_the_likeliest() -> None:
    nats = {("q3", " nothing"): 4.0}
    model = Fake({"q1": " Q1", "q0": " some river"}, nats=nats)
    items, scores = _evaluate(_task("last_word", "acc", "perplexity"), model, EXAMPLES)
    ours = [item for item in items if item.model == "m"]
    assert [item.answer for item in ours] == ["some", "Q1", "no", "no"]
    assert [item.values["acc"] for item in ours] == [0.0, 1.0, 0.0, 0.0]
    assert [item.nats for item in ours] == [1.0, 0.0, 1.0, 4.0]
    assert scores["m", "acc"].value == 0.25
    assert scores["m", "perplexity"].value == pytest.approx(2.718281828**1.5)
    assert scores["shout", "acc"].value == 0.25  # Q1
    assert ("shout", "perplexity") not in scores
    items, scores = _evaluate(_task("last_word", "perplexity", "acc"), model, EXAMPLES)
    assert scores.keys() == {("m", "perplexity"), ("m", "acc")}, "no baselines of a perplexity"
    assert scores["m", "acc"].value == 0.25
    assert all(item.values == {} and item.merit is None for item in items), "decides nothing"


def test_text_is_drawn_and_cut_to_its_first_sentences_where_the_task_says_so() -> None:
    written = " One is. Two is!\nThree (3.5) is. And"
    model = Fake({"q1": written})
    task = replace(_task("generation", "f1"), baselines={})
    items, _ = _evaluate(task, model, EXAMPLES)
    assert model.settings == {"temperature": 0.0, "top_k": 0, "seed": 0}
    assert items[1].answer == written.strip()
    drawn = replace(task, top_k=2, sentences=3)
    items, _ = _evaluate(drawn, model, EXAMPLES)
    assert model.settings == {"temperature": 1.0, "top_k": 2, "seed": 0}
    assert items[1].answer == "One is. Two is! Three (3.5) is."
    items, _ = _evaluate(replace(task, sentences=9), model, EXAMPLES)
    assert items[1].answer == "One is. Two is! Three (3.5) is. And"


def test_the_last_numbers_are_compared() -> None:
    examples = [_example(i, f" #### {n}") for i, n in enumerate(("1,234", "-2", "7", "5"))]
    model = Fake({"q0": " 12 - 1 = 1234.0", "q1": " 4 apples, so -2.", "q2": " 7 or 8"})
    _, scores = _evaluate(_task("generation", "number_match"), model, examples)
    assert scores["m", "number_match"].value == 0.5


def test_cut_prompts_are_counted() -> None:
    model = Fake(room=2)
    long = replace(EXAMPLES[0], prompt="a b c d")
    for protocol, metric in (("generation", "f1"), ("last_word", "acc")):
        items, scores = _evaluate(_task(protocol, metric), model, [long, *EXAMPLES[2:]])
        assert [item.n_cut for item in items if item.model == "m"] == [2, 0, 0]
        assert (scores["m", metric].n_cut, scores["shout", metric].n_cut) == (1, 0)


def test_a_target_that_does_not_fit_is_no_last_word_and_any_text_can_be_an_answer() -> None:
    long = _example(7, " three words long")
    items, scores = _evaluate(_task("last_word", "acc"), Fake(room=2), [*EXAMPLES[1:], long])
    assert {(s.n, s.n_dropped) for s in scores.values()} == {(3, 1)}
    assert "e7" not in {item.example_id for item in items}
    _, scores = _evaluate(_task("generation", "f1"), Fake(room=2), [*EXAMPLES, long])
    assert {(s.n, s.n_dropped) for s in scores.values()} == {(5, 0)}
