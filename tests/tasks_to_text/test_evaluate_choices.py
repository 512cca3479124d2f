"""Laws of tasks_to_text.evaluate, with fakes at its one seam for them: LanguageModel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.evaluate import (
    Item,
    LanguageModel,
    Score,
    evaluate_choices,
    evaluate_text,
)
from tasks_to_text.example import Example
from tasks_to_text.store import read_items, write_items
from tasks_to_text.tasks.documentation import PARAMETER_TYPE

LABELS = (" array", " bool", " int", " str")


@dataclass(frozen=True)
class Answer:
    sum: float
    n_tokens: int = 1
    is_greedy: bool = False
    token_logprobs: tuple[float, ...] = ()


class Fake:
    """Log-likelihoods by a rule; counts its calls and requests."""

    def __init__(self, known: dict[str, str]) -> None:
        self.known = known
        self.requests: list[tuple[str, str]] = []
        self.calls = 0

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> Sequence[Answer]:
        self.calls += 1
        self.requests += requests
        return [
            Answer(0.0 if self.known.get(context) == continuation else -1.0)
            for context, continuation in requests
        ]

    def rolling(self, texts: Sequence[str]) -> Sequence[Answer]:
        return [Answer(-math.log(256) * len(text.encode())) for text in texts]

    def generate(
        self,
        prompts: Sequence[str],
        *,
        stop: Sequence[str],
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        return ["" for _ in prompts]


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
    models: dict[str, LanguageModel], examples: Sequence[Example]
) -> tuple[list[Item], dict[str, Score]]:
    items, scores = evaluate_choices(
        PARAMETER_TYPE,
        examples,
        split="test",
        models=models,
        choices_only_of=next(iter(models)),
        train=_examples(40),
        exposure={model: "unseen" if model == "uniform" else "in_mixture" for model in models},
        seed=0,
    )
    return items, {score.model: score for score in scores}


def test_who_knows_scores_one_and_who_does_not_scores_chance() -> None:
    examples = _examples(80)
    knows = Fake({example.prompt: example.target for example in examples})
    items, scores = _evaluate({"knows": knows, "uniform": Fake({})}, examples)
    assert set(scores) == {
        "knows",
        "uniform",
        "chance",
        "majority",
        "choices only",
        "bag of words",
    }
    assert (scores["knows"].value, scores["knows"].low, scores["knows"].high) == (1.0, 1.0, 1.0)
    assert scores["uniform"].value == scores["choices only"].value == 0.25
    assert scores["chance"].value == scores["chance"].low == 0.25
    assert scores["knows"].n == 80
    assert scores["knows"].n_groups == 20
    assert {score.metric for score in scores.values()} == {"acc"}
    unseen = {score.model for score in scores.values() if score.exposure == "unseen"}
    assert unseen == {"uniform", "chance"}  # majority and bag of words learn from training rows
    assert len(items) == 5 * 80  # chance is an expectation: it answers nothing


def test_items_say_what_was_shown_and_answered() -> None:
    examples = _examples(8)
    items, _ = _evaluate({"m": Fake({examples[2].prompt: " int"})}, examples)
    item = items[2]
    assert (item.model, item.example_id, item.group) == ("m", "e2", "g0")
    assert item.scores == (-1.0, -1.0, 0.0, -1.0)
    assert (item.predicted, item.gold, item.correct) == (2, 2, True)
    assert item.template_hash == PARAMETER_TYPE.template_hash
    digests = {(one.example_id, one.prompt_digest) for one in items}
    assert len(digests) == len({digest for _, digest in digests}) == 8


def test_choices_only_sees_no_prompt_and_equal_requests_go_out_once() -> None:
    examples, model = _examples(12), Fake({})
    _evaluate({"m": model}, examples)
    assert model.calls == 2
    assert len(model.requests) == 12 * 4 + 4
    assert model.requests[-4:] == [("", label) for label in LABELS]


def test_bits_per_byte_of_a_model_that_has_no_idea_are_eight() -> None:
    documents = [("a", "g1", "some text"), ("b", "g1", "été"), ("c", "g2", "x" * 500)]
    items, scores = evaluate_text(
        "held_out", documents, split="test", models={"m": Fake({})}, seed=0
    )
    by_model = {score.model: score for score in scores}
    assert set(by_model) == {"m", "lzma"}
    assert by_model["m"].value == pytest.approx(8.0)
    assert by_model["m"].metric == "bits_per_byte"
    assert 0 < by_model["lzma"].value < 4
    assert [item.n_bytes for item in items] == [9, 5, 500]
    assert items[0].nats == pytest.approx(9 * math.log(256))


def test_items_come_back_from_disk_as_they_were(tmp_path: Path) -> None:
    examples = _examples(6)
    items, _ = _evaluate({"m": Fake({})}, examples)
    documents = [("a", "g1", "some text"), ("b", "g2", "more")]
    items += evaluate_text("t", documents, split="test", models={"m": Fake({})}, seed=0)[0]
    write_items(items, tmp_path / "items.parquet")
    assert read_items(tmp_path / "items.parquet") == items
    with pytest.raises(DataError, match="is missing"):
        read_items(tmp_path / "nothing.parquet")


def test_bad_input_is_named() -> None:
    with pytest.raises(DataError, match="no examples"):
        _evaluate({"m": Fake({})}, [])
    bare = Example(example_id="1", group="g", prompt="p", target=" t")
    with pytest.raises(DataError, match="'1' has no choices"):
        _evaluate({"m": Fake({})}, [bare])
    with pytest.raises(ConfigError, match="choices_only_of='other'"):
        evaluate_choices(
            PARAMETER_TYPE,
            _examples(4),
            split="test",
            models={"m": Fake({})},
            choices_only_of="other",
            train=_examples(4),
            exposure={"m": "unseen"},
            seed=0,
        )
    with pytest.raises(DataError, match="none may be empty"):
        evaluate_text("t", [("a", "g", "")], split="test", models={}, seed=0)
