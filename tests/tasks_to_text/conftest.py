"""A small documentation product, written row by row, in the layout that the collector makes."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

TYPES = {"array": "array_like, optional", "bool": "bool", "int": "int or None", "str": "`str`"}
VERBS = ["Compute", "Return", "Merge", "Sort", "Write", "Parse", "Draw", "Load"]
NOUNS = ["matrix", "graph", "table", "column", "polynomial", "session", "glyph", "token"]

Records = list[dict[str, Any]]


def record(package: str, module: str, name: str, **changes: Any) -> dict[str, Any]:
    """One documented function; ``changes`` replace columns."""
    row = {
        "id": f"{package}:{module}.{name}",
        "distribution": package,
        "version": "1.0",
        "licence": "MIT",
        "module": module,
        "qualname": name,
        "kind": "function",
        "parameters": [{"name": "x", "annotation": "", "default": "None"}],
        "returns": "",
        "heading": f"{module}.{name}(x=None)",
        "documented": [],
        "text": "",
        "group": module,
    }
    return {**row, **changes}


def records(split: str, n_modules: int) -> Records:
    """Four packages with the same number of modules and functions; every text is another one."""
    rows = []
    for p, package in enumerate(["alpha", "beta", "gamma", "delta"]):
        for m in range(n_modules):
            for f, verb in enumerate(VERBS):
                noun = NOUNS[(f + m + p) % len(NOUNS)]
                tag = f"{split} {package} {m} {f}"
                rows.append(
                    record(
                        package,
                        f"{package}.{split}{m}",
                        verb.lower(),
                        text=f"{verb} the {noun} of {tag} when it is asked to.\n\n"
                        f"It keeps the {noun} of {tag} as it was. Then {tag} has no {noun} left.",
                        documented=[
                            {
                                "name": f"{kind}_{f}",
                                "type": written,
                                "description": f"What the {noun} number {tag} is for.",
                            }
                            for kind, written in TYPES.items()
                        ],
                    )
                )
    return rows


def write_source(directory: Path, splits: dict[str, Sequence[dict[str, Any]]]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for split, rows in splits.items():
        pq.write_table(pa.Table.from_pylist(list(rows)), directory / f"{split}.parquet")
    return directory


@pytest.fixture
def make_source(tmp_path: Path) -> Callable[..., Path]:
    """Write a source of the given splits; without arguments the small product."""

    def make(**splits: Sequence[dict[str, Any]]) -> Path:
        given = splits or {
            "train": records("train", 6),
            "validation": records("validation", 2),
            "test": records("test", 2),
        }
        return write_source(tmp_path / "source", dict(given))

    return make


@pytest.fixture
def make_records() -> Callable[[str, int], Records]:
    """(split, modules per package) → records of the small product."""
    return records
