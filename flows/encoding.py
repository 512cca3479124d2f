"""Body of the shards stage: documents and task examples → token shards, one per stream and split.

Training splits of the mixture's tasks only: what is evaluated on never becomes a shard. Corpus text
gets a validation shard, for the validation loss.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gptcore.corpus.documents import read_texts
from gptcore.shards import encode_documents, encode_examples
from gptcore.tokenizer import Tokenizer
from tasks_to_text.store import training_pairs

CORPUS = "corpus"
"""Name of the stream of documents."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EncodingConfig:
    """Which streams become shards."""

    tasks: tuple[str, ...]
    """Tasks of the mixture."""


def encode(
    config: EncodingConfig,
    tokenizer: Path,
    documents: Path,
    prompts: Path,
    out: Path,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Write ``train/<stream>.npy`` for corpus and tasks and ``validation/corpus.npy``.

    Returns the counts of every shard under "<split>/<stream>".
    """
    model = Tokenizer.load(tokenizer)
    counts: dict[str, Any] = {}
    total = 2 + len(config.tasks)
    for split in ("train", "validation"):
        progress(len(counts), total, f"{split} documents")
        texts = read_texts(documents / f"{split}.parquet")
        counts[f"{split}/{CORPUS}"] = encode_documents(model, texts, out, split=split, name=CORPUS)
    for task in config.tasks:
        progress(len(counts), total, task)
        pairs = training_pairs(prompts, task)
        counts[f"train/{task}"] = encode_examples(model, pairs, out, split="train", name=task)
    return counts
