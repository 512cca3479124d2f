"""Somebody else's corpora and evaluations: files of any format, without a profile or workspace.

What cannot be read cannot be called clean: rows that are bad are counted and told, and too many of
them in one file (1 %) are an error. A text file that is larger than a document may be is read in
parts, which overlap by as many words as no overlap can be missed with.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from flows.errors import ConfigError
from flows.places import places
from flows.project import find_project
from tasks_to_text import registry
from tasks_to_text.contamination import CHECK, EvaluationText, item_text
from tasks_to_text.convert import ConvertConfig, convert
from tasks_to_text.errors import DataError
from tasks_to_text.files import readable_files
from tasks_to_text.grams import normalised
from tasks_to_text.records import (
    DOCUMENTS,
    FORMATS,
    MAX_FIELD_BYTES,
    Bad,
    Tally,
    format_of,
    read_file,
)
from tasks_to_text.store import read_examples, splits_of
from tasks_to_text.task import Task

TEXTS = "texts"
"""What stands for the split of a file of evaluation texts."""
_NOT_TEXT = "field is not text"
_MAX_BAD_SHARE = 0.01
_NO_LIMIT = 1 << 40
_PART = 1 << 20
"""Characters of a part of a large text file."""


class ForeignCorpus:
    """Documents of files and directories, in the order of their names, read once."""

    def __init__(self, paths: Sequence[Path], column: str) -> None:
        """ConfigError when there is nothing to read, before anything is read."""
        self._column = column
        found = [one for root in paths for one in _below(root)]
        self._files = list(zip((path for path, _ in found), _names(found), strict=True))
        self._sizes = [path.stat().st_size for path, _ in self._files]
        self.total = sum(self._sizes)
        """Bytes of all files, as they are on the disk."""
        self.done = 0
        """Bytes of the files that have been read to their end."""
        self.file = ""
        """The one that is being read."""
        self.tally = Tally()

    def documents(self) -> Iterator[tuple[str, str]]:
        """(id, text): the file's name, and for rows their own ``id`` or number after ``#``.

        DataError when too many rows of one file are bad.
        """
        for (path, name), size in zip(self._files, self._sizes, strict=True):
            self.file, own = name, Tally()
            large = format_of(path) in DOCUMENTS and size > MAX_FIELD_BYTES
            parts = _parts(path, name) if large and path.suffix.lower() in DOCUMENTS else None
            yield from parts or self._rows(path, name, own)
            self.tally.merge(own)
            own.check(_MAX_BAD_SHARE, f"corpus {path}")
            self.done += size

    def _rows(self, path: Path, name: str, tally: Tally) -> Iterator[tuple[str, str]]:
        is_text = format_of(path) in DOCUMENTS
        columns = ["text"] if is_text else [self._column]
        for id_, values in _records(path, name, columns, tally):
            yield name if is_text else f"{name}#{id_}", values[0]


def evaluation_texts(
    named: Sequence[str], columns: Sequence[str], seed: int = 0
) -> list[EvaluationText]:
    """The items of shipped or project tasks, by their names, and of files of texts.

    Of tasks the validation and test items, all that there are; of a file every row, its ``columns``
    joined by line ends. ConfigError for what is neither, DataError when something cannot be read.
    """
    if len(set(named)) < len(named):
        raise ConfigError(f"--tasks {' '.join(named)}: name each once")
    paths = [Path(name) for name in named if format_of(Path(name)) or Path(name).exists()]
    tasks = [_evaluated(name) for name in named if Path(name) not in paths]
    found = [*_task_texts(tasks, seed)]
    for path, name in zip(paths, _names([(path, path.name) for path in paths]), strict=True):
        found += _file_texts(path, name, columns)
    return found


def _evaluated(name: str) -> Task:
    """A task whose source is read for its evaluation splits only, unless they are drawn of train.

    ConfigError for one that the pipeline makes itself, which only its own stage can check.
    """
    project = find_project()
    task = registry.get(name, project.tasks if project else {})
    source = task.source
    if source.product:
        raise ConfigError(
            f"--tasks {name}: is made from what is installed, by a profile: name a task with a "
            "source of its own, or a file"
        )
    if source.hold_out:
        return task
    splits = {ours: theirs for ours, theirs in source.given_splits.items() if ours != "train"}
    if not splits:
        raise ConfigError(f"--tasks {name}: it has a training split alone, nothing to check")
    return replace(task, source=replace(source, splits=splits))


def _task_texts(tasks: Sequence[Task], seed: int) -> Iterator[EvaluationText]:
    if not tasks:
        return
    config = ConvertConfig(
        tasks=tuple(task.name for task in tasks),
        max_validation=_NO_LIMIT,
        max_test=_NO_LIMIT,
        seed=seed,
    )
    with tempfile.TemporaryDirectory(prefix="generalist-") as aside:
        convert(config, tasks, places({}), Path(aside))
        for task in tasks:
            for split in splits_of(Path(aside), task.name):
                for example in read_examples(Path(aside), task.name, split):
                    if split != "train":
                        yield EvaluationText(
                            task=task.name,
                            split=split,
                            example_id=example.example_id,
                            group=example.group,
                            text=item_text(example),
                        )


def _file_texts(path: Path, name: str, columns: Sequence[str]) -> list[EvaluationText]:
    tally, own = Tally(), ["text"] if format_of(path) in DOCUMENTS else columns
    found = [
        EvaluationText(task=name, split=TEXTS, example_id=id_, group=id_, text="\n".join(values))
        for id_, values in _records(path, path.name, own, tally)
    ]
    tally.check(0.0, f"--tasks {path}")
    if not found:
        raise DataError(f"--tasks {path}: there is no text in it")
    return found


def _records(
    path: Path, name: str, columns: Sequence[str], tally: Tally
) -> Iterator[tuple[str, list[str]]]:
    """Id, or number from 1, and columns of every good record; ids may repeat."""
    for number, record in enumerate(read_file(path, name, columns), start=1):
        if isinstance(record, Bad):
            tally.add(record)
            continue
        values: list[Any] = [record[column] for column in columns]
        if not all(isinstance(value, str) for value in values):
            shown = f"{name}, record {number}: {columns[0]}={values[0]!r:.60}"
            tally.add(Bad(reason=_NOT_TEXT, where=shown))
            continue
        tally.kept += 1
        yield str(record.get("id") or number), values


def _names(files: Sequence[tuple[Path, str]]) -> list[str]:
    """What files are called: by their short names, or, where two share theirs, by their paths."""
    shared = Counter(name for _, name in files)
    return [path.as_posix() if shared[name] > 1 else name for path, name in files]


def _below(root: Path) -> list[tuple[Path, str]]:
    """The files that a path means, with their names."""
    if root.is_dir():
        found = [(path, path.relative_to(root).as_posix()) for path in readable_files(root)]
        if not found:
            raise ConfigError(f"--corpus {root}: no file in it has one of {', '.join(FORMATS)}")
        return found
    if not root.is_file():
        raise ConfigError(f"--corpus {root}: there is no such file or directory")
    if not format_of(root):
        raise ConfigError(f"--corpus {root}: use {', '.join(FORMATS)}, also as .gz or .zst")
    return [(root, root.name)]


def _parts(path: Path, name: str) -> Iterator[tuple[str, str]]:
    """A large text in parts; each begins with the last words of the one before."""
    before, number = "", 0
    with path.open(encoding="utf-8", errors="replace") as file:
        while block := file.read(_PART):
            number += 1
            yield f"{name}#part {number}", before + block
            before = _last_words(before + block)


def _last_words(text: str) -> str:
    """The end of a text, with all words that a run across it may have on this side and one more,
    which the end of the part may have cut.
    """
    size = 256
    while size < len(text) and len(normalised(text[-size:]).split(" ")) <= CHECK + 1:
        size *= 2
    return text[-size:]
