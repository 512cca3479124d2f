"""What the pipeline keeps of tasks: prompts (``tasks_to_text.prompts_store``), and here results.

The results of an evaluation are written once, whole: items as zstd Parquet for programs, and items,
scores and verdicts in a DuckDB file to ask, described in ``results.sql``. Readers never load
DuckDB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text import database
from tasks_to_text.errors import DataError
from tasks_to_text.prompts_store import (
    DATABASE,
    evaluation_texts,
    read_examples,
    splits_of,
    templates_of,
    training_pairs,
)
from tasks_to_text.prompts_writer import Converted, write_prompts
from tasks_to_text.scored import Item, Score, Verdict

__all__ = [
    "DATABASE",
    "ITEMS",
    "RESULTS",
    "Converted",
    "evaluation_texts",
    "read_examples",
    "read_items",
    "splits_of",
    "templates_of",
    "training_pairs",
    "write_items",
    "write_prompts",
    "write_results",
]

RESULTS = "results.duckdb"
ITEMS = "items.parquet"

_TEXT = pa.string()
_NUMBERS = pa.map_(pa.string(), pa.float64())
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


def write_items(items: Sequence[Item], path: Path) -> None:
    """Write evaluation items in their order as zstd Parquet."""
    pq.write_table(_items(items), path, compression="zstd")


def read_items(path: Path, **wanted: str) -> list[Item]:
    """Evaluation items as ``write_items`` wrote them; DataError when the file cannot be read.

    ``wanted``: only those whose fields have these values, such as ``split="validation"``.
    """
    filters = [(name, "=", value) for name, value in wanted.items()]
    return [
        Item(**{**row, "scores": tuple(row["scores"]), "values": dict(row["values"])})
        for row in _read(path, filters=filters or None).to_pylist()
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
    with database.written(out / RESULTS) as connection:
        connection.execute(database.schema("results.sql"))
        for name, rows in tables.items():
            database.append(connection, name, rows)


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
