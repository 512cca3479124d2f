"""Prompts and results on disk: DuckDB to ask, Parquet to read.

The one importer of ``duckdb``, and only to write: readers never load it. A DuckDB file with a
writer locks everybody else out, so it is written once, whole, and never again; what later stages
need is read from zstd Parquet beside it. Equal rows give equal Parquet bytes. The DuckDB file
holds the same rows, but a random identifier of its own in its header: compare its tables, not its
bytes.

Rows go in as Arrow (``executemany`` is four orders of magnitude slower), values are never pasted
into SQL. The tables are described in ``schema.sql`` and ``results.sql``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.mixture import draw_template
from tasks_to_text.scored import Item, Score, Verdict
from tasks_to_text.task import SPLITS, Split, Task

DATABASE = "prompts.duckdb"
RESULTS = "results.duckdb"
ITEMS = "items.parquet"

_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
_NUMBERS = pa.map_(pa.string(), pa.float64())
_EXAMPLE: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("example_id", "group", "prompt", "target"), _TEXT),
    "choices": _TEXTS,
    "gold": pa.int32(),
    "references": _TEXTS,
    "segments": _TEXTS,
}
_EXAMPLES = pa.schema(
    [*((name, _TEXT) for name in ("task", "template", "template_hash")), *_EXAMPLE.items()]
)
_ITEMS = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "model", "example_id", "group")),
        *((name, _TEXT) for name in ("template_hash", "prompt_digest")),
        ("scores", pa.list_(pa.float64())),
        ("predicted", pa.int32()),
        ("gold", pa.int32()),
        ("answer", _TEXT),
        ("nats", pa.float64()),
        ("n_bytes", pa.int64()),
        ("n_words", pa.int64()),
        ("values", _NUMBERS),
        ("template", _TEXT),
        *((name, pa.int64()) for name in ("shots", "n_cut")),
    ]
)
_SCORES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "model", "metric")),
        ("headline", pa.bool_()),
        *((name, pa.float64()) for name in ("value", "low", "high")),
        *((name, pa.int64()) for name in ("n", "n_groups")),
        ("exposure", _TEXT),
        ("stderr", pa.float64()),
        ("template", _TEXT),
        ("shots", pa.int64()),
        ("shots_from", _TEXT),
        *((name, pa.int64()) for name in ("n_cut", "n_dropped")),
    ]
)
_VERDICTS = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "metric")),
        ("rivals", _NUMBERS),
        *((name, pa.float64()) for name in ("p", "p_holm")),
        ("beats_all", pa.bool_()),
        ("plain_p_holm", pa.float64()),
        ("beats_plain", pa.bool_()),
        ("bag_of_words_p", pa.float64()),
    ]
)
_SOURCES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "source", "licence", "revision")),
        ("n_records", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted:
    """One task's examples per split, in their final order; a split that is absent has none."""

    task: Task
    source_name: str
    """What people call its source: a Hub id, a path, a product."""
    licence: str
    """As the source states it; "": not stated."""
    revision: str
    """The commit of a Hub dataset, ``unverified`` where it is not pinned; "": a local source."""
    examples: Mapping[Split, Sequence[Example]]
    n_records: Mapping[Split, int]
    """Raw records that were read."""


def write_prompts(converted: Sequence[Converted], out: Path) -> None:
    """Write ``prompts.duckdb`` and one Parquet file per split into ``out``.

    A Parquet file has one row group per task, so that a reader of one task reads nothing else.
    """
    rows = {split: [_examples(one, split) for one in converted] for split in SPLITS}
    for split, by_task in rows.items():
        with pq.ParquetWriter(out / f"{split}.parquet", _EXAMPLES, compression="zstd") as file:
            for table in by_task:
                file.write_table(table)
    tables = {
        "sources": _sources(converted),
        "templates": _templates(converted),
        "examples": pa.concat_tables(
            [_placed(table, split) for split in SPLITS for table in rows[split]]
        ),
    }
    _write_database(out / DATABASE, "schema.sql", tables)


def read_examples(prompts: Path, task: str, split: Split) -> list[Example]:
    """Examples of one task and split, in their order; DataError when there are none."""
    lists = [name for name, kind in _EXAMPLE.items() if kind == _TEXTS]
    return [
        Example(**{**row, **{name: tuple(row[name]) for name in lists}})
        for row in _read_rows(prompts, task, split, list(_EXAMPLE))
    ]


def splits_of(prompts: Path, task: str) -> tuple[Split, ...]:
    """Splits in which a task has examples."""
    return tuple(split for split in SPLITS if task in _tasks(prompts, split))


def training_pairs(
    prompts: Path, task: str, weights: Mapping[str, float] = MappingProxyType({}), seed: int = 0
) -> Iterator[tuple[str, str]]:
    """(prompt, target) of every training example of a task once, in their order.

    ``weights``: template → how often it is drawn, of those that an example is there under; one that
    is not named weighs 1. DataError for a template that the task lacks.
    """
    rows = _read_rows(prompts, task, "train", ["example_id", "template", "prompt", "target"])
    under: dict[str, dict[str, float]] = {}
    for row in rows:
        name = row["template"]
        under.setdefault(row["example_id"], {})[name] = weights.get(name, 1.0)
    known = {name for names in under.values() for name in names}
    if unknown := sorted(set(weights) - known):
        raise DataError(
            f"template_weights[{task!r}]: there is no template {unknown[0]!r}; its templates are "
            f"{', '.join(sorted(known))}"
        )
    drawn = {example: draw_template(example, names, seed) for example, names in under.items()}
    for row in rows:
        if row["template"] == drawn[row["example_id"]]:
            yield row["prompt"], row["target"]


