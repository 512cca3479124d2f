"""Documents and documentation rows on disk: Parquet, the same bytes for the same rows.

The one importer of ``pyarrow`` in gptcore. A product has one file per split, named so that
Hugging Face ``datasets`` reads the directory as a dataset.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gptcore.errors import DataError, ProductError

_ROW_GROUP = 4096
_BATCH = 512
"""Rows held as Python values while reading; of whole books that is a lot."""

_TEXT = pa.string()
_DOCUMENT = pa.schema(
    [(name, _TEXT) for name in ("id", "text", "source", "version", "licence", "group")]
)
_PARAMETERS = pa.list_(pa.struct([("name", _TEXT), ("annotation", _TEXT), ("default", _TEXT)]))
_DOCUMENTED = pa.list_(pa.struct([("name", _TEXT), ("type", _TEXT), ("description", _TEXT)]))
_DOCUMENTATION = pa.schema(
    [
        *((name, _TEXT) for name in ("id", "distribution", "version", "licence")),
        *((name, _TEXT) for name in ("module", "qualname", "kind")),
        ("parameters", _PARAMETERS),
        ("returns", _TEXT),
        ("heading", _TEXT),
        ("documented", _DOCUMENTED),
        ("text", _TEXT),
        ("group", _TEXT),
    ]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One text with its provenance."""

    id: str
    """Unique in its corpus, stable over runs."""
    text: str
    source: str
    """What it was taken from: a distribution, a site, a file."""
    version: str
    licence: str
    group: str
    """What must not be split between training and evaluation."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentationRow:
    """A documented object of an installed distribution, as the product holds it."""

    id: str
    """``distribution:module.qualname``."""
    distribution: str
    version: str
    licence: str
    module: str
    qualname: str
    """Name inside the module; "" for the module itself."""
    kind: str
    """module, class, function, method or property."""
    parameters: list[dict[str, str]]
    """name, annotation, default, as written; "" when absent."""
    returns: str
    """The return annotation as written; "" when absent."""
    heading: str
    """Qualified name and signature in one line, as a reader of documentation sees it."""
    documented: list[dict[str, str]]
    """name, type, description of the parameters that the text describes."""
    text: str
    """The docstring."""
    group: str
    """Family of modules that must not be split."""


def write_documents(rows: Iterable[Document], path: Path) -> None:
    """Write documents in their order."""
    _write(rows, _DOCUMENT, path)


def write_documentation(rows: Iterable[DocumentationRow], path: Path) -> None:
    """Write documentation rows in their order."""
    _write(rows, _DOCUMENTATION, path)


def read_documents(path: Path) -> Iterator[Document]:
    """Documents of a Parquet file, in its order.

    ProductError when it is missing or broken, DataError when it has other columns.
    """
    for row in _read(path, _DOCUMENT, _DOCUMENT.names):
        yield Document(**row)


def read_documentation(path: Path) -> Iterator[DocumentationRow]:
    """Documentation rows of a Parquet file, in its order; errors as ``read_documents``."""
    for row in _read(path, _DOCUMENTATION, _DOCUMENTATION.names):
        yield DocumentationRow(**row)


def read_texts(path: Path) -> Iterator[str]:
    """The texts alone, in order, of a file of documents; errors as ``read_documents``."""
    for row in _read(path, _DOCUMENT, ["text"]):
        yield row["text"]


def _write(rows: Iterable[Any], schema: pa.Schema, path: Path) -> None:
    kept = list(rows)
    names = [field.name for field in fields(kept[0])] if kept else schema.names
    columns = {name: [getattr(row, name) for row in kept] for name in names}
    table = pa.table({name: columns[name] for name in schema.names}, schema=schema)
    pq.write_table(
        table, path, compression="zstd", row_group_size=_ROW_GROUP, write_page_checksum=True
    )


def _read(path: Path, schema: pa.Schema, columns: list[str]) -> Iterator[dict[str, Any]]:
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
    except FileNotFoundError:
        raise ProductError(f"{path} is missing: delete its directory, it is built again") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise ProductError(
            f"{path} cannot be read as Parquet ({error}): delete its directory, it is built again"
        ) from error
    with file:
        found = file.schema_arrow
        if not found.equals(schema):
            raise DataError(
                f"{path}: columns {', '.join(found.names)}; expected {', '.join(schema.names)}"
            )
        try:
            for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
                yield from batch.to_pylist()
        except (pa.ArrowInvalid, OSError) as error:
            raise ProductError(
                f"{path} is damaged ({error}): delete its directory, it is built again"
            ) from error
