"""Rows of any source: files of a project or a mirror, a product of the pipeline, the Hub.

A ``Source`` says what is meant, ``Places`` where such things are on this machine. Files are read by
our own readers (``tasks_to_text.records``), not by ``datasets``, which gives up a whole file for a
bad row; here bad rows are counted one by one. ``datasets`` is for ids of the Hub alone, imported
lazily because that takes a second; what it downloads stays in the Hub client's own cache. Code that
comes with a dataset is never run: the library has no such thing any more.

Splits that a source lacks are drawn from ``train`` (``tasks_to_text.held_out``).
"""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.files import layout
from tasks_to_text.held_out import Ids, drawn, record_key
from tasks_to_text.records import (
    Bad,
    Record,
    Tally,
    check_columns,
    format_of,
    read_file,
    unfit,
)
from tasks_to_text.source import SPLIT_NAMES, Source
from tasks_to_text.tally import DUPLICATE_ID
from tasks_to_text.task import Row, Split

_BATCH = 2048
_TIMEOUT = 10.0
"""Seconds to wait for the Hub's first answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where relative paths, mirrors and products are looked up."""

    project: Path | None = None
    """The folder of the project."""
    mirror: Path | None = None
    """The directory given with ``--data``."""
    products: Mapping[str, Path] = field(default_factory=dict)
    """Name → directory of a finished product."""


def splits(source: Source, places: Places) -> tuple[Split, ...]:
    """The splits that reading the source will give, held-out ones too, train first."""
    root = locate(source, places)
    if root is not None:
        given = set(layout(source, root))
    else:
        given = set(source.splits) or set(_hub_splits(source))
    names: tuple[Split, ...] = ("train", "validation", "test")
    return tuple(name for name in names if name in given or name in source.hold_out)


def files(source: Source, places: Places) -> list[Path]:
    """The local files that a source will read, of all its splits, sorted; [] for the Hub."""
    root = locate(source, places)
    found = layout(source, root) if root is not None else {}
    return sorted({path for paths in found.values() for path in paths})


def fingerprint(source: Source, places: Places) -> dict[str, str]:
    """What identifies the rows: file → SHA-256, or the commit; {} for products, which have keys."""
    if source.product:
        return {}
    root = locate(source, places)
    if root is None:
        return {"hub": source.hub, "revision": source.revision or "unverified"}
    return {_name(path, root): _file_digest(path) for path in files(source, places)}


def locate(source: Source, places: Places) -> Path | None:
    """The file or directory that a source means; None: it is on the Hub.

    Raises DataError when there is no such place.
    """
    if source.product:
        if source.product not in places.products:
            made = ", ".join(sorted(places.products)) or "none"
            raise DataError(f"source: no product {source.product!r} is made here; there is {made}")
        return places.products[source.product]
    if source.mirror and (places.mirror or not source.hub):
        return _existing(source, _in_mirror(source, places))
    if source.hub:
        return None
    path = Path(source.path)
    if not path.is_absolute() and places.project is None:
        raise DataError(f"source {source.path!r}: relative to what? Give the absolute path")
    return _existing(source, (places.project or Path()) / path)


def iter_rows(
    source: Source,
    split: str,
    *,
    columns: Sequence[str],
    places: Places,
    tally: Tally | None = None,
    id: str = "",
    group: str = "",
    seed: int = 0,
) -> Iterator[Row]:
    """Rows of one split with the named columns, (): all, in the source's order, streaming.

    ``id`` is a column whose values come once in a split: of rows that share one, the first stays.
    Of a source that holds splits out, rows are drawn by the column ``group`` or, where none is
    named, by ``id``, else by all that they hold. With a ``tally`` bad rows are counted there and it
    is the caller who checks it; without one, DataError comes at the end when too many are bad.
    DataError also when the source, the split or a column is missing, or has no rows.
    """
    shares, key = source.hold_out, group or id
    drawn_from = "train" if split in shares else split
    also = [name for name in dict.fromkeys((id, group)) if columns and name not in ("", *columns)]
    records = iter_records(
        source,
        drawn_from,
        columns=[*columns, *also],
        places=places,
        tally=tally,
        id=id,
        whole=bool(shares) and drawn_from == "train" and not key,
    )
    for record in records:
        if shares and drawn_from == "train":
            named = str(record[key]).strip() if key else record_key(record)
            if drawn(named, shares, seed) != split:
                continue
        yield {name: record[name] for name in columns} if columns else record


def read_rows(
    source: Source,
    split: str,
    *,
    columns: Sequence[str],
    places: Places,
    tally: Tally | None = None,
    id: str = "",
    group: str = "",
    seed: int = 0,
) -> list[Row]:
    """``iter_rows`` as a list."""
    rows = iter_rows(
        source, split, columns=columns, places=places, tally=tally, id=id, group=group, seed=seed
    )
    return list(rows)


def iter_records(
    source: Source,
    split: str,
    *,
    columns: Sequence[str],
    places: Places,
    tally: Tally | None,
    id: str = "",
    whole: bool = False,
    lenient: bool = False,
) -> Iterator[Row]:
    """``iter_rows`` of a split of the source itself, before anything is held out.

    ``whole``: with all other columns, too. ``lenient``: a JSON line may lack some of ``columns``.
    """
    own, kept, ids = tally or Tally(), 0, Ids()
    counted = own.kept + own.bad
    for record in _records(source, split, columns, places, whole, lenient):
        if isinstance(record, Bad):
            own.add(record)
        elif id and not ids.add(record.get(id)):
            own.add(Bad(reason=DUPLICATE_ID, where=f"{source.name}, {split}: {record[id]!r}"))
        else:
            own.kept, kept = own.kept + 1, kept + 1
            yield record
        if kept == source.limit > 0:
            break
    if own.kept + own.bad == counted:
        raise DataError(f"source {source.name!r}: split {split!r} has no rows")
    if tally is None:
        own.check(source.max_bad_share, f"source {source.name!r}, split {split!r}")


