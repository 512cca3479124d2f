"""Every text that tasks are evaluated on: what the corpus is decontaminated against."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tasks_to_text.store import read_examples


def held_out(prompts: Path, tasks: Sequence[str]) -> Iterator[str]:
    """Prompts with their targets, of the validation and test splits."""
    for name in tasks:
        for split in ("validation", "test"):
            for example in read_examples(prompts, name, split):
                yield example.prompt + example.target
