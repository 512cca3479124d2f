"""Prompts and evaluation items on disk: DuckDB to ask, Parquet to read.

The one importer of ``duckdb``, and only to write: readers never load it. A DuckDB file with a
writer locks everybody else out, so it is written once, whole, and never again; what later stages
need is read from zstd Parquet beside it. Equal examples give equal Parquet bytes. The DuckDB file
holds the same rows, but a random identifier of its own in its header: compare its tables, not its
bytes.

Rows go in as Arrow (``executemany`` is four orders of magnitude slower), values are never pasted
into SQL. The tables are described in ``schema.sql``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text.errors import DataError
from tasks_to_text.evaluate import Item
from tasks_to_text.example import Example
from tasks_to_text.task import SPLITS, Split, Task

if TYPE_CHECKING:
    import duckdb

DATABASE = "prompts.duckdb"

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
_EXAMPLES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "example_id", "group", "template", "template_hash")),
        *((name, _TEXT) for name in ("prompt", "target")),
        ("choices", _TEXTS),
        ("gold", pa.int32()),
        ("segments", _TEXTS),
    ]
)
_ITEMS = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "model", "example_id", "group")),
        *((name, _TEXT) for name in ("template_hash", "prompt_digest")),
        ("scores", pa.list_(pa.float64())),
        ("predicted", pa.int32()),
        ("gold", pa.int32()),
        ("correct", pa.bool_()),
        ("nats", pa.float64()),
        ("n_bytes", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted:
    """One task's examples per split, in their final order."""

    task: Task
    source: str
    """Name of the directory or dataset that the records are from."""
    examples: Mapping[Split, Sequence[Example]]


def write_prompts(
    converted: Sequence[Converted], records: Mapping[tuple[str, Split], int], out: Path
) -> None:
    """Write ``prompts.duckdb`` and one Parquet file per split into ``out``.

    ``records``: (source, split) → number of records read.
    """
    tables = {split: _examples_table(converted, split) for split in SPLITS}
    for split, table in tables.items():
        pq.write_table(table, out / f"{split}.parquet", compression="zstd")
    import duckdb

    with duckdb.connect(str(out / DATABASE)) as connection:
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute(files("tasks_to_text").joinpath("schema.sql").read_text("utf-8"))
        _insert(connection, "sources", _sources_table(records))
        _insert(connection, "templates", _templates_table(converted))
        for split, table in tables.items():
            _insert(connection, "examples", _with_position(table, converted, split))


def read_examples(prompts: Path, task: str, split: Split) -> list[Example]:
    """Examples of one task and split, in their order; DataError when there are none."""
    names = ["example_id", "group", "prompt", "target", "choices", "gold", "segments"]
    return [
        Example(**{**row, "choices": tuple(row["choices"]), "segments": tuple(row["segments"])})
        for row in _read_rows(prompts, task, split, names)
    ]


def training_pairs(prompts: Path, task: str) -> Iterator[tuple[str, str]]:
    """(prompt, target) of the training examples of a task, in their order."""
    for row in _read_rows(prompts, task, "train", ["prompt", "target"]):
        yield row["prompt"], row["target"]


def write_items(items: Sequence[Item], path: Path) -> None:
    """Write evaluation items in their order as zstd Parquet."""
    columns = {name: [getattr(item, name) for item in items] for name in _ITEMS.names}
    pq.write_table(pa.table(columns, schema=_ITEMS), path, compression="zstd")


def read_items(path: Path) -> list[Item]:
    """Evaluation items as ``write_items`` wrote them; DataError when the file cannot be read."""
    with _open(path) as file:
        rows = file.read().to_pylist()
    return [Item(**{**row, "scores": tuple(row["scores"])}) for row in rows]


def _read_rows(
    prompts: Path, task: str, split: Split, columns: Sequence[str]
) -> list[dict[str, Any]]:
    with _open(prompts / f"{split}.parquet") as file:
        table = file.read(columns=["task", *columns])
    known = table["task"].unique().to_pylist()
    if task not in known:
        raise DataError(
            f"{prompts}: no {split} examples of task {task!r}; it holds {', '.join(sorted(known))}"
        )
    mine = pa.compute.equal(table["task"], task)
    rows: list[dict[str, Any]] = table.filter(mine).drop_columns("task").to_pylist()
    return rows


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: delete its directory, it is built again") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}): delete its directory") from error


def _examples_table(converted: Sequence[Converted], split: Split) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [] for name in _EXAMPLES.names}
    for one in converted:
        examples = one.examples[split]
        columns["task"] += [one.task.name] * len(examples)
        columns["template"] += [_template_name(one.task)] * len(examples)
        columns["template_hash"] += [one.task.template_hash] * len(examples)
        for field in fields(Example):
            columns[field.name] += [getattr(example, field.name) for example in examples]
    return pa.table(columns, schema=_EXAMPLES)


def _with_position(table: pa.Table, converted: Sequence[Converted], split: Split) -> pa.Table:
    position = [i for one in converted for i in range(len(one.examples[split]))]
    table = table.append_column("position", pa.array(position, pa.int32()))
    return table.append_column("split", pa.array([split] * len(position), _TEXT))


def _sources_table(records: Mapping[tuple[str, Split], int]) -> pa.Table:
    rows = [(source, split, n) for (source, split), n in records.items()]
    source, split, n_records = zip(*rows, strict=True)
    return pa.table(
        {"source": source, "split": split, "n_records": pa.array(n_records, pa.int32())}
    )


def _templates_table(converted: Sequence[Converted]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "task": one.task.name,
                "template": _template_name(one.task),
                "template_hash": one.task.template_hash,
                "description": one.task.description,
                "source": one.source,
                "unseen": one.task.unseen,
                "closed": one.task.closed,
            }
            for one in converted
        ]
    )


def _template_name(task: Task) -> str:
    return str(getattr(task.template, "__name__", task.name))


def _insert(connection: "duckdb.DuckDBPyConnection", table: str, rows: pa.Table) -> None:
    """Append an Arrow table by column names; ``table`` is one of the three names above."""
    connection.from_arrow(rows.select(_columns(connection, table))).insert_into(table)


def _columns(connection: "duckdb.DuckDBPyConnection", table: str) -> list[str]:
    return list(connection.table(table).columns)
