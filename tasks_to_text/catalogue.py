"""The catalogue: one DuckDB file that knows all products of a workspace, for questions.

Described in ``catalogue.sql``. It holds nothing of its own: each product is appended whole, once,
from its manifest and its files, so that appending what is new to yesterday's catalogue gives the
same tables as making it anew. The columns of items and scores are taken as the files have them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text import database
from tasks_to_text.errors import DataError
from tasks_to_text.prompts_store import DATABASE
from tasks_to_text.store import ITEMS

SCHEMA = "catalogue.sql"
_NUMBERS = pa.map_(pa.string(), pa.float64())
_ABOUT_TASKS = ("tasks", "sources", "templates")
"""Tables of ``prompts.duckdb`` that the catalogue has too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A finished product, in plain values."""

    product: str
    """Its directory, relative to the workspace."""
    path: Path
    """The same, to read from."""
    kind: str
    name: str
    key: str
    digest: str
    created: datetime
    source: str
    lock: str
    config: Mapping[str, Any]
    counts: Mapping[str, Any]
    inputs: Mapping[str, str]
    """Role → digest."""
    metrics: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    """For runs: metric → last step and value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """What a catalogue is made from."""

    entries: Sequence[Entry]
    decisions: Sequence[Mapping[str, Any]] = ()
    """Rows of ``decisions``; ``date`` in ISO 8601."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Path → stamp of every file that the rest was read from."""


def write_catalogue(path: Path, contents: Contents, *, start: Path | None = None) -> list[str]:
    """Write the catalogue, whole, under its name; returns what could not be read, in words.

    ``start``: a catalogue that it begins as a copy of; what that has is passed over.
    """
    complaints: list[str] = []
    with database.written(path, start=start) as connection:
        if start is None:
            connection.execute(database.schema(SCHEMA))
        known = {row[0] for row in connection.execute("SELECT product FROM products").fetchall()}
        for entry in contents.entries:
            if entry.product not in known:
                known.add(entry.product)
                for table, rows in _tables(entry, complaints).items():
                    database.append(connection, table, rows)
        connection.execute("DELETE FROM decisions")
        connection.execute("DELETE FROM files")
        database.append(connection, "decisions", _decisions(contents.decisions))
        database.append(connection, "files", _files(contents.files))
    return complaints


def files_of(path: Path) -> dict[str, str]:
    """Path → stamp of what a catalogue was made from; DataError when it is none, or broken."""
    return dict(database.read(path, "SELECT path, stamp FROM files").rows)


def _tables(entry: Entry, complaints: list[str]) -> dict[str, pa.Table]:
    """The rows of a product, by table; a file that cannot be read has none, and is told."""
    found = {"products": _product(entry), "lineage": _lineage(entry)}
    if entry.metrics:
        found["run_metrics"] = _metrics(entry)
    for table, read in _readers(entry).items():
        try:
            rows = read()
        except (pa.ArrowException, DataError, OSError, ValueError) as error:
            complaints.append(f"{entry.product}: {table} cannot be read ({error})")
            continue
        if rows is not None and rows.num_rows:
            found[table] = rows.append_column("product", _constant(entry.product, rows.num_rows))
    return found


def _readers(entry: Entry) -> dict[str, Any]:
    """Table → function that reads its rows from the product; they may give None."""
    path = entry.path
    match entry.kind:
        case "prompts" if (path / DATABASE).exists():
            about = {name: _from_database(path / DATABASE, name) for name in _ABOUT_TASKS}
            return {**about, "prompts": lambda: _evaluation_prompts(path)}
        case "evaluation":
            return {
                "items": lambda: _parquet(path / ITEMS),
                "scores": lambda: _json(path / "metrics.json"),
                "verdicts": lambda: _json(path / "verdicts.json"),
            }
        case "contamination":
            return {"contamination": lambda: _parquet(path / "contamination.parquet")}
    return {}


def _from_database(path: Path, table: str) -> Any:
    return lambda: database.read_table(path, table)


def _evaluation_prompts(path: Path) -> pa.Table:
    parts = []
    for split in ("validation", "test"):
        rows = pq.read_table(path / f"{split}.parquet")
        parts.append(rows.append_column("split", _constant(split, rows.num_rows)))
    return pa.concat_tables(parts)


def _parquet(path: Path) -> pa.Table | None:
    return pq.read_table(path) if path.exists() else None


def _json(path: Path) -> pa.Table | None:
    """A list of objects as a table; objects in them become maps of numbers."""
    if not path.exists():
        return None
    rows = json.loads(path.read_text(encoding="utf-8"))
    names = dict.fromkeys(name for row in rows for name in row)
    return pa.table({name: _column([row.get(name) for row in rows]) for name in names})


def _column(values: list[Any]) -> pa.Array:
    if any(isinstance(value, Mapping) for value in values):
        pairs = [None if value is None else list(value.items()) for value in values]
        return pa.array(pairs, _NUMBERS)
    return pa.array(values)


def _constant(value: str, n: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, pa.string()), n)


def _product(entry: Entry) -> pa.Table:
    row = {
        "product": entry.product,
        "kind": entry.kind,
        "name": entry.name,
        "key": entry.key,
        "digest": entry.digest,
        "created": _utc(entry.created),
        "source": entry.source,
        "lock": entry.lock,
        "config": json.dumps(entry.config, ensure_ascii=False),
        "counts": json.dumps(entry.counts, ensure_ascii=False),
    }
    return pa.Table.from_pylist([row])


def _lineage(entry: Entry) -> pa.Table:
    rows = [(entry.product, role, digest) for role, digest in entry.inputs.items()]
    return _text_table(("product", "role", "digest"), rows)


def _metrics(entry: Entry) -> pa.Table:
    rows = [
        {"product": entry.product, "metric": name, "step": step, "value": float(value)}
        for name, (step, value) in entry.metrics.items()
    ]
    return pa.Table.from_pylist(rows)


def _decisions(decisions: Iterable[Mapping[str, Any]]) -> pa.Table:
    texts = ("profile", "reason", "run", "evaluation", "champion", "champion_evaluation")
    schema = pa.schema(
        [
            ("date", pa.timestamp("us")),
            ("promoted", pa.bool_()),
            *((name, pa.string()) for name in texts),
        ]
    )
    rows = [
        {**decision, "date": _utc(datetime.fromisoformat(decision["date"]))}
        for decision in decisions
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _files(stamps: Mapping[str, str]) -> pa.Table:
    return _text_table(("path", "stamp"), list(stamps.items()))


def _text_table(names: Sequence[str], rows: Sequence[tuple[str, ...]]) -> pa.Table:
    columns = [[row[place] for row in rows] for place in range(len(names))]
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in names]))


def _utc(moment: datetime) -> datetime:
    """Without a zone, as DuckDB's TIMESTAMP has none; a moment without one is UTC already."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
