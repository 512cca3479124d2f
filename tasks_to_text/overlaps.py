"""Overlaps on disk: a row per item in Parquet, what they come to per task and split in JSON.

Equal overlaps give equal bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text.clean_and_dirty import TaskOverlap, by_task
from tasks_to_text.contamination import CHECK, GRAM, Found, Holder, Overlap
from tasks_to_text.errors import DataError

OVERLAPS = "contamination.parquet"
SUMMARY = "contamination.json"

_TEXT = pa.string()
SCHEMA = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "example_id", "group")),
        *((name, pa.int64()) for name in ("n_grams", "n_found")),
        ("documents", pa.list_(pa.struct([("id", _TEXT), ("n", pa.int64())]))),
        *((name, pa.bool_()) for name in ("confirmed", "too_short")),
    ]
)
"""The columns of ``contamination.parquet``: the fields of ``Overlap``."""


def write_overlaps(found: Found, out: Path, *, seed: int) -> list[TaskOverlap]:
    """Write ``contamination.parquet`` and ``contamination.json`` into a directory.

    Returns the summaries, whose intervals ``seed`` draws.
    """
    rows = [asdict(one) for one in found.overlaps]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    pq.write_table(table, out / OVERLAPS, compression="zstd", write_page_checksum=True)
    tasks = by_task(found.overlaps, seed=seed)
    text = json.dumps(summary(found, tasks), ensure_ascii=False, indent=1) + "\n"
    (out / SUMMARY).write_text(text, encoding="utf-8")
    return tasks


def summary(found: Found, tasks: Sequence[TaskOverlap]) -> Mapping[str, Any]:
    """What was looked through, for what, and what came of it, as JSON-able values."""
    return {
        "gram": GRAM,
        "check": CHECK,
        "documents": found.documents,
        "bytes": found.n_bytes,
        "words": found.n_words,
        "index_bytes": found.index_bytes,
        "tasks": [{**asdict(one), **_intervals(one)} for one in tasks],
    }


def _intervals(one: TaskOverlap) -> dict[str, Any]:
    """Intervals by the names of their ends: JSON would make lists of them."""
    named = ("overlap", "touched_share", "confirmed_share")
    return {name: value and value._asdict() for name in named for value in [getattr(one, name)]}


def read_overlaps(path: Path) -> list[Overlap]:
    """Overlaps as ``write_overlaps`` wrote them; DataError when the file cannot be read."""
    try:
        table = pq.read_table(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: delete its directory, it is built again") from None
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}): delete its directory") from error
    if not table.schema.equals(SCHEMA):
        raise DataError(
            f"{path}: columns {', '.join(table.schema.names)}; expected {', '.join(SCHEMA.names)}"
        )
    return [
        Overlap(**{**row, "documents": tuple(Holder(**one) for one in row["documents"])})
        for row in table.to_pylist()
    ]
