"""Prompts on disk: DuckDB to ask, Parquet to read.

A conversion is written once, part by part, and never again; readers never load DuckDB, because all
that training and evaluation need is in zstd Parquet, one file per split. There a row is an example
in one wording; the row groups of a file hold rows of one task and one template each, at most
65,536, so that a reader of them reads nothing else, and the writer holds no more than that.
Equal rows give equal Parquet bytes. The DuckDB file holds the same rows, but a random identifier of
its own in its header: compare its tables, not its bytes. They are described in ``schema.sql``.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.mixture import draw_template
from tasks_to_text.task import LM_EVAL, MAIN, SPLITS, Split

DATABASE = "prompts.duckdb"

_BATCH = 4096
"""Rows of a template that are held as Python values while reading in order."""
_TEXT, _TEXTS = pa.string(), pa.list_(pa.string())
EXAMPLE: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("example_id", "group", "prompt", "target"), _TEXT),
    "choices": _TEXTS,
    "gold": pa.int32(),
    **dict.fromkeys(("references", "segments", "contexts"), _TEXTS),
}
"""Columns of an example."""
_LISTS = tuple(name for name, kind in EXAMPLE.items() if kind == _TEXTS)
PROMPTS = pa.schema(
    [
        *((name, _TEXT) for name in ("task", "template", "template_hash")),
        ("position", pa.int32()),
        *EXAMPLE.items(),
    ]
)
"""Columns of a Parquet file; ``position`` ascends within task and template."""


def read_examples(prompts: Path, task: str, split: Split, template: str = MAIN) -> list[Example]:
    """Examples of a task and split in one wording, in their order; DataError: there are none."""
    wanted = [("task", "==", task), ("template", "==", template)]
    table = _read(prompts / f"{split}.parquet", list(EXAMPLE), filters=wanted)
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
    prompts: Path, task: str, weights: Mapping[str, float] = MappingProxyType({}), seed: int = 0
) -> Iterator[tuple[str, str]]:
    """(prompt, target) of the training examples of a task, in their order, each of them once.

    A task with many wordings weighs no more than one with a single wording: for each example one of
    those that word it is drawn (``tasks_to_text.mixture.draw_template``). ``lm_eval`` never is.
    ``weights``: template → how often; one that is not named weighs 1. An example of which every
    wording weighs 0 is left out. DataError when the task has no training examples, or no template
    of a name that is weighed.
    """
    known = templates_of(prompts, task, "train")
    if not known:
        raise _nothing(prompts, task, "train", MAIN)
    trained = [name for name in known if name != LM_EVAL]
    if unknown := sorted(set(weights) - set(trained)):
        raise DataError(
            f"template_weights[{task!r}]: there is no template {unknown[0]!r} to train on; its "
            f"templates are {', '.join(trained)}"
        )
    read = [name for name in trained if weights.get(name, 1.0)]
    if not read:
        raise ConfigError(
            f"template_weights[{task!r}]={dict(weights)}: one of them must weigh more than 0"
        )
    streams = [_worded(prompts, task, name) for name in read]
    for _, same in groupby(heapq.merge(*streams), itemgetter(0)):
        rows = {template: rest for _, template, *rest in same}
        example_id = next(iter(rows.values()))[0]
        shares = {template: weights.get(template, 1.0) for template in rows}
        _, prompt, target = rows[draw_template(example_id, shares, seed)]
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
    except (pa.ArrowInvalid, OSError, KeyError) as error:  # KeyError: columns of another version
        raise DataError(f"{path} cannot be read ({error}): delete its directory") from error