def resolve_revision(hub_id: str) -> str:
    """The commit that a Hub dataset's main branch is at; DataError when it cannot be asked."""
    return str(_ask_hub(hub_id, None).sha)


def _records(
    source: Source,
    split: str,
    columns: Sequence[str],
    places: Places,
    whole: bool,
    lenient: bool,
) -> Iterator[Record | Bad]:
    """What a split of the source holds, cut to the columns and ``id`` unless it is to be whole."""
    root = locate(source, places)
    if root is None:
        found = _hub_records(source, split, columns, whole)
    else:
        found = _local(source, split, columns, root, whole, lenient)
    keep = {*columns, "id"} if columns and not whole else None
    for record in found:
        if isinstance(record, Bad) or keep is None:
            yield record
        else:
            yield {name: value for name, value in record.items() if name in keep}


def _local(
    source: Source, split: str, columns: Sequence[str], root: Path, whole: bool, lenient: bool
) -> Iterator[Record | Bad]:
    found = layout(source, root)
    if split not in found:
        raise DataError(
            f"source {source.name!r} has no split {split!r} in {root}; it has "
            f"{', '.join(found)}: name its files in splits, or hold some rows of train out"
        )
    for path in found[split]:
        named = () if lenient and format_of(path) == ".jsonl" else columns
        yield from read_file(path, _name(path, root), named, whole=whole)


def _in_mirror(source: Source, places: Places) -> Path:
    relative = Path(source.mirror)
    if relative.is_absolute() or ".." in (*relative.parts, *_parts(source.splits.values())):
        raise ConfigError(
            f"source.mirror={source.mirror!r}, splits={dict(source.splits)}: stay inside the mirror"
        )
    if places.mirror is None:
        raise DataError(f"source {source.name!r} is read from a mirror: name one with --data")
    return places.mirror / relative


def _parts(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        yield from Path(pattern).parts


def _existing(source: Source, path: Path) -> Path:
    if not path.exists():
        raise DataError(f"source {source.name!r}: there is no {path}; name a file or a directory")
    return path


def _name(path: Path, root: Path) -> str:
    return path.name if path == root else path.relative_to(root).as_posix()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hub_records(
    source: Source, split: str, columns: Sequence[str], whole: bool
) -> Iterator[Record | Bad]:
    """Rows of a Hub dataset; DataError, soon, when it cannot be reached or is not pinned."""
    if split not in source.given_splits:
        raise DataError(
            f"source {source.name!r} has no split {split!r}; splits has "
            f"{', '.join(source.given_splits)}"
        )
    with tempfile.TemporaryDirectory(prefix="tasks-to-text-") as cache:
        dataset = _loaded(source, source.given_splits[split], cache)
        check_columns(dataset.column_names, columns, f"source {source.name!r}, split {split!r}")
        if columns and not whole:
            also = {"id"} & set(dataset.column_names) - set(columns)
            dataset = dataset.select_columns([*columns, *also])
        batches = dataset.with_format("arrow").iter(_BATCH)
        rows = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(rows, start=1):
            reason = unfit(row)
            where = f"{source.hub}, {split}: row {number}"
            yield Bad(reason=reason, where=where) if reason else row


def _loaded(source: Source, split: str, cache: str) -> Any:
    _ask_hub(source.hub, _pinned(source))
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)  # what it says is in our message
    named = {"name": source.config or None, "revision": source.revision}
    try:
        return datasets.load_dataset(source.hub, split=split, cache_dir=cache, **named)
    except (ValueError, OSError, datasets.exceptions.DatasetGenerationError) as error:
        raise DataError(
            f"source {source.name!r}: split {split!r} cannot be read "
            f"({_brief(error.__cause__ or error)}); name what it has in splits and config"
        ) from error


def _hub_splits(source: Source) -> list[str]:
    """Which of our splits a Hub dataset has under their own names."""
    _ask_hub(source.hub, _pinned(source))
    import datasets

    named = {"config_name": source.config or None, "revision": source.revision}
    try:
        found = datasets.get_dataset_split_names(source.hub, **named)
    except (ValueError, OSError) as error:
        raise DataError(
            f"source {source.name!r}: its splits are not known ({_brief(error)})"
        ) from error
    return [name for name in found if name in SPLIT_NAMES]


def _pinned(source: Source) -> str:
    if not source.revision:
        raise DataError(
            f"source {source.name!r}: revision='' is not verified; pin a dataset of the Hub by the "
            "40 hexadecimal digits of a commit, name a mirror with --data, or a local directory"
        )
    return source.revision


def _ask_hub(hub_id: str, revision: str | None) -> Any:
    """What the Hub says of a dataset: asked first, because ``datasets`` tries for half a minute."""
    import huggingface_hub
    from huggingface_hub import errors

    try:
        return huggingface_hub.HfApi().dataset_info(hub_id, revision=revision, timeout=_TIMEOUT)
    except errors.RepositoryNotFoundError as error:
        raise DataError(
            f"source {hub_id!r}: the Hub has no such dataset, or not for you; look at its address"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise DataError(
            f"source {hub_id!r}: the Hub has no revision {revision!r} of it; pin one that it has"
        ) from error
    except Exception as error:  # its client's transport has exceptions of its own, and changes them
        raise DataError(
            f"source {hub_id!r}: the Hub cannot be reached ({_brief(error)}); name a mirror with "
            "--data, or a local directory"
        ) from error


def _brief(error: BaseException) -> str:
    """The first line of a message: the libraries' go on with advice and addresses."""
    return (str(error).splitlines() or [type(error).__name__])[0]
