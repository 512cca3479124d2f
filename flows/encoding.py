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
from tasks_to_text.store import read_examples, splits_of, training_pairs

CORPUS = "corpus"
"""Name of the stream of documents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodingConfig:
    """Which streams become shards."""

    tasks: tuple[str, ...]
    """Tasks of the mixture."""
    ranked: tuple[str, ...] = ()
    """Tasks whose choices or targets are scored as a whole: each must fit the context."""
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

    Returns the counts of every shard under "<split>/<stream>". DataError when an answer that
    evaluation will score does not fit the model's context.
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
    """Refuse what cannot be scored before a model is trained: DataError names the example."""
    for split in splits_of(prompts, task):
        if split == "train":
            continue
        for example in read_examples(prompts, task, split):
            for text in example.choices or (example.target,):
                # A token is at least one byte, so most texts need no tokenizer.
                if len(text.encode()) > limit and len(tokenizer.encode(text)) > limit:
                    raise DataError(
                        f"task {task!r}, {split}, example {example.example_id!r}: {text[:40]!r} … "
                        f"is longer than the context of {limit} tokens: raise context_length, or "
                        "leave such rows out"
                    )
