"""Prompts on disk: DuckDB to ask, Parquet to read.

A conversion is written once, part by part, and never again; readers never load DuckDB, because all
that training and evaluation need is in zstd Parquet, one file per split. There a row is an example
in one wording; the row groups of a file hold rows of one task and one template each, at most
65,536, so that a reader of them reads nothing else and neither side holds more than a row group.
Equal rows give equal Parquet bytes. The DuckDB file holds the same rows, but a random identifier of
its own in its header: compare its tables, not its bytes. They are described in ``schema.sql``.
"""

import hashlib
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text import database
from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.task import LM_EVAL, MAIN, SPLITS, Split, Task

DATABASE = "prompts.duckdb"

_ROW_GROUP = 65_536
_BATCH = 4096
"""Rows of a template that are held as Python values while reading in order."""
_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
_EXAMPLE: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("example_id", "group", "prompt", "target"), _TEXT),
    "choices": _TEXTS,
    "gold": pa.int32(),
    **dict.fromkeys(("references", "segments", "contexts"), _TEXTS),
}
_LISTS = tuple(name for name, kind in _EXAMPLE.items() if kind == _TEXTS)
_PROMPTS = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "template", "template_hash")),
        ("position", pa.int32()),
        *_EXAMPLE.items(),
    ]
)
_REPEATING = ["task", "template", "template_hash", "group", "target", "gold"]
_REPEATING += [f"{name}.list.element" for name in ("choices", "references")]
"""Columns that are worth a dictionary in Parquet."""
_SOURCES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "split", "source", "licence", "revision")),
        ("n_records", pa.int64()),
    ]
)
_TEMPLATES = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "template", "template_hash")),
        *((name, pa.bool_()) for name in ("main", "lm_eval")),
        ("specimen", _TEXT),
    ]
)
_FROM_FILE: Mapping[str, str] = {
    "examples": """
        INSERT INTO examples BY NAME
        SELECT task, $split AS split, position, example_id, "group", gold, "references", segments
        FROM read_parquet($file) WHERE template = $main""",
    "prompts": """
        INSERT INTO prompts BY NAME
        SELECT task, $split AS split, example_id, template, template_hash, prompt, target, choices,
               gold, contexts
        FROM read_parquet($file)""",
}
"""Table → how it is filled from the Parquet file of a split."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where the examples of a task are from."""

    task: Task
    source_name: str
    """What people call its source: a Hub id, a path, a product."""
    licence: str
    """As the source states it; "": not stated."""
    revision: str
    """The commit of a Hub dataset, ``unverified`` where it is not pinned; "": a local source."""
    n_records: Mapping[Split, int]
    """Raw records that were read."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Converted(Origin):
    """One task's examples per split, in their final order; a split that is absent has none."""

    examples: Mapping[Split, Sequence[Example]]
    """In the main wording."""
    worded: Mapping[str, Mapping[Split, Sequence[Example]]] = field(default_factory=dict)
    """Name of another template → the same examples, or some of them, in its wording."""


