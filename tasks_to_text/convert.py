"""Labelled datasets → examples → ``prompts.duckdb`` and Parquet: a stage without a pipeline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks_to_text import registry
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.selection import select
from tasks_to_text.sources import read_rows
from tasks_to_text.store import Converted, write_prompts
from tasks_to_text.task import SPLITS, Row, Split, Task

Progress = Callable[[int, int, str], None]
"""(done, total, what)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertConfig:
    """Which tasks become examples, and how many. Raises ConfigError or UnknownName."""

    tasks: tuple[str, ...]
    """Names in the registry; the order is that of the Parquet files."""
    max_train: int = 30_000
    """Training examples per task, at most."""
    max_validation: int = 1000
    """Validation examples per task, at most."""
    max_test: int = 1500
    """Test examples per task, at most."""
    seed: int = 0
    """Of the shuffle that decides which rows stay under a limit."""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ConfigError("tasks=(): name at least one task")
        if len(set(self.tasks)) != len(self.tasks):
            raise ConfigError(f"tasks={self.tasks}: name each task once")
        for name in self.tasks:
            registry.get(name)
        for name in ("max_train", "max_validation", "max_test"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must be at least 1")

    def limit(self, split: Split) -> int:
        """Examples per task in a split, at most."""
        return {
            "train": self.max_train,
            "validation": self.max_validation,
            "test": self.max_test,
        }[split]


def convert(
    config: ConvertConfig,
    source: Path,
    out: Path,
    progress: Progress = lambda done, total, what: None,
) -> dict[str, Any]:
    """Write the examples of every task into ``out``, an existing, empty directory.

    Returns counts: per task and split the ``rows`` that the records hold, the ``dropped`` ones by
    reason, ``examples`` and their ``groups``. DataError when the source lacks a split or a column,
    or when a task finds fewer than two groups in a split (no interval could be computed).
    """
    tasks = [registry.get(name) for name in config.tasks]
    columns = sorted({column for task in tasks for column in task.columns})
    records: dict[Split, Sequence[Row]] = {}
    for done, split in enumerate(SPLITS):
        progress(done, len(SPLITS) + len(tasks), f"reading {split}")
        records[split] = read_rows(source, split, columns=columns)
    converted, counts = [], {}
    for done, task in enumerate(tasks, start=len(SPLITS)):
        progress(done, len(SPLITS) + len(tasks), f"converting {task.name}")
        examples, counts[task.name] = _convert_task(task, config, records)
        converted.append(Converted(task=task, source=source.name, examples=examples))
    write_prompts(converted, {(source.name, split): len(records[split]) for split in SPLITS}, out)
    return {
        "records": {split: len(records[split]) for split in SPLITS},
        "tasks": counts,
        "examples": sum(counts[name][split]["examples"] for name in counts for split in SPLITS),
    }


def _convert_task(
    task: Task, config: ConvertConfig, records: Mapping[Split, Sequence[Row]]
) -> tuple[dict[Split, list[Example]], dict[str, Any]]:
    """Examples and counts of one task; splits in order, because earlier ones claim their keys."""
    taken: set[str] = set()
    examples: dict[Split, list[Example]] = {}
    counts: dict[str, Any] = {"template_hash": task.template_hash}
    for split in SPLITS:
        rows = list(task.rows(records[split], split))
        limit = config.limit(split)
        chosen = select(task, split, rows, taken=taken, limit=limit, seed=config.seed)
        examples[split] = list(map(task.template, chosen.rows))
        groups = len({example.group for example in examples[split]})
        if groups < 2:
            raise DataError(
                f"task {task.name!r}, split {split!r}: {len(examples[split])} examples from "
                f"{groups} groups; give the source more modules, or leave the task out"
            )
        counts[split] = {
            "rows": len(rows),
            "dropped": chosen.dropped,
            "examples": len(examples[split]),
            "groups": groups,
        }
    return examples, counts