def evaluation_texts(prompts: Path) -> Iterator[str]:
    """Prompt with target of every validation and test example: what no training may read."""
    splits: tuple[Split, ...] = ("validation", "test")
    for split in splits:
        for row in _read(prompts / f"{split}.parquet", ["prompt", "target"]).to_pylist():
            yield row["prompt"] + row["target"]


def write_items(items: Sequence[Item], path: Path) -> None:
    """Write evaluation items in their order as zstd Parquet."""
    pq.write_table(_items(items), path, compression="zstd")


def read_items(path: Path) -> list[Item]:
    """Evaluation items as ``write_items`` wrote them; DataError when the file cannot be read."""
    return [
        Item(**{**row, "scores": tuple(row["scores"]), "values": dict(row["values"])})
        for row in _read(path).to_pylist()
    ]


def write_results(
    items: Sequence[Item], scores: Sequence[Score], verdicts: Sequence[Verdict], out: Path
) -> None:
    """Write ``items.parquet``, and items, scores and verdicts as ``results.duckdb``."""
    write_items(items, out / ITEMS)
    tables = {
        "items": _items(items),
        "scores": pa.Table.from_pylist([asdict(row) for row in scores], schema=_SCORES),
        "verdicts": _table(verdicts, _VERDICTS),
    }
    _write_database(out / RESULTS, "results.sql", tables)


def _read_rows(
    prompts: Path, task: str, split: Split, columns: Sequence[str]
) -> list[dict[str, Any]]:
    table = _read(prompts / f"{split}.parquet", columns, filters=[("task", "==", task)])
    if not table.num_rows:
        known = ", ".join(sorted(_tasks(prompts, split)))
        raise DataError(f"{prompts}: no {split} examples of task {task!r}; it holds {known}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _tasks(prompts: Path, split: Split) -> set[str]:
    return set(_read(prompts / f"{split}.parquet", ["task"])["task"].unique().to_pylist())


def _read(path: Path, columns: Sequence[str] | None = None, filters: Any = None) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, filters=filters)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: delete its directory, it is built again") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}): delete its directory") from error


def _table(rows: Sequence[Any], schema: pa.Schema) -> pa.Table:
    """Records as a table, by the names of the schema; mappings become lists of pairs."""
    columns = {
        name: [
            list(value.items()) if isinstance(value, Mapping) else value
            for value in (getattr(row, name) for row in rows)
        ]
        for name in schema.names
    }
    return pa.table(columns, schema=schema)


def _items(items: Sequence[Item]) -> pa.Table:
    return _table(items, _ITEMS)


def _examples(one: Converted, split: Split) -> pa.Table:
    examples = one.examples.get(split, ())
    columns: dict[str, list[Any]] = {
        "task": [one.task.name] * len(examples),
        "template": [_template_name(one.task)] * len(examples),
        "template_hash": [one.task.template_hash] * len(examples),
    }
    for field in fields(Example):
        columns[field.name] = [getattr(example, field.name) for example in examples]
    return pa.table(columns, schema=_EXAMPLES)


def _placed(table: pa.Table, split: Split) -> pa.Table:
    """With the split, and the position within task and split."""
    n = table.num_rows
    table = table.append_column("position", pa.array(range(n), pa.int32()))
    return table.append_column("split", pa.array([split] * n, _TEXT))


def _sources(converted: Sequence[Converted]) -> pa.Table:
    rows = [
        {
            "task": one.task.name,
            "split": split,
            "source": one.source_name,
            "licence": one.licence,
            "revision": one.revision,
            "n_records": n,
        }
        for one in converted
        for split, n in one.n_records.items()
    ]
    return pa.Table.from_pylist(rows, schema=_SOURCES)


def _templates(converted: Sequence[Converted]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "task": one.task.name,
                "template": _template_name(one.task),
                "template_hash": one.task.template_hash,
                "description": one.task.description,
                "kind": one.task.kind,
                "protocol": one.task.protocol,
                "headline": one.task.headline,
                "unseen": one.task.unseen,
                "closed": one.task.closed,
            }
            for one in converted
        ]
    )


def _template_name(task: Task) -> str:
    return str(getattr(task.template, "__name__", task.name))


def _write_database(path: Path, schema: str, tables: Mapping[str, pa.Table]) -> None:
    """A new database of the described tables, filled by column names."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("SET autoinstall_known_extensions = false")
        connection.execute(files("tasks_to_text").joinpath(schema).read_text("utf-8"))
        for name, rows in tables.items():
            columns = list(connection.table(name).columns)
            connection.from_arrow(rows.select(columns)).insert_into(name)
