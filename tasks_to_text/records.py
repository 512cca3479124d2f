"""Records of local files, one at a time, and what is wrong with those that cannot be read.

Five formats (``.txt``, ``.md``, ``.jsonl``, ``.csv`` and ``.tsv``, ``.parquet``), each plain or as
``.gz`` or ``.zst``. A reader never stops at a bad row: it yields a ``Bad`` with a reason and a
place and goes on, so that whoever asked can decide what share of bad rows is too much (``Tally``).
Nothing here holds more than a row, a document or a batch of Parquet, whatever the size of the file.
"""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text.errors import DataError
from tasks_to_text.tally import (
    DUPLICATE_ID,
    MISSING,
    NOT_CSV,
    NOT_JSON,
    NOT_UTF8,
    SURROGATE,
    TOO_LONG,
    TRUNCATED,
    Bad,
    Tally,
)

__all__ = [
    "DOCUMENTS",
    "DUPLICATE_ID",
    "FORMATS",
    "MAX_FIELD_BYTES",
    "MISSING",
    "NOT_CSV",
    "NOT_JSON",
    "NOT_UTF8",
    "SURROGATE",
    "TOO_LONG",
    "TRUNCATED",
    "Bad",
    "Record",
    "Tally",
    "check_columns",
    "format_of",
    "read_file",
    "uncompressed",
    "unfit",
]

Record: TypeAlias = dict[str, Any]

MAX_FIELD_BYTES = 5_000_000
"""UTF-8 bytes of one string of a row, at most: a long book has two million."""
_MAX_LINE_BYTES = 20 * MAX_FIELD_BYTES
"""Of a longer line only the beginning is read, so that no file can fill the memory."""
_BATCH = 256
_SHOWN = 80
"""Characters of a bad row that a message shows."""
_BOM = b"\xef\xbb\xbf"
_COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}


def format_of(path: Path) -> str:
    """The suffix of a format that can be read, without that of compression; "" for others.

    >>> format_of(Path("train-00000.JSONL.zst"))
    '.jsonl'
    """
    suffix = Path(uncompressed(path.name)).suffix.lower()
    return suffix if suffix in FORMATS else ""


def uncompressed(name: str) -> str:
    """A file's name without ``.gz`` or ``.zst``."""
    return Path(name).stem if Path(name).suffix.lower() in _COMPRESSIONS else name


def read_file(
    path: Path, name: str, columns: Sequence[str] = (), *, whole: bool = False
) -> Iterator[Record | Bad]:
    """Records of one file in its order, with ``columns`` (and ``id`` where there is one).

    ``name`` is what messages, and the ids of text files, call the file. (): all columns, and
    ``whole``: all of them although some are named, which then have to be there. DataError
    when the file cannot be opened or has another format, or its header lacks a column.
    """
    if not format_of(path):
        raise DataError(f"{path}: only {', '.join(FORMATS)} can be read, also as .gz or .zst")
    compression = _COMPRESSIONS.get(path.suffix.lower())
    with ExitStack() as stack:
        try:
            stream: IO[bytes] = stack.enter_context(path.open("rb"))
            if compression and not stream.peek(1):  # type: ignore[attr-defined]
                yield Bad(reason=TRUNCATED, where=f"{name} is empty")
                return
            if compression:
                raw = pa.CompressedInputStream(pa.PythonFile(stream), compression)
                stream = stack.enter_context(io.BufferedReader(raw, 1 << 20))
            yield from _reader(path, whole)(stream, name, columns)
        except OSError as error:
            if compression and error.errno is None:  # Arrow's word on the content of an archive
                yield Bad(reason=TRUNCATED, where=f"{name} ({error})")
            else:
                raise DataError(f"{path} cannot be read ({error.strerror or error})") from error


def _reader(path: Path, whole: bool) -> "_Reader":
    """Only Parquet is read by columns: the others give whole records anyway."""
    suffix = format_of(path)
    return partial(_parquet, whole=whole) if suffix == ".parquet" else FORMATS[suffix]


