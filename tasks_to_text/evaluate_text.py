"""How likely whole texts are: perplexity per word or byte, and bits per byte.

The log-likelihood is that of the text as the model reads it, every token once (``rolling``). Words
and bytes are counted on the original, which for some data sets is another text: published words,
of which a natural reading has fewer or more. Sums come first: Σ nats / Σ units, never a mean of
means. A word is what stands between white space, counted as lm-evaluation-harness counts: white
space at an end adds an empty word.
"""

import lzma
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tasks_to_text.errors import DataError
from tasks_to_text.evaluation import Evaluation, Rows, digest, score_row
from tasks_to_text.example import Example
from tasks_to_text.language_model import LanguageModel
from tasks_to_text.metrics import (
    MOST_NATS,
    Interval,
    bits_per_byte,
    constant,
    ratio_cluster_bootstrap,
)
from tasks_to_text.scored import HELD_OUT, LZMA, Item, Score
from tasks_to_text.task import Split

_BITS = "bits_per_byte"


def evaluate_text(asked: Evaluation) -> Rows:
    """Every metric of the task for every model; beside the headline, ``lzma``.

    DataError for an example with a prompt, or whose original holds nothing.
    """
    for example in asked.examples:
        if example.prompt or not _original(example):
            raise DataError(
                f"task {asked.task.name!r}: example {example.example_id!r}: a text task shows no "
                "prompt, and the text that is counted must not be empty"
            )
    items: list[Item] = []
    scores: list[Score] = []
    for name, model in asked.models.items():
        nats = _nats(model, [example.target for example in asked.shown])
        own = [
            asked.item(name, example, **_counted(value, _original(example)))
            for example, value in zip(asked.shown, nats, strict=True)
        ]
        items += own
        for metric in asked.task.metrics:
            scores.append(asked.score(name, metric, text_interval(metric, own, asked.seed)))
    if asked.has_baselines:
        metric, texts = asked.task.headline, list(map(_original, asked.examples))
        scores.append(asked.score(LZMA, metric, _lzma(texts, metric)))
    return items, scores


def evaluate_documents(
    name: str,
    documents: Sequence[tuple[str, str, str]],
    *,
    split: Split,
    models: Mapping[str, LanguageModel],
    seed: int,
) -> Rows:
    """Bits per byte of every model on (id, group, text) documents.

    The documents are taken to be of the training corpus and held out of training: ``held_out``.

    The row ``lzma`` is the standard library's compressor at its best preset on all texts joined by
    blank lines, so it may use one document for the next, which the models may not; it has no items
    and no interval. DataError without documents or for an empty one.
    """
    if not documents or not all(text for _, _, text in documents):
        raise DataError(f"{name}: evaluation needs documents, and none may be empty")
    items: list[Item] = []
    scores: list[Score] = []
    texts = [text for _, _, text in documents]

    def score(model: str, interval: Interval) -> None:
        groups = [group for _, group, _ in documents]
        scores.append(
            score_row(
                *(name, split, model, _BITS, interval),
                groups=groups,
                exposure=HELD_OUT,
                headline=True,
            )
        )

    for model, language_model in models.items():
        nats = _nats(language_model, texts)
        own = _document_items(name, documents, nats, split=split, model=model)
        items += own
        score(model, text_interval(_BITS, own, seed))
    score(LZMA, _lzma(texts))
    return items, scores


def text_interval(metric: str, items: Sequence[Item], seed: int) -> Interval:
    """A metric of likelihood over items with nats, bytes and words, resampled by group."""
    nats, groups = [item.nats for item in items], [item.group for item in items]
    if metric == _BITS:
        bits = [bits_per_byte(value, 1) for value in nats]
        return ratio_cluster_bootstrap(bits, [item.n_bytes for item in items], groups, seed=seed)
    if metric == "perplexity":
        return perplexity_interval(nats, groups, seed=seed)
    units = {
        "word_perplexity": [item.n_words for item in items],
        "byte_perplexity": [item.n_bytes for item in items],
    }[metric]
    return ratio_cluster_bootstrap(nats, units, groups, seed=seed, exponential=True)


def perplexity_interval(nats: Sequence[float], groups: Sequence[str], *, seed: int) -> Interval:
    """exp of the mean of nats, one number per example, resampled by group."""
    return ratio_cluster_bootstrap(nats, [1] * len(nats), groups, seed=seed, exponential=True)


def lzma_bits_per_byte(texts: Sequence[str]) -> float:
    """Bits per byte of texts joined by blank lines, compressed together by lzma (preset 9e)."""
    raw = "\n\n".join(texts).encode()
    squeezed = lzma.compress(raw, format=lzma.FORMAT_ALONE, preset=9 | lzma.PRESET_EXTREME)
    return 8 * len(squeezed) / len(raw)


def _lzma(texts: Sequence[str], metric: str = _BITS) -> Interval:
    """The compressor in the metric of a text task: its bits are nats of the texts."""
    bits = lzma_bits_per_byte(texts)
    if metric == _BITS:
        return constant(bits)
    n_bytes = sum(len(text.encode()) for text in texts)
    units = n_bytes if metric == "byte_perplexity" else sum(map(_n_words, texts))
    return constant(math.exp(min(bits * math.log(2) * n_bytes / units, MOST_NATS)))


def _n_words(text: str) -> int:
    return len(re.split(r"\s+", text))


def _nats(model: LanguageModel, texts: Sequence[str]) -> list[float]:
    return [-one.sum for one in model.rolling(texts)]


def _original(example: Example) -> str:
    return example.segments[0] if example.segments else example.target


def _counted(nats: float, original: str) -> dict[str, Any]:
    """The fields of an item of text."""
    n_bytes = len(original.encode())
    return {
        "nats": nats,
        "n_bytes": n_bytes,
        "n_words": _n_words(original),
        "values": {_BITS: bits_per_byte(nats, n_bytes)},
    }


def _document_items(
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
            prompt_digest=digest(text),
            **_counted(value, text),
        )
        for (document_id, group, text), value in zip(documents, nats, strict=True)
    ]
