"""Scores of language models on tasks, beside what the same items give away without a model.

A model is whatever satisfies ``LanguageModel``: strings in, log-likelihoods in nats out. A choice
is scored by the sum of its log-likelihood given the prompt, the highest sum is the prediction (the
first of equal ones). That is the rank classification of T0 and the ``acc`` of
lm-evaluation-harness: a sum, because labels are whole answers and both orders of two sentences have
the same words. All requests of a model go out in one call; the model sorts and shares contexts.

Beside the models stand: ``chance``, ``majority``, ``choices only`` (the same choices scored by a
model without the prompt, the context being empty) and ``bag of words``.
"""

import hashlib
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tasks_to_text import baselines
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.metrics import (
    Interval,
    bits_per_byte,
    cluster_bootstrap,
    ratio_cluster_bootstrap,
)
from tasks_to_text.task import Split, Task

CHANCE, MAJORITY, CHOICES_ONLY = "chance", "majority", "choices only"
BAG_OF_WORDS, LZMA = "bag of words", "lzma"
IN_MIXTURE, UNSEEN, HELD_OUT = "in_mixture", "unseen", "held_out"


class Loglikelihood(Protocol):
    """What a model says of one continuation or text."""

    @property
    def sum(self) -> float:
        """Log-likelihood in nats: 0 is certain."""

    @property
    def n_tokens(self) -> int:
        """Tokens scored."""

    @property
    def is_greedy(self) -> bool:
        """Whether each token was the likeliest one."""

    @property
    def token_logprobs(self) -> Sequence[float]:
        """Nats per token, in order; their sum is ``sum``."""


