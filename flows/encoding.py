"""Body of the shards stage: documents and task examples → token shards, one per stream and split.

Training splits of the mixture's tasks only: what is evaluated on never becomes a shard. Corpus text
gets a validation shard, for the validation loss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gptcore.corpus.documents import read_texts
from gptcore.shards import encode_documents, encode_examples
from gptcore.tokenizer import Tokenizer, load_tokenizer
from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.store import read_examples, splits_of, training_pairs

CORPUS = "corpus"
"""Name of the stream of documents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodingConfig:
    """Which streams become shards."""

    tasks: tuple[str, ...]
    """Tasks of the mixture."""
    ranked: tuple[str, ...] = ()
    """Tasks whose choices or targets are scored as a whole: some must fit the context. Those that
    do not are left out of the evaluation and counted there."""
    context_length: int = 256
    """Of the model, in tokens."""
    template_weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Task → template → how often an example is read under it (``MixtureConfig``)."""
    template_seed: int = 0
    """Of the draw of each example's template."""


def encode(
    config: EncodingConfig,
    tokenizer: Path,
    documents: Path,
    prompts: Path,
    out: Path,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Write ``train/<stream>.npy`` for corpus and tasks and ``validation/corpus.npy``.

    Returns the counts of every shard under "<split>/<stream>". DataError when a split of a ranked
    task has no example that fits the model's context.
    """
    model = load_tokenizer(tokenizer)
    for task in config.ranked:
        _check_lengths(model, prompts, task, config.context_length)
    counts: dict[str, Any] = {}
    total = 2 + len(config.tasks)
    for split in ("train", "validation"):
        progress(len(counts), total, f"{split} documents")
        texts = read_texts(documents / f"{split}.parquet")
        counts[f"{split}/{CORPUS}"] = encode_documents(model, texts, out, split=split, name=CORPUS)
    for task in config.tasks:
        progress(len(counts), total, task)
        weights = config.template_weights.get(task, {})
        pairs = training_pairs(prompts, task, weights, config.template_seed)
        counts[f"train/{task}"] = encode_examples(model, pairs, out, split="train", name=task)
    return counts


def _check_lengths(tokenizer: Tokenizer, prompts: Path, task: str, limit: int) -> None:
    """Refuse before a model is trained what none of could be scored: DataError names an example."""

    def fits(text: str) -> bool:
        # A token is at least one byte, so most texts need no tokenizer.
        return len(text.encode()) <= limit or len(tokenizer.encode(text)) <= limit

    for split in splits_of(prompts, task):
        if split == "train":
            continue
        examples = read_examples(prompts, task, split)
        if any(all(map(fits, _scored(example))) for example in examples):
            continue
        long = next(text for text in _scored(examples[0]) if not fits(text))
        raise DataError(
            f"task {task!r}, {split}: none of {len(examples)} examples has targets within the "
            f"context of {limit} tokens, such as {examples[0].example_id!r} with {long[:40]!r} …: "
            "raise context_length, or leave the task out"
        )


def _scored(example: Example) -> tuple[str, ...]:
    """What must fit: the continuations, and the choices alone."""
    return (*(text for _, text in example.requests), *example.choices)
