"""LAMBADA's three accuracies: of the word, with stop words barred, of the last token alone."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tasks_to_text import registry
from tasks_to_text.evaluate import evaluate
from tasks_to_text.example import Example
from tasks_to_text.metric import METRICS
from tasks_to_text.scored import Item, Score
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.stop_words import DRAWS, STOP_WORDS, bare, content_answers, is_barred
from tests.tasks_to_text.fakes import Answer, Fake

METRICS_ASKED = ("acc", "acc_stop_words", "acc_last_token", "perplexity", "perplexity_last_token")


class Writer(Fake):
    """Writes ``greedy`` words, draws ``drawn`` ones, and likes words by ``nats``; a right word that
    is not greedy has two tokens, of which the last is the likeliest one."""

    def __init__(
        self,
        greedy: dict[str, str],
        drawn: dict[str, Sequence[str]],
        nats: dict[tuple[str, str], float],
    ) -> None:
        super().__init__(greedy, nats)
        self.drawn = drawn
        self.asked: list[tuple[int, float, int]] = []

    def _answer(self, context: str, continuation: str) -> Answer:
        if self.known.get(context) == continuation:
            return Answer(-0.5, 1, True, (-0.5,), (True,))
        nats = self.nats.get((context, continuation), 9.0)
        return Answer(-nats, 2, False, (-nats + 0.25, -0.25), (False, True))

    def generate(
        self,
        prompts: Sequence[str],
        *,
        stop: Sequence[str],
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        self.asked.append((len(prompts), temperature, seed))
        if not temperature:
            return [self.known[prompt] for prompt in prompts]
        return [self.drawn[prompt][i % DRAWS] for i, prompt in enumerate(prompts)]


def _example(prompt: str, word: str) -> Example:
    return Example(example_id=prompt, group=prompt, prompt=prompt, target=f" {word}")


def _evaluate(model: Fake, examples: Sequence[Example]) -> tuple[list[Item], dict[str, Score]]:
    items, scores = evaluate(
        registry.get("lambada"),
        examples,
        split="test",
        models={"m": model},
        choices_only_of="m",
        train=(),
        exposure={"m": "unseen"},
        seed=7,
    )
    return (
        [item for item in items if item.model == "m"],
        {score.metric: score for score in scores if score.model == "m"},
    )


HIT = _example("Ann saw the stone, the white", "stone")
MISS = _example("Bob saw the dog, the black", "dog")
BARRED = _example("Cy saw the cat and the Kite near", "Kite")
DRAWN = _example("Di saw the moon and", "comet")
STOP = _example("Ed saw", "them")
WRITER = Writer(
    greedy={
        HIT.prompt: " stone",
        MISS.prompt: " bird, and",
        BARRED.prompt: " the end",
        DRAWN.prompt: " — he",
        STOP.prompt: " them",
    },
    drawn={
        BARRED.prompt: [" it", " fish", " fish", " him"],
        DRAWN.prompt: [" comet!", " he", "", " a"],
        STOP.prompt: [" it"] * DRAWS,
    },
    nats={
        (MISS.prompt, " dog"): 0.6,
        (BARRED.prompt, " Kite"): 1.0,
        (BARRED.prompt, " cat"): 2.0,
        (BARRED.prompt, " fish"): 3.0,
        (DRAWN.prompt, " comet"): 1.0,
        (DRAWN.prompt, " moon"): 2.0,
    },
)


def test_three_accuracies_and_two_perplexities() -> None:
    items, scores = _evaluate(WRITER, [HIT, MISS, BARRED, DRAWN, STOP])
    by_metric = {m: [item.values[m] for item in items] for m in METRICS_ASKED[:3]}
    assert by_metric == {
        "acc": [1, 0, 0, 0, 1],
        "acc_stop_words": [1, 0, 1, 1, 0],  # the greedy bird is no stop word; them is one
        "acc_last_token": [1, 1, 1, 1, 1],
    }
    assert [item.answer for item in items] == ["stone", "bird,", "the", "—", "them"]
    assert tuple(scores) == METRICS_ASKED
    assert scores["acc_stop_words"].value == pytest.approx(0.6)
    assert scores["perplexity"].value == pytest.approx(2.718281828 ** (3.6 / 5))
    assert scores["perplexity_last_token"].value == pytest.approx(2.718281828 ** (1.75 / 5))
    assert scores["acc"].headline and items[2].merit == 0.0


def test_the_right_word_is_no_candidate_unless_passage_or_model_say_it() -> None:
    nowhere = _example(DRAWN.prompt, "planet")
    model = Writer(WRITER.known, {DRAWN.prompt: [" it"] * DRAWS}, {(DRAWN.prompt, " planet"): 0.0})  # type: ignore[arg-type]
    items, _ = _evaluate(model, [nowhere])
    assert items[0].values["acc_stop_words"] == 0.0
    asked = {text for _, text in model.requests[1:]}  # the first is the right word's own likelihood
    assert asked == {" Di", " saw", " moon"}


def test_only_barred_answers_are_drawn_again_and_with_the_seed() -> None:
    _evaluate(model := Writer(dict(WRITER.known), WRITER.drawn, {}), [HIT, MISS, BARRED])
    assert model.asked == [(2, 0.0, 0), (DRAWS, 1.0, 7)]
    _evaluate(model := Writer(dict(WRITER.known), WRITER.drawn, {}), [HIT])
    assert model.asked == []


def test_without_a_content_word_there_is_no_answer() -> None:
    model = Writer({}, {"It is": [" so", " he", "", " --"]}, {})
    assert content_answers(model, ["It is"], max_tokens=8, seed=0) == [""]
    assert content_answers(model, [], max_tokens=8, seed=0) == []


def test_stop_words_are_told_by_what_is_between_marks() -> None:
    barred = ["The", "“it”", "don’t", "they're,", "--", "", "42"]
    assert all(map(is_barred, barred))
    assert not any(map(is_barred, ["stone", "Kite.", "back", "home", "o'clock"]))
    assert [bare(word) for word in ('"stone,', "o'clock", "—")] == ["stone", "o'clock", ""]
    assert all(word == word.lower() for word in STOP_WORDS)


def test_both_forms_are_scored_alike_and_say_which_they_are() -> None:
    for name in ("lambada", "lambada_standard"):
        assert registry.get(name).metrics == METRICS_ASKED
    assert set(METRICS_ASKED) <= set(METRICS)
    assert "as first published" in registry.get("lambada_standard").description


@pytest.mark.skipif(
    "GENERALIST_DATA" not in os.environ,
    reason="GENERALIST_DATA names no directory with the published rows",
)
def test_few_published_answers_are_barred() -> None:
    task, places = registry.get("lambada"), Places(mirror=Path(os.environ["GENERALIST_DATA"]))
    rows = read_rows(task.source, "test", columns=("text",), places=places)
    words = [row["text"].rpartition(" ")[2] for row in rows]
    assert len(words) == 5153
    assert sum(map(is_barred, words)) / len(words) < 0.0125