class LanguageModel(Protocol):
    """A model of strings. ``gptcore.scoring.Scorer`` is one; so may be a fake or a peer."""

    def loglikelihood(self, requests: Sequence[tuple[str, str]]) -> Sequence[Loglikelihood]:
        """Score (context, continuation) pairs, in their order; "" means start of a text."""

    def rolling(self, texts: Sequence[str]) -> Sequence[Loglikelihood]:
        """Score whole texts, every token once, from the start of a text on."""

    def generate(
        self,
        prompts: Sequence[str],
        *,
        stop: Sequence[str],
        max_tokens: int,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """Continue each prompt up to a stop string or ``max_tokens``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """What one model said of one example or document."""

    task: str
    split: str
    model: str
    example_id: str
    group: str
    template_hash: str
    """Version of the wording; "" for documents, which are shown as they are."""
    prompt_digest: str
    """First 16 hex digits of the SHA-256 of all that was shown: prompt and choices, or the text."""
    scores: tuple[float, ...] = ()
    """One per choice, higher is likelier; nats where a language model scored."""
    predicted: int = -1
    gold: int = -1
    correct: bool = False
    nats: float = 0.0
    """Of a document: minus its log-likelihood."""
    n_bytes: int = 0
    """Of a document: length in UTF-8."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """One row of the results table."""

    task: str
    split: str
    model: str
    metric: str
    """``acc`` (0 … 1, higher is better) or ``bits_per_byte`` (lower is better)."""
    value: float
    low: float
    """Lower end of the 95 % interval; equal to ``value`` where there is no sampling."""
    high: float
    n: int
    """Examples or documents."""
    n_groups: int
    exposure: str
    """``in_mixture``: this model or baseline has learned from the task's training rows;
    ``unseen``: from nothing of the task, so that its score is zero-shot; ``held_out``: text of the
    corpus that no training read."""


def evaluate_choices(
    task: Task,
    examples: Sequence[Example],
    *,
    split: Split,
    models: Mapping[str, LanguageModel],
    choices_only_of: str,
    train: Sequence[Example],
    exposure: Mapping[str, str],
    seed: int,
) -> tuple[list[Item], list[Score]]:
    """Accuracy of every model and baseline on multiple-choice examples.

    ``choices_only_of`` names the model that scores the choices without the prompt, ``train`` is
    what majority and bag of words learn from, ``exposure`` says of each model whether it was
    trained on the task. Items in the order of models, then baselines, each
    in the order of the examples; ``chance`` has a score and no items. DataError without examples
    or for examples without choices, ConfigError for an unknown ``choices_only_of``.
    """
    _require_choices(task, examples)
    if choices_only_of not in models:
        raise ConfigError(f"choices_only_of={choices_only_of!r}: use one of {', '.join(models)}")
    predictions = {
        name: _score_choices(model, examples, with_prompt=True) for name, model in models.items()
    }
    predictions[CHOICES_ONLY] = _score_choices(models[choices_only_of], examples, with_prompt=False)
    predictions[MAJORITY] = baselines.majority(examples, train, closed=task.closed)
    predictions[BAG_OF_WORDS] = baselines.bag_of_words(examples, train, closed=task.closed)
    items: list[Item] = []
    scores: list[Score] = []
    groups = [example.group for example in examples]

    exposures = {
        **exposure,
        CHOICES_ONLY: exposure[choices_only_of],
        MAJORITY: IN_MIXTURE,
        BAG_OF_WORDS: IN_MIXTURE,
        CHANCE: UNSEEN,
    }

    def score(model: str, interval: Interval) -> None:
        seen = exposures[model]
        scores.append(
            _score(task.name, split, model, "acc", interval, groups=groups, exposure=seen)
        )

    for model, values in predictions.items():
        own = _choice_items(task, examples, values, split=split, model=model)
        items += own
        score(model, cluster_bootstrap([float(i.correct) for i in own], groups, seed=seed))
    chance = baselines.chance(examples)
    score(CHANCE, Interval(chance, chance, chance))
    return items, scores


def evaluate_text(
    name: str,
    documents: Sequence[tuple[str, str, str]],
    *,
    split: Split,
    models: Mapping[str, LanguageModel],
    seed: int,
) -> tuple[list[Item], list[Score]]:
    """Bits per byte of every model on (id, group, text) documents: Σ nats / (Σ bytes · ln 2).

    The documents are taken to be of the training corpus and held out of training: ``held_out``.

    The row ``lzma`` is the standard library's compressor at its best preset on all texts joined by
    blank lines, so it may use one document for the next, which the models may not; it has no items
    and no interval. DataError without documents or for an empty one.
    """
    if not documents or not all(text for _, _, text in documents):
        raise DataError(f"{name}: evaluation needs documents, and none may be empty")
    texts = [text for _, _, text in documents]
    groups = [group for _, group, _ in documents]
    sizes = [len(text.encode()) for text in texts]
    items: list[Item] = []
    scores: list[Score] = []

    def score(model: str, interval: Interval) -> None:
        scores.append(
            _score(name, split, model, "bits_per_byte", interval, groups=groups, exposure=HELD_OUT)
        )

    for model, language_model in models.items():
        nats = [-one.sum for one in language_model.rolling(texts)]
        items += _text_items(name, documents, nats, split=split, model=model)
        bits = [bits_per_byte(value, 1) for value in nats]
        score(model, ratio_cluster_bootstrap(bits, sizes, groups, seed=seed))
    squeezed = lzma_bits_per_byte(texts)
    score(LZMA, Interval(squeezed, squeezed, squeezed))
    return items, scores


def lzma_bits_per_byte(texts: Sequence[str]) -> float:
    """Bits per byte of texts joined by blank lines, compressed together by lzma (preset 9e)."""
    raw = "\n\n".join(texts).encode()
    squeezed = lzma.compress(raw, format=lzma.FORMAT_ALONE, preset=9 | lzma.PRESET_EXTREME)
    return 8 * len(squeezed) / len(raw)


def _require_choices(task: Task, examples: Sequence[Example]) -> None:
    if not examples:
        raise DataError(f"task {task.name!r}: there are no examples to evaluate; convert some")
    bare = next((example for example in examples if not example.choices), None)
    if bare is not None:
        raise DataError(f"task {task.name!r}: example {bare.example_id!r} has no choices")


def _score_choices(
    model: LanguageModel, examples: Sequence[Example], *, with_prompt: bool
) -> list[tuple[float, ...]]:
    """Nats per choice; equal requests (labels without a prompt) are sent once."""
    wanted = [
        [(example.prompt if with_prompt else "", choice) for choice in example.choices]
        for example in examples
    ]
    requests = list(dict.fromkeys(request for row in wanted for request in row))
    answers = model.loglikelihood(requests)
    nats = {request: one.sum for request, one in zip(requests, answers, strict=True)}
    return [tuple(nats[request] for request in row) for row in wanted]


def _choice_items(
    task: Task,
    examples: Sequence[Example],
    scores: Sequence[tuple[float, ...]],
    *,
    split: Split,
    model: str,
) -> list[Item]:
    version = task.template_hash
    predicted = [max(range(len(row)), key=row.__getitem__) for row in scores]
    return [
        Item(
            task=task.name,
            split=split,
            model=model,
            example_id=example.example_id,
            group=example.group,
            template_hash=version,
            prompt_digest=_digest(example.prompt, *example.choices),
            scores=row,
            predicted=best,
            gold=example.gold,
            correct=best == example.gold,
        )
        for example, row, best in zip(examples, scores, predicted, strict=True)
    ]


def _text_items(
    name: str,
    documents: Sequence[tuple[str, str, str]],
    nats: Sequence[float],
    *,
    split: Split,
    model: str,
) -> list[Item]:
    return [
        Item(
            task=name,
            split=split,
            model=model,
            example_id=document_id,
            group=group,
            template_hash="",
            prompt_digest=_digest(text),
            nats=value,
            n_bytes=len(text.encode()),
        )
        for (document_id, group, text), value in zip(documents, nats, strict=True)
    ]


def _score(
    task: str,
    split: Split,
    model: str,
    metric: str,
    interval: Interval,
    *,
    groups: Sequence[str],
    exposure: str,
) -> Score:
    return Score(
        task=task,
        split=split,
        model=model,
        metric=metric,
        value=interval.value,
        low=interval.low,
        high=interval.high,
        n=len(groups),
        n_groups=len(set(groups)),
        exposure=exposure,
    )


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
