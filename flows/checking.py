"""Body of the contamination stage: what the model read, against what it is asked.

The training text is decoded from the token shards themselves, all streams of the mixture, so that
what is looked through is what was read, whatever stages before did or failed to do. A document is
called ``<stream>#<its number in the shard>``, from 0.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gptcore.shards import Shard, load_shard
from gptcore.tokenizer import Tokenizer, load_tokenizer
from tasks_to_text.contamination import EvaluationText, find_overlaps, item_text
from tasks_to_text.overlaps import write_overlaps
from tasks_to_text.store import read_examples, splits_of
from tasks_to_text.task import Split

_BLOCK = 1 << 20
"""Ids searched for the ends of texts at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckingConfig:
    """What is looked for, and where."""

    tasks: tuple[str, ...]
    """Those that are evaluated."""
    streams: tuple[str, ...]
    """Those of the mixture, corpus and tasks."""
    splits: tuple[Split, ...] = ("validation", "test")
    seed: int = 0
    """Of intervals."""


def check(
    config: CheckingConfig,
    prompts: Path,
    shards: Path,
    tokenizer: Path,
    out: Path,
    progress: Callable[[int, int, str], None],
) -> dict[str, Any]:
    """Write ``contamination.parquet`` and ``contamination.json`` into ``out``.

    Returns the numbers of items, of those confirmed, and of documents, bytes and words.
    """
    reading = _Reading(config.streams, shards, load_tokenizer(tokenizer))
    items = list(evaluation_items(prompts, config.tasks, config.splits))

    def told(n_bytes: int) -> None:
        progress(reading.done, reading.total, reading.stream)

    found = find_overlaps(items, reading.documents(), told)
    write_overlaps(found, out, seed=config.seed)
    return {
        "items": len(items),
        "confirmed": sum(one.confirmed for one in found.overlaps),
        "documents": found.documents,
        "bytes": found.n_bytes,
        "words": found.n_words,
    }


def evaluation_items(
    prompts: Path, tasks: tuple[str, ...], splits: tuple[Split, ...]
) -> Iterator[EvaluationText]:
    """What is looked for of the evaluated examples; a split that a task lacks is passed over."""
    for task in tasks:
        for split in splits_of(prompts, task):
            if split in splits:
                for example in read_examples(prompts, task, split):
                    yield EvaluationText(
                        task=task,
                        split=split,
                        example_id=example.example_id,
                        group=example.group,
                        text=item_text(example),
                    )


class _Reading:
    """All training shards as texts, and how far their reading has come."""

    def __init__(self, streams: tuple[str, ...], shards: Path, tokenizer: Tokenizer) -> None:
        self._shards = {name: load_shard(shards, split="train", name=name) for name in streams}
        self._tokenizer = tokenizer
        self.total = sum(len(shard.ids) for shard in self._shards.values())
        """Tokens."""
        self.done = 0
        self.stream = ""

    def documents(self) -> Iterator[tuple[str, str]]:
        """(id, text) of every text of every stream."""
        for name, shard in self._shards.items():
            self.stream = name
            start = 0
            for number, end in enumerate(_ends(shard)):
                ids = shard.ids[start:end].tolist()
                yield f"{name}#{number}", self._tokenizer.decode(ids)
                self.done += end + 1 - start
                start = end + 1


def _ends(shard: Shard) -> Iterator[int]:
    """Positions of end-of-text."""
    end_of_text = shard.end_of_text
    for start in range(0, len(shard.ids), _BLOCK):
        found = np.flatnonzero(shard.ids[start : start + _BLOCK] == end_of_text)
        yield from (found + start).tolist()
