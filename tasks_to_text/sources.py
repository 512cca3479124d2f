"""Rows of labelled datasets: a directory in the Hub's layout, or a dataset of the Hub itself.

The one importer of ``datasets``, and lazily, because that takes a second. Its cache goes into a
temporary directory that is gone when the rows are read; nothing lands in the home directory, and a
directory is read without a network. Code that comes with a dataset is never run: the library has no
such thing any more, and ``trust_remote_code`` is not passed on.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text.errors import DataError
from tasks_to_text.task import Row, Split

_BATCH = 2048
_COMMIT = re.compile(r"[0-9a-f]{40}")


def read_rows(
    source: Path | str, split: Split, *, columns: Sequence[str], revision: str | None = None
) -> list[Row]:
    """All rows of one split, in the source's order, with the named columns.

    ``source`` is a directory (``train.parquet`` …, as ``datasets.load_dataset`` reads it) or a Hub
    id; a Hub id needs ``revision``, the full commit hash, because branches move. DataError when the
    source, the split or a column is missing, when the split is empty or its files are broken.
    """
    where = _locate(source, revision)
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it says is in our message
    with tempfile.TemporaryDirectory(prefix="tasks-to-text-") as cache:
        try:
            dataset = datasets.load_dataset(where, split=split, revision=revision, cache_dir=cache)
        except (ValueError, OSError, datasets.exceptions.DatasetGenerationError) as error:
            raise DataError(
                f"source={where}: split {split!r} {_reason(where, split, error)}; a directory "
                "needs train, validation and test files, such as train.parquet"
            ) from error
        missing = [name for name in columns if name not in dataset.column_names]
        if missing:
            raise DataError(
                f"source={where}, split {split!r}: no column {', '.join(missing)}; it has "
                f"{', '.join(dataset.column_names)}"
            )
        batches = dataset.select_columns(list(columns)).with_format("arrow").iter(_BATCH)
        return [row for batch in batches for row in batch.to_pylist()]


def _reason(where: str, split: Split, error: Exception) -> str:
    """Why nothing could be read; the library fails on Parquet files without rows."""
    try:
        sizes = [pq.read_metadata(path).num_rows for path in Path(where).glob(f"{split}*.parquet")]
    except (pa.ArrowInvalid, OSError):
        sizes = []
    if sizes and not any(sizes):
        return "has no rows"
    return f"cannot be read ({error.__cause__ or error})"


def _locate(source: Path | str, revision: str | None) -> str:
    """What ``load_dataset`` is given: an absolute directory or a pinned Hub id."""
    if Path(source).is_dir():
        return str(Path(source).absolute())
    if isinstance(source, Path) or source.startswith((".", "/")) or source.count("/") != 1:
        raise DataError(f"source={str(source)!r} is no directory: name one that exists")
    if revision is None or not _COMMIT.fullmatch(revision):
        raise DataError(
            f"source={source!r}: revision={revision!r}; pin a dataset of the Hub by the 40 "
            "hexadecimal digits of a commit, or give a directory"
        )
    return source