def check_columns(found: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """DataError unless a table has all the wanted columns, and none of them, (): at all, twice."""
    missing = [name for name in wanted if name not in found]
    if missing:
        has = ", ".join(found) or "none"
        raise DataError(f"{what}: no column {', '.join(missing)}; it has {has}")
    if twice := sorted({name for name in wanted or found if found.count(name) > 1}):
        raise DataError(f"{what}: column {', '.join(twice)} stands in its header twice")


def unfit(record: object) -> str:
    """Why the strings of a record, nested ones too, cannot be used; "": they can."""
    waiting = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            try:
                size = len(value.encode())
            except UnicodeEncodeError:
                return SURROGATE
            if size > MAX_FIELD_BYTES:
                return TOO_LONG
        elif isinstance(value, bytes) and len(value) > MAX_FIELD_BYTES:
            return TOO_LONG
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, (list, tuple)):
            waiting += value
    return ""


def _document(stream: IO[bytes], name: str, columns: Sequence[str]) -> Iterator[Record | Bad]:
    """A text file is one record: its name and its text."""
    check_columns(["id", "text"], columns, name)
    raw = stream.read(MAX_FIELD_BYTES + len(_BOM) + 1).removeprefix(_BOM)
    if len(raw) > MAX_FIELD_BYTES:
        more = f"more than {MAX_FIELD_BYTES / 1e6:.0f} MB: divide it into several files"
        yield Bad(reason=TOO_LONG, where=f"{name}: {more}")
        return
    try:
        yield {"id": name, "text": raw.decode().replace("\r\n", "\n")}
    except UnicodeDecodeError as error:
        yield Bad(reason=NOT_UTF8, where=f"{name}: byte {error.start}")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines with their ends, the first without a byte order mark; overlong ones cut."""
    line = stream.readline(_MAX_LINE_BYTES + 1).removeprefix(_BOM)
    while line:
        yield line
        while line and not line.endswith(b"\n"):
            line = stream.readline(_MAX_LINE_BYTES)
        line = stream.readline(_MAX_LINE_BYTES + 1)


def _jsonl(stream: IO[bytes], name: str, columns: Sequence[str]) -> Iterator[Record | Bad]:
    """One JSON object per line; lines of white space alone are nothing."""
    for number, line in enumerate(_lines(stream), start=1):
        if line.strip():
            yield _parsed(line, f"{name}:{number}", columns)


def _parsed(line: bytes, where: str, columns: Sequence[str]) -> Record | Bad:
    if len(line) > _MAX_LINE_BYTES:
        return Bad(reason=TOO_LONG, where=where)
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Bad(reason=NOT_UTF8, where=f"{where}: byte {error.start}")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return Bad(reason=NOT_JSON, where=f"{where}: {text[:_SHOWN].strip()}")
    if not isinstance(record, dict):
        return Bad(reason=NOT_JSON, where=f"{where}: no object: {text[:_SHOWN].strip()}")
    # A surrogate can only stand in a line as an escape, a long field only in a long line.
    if b"\\u" in line or len(line) > MAX_FIELD_BYTES:
        reason = unfit(record)
        if reason:
            return Bad(reason=reason, where=where)
    missing = [column for column in columns if column not in record]
    if missing:
        has = ", ".join(record)[:_SHOWN]
        return Bad(reason=MISSING, where=f"{where}: no {', '.join(missing)}; it has {has}")
    return record


def _table(
    stream: IO[bytes], name: str, columns: Sequence[str], *, delimiter: str
) -> Iterator[Record | Bad]:
    """Rows below a header line, every value a string.

    Between tabs a quote is a character like any other, as those who write such files have it.
    Bytes that are no UTF-8 travel through the parser as surrogates, so that they cost one row.
    """
    csv.field_size_limit(max(csv.field_size_limit(), MAX_FIELD_BYTES))  # Python has one for all
    lines = (line.decode(errors="surrogateescape") for line in _lines(stream))
    if delimiter == "\t":
        rows = csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True)
    else:
        rows = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = next(rows, [])
        "".join(header).encode()
    except (csv.Error, UnicodeEncodeError) as error:
        raise DataError(f"{name}: its first line is no header of a table ({error})") from error
    _check_header(header, columns, name)
    while True:
        before = rows.line_num
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            # An open quote swallows the lines after it: each is a row that is lost.
            reason = TOO_LONG if "field limit" in str(error) else NOT_CSV
            for line in range(before + 1, rows.line_num + 1):
                yield Bad(reason=reason, where=f"{name}:{line}: {error}")
            continue
        if row:
            yield _row(row, header, f"{name}:{rows.line_num}")


def _check_header(header: list[str], columns: Sequence[str], name: str) -> None:
    """As ``check_columns``; a name that is all of a line with other delimiters in it is told."""
    if len(header) == 1 and columns and header[0] not in columns:
        for delimiter, said in ((";", "';'"), ("\t", "tabs"), (",", "commas")):
            if delimiter in header[0]:
                raise DataError(
                    f"{name}: no column {', '.join(columns)}; its header is {header[0]!r:.80}, "
                    f"divided by {said}: divide by commas in .csv and by tabs in .tsv"
                )
    check_columns([one for one in header if one.strip()], columns if header else (), name)


def _row(row: list[str], header: list[str], where: str) -> Record | Bad:
    """Cells without a name, such as spreadsheets add behind the last column, are nothing."""
    whole = "".join(row)
    if not whole.isascii():
        try:
            whole.encode()
        except UnicodeEncodeError:
            return Bad(reason=NOT_UTF8, where=where)
    if len(whole) > MAX_FIELD_BYTES // 4 and unfit(row):
        return Bad(reason=TOO_LONG, where=where)
    fewest = max((i for i, one in enumerate(header, start=1) if one.strip()), default=0)
    if len(row) < fewest or any(cell.strip() for cell in row[len(header) :]):
        cells = f"{len(row)} cells under a header of {len(header)}"
        return Bad(reason=MISSING, where=f"{where}: {cells}")
    named = zip(header, row, strict=False)
    return {one: cell.replace("\r\n", "\n") for one, cell in named if one.strip()}


def _parquet(
    stream: IO[bytes], name: str, columns: Sequence[str], *, whole: bool = False
) -> Iterator[Record | Bad]:
    """Rows of a Parquet file; a compressed one is unpacked into a temporary file first."""
    with ExitStack() as stack:
        if not stream.seekable():
            packed, stream = stream, stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(packed, stream, 1 << 20)
            stream.seek(0)
        try:
            file = pq.ParquetFile(stream, page_checksum_verification=True)
            found = file.schema_arrow.names
            check_columns(found, columns, name)
            some = [one for one in found if one in columns or one == "id"]
            wanted = some if columns and not whole else None
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH, columns=wanted):
                yield from _batch(batch, name, number)
                number += len(batch)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{name} cannot be read as Parquet ({error})") from error


def _batch(batch: pa.RecordBatch, name: str, number: int) -> Iterator[Record | Bad]:
    """The rows of a batch, the first of which has ``number`` rows before it."""
    try:
        rows = batch.to_pylist()
    except UnicodeDecodeError:  # one row is enough for that, so look at each
        rows = [_decoded(batch.slice(i, 1)) for i in range(len(batch))]
    check = batch.nbytes > MAX_FIELD_BYTES
    for i, row in enumerate(rows, start=number + 1):
        reason = NOT_UTF8 if row is None else unfit(row) if check else ""
        yield Bad(reason=reason, where=f"{name}: row {i}") if reason else row


def _decoded(row: pa.RecordBatch) -> Record | None:
    try:
        return dict(row.to_pylist()[0])
    except UnicodeDecodeError:
        return None


_Reader: TypeAlias = Callable[[IO[bytes], str, Sequence[str]], Iterator[Record | Bad]]
FORMATS: dict[str, _Reader] = {
    ".txt": _document,
    ".md": _document,
    ".jsonl": _jsonl,
    ".csv": partial(_table, delimiter=","),
    ".tsv": partial(_table, delimiter="\t"),
    ".parquet": _parquet,
}
"""Suffix → reader."""
DOCUMENTS = frozenset({".txt", ".md"})
"""Formats that are one record per file."""
