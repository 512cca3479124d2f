"""Golden text of tasks: literal records in, literal text out; and published rows, where they are.

``GENERALIST_DATA`` names a directory that has ``tasks/<name>/<split>.jsonl.zst`` in it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks_to_text import registry
from tasks_to_text.example import Example
from tasks_to_text.labelled import draws_by
from tasks_to_text.sources import Places, read_rows
from tasks_to_text.task import Rejected, Row, Split, Task

Record = dict[str, Any]
Text = tuple[Any, ...]
"""(prompt, choices, gold), (contexts, ending, gold) or (prompt, target)."""
Golden = Mapping[str, Mapping[str, Text]]
"""Task → template → what it makes of the task's record."""


def row_of(name: str, record: Record) -> Row | Rejected:
    """The one row of a record."""
    (row,) = registry.get(name).rows([record], "test")
    return row


def example(name: str, record: Record, template: str = "main") -> Example:
    """The example of a record, in one wording."""
    row = row_of(name, record)
    assert not isinstance(row, Rejected), row
    return registry.get(name).templates[template](row)


def shown(made: Example) -> Text:
    """All that golden text is about."""
    if made.contexts:
        return made.contexts, made.target, made.gold
    return (made.prompt, made.choices, made.gold) if made.choices else (made.prompt, made.target)


def check(name: str, record: Record, golden: Mapping[str, Text]) -> None:
    """Every wording of a task is there, letter by letter."""
    found = {template: shown(example(name, record, template)) for template in golden}
    assert found == dict(golden)
    assert set(golden) == set(registry.get(name).templates)


def reason(name: str, record: Record) -> str:
    """Why the one record of a task is rejected."""
    row = row_of(name, record)
    assert isinstance(row, Rejected), row
    return row.reason


real_rows = pytest.mark.skipif(
    "GENERALIST_DATA" not in os.environ,
    reason="GENERALIST_DATA names no directory with the published rows",
)


def published(task: Task) -> dict[Split, list[Row]]:
    """Split → the records that the mirror has, those held out included."""
    mirror, key = Path(os.environ["GENERALIST_DATA"]), draws_by(task)
    if not (mirror / task.source.mirror).is_dir():
        pytest.skip(f"GENERALIST_DATA has no rows of {task.name}")
    places = Places(mirror=mirror)
    group = key if isinstance(key, str) else ""
    return {
        split: read_rows(task.source, split, columns=task.columns, places=places, group=group)
        for split in task.source.all_splits  # type: ignore[misc]
    }
