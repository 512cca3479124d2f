"""DuckDB: the one module that imports it, and what the others need of it.

A DuckDB file with a writer locks everybody else out, readers too; any number of readers go
together. So a file is written once, whole, under another name, made read-only and renamed into
place: who reads an older one goes on reading it. Rows go in as Arrow or from Parquet
(``executemany`` is four orders of magnitude slower); values are bound, never pasted into SQL. What
a user asks runs with everything that leaves the file switched off, and only if it is one question.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks_to_text.errors import ConfigError, DataError

_OWN: Mapping[str, str] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}
"""Where this package writes: nothing is fetched, no variable is a table."""
_CLOSED: Mapping[str, str] = {
    **_OWN,
    "enable_external_access": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
    "memory_limit": "2GB",
    "temp_directory": "",
}
"""Where anybody reads: beyond that, no file but the one that is open, no setting changed, and so
much memory and no more."""
_QUESTIONS = frozenset({"SELECT", "EXPLAIN"})
"""Kinds of statements that only ask; DESCRIBE, SHOW, SUMMARIZE, FROM and VALUES are SELECT too."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question found."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def schema(name: str) -> str:
    """The text of a schema of this package, such as ``schema.sql``."""
    return files("tasks_to_text").joinpath(name).read_text("utf-8")


@contextmanager
def written(path: Path, *, start: Path | None = None) -> Iterator[Any]:
    """A connection to a new database, which is at ``path``, read-only, when the block ends.

    ``start``: the database whose copy it begins as. When the block fails, nothing is left, and what
    was at ``path`` is still there. The connection is DuckDB's own.
    """
    aside = path.with_name(f".{path.name}-{os.getpid()}")
    aside.unlink(missing_ok=True)
    try:
        if start is not None:
            shutil.copyfile(start, aside)
        with _connect(aside, read_only=False) as connection:
            yield connection
        aside.chmod(0o444)
        aside.replace(path)
        _log_of(path).unlink(missing_ok=True)  # of another program, and about the file before
    finally:
        for file in (aside, _log_of(aside)):
            file.unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    """DuckDB's write-ahead log of a database."""
    return path.with_name(f"{path.name}.wal")


def append(connection: Any, table: str, rows: pa.Table) -> None:
    """Append rows to a table, by the names of the columns.

    A column that the table lacks is added to it; one that the rows lack becomes NULL.
    """
    given = connection.from_arrow(rows)
    known = connection.table(table).columns
    for name, kind in zip(given.columns, given.types, strict=True):
        if name not in known:
            connection.execute(f"ALTER TABLE {_quoted(table)} ADD COLUMN {_quoted(name)} {kind}")
    for name in known:
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.nulls(rows.num_rows))
    rows = rows.select(connection.table(table).columns)
    connection.from_arrow(rows).insert_into(table)


def _quoted(name: str) -> str:
    """A name, as SQL has it between quotes."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def read(path: Path, question: str, values: Sequence[Any] = ()) -> Answer:
    """The answer of a database of ours to one of our questions; DataError: it has none."""
    with _opened(path) as connection:
        return _answer(connection.execute(question, list(values)))


def read_table(path: Path, table: str) -> pa.Table:
    """A table of a database of ours as Arrow; DataError when it cannot be read."""
    with _opened(path) as connection:
        return connection.table(table).to_arrow_table()


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A connection that only reads; DataError for whatever DuckDB says of the file."""
    import duckdb

    with _connect(path, read_only=True) as connection:
        try:
            yield connection
        except duckdb.Error as error:
            raise DataError(f"{path} cannot be read ({error}): delete it") from error


def ask(path: Path, question: str, most: int | None = None) -> Answer:
    """The answer to a user's question, which can read this file and nothing else; its first
    ``most`` rows, None: all.

    ConfigError with DuckDB's own words for what is no question, several, or cannot be answered.
    """
    import duckdb

    with _connect(path, read_only=True) as connection:
        try:
            kinds = [one.type.name for one in connection.extract_statements(question)]
            if len(kinds) != 1 or kinds[0] not in _QUESTIONS:
                raise ConfigError(
                    f"{' and '.join(kinds) or 'nothing'}: ask one question, such as SELECT, FROM, "
                    "DESCRIBE or EXPLAIN (PIVOT with its values, ON … IN (…)); it only reads"
                )
            return _answer(connection.execute(question), most)
        except duckdb.Error as error:
            raise ConfigError(f"{error}".strip()) from error


def _answer(result: Any, most: int | None = None) -> Answer:
    columns = tuple(column[0] for column in result.description)
    return Answer(columns, result.fetchall() if most is None else result.fetchmany(most))


def _connect(path: Path, *, read_only: bool) -> Any:
    """DuckDB takes long to import, so it is here that it is imported."""
    import duckdb

    settings = dict(_CLOSED if read_only else _OWN)
    try:
        return duckdb.connect(str(path), read_only=read_only, config=settings)
    except duckdb.Error as error:
        raise DataError(
            f"{path} cannot be opened ({error}): delete it, it is made again"
        ) from error
