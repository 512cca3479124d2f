"""Writing prompts: part by part as they are made, then the database that holds what the files hold.

How they lie on disk is told in ``tasks_to_text.prompts_store``, which reads them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text import database
from tasks_to_text.example import Example
from tasks_to_text.prompts_store import DATABASE, EXAMPLE, PROMPTS
from tasks_to_text.task import LM_EVAL, MAIN, SPLITS, Split, Task

_ROW_GROUP = 65_536
_TEXT = pa.string()
_REPEATING = ["task", "template", "template_hash", "group", "target", "gold"]
_REPEATING += [f"{name}.list.element" for name in ("choices", "references")]
"""Columns that are worth a dictionary in Parquet."""
_SOURCES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "source", "licence", "revision")),
        ("n_records", pa.int64()),
    ]
)
_TEMPLATES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "template", "template_hash")),
        *((name, pa.bool_()) for name in ("main", "lm_eval")),
        ("specimen", _TEXT),
    ]
)
_FROM_FILE: Mapping[str, str] = {
    "examples": """
        INSERT INTO examples BY NAME
        SELECT task, $split AS split, position, example_id, "group", gold, "references", segments
        FROM read_parquet($file) WHERE template = $main""",
    "prompts": """
        INSERT INTO prompts BY NAME
        SELECT task, $split AS split, example_id, template, template_hash, prompt, target, choices,
               gold, contexts
        FROM read_parquet($file)""",
}
"""Table → how it is filled from the Parquet file of a split."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where the examples of a task are from."""

    task: Task
    source_name: str
    """What people call its source: a Hub id, a path, a product."""
    licence: str
    """As the source states it; "": not stated."""
    revision: str
    """The commit of a Hub dataset, ``unverified`` where it is not pinned; "": a local source."""
    n_records: Mapping[Split, int]
    """Raw records that were read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted(Origin):
    """One task's examples per split, in their final order; a split that is absent has none."""

    examples: Mapping[Split, Sequence[Example]]
    """In the main wording."""
    worded: Mapping[str, Mapping[Split, Sequence[Example]]] = field(default_factory=dict)
    """Name of another template → the same examples, or some of them, in its wording."""


class PromptsWriter:
    """Writes one conversion into an existing directory; when it fails, it leaves nothing there.

    ::

        with PromptsWriter(out) as writer:
            writer.add(task, "train", "main", enumerate(examples))
            writer.finish([origin])
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._files = {split: _new_file(out / f"{split}.parquet") for split in SPLITS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
        if error is not None:
            for split in SPLITS:
                (self._out / f"{split}.parquet").unlink(missing_ok=True)

    def add(
        self, task: Task, split: Split, template: str, examples: Iterable[tuple[int, Example]]
    ) -> int:
        """Write examples in one wording, each after its position in the split; returns how many.

        Positions ascend; the same one is the same labelled row, whatever the template.
        """
        named = (task.name, template, task.hash_of(template))
        waiting, n = iter(examples), 0
        while rows := list(islice(waiting, _ROW_GROUP)):
            self._files[split].write_table(_table(named, rows))
            n += len(rows)
        return n

    def finish(self, origins: Sequence[Origin]) -> None:
        """Close the files and write the database that holds what they hold."""
        for file in self._files.values():
            file.close()
        with database.written(self._out / DATABASE) as connection:
            connection.execute(database.schema("schema.sql"))
            database.append(connection, "tasks", _tasks_of(origins))
            database.append(connection, "sources", _sources(origins))
            database.append(connection, "templates", _templates(origins))
            for split in SPLITS:
                file = str(self._out / f"{split}.parquet")
                for table, question in _FROM_FILE.items():
                    more = {"main": MAIN} if table == "examples" else {}
                    connection.execute(question, {"split": split, "file": file, **more})


def write_prompts(converted: Sequence[Converted], out: Path) -> None:
    """Write ``prompts.duckdb`` and one Parquet file per split, of examples that are all there."""
    with PromptsWriter(out) as writer:
        for one in converted:
            for split in SPLITS:
                main = one.examples.get(split, ())
                writer.add(one.task, split, MAIN, enumerate(main))
                positions = {example.example_id: place for place, example in enumerate(main)}
                for name, by_split in one.worded.items():
                    again = by_split.get(split, ())
                    pairs = ((positions[example.example_id], example) for example in again)
                    writer.add(one.task, split, name, pairs)
        writer.finish(converted)


def _new_file(path: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, PROMPTS, compression="zstd", use_dictionary=_REPEATING)


def _table(named: tuple[str, str, str], rows: Sequence[tuple[int, Example]]) -> pa.Table:
    examples = [example for _, example in rows]
    columns: list[Any] = [pa.repeat(pa.scalar(value, _TEXT), len(rows)) for value in named]
    columns.append(pa.array([position for position, _ in rows], pa.int32()))
    for name, kind in EXAMPLE.items():
        columns.append(pa.array(list(map(attrgetter(name), examples)), kind))
    return pa.Table.from_arrays(columns, schema=PROMPTS)


def _tasks_of(origins: Sequence[Origin]) -> pa.Table:
    names = ("description", "kind", "protocol", "headline", "unseen", "closed")
    tasks = [one.task for one in origins]
    return pa.table(
        {
            "task": [task.name for task in tasks],
            **{name: [getattr(task, name) for task in tasks] for name in names},
        }
    )


def _sources(origins: Sequence[Origin]) -> pa.Table:
    rows = [
        {
            "task": one.task.name,
            "split": split,
            "source": one.source_name,
            "licence": one.licence,
            "revision": one.revision,
            "n_records": n,
        }
        for one in origins
        for split, n in one.n_records.items()
    ]
    return pa.Table.from_pylist(rows, schema=_SOURCES)


def _templates(origins: Sequence[Origin]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "task": one.task.name,
                "template": name,
                "template_hash": one.task.hash_of(name),
                "main": name == MAIN,
                "lm_eval": name == LM_EVAL,
                "specimen": template(one.task.specimens[0]).text,
            }
            for one in origins
            for name, template in one.task.templates.items()
        ],
        schema=_TEMPLATES,
    )
