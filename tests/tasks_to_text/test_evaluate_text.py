"""Likelihoods of whole texts: perplexities and bits per byte."""

import math
from collections.abc import Sequence

import pytest

from tasks_to_text.errors import DataError
from tasks_to_text.evaluate import evaluate, evaluate_documents
from tasks_to_text.evaluate_text import lzma_bits_per_byte
from tasks_to_text.example import Example
from tasks_to_text.scored import Item, Score
from tasks_to_text.source import Source
from tasks_to_text.task import Task
from tests.tasks_to_text.fakes import Fake

NATS_PER_BYTE = math.log(256)


def _task(*metrics: str) -> Task:
    return Task(
        name="running",
        description="d",
        kind="language modeling",
        source=Source(path="x"),
        columns=(),
        rows=lambda records, split: iter(records),
        keys=lambda row: (),
        template=lambda row: _text(**row),
        specimens=({"text": "s"},),
        protocol="text",
        metrics=metrics,
    )


def _text(text: str, original: str = "", prompt: str = "") -> Example:
    segments = (original,) if original else ()
    return Example(example_id=text, group=text, prompt=prompt, target=text, segments=segments)


def _evaluate(examples: Sequence[Example], *metrics: str) -> tuple[list[Item], dict[str, Score]]:
    items, scores = evaluate(
        _task(*metrics),
        examples,
        split="test",
        models={"m": Fake()},
        choices_only_of="m",
        train=[],
        exposure={"m": "unseen"},
        seed=0,
    )
    assert {score.model for score in scores} <= {"m", "lzma"}
    return items, {s.metric if s.model == "m" else s.model: s for s in scores}


def test_perplexities_of_a_model_that_has_no_idea() -> None:
    examples = [_text("two words"), _text("xyz"), _text("a b c d")]
    items, scores = _evaluate(examples, "word_perplexity", "byte_perplexity", "bits_per_byte")
    assert [(item.n_words, item.n_bytes) for item in items] == [(2, 9), (1, 3), (4, 7)]
    assert scores["byte_perplexity"].value == pytest.approx(256)
    assert scores["bits_per_byte"].value == pytest.approx(8)
    assert scores["word_perplexity"].value == pytest.approx(256 ** (19 / 7))
    words, byte = scores["word_perplexity"], scores["byte_perplexity"]
    assert words.value**7 == pytest.approx(byte.value**19)
    assert words.low < words.value < words.high
    assert words.headline and not byte.headline
    bits = lzma_bits_per_byte([one.target for one in examples])
    assert scores["lzma"].metric == "word_perplexity"
    assert scores["lzma"].value == pytest.approx(2 ** (bits * 19 / 7))


def test_words_and_bytes_are_those_of_the_original() -> None:
    items, scores = _evaluate([_text("can't", original="ca n't é ")], "bits_per_byte")
    assert (items[0].n_words, items[0].n_bytes) == (4, 10)  # white space at the end adds a word
    assert scores["bits_per_byte"].value == pytest.approx(8 * 5 / 10)
    assert items[0].values == {"bits_per_byte": pytest.approx(4)}
    assert scores["lzma"].value == lzma_bits_per_byte(["ca n't é "])


def test_a_text_without_any_likelihood_has_a_finite_perplexity() -> None:
    _, scores = _evaluate([_text("x" * 2000)], "word_perplexity")
    assert math.isfinite(scores["word_perplexity"].value)


def test_a_text_of_one_endless_word_has_a_finite_perplexity_of_the_compressor() -> None:
    endless = "".join(chr(0x4E00 + i * i * 7919 % 9000) for i in range(3000))
    _, scores = _evaluate([_text(endless)], "word_perplexity")
    assert math.isfinite(scores["lzma"].value)


def test_a_prompt_has_no_place_here() -> None:
    with pytest.raises(DataError, match="shows no prompt"):
        _evaluate([_text("x", prompt="before")], "bits_per_byte")


def test_bits_per_byte_of_documents() -> None:
    documents = [("a", "g1", "some text"), ("b", "g1", "été"), ("c", "g2", "x" * 500)]
    items, scores = evaluate_documents(
        "held_out", documents, split="test", models={"m": Fake()}, seed=0
    )
    by_model = {score.model: score for score in scores}
    assert set(by_model) == {"m", "lzma"}
    assert by_model["m"].value == pytest.approx(8.0)
    assert by_model["m"].metric == "bits_per_byte" and by_model["m"].headline
    assert {score.exposure for score in scores} == {"held_out"}
    assert 0 < by_model["lzma"].value < 4
    assert [item.n_bytes for item in items] == [9, 5, 500]
    assert items[0].nats == pytest.approx(9 * NATS_PER_BYTE)
    with pytest.raises(DataError, match="none may be empty"):
        evaluate_documents("t", [("a", "g", "")], split="test", models={}, seed=0)