class PromptsWriter:
    """Writes one conversion into an existing directory; when it fails, it leaves nothing there.

    ::

        with PromptsWriter(out) as writer:
            writer.add(task, "train", "main", enumerate(examples))
            writer.finish([origin])
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._files = {split: _new_file(out / f"{split}.parquet") for split in SPLITS}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()
        if error is not None:
            for split in SPLITS:
                (self._out / f"{split}.parquet").unlink(missing_ok=True)

    def add(
        self, task: Task, split: Split, template: str, examples: Iterable[tuple[int, Example]]
    ) -> int:
        """Write examples in one wording, each after its position in the split; returns how many.

        Positions ascend; the same one is the same labelled row, whatever the template.
        """
        named = (task.name, template, task.hash_of(template))
        waiting, n = iter(examples), 0
        while rows := list(islice(waiting, _ROW_GROUP)):
            self._files[split].write_table(_table(named, rows))
            n += len(rows)
        return n

    def finish(self, origins: Sequence[Origin]) -> None:
        """Close the files and write the database that holds what they hold."""
        for file in self._files.values():
            file.close()
        with database.written(self._out / DATABASE) as connection:
            connection.execute(database.schema("schema.sql"))
            database.append(connection, "tasks", _tasks_of(origins))
            database.append(connection, "sources", _sources(origins))
            database.append(connection, "templates", _templates(origins))
            for split in SPLITS:
                file = str(self._out / f"{split}.parquet")
                for table, question in _FROM_FILE.items():
                    more = {"main": MAIN} if table == "examples" else {}
                    connection.execute(question, {"split": split, "file": file, **more})


def write_prompts(converted: Sequence[Converted], out: Path) -> None:
    """Write ``prompts.duckdb`` and one Parquet file per split, of examples that are all there."""
    with PromptsWriter(out) as writer:
        for one in converted:
            for split in SPLITS:
                main = one.examples.get(split, ())
                writer.add(one.task, split, MAIN, enumerate(main))
                positions = {example.example_id: place for place, example in enumerate(main)}
                for name, by_split in one.worded.items():
                    again = by_split.get(split, ())
                    pairs = ((positions[example.example_id], example) for example in again)
                    writer.add(one.task, split, name, pairs)
        writer.finish(converted)


def read_examples(prompts: Path, task: str, split: Split, template: str = MAIN) -> list[Example]:
    """Examples of a task and split in one wording, in their order; DataError: there are none."""
    wanted = [("task", "==", task), ("template", "==", template)]
    table = _read(prompts / f"{split}.parquet", list(_EXAMPLE), filters=wanted)
    if not table.num_rows:
        raise _nothing(prompts, task, split, template)
    return [
        Example(**{**row, **{name: tuple(row[name]) for name in _LISTS}})
        for row in table.to_pylist()
    ]


def splits_of(prompts: Path, task: str) -> tuple[Split, ...]:
    """Splits in which a task has examples."""
    return tuple(split for split in SPLITS if task in _held(prompts, split))


def templates_of(prompts: Path, task: str, split: Split) -> tuple[str, ...]:
    """The wordings in which a task has examples in a split, ``main`` first; () for none."""
    return tuple(_held(prompts, split).get(task, ()))


def wordings_of(prompts: Path, task: str, split: Split) -> dict[str, str]:
    """Template → its hash, for the wordings in which a task has examples in a split."""
    with _opened(prompts / f"{split}.parquet") as file:
        return {
            template: file.metadata.row_group(number).column(2).statistics.min
            for number, (name, template) in enumerate(_named(file))
            if name == task
        }


def training_pairs(
    prompts: Path, task: str, *, weights: Mapping[str, float] | None = None, seed: int = 0
) -> Iterator[tuple[str, str]]:
    """(prompt, target) of the training examples of a task, in their order, each of them once.

    A task with many wordings weighs no more than one with a single wording: for each example one of
    those that word it is drawn, by a hash of the seed, the task and the example's id. ``lm_eval``
    is never drawn. ``weights``: template → how often, by its share in their sum; those that are not
    named are not drawn, and an example that none of the named ones words is left out. None: all
    alike. DataError when the task has no training examples, ConfigError for weights of other
    templates, negative ones, or none.
    """
    known = templates_of(prompts, task, "train")
    if not known:
        raise _nothing(prompts, task, "train", MAIN)
    shares = _shares(task, [name for name in known if name != LM_EVAL], weights)
    streams = [_worded(prompts, task, template) for template in shares]
    for _, same in groupby(heapq.merge(*streams), itemgetter(0)):
        rows = {template: rest for _, template, *rest in same}
        example_id = next(iter(rows.values()))[0]
        known_shares = {template: shares[template] for template in shares if template in rows}
        _, prompt, target = rows[_draw(known_shares, f"{seed}\0{task}\0{example_id}")]
        yield prompt, target


def evaluation_texts(prompts: Path) -> Iterator[str]:
    """Prompt with target, in every wording, of every validation and test example: what no training
    may read.
    """
    for split in SPLITS[1:]:
        with _opened(prompts / f"{split}.parquet") as file:
            for batch in file.iter_batches(batch_size=_BATCH, columns=["prompt", "target"]):
                for prompt, target in zip(*(column.to_pylist() for column in batch), strict=True):
                    yield prompt + target


# ------------------------------------------------------------------------------------------ writing


def _new_file(path: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, _PROMPTS, compression="zstd", use_dictionary=_REPEATING)


def _table(named: tuple[str, str, str], rows: Sequence[tuple[int, Example]]) -> pa.Table:
    examples = [example for _, example in rows]
    columns: list[Any] = [pa.repeat(pa.scalar(value, _TEXT), len(rows)) for value in named]
    columns.append(pa.array([position for position, _ in rows], pa.int32()))
    for name, kind in _EXAMPLE.items():
        columns.append(pa.array(list(map(attrgetter(name), examples)), kind))
    return pa.Table.from_arrays(columns, schema=_PROMPTS)


def _tasks_of(origins: Sequence[Origin]) -> pa.Table:
    names = ("description", "kind", "protocol", "headline", "unseen", "closed")
    tasks = [one.task for one in origins]
    return pa.table(
        {
            "task": [task.name for task in tasks],
            **{name: [getattr(task, name) for task in tasks] for name in names},
        }
    )


def _sources(origins: Sequence[Origin]) -> pa.Table:
    rows = [
        {
            "task": one.task.name,
            "split": split,
            "source": one.source_name,
            "licence": one.licence,
            "revision": one.revision,
            "n_records": n,
        }
        for one in origins
        for split, n in one.n_records.items()
    ]
    return pa.Table.from_pylist(rows, schema=_SOURCES)


def _templates(origins: Sequence[Origin]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "task": one.task.name,
                "template": name,
                "template_hash": one.task.hash_of(name),
                "main": name == MAIN,
                "lm_eval": name == LM_EVAL,
                "specimen": template(one.task.specimens[0]).text,
            }
            for one in origins
            for name, template in one.task.templates.items()
        ],
        schema=_TEMPLATES,
    )


# ------------------------------------------------------------------------------------------ reading


def _held(prompts: Path, split: Split) -> dict[str, list[str]]:
    """Task → templates, in the order of the file; told by the statistics of its row groups."""
    found: dict[str, list[str]] = {}
    with _opened(prompts / f"{split}.parquet") as file:
        for task, template in dict.fromkeys(_named(file)):
            found.setdefault(task, []).append(template)
    return found


def _nothing(prompts: Path, task: str, split: Split, template: str) -> DataError:
    held = _held(prompts, split)
    if task in held:
        known = ", ".join(held[task])
        return DataError(
            f"{prompts}: no {split} examples of task {task!r} in template {template!r}; it has "
            f"{known}"
        )
    return DataError(
        f"{prompts}: no {split} examples of task {task!r}; it holds {', '.join(sorted(held))}"
    )


def _shares(
    task: str, known: Sequence[str], weights: Mapping[str, float] | None
) -> dict[str, float]:
    """Template → its weight, in the order of the file; those that are never drawn are left out."""
    given = dict.fromkeys(known, 1.0) if weights is None else weights
    wrong = sorted(set(given) - set(known)) or [n for n, w in given.items() if not w >= 0]
    if wrong or not sum(given.values()) > 0:
        raise ConfigError(
            f"task {task!r}: weights={dict(given)}; give numbers, not all 0 and none negative, to "
            f"templates out of {', '.join(known)}"
        )
    return {name: given[name] for name in known if given.get(name, 0) > 0}


def _draw(shares: Mapping[str, float], text: str) -> str:
    """One of the names, by its share: a fraction of a hash of the text decides."""
    *names, last = shares
    if not names:
        return last
    digest = hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest()
    left = int.from_bytes(digest) / 2**64 * sum(shares.values())
    for name in names:
        left -= shares[name]
        if left < 0:
            return name
    return last


def _worded(prompts: Path, task: str, template: str) -> Iterator[tuple[int, str, str, str, str]]:
    """Position, template, example's id, prompt and target of training rows, in their order."""
    columns = ["position", "template", "example_id", "prompt", "target"]
    with _opened(prompts / "train.parquet") as file:
        groups = [n for n, named in enumerate(_named(file)) if named == (task, template)]
        for batch in file.iter_batches(batch_size=_BATCH, row_groups=groups, columns=columns):
            by_name = (batch.column(name).to_pylist() for name in columns)
            yield from zip(*by_name, strict=True)


def _named(file: pq.ParquetFile) -> Iterator[tuple[str, str]]:
    """Task and template of every row group, as its statistics tell."""
    for number in range(file.num_row_groups):
        group = file.metadata.row_group(number)
        task, template = (group.column(place).statistics.min for place in (0, 1))
        yield task, template


def _read(path: Path, columns: Sequence[str], filters: Any) -> pa.Table:
    with _explained(path):
        return pq.read_table(path, columns=columns, filters=filters)


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    with _explained(path), pq.ParquetFile(path) as file:
        yield file


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """DataError that names the remedy, for a file that is gone or broken."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path} is missing: delete its directory, it is built again") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read ({error}): delete its directory") from error
