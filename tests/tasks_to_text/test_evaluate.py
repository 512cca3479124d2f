"""What holds for every protocol: wordings, shots, cut contexts, examples that do not fit."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.scored import Item, Score
from tasks_to_text.shots import Shots
from tasks_to_text.source import Source
from tasks_to_text.task import Row, Task
from tasks_to_text.verdicts import verdicts
from tests.tasks_to_text.fakes import Fake

LABELS = (" no", " yes")
Results = tuple[list[Item], dict[tuple[str, str], Score]]


def _main(row: Row) -> Example:
    return _example(row["i"])


def _asked(row: Row) -> Example:
    return replace(_example(row["i"]), prompt=f"Is {row['i']} odd? Answer:")


def _task(*metrics: str, **more: Any) -> Task:
    given: dict[str, Any] = {"closed": True, "wordings": {"question": _asked}, **more}
    return Task(
        name="odd",
        description="d",
        kind="classification",
        source=Source(path="x"),
        columns=(),
        rows=lambda records, split: iter(records),
        keys=lambda row: (),
        template=_main,
        specimens=({"i": 1},),
        metrics=metrics,
        **given,
    )


def _example(i: int) -> Example:
    return Example(
        example_id=f"e{i}",
        group=f"g{i // 2}",
        prompt=f"{i} is odd:",
        target=LABELS[i % 2],
        choices=LABELS,
        gold=i % 2,
        segments=(f"{i}",),
    )


EXAMPLES = [_example(i) for i in range(24)]
TRAIN = [_example(i) for i in range(100, 111)]


def _evaluate(
    task: Task, models: dict[str, Fake], examples: Sequence[Example] = EXAMPLES, **more: Any
) -> Results:
    items, scores = evaluate(
        task,
        examples,
        split="test",
        models=models,
        choices_only_of=next(iter(models)),
        exposure=dict.fromkeys(models, "unseen"),
        seed=0,
        **{"train": TRAIN, **more},
    )
    return items, {(score.model, score.metric): score for score in scores}


def _knows(examples: Sequence[Example]) -> Fake:
    return Fake({one.prompt: one.target for one in examples})


def test_another_wording_is_scored_for_models_alone_and_is_no_headline() -> None:
    task = _task("acc")
    shown = [_asked({"i": i}) for i in range(24)]
    items, scores = _evaluate(task, {"m": _knows(shown)}, shown, template="question")
    assert scores.keys() == {("m", "acc")}
    score = scores["m", "acc"]
    assert (score.value, score.template, score.headline) == (1.0, "question", False)
    assert {item.template for item in items} == {"question"}
    assert {item.template_hash for item in items} == {task.hash_of("question")}
    _, main = _evaluate(task, {"m": Fake()})
    assert main["m", "acc"].template == "main" and main["m", "acc"].headline
    with pytest.raises(ConfigError, match="template='other': use one of main, question"):
        _evaluate(task, {"m": Fake()}, template="other")


def test_models_see_shots_and_baselines_do_not() -> None:
    seen: list[str] = []

    def rule(example: Example) -> str:
        seen.append(example.prompt)
        return " yes"

    task, model = _task("acc", baselines={"yes": rule}), Fake()
    shots = Shots(n=2, pool=TRAIN, split="train")
    items, scores = _evaluate(task, {"m": model}, shots=shots)
    asked = {context for context, _ in model.requests if context}
    assert len(asked) == 24
    assert all(context.count("\n\n") == 2 and " is odd:" in context for context in asked)
    assert seen == [one.prompt for one in EXAMPLES]
    assert (scores["m", "acc"].shots, scores["m", "acc"].shots_from) == (2, "train")
    beside = {(s.shots, s.shots_from) for s in scores.values() if s.model != "m"}
    assert beside == {(0, "")}
    digests = {item.example_id: item.prompt_digest for item in items if item.model == "m"}
    for item in items:
        assert item.prompt_digest == digests[item.example_id], "joined by what was asked"
    assert ("", " yes") in model.requests, "choices only sees neither prompt nor shots"


def test_cut_contexts_are_counted_for_models() -> None:
    examples = [*EXAMPLES, replace(_example(50), prompt="so " * 9 + "50 is odd:")]
    items, scores = _evaluate(_task("acc"), {"m": Fake(room=8)}, examples)
    cut = {item.example_id: item.n_cut for item in items if item.model == "m" and item.n_cut}
    assert cut == {"e50": 12 - 8}
    assert scores["m", "acc"].n_cut == 1 and scores["m", "acc"].n == 25
    assert {s.n_cut for s in scores.values() if s.model != "m"} == {0}


def test_what_does_not_fit_is_left_out_of_every_row_and_counted() -> None:
    long = " yes" * 6
    broken = replace(_example(51), target=long, choices=(" no", long))
    examples = [*EXAMPLES[:10], broken, *EXAMPLES[10:]]
    models = {"wide": Fake(), "narrow": Fake(room=5)}
    items, scores = _evaluate(_task("acc"), models, examples)
    assert {score.n for score in scores.values()} == {24}
    assert {score.n_dropped for score in scores.values()} == {1}
    assert "e51" not in {item.example_id for item in items}
    assert all("yes yes" not in text for _, text in models["wide"].requests)
    _, fine = _evaluate(_task("acc"), {"wide": Fake()}, examples)
    assert {(score.n, score.n_dropped) for score in fine.values()} == {(25, 0)}
    with pytest.raises(DataError, match="none of 1 examples has targets that fit"):
        _evaluate(_task("acc"), models, [broken])


def test_pooled_headlines_have_a_chance_of_their_own_and_items_that_are_compared_by_accuracy() -> (
    None
):
    task = _task("mcc", "acc", "f1_label", "brier", "ece")
    nats = {(one.prompt, one.target): 0.1 for one in EXAMPLES}
    items, scores = _evaluate(task, {"m": Fake(nats=nats)})
    assert scores["m", "mcc"].value == scores["m", "f1_label"].value == 1.0
    sure = 1 / (1 + 2.718281828**-0.9)
    assert scores["m", "ece"].value == pytest.approx(1 - sure)
    assert scores["m", "brier"].value == pytest.approx(2 * (1 - sure) ** 2)
    assert scores["chance", "mcc"].value == scores["majority", "mcc"].value == 0.0
    assert set(items[0].values) == {"acc", "brier"} and items[0].merit == 1.0
    majority = [item for item in items if item.model == "majority"]
    assert {tuple(item.values) for item in majority} == {("acc",)}
    (judged,) = verdicts(items, list(scores.values()), model="m", models=("m",), seed=0)
    assert set(judged.rivals) == {"majority", "choices only"}, "chance has another scale"
    assert judged.beats_all


@pytest.mark.parametrize(
    ("headline", "chance"), [("brier", 0.5), ("ece", 0.0), ("f1_label", 0.5), ("acc_token", 0.5)]
)
def test_what_a_uniform_guess_has(headline: str, chance: float) -> None:
    _, scores = _evaluate(_task(headline), {"m": Fake()})
    assert scores["chance", headline].value == pytest.approx(chance)


def test_ratings_are_correlated() -> None:
    levels = (" 0", " 1", " 2", " 3")
    examples = [
        replace(
            _example(i), target=levels[i % 4], choices=levels, gold=i % 4,
            references=(str(i % 4 + 0.2),),
        )
        for i in range(24)
    ]  # fmt: skip
    nats = {(one.prompt, choice): 9.0 for one in examples for choice in levels}
    nats |= {(one.prompt, one.target): 0.0 for one in examples}
    task, model = _task("pearson", "spearman"), Fake(nats=nats)
    items, scores = _evaluate(task, {"m": model}, examples, train=examples[:5])
    assert scores["m", "pearson"].value == pytest.approx(1.0, abs=1e-4)
    assert scores["m", "spearman"].value == pytest.approx(1.0)
    assert scores["chance", "pearson"].value == scores["majority", "pearson"].value == 0.0
    assert all(item.merit is None for item in items)


def _partial(i: int) -> Example:
    contexts = (f"{i}: Ann met Mia because Ann", f"{i}: Ann met Mia because Mia")
    return Example(
        example_id=f"w{i}",
        group=f"w{i}",
        prompt=contexts[i % 2],
        target=" had called.",
        choices=(" Ann", " Mia"),
        gold=i % 2,
        contexts=contexts,
    )


def test_partial_scoring_asks_for_the_end_after_each_context() -> None:
    examples = [_partial(i) for i in range(8)]
    metrics = ("acc", "acc_norm", "acc_bytes", "acc_token", "acc_pmi")
    model = _knows(examples)
    _, scores = _evaluate(_task(*metrics, closed=False), {"m": model}, examples)
    assert [scores["m", metric].value for metric in metrics] == [1.0] * 5
    asked = set(model.requests)
    assert {request for one in examples for request in one.requests} <= asked
    assert asked - {request for one in examples for request in one.requests} == {
        ("", " had called."),  # for PMI, the same for both
        ("", " Ann"),  # choices only: the candidates themselves
        ("", " Mia"),
    }


def test_standard_errors_come_from_the_same_draws_as_intervals() -> None:
    half = Fake({one.prompt: one.target for one in EXAMPLES[:12]})
    _, scores = _evaluate(_task("acc"), {"m": half})
    score = scores["m", "acc"]
    assert 0 < score.stderr < score.high - score.low < 5 * score.stderr
    assert scores["chance", "acc"].stderr == 0.0


def test_tasks_that_cannot_be_scored_so_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"metrics=\('mcc',\) are of labels: they need closed"):
        _task("mcc", "acc", closed=False)
    for name in ("few_shot", "top_k", "sentences"):
        with pytest.raises(ConfigError, match=f"{name}=-1: must not be negative"):
            _task("acc", **{name: -1})
