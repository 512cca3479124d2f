"""How much text a profile reads, from the sizes of files alone: nothing is opened.

Compressed files are taken as several times as large; the installed documentation is estimated from
the sizes of the source files that the distributions list. What is on the Hub has no size here.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flows.places import places
from flows.profiles import Profile
from gptcore.corpus.documentation import DocumentationConfig
from gptcore.corpus.installed import find
from gptcore.errors import GptcoreError
from tasks_to_text.errors import TasksToTextError
from tasks_to_text.source import Source
from tasks_to_text.sources import files, locate
from tasks_to_text.task import SPLITS, Split, Task

BYTES_PER_TOKEN = 3.0
"""Of English with a vocabulary of 4,096: 3.07; larger vocabularies have more."""
_GROWTH = {".zst": 4.0, ".gz": 3.5, ".parquet": 3.0}
"""Bytes of text per byte of a file, by suffix."""
_DOCSTRING_SHARE = 0.144
"""Bytes of documentation per byte of source files, of the quickstart's distributions."""
_SPECIMEN_GROWTH = 3
"""Real prompts are about three times as long as specimens, over the tasks of the quickstart."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Volumes:
    """Bytes of text, and what will be scored."""

    documentation: int
    """Of the installed documentation, read as corpus or for tasks; 0: it is not read."""
    corpora: Mapping[str, int | None]
    """Corpus → bytes; None: on the Hub, not known."""
    tasks: Mapping[str, int | None]
    """Task → bytes of its source."""
    rows: Mapping[str, int]
    """Task → examples of all splits, at most."""
    scored: Mapping[str, int]
    """Task → tokens that a model reads to be scored on validation and test."""
    missing: tuple[str, ...]
    """Sources that cannot be read, each with the reason."""

    @property
    def corpus(self) -> int | None:
        """Bytes of all corpora; None: one of them is not known."""
        known = [size for size in self.corpora.values() if size is not None]
        return sum(known) if len(known) == len(self.corpora) else None

    @property
    def texts(self) -> int:
        """Bytes of the corpora that are not the documentation, as far as they are known."""
        return sum(size or 0 for name, size in self.corpora.items() if name != "documentation")

    @property
    def largest(self) -> int:
        """Bytes of the largest collection that one stage holds."""
        tasks = [size or 0 for size in self.tasks.values()]
        return max([self.documentation, self.texts, *tasks])


def volumes(profile: Profile) -> Volumes:
    """The volumes of a profile; what cannot be found is listed in ``missing``."""
    search = _Search()
    documented = search.documentation(profile.documentation)
    corpora: dict[str, int | None] = {"documentation": documented}
    if not profile.reads_documentation:
        corpora.clear()
    corpora |= {name: search.size(corpus.source) for name, corpus in profile.corpora.items()}
    tasks: dict[str, int | None] = {
        task.name: documented
        if task.source.product == "documentation"
        else search.size(task.source)
        for task in profile.tasks
    }
    return Volumes(
        documentation=documented,
        corpora=corpora,
        tasks=tasks,
        rows={
            task.name: sum(_rows(profile, task, split, tasks[task.name]) for split in SPLITS)
            for task in profile.tasks
        },
        scored={task.name: _scored(profile, task, tasks[task.name]) for task in profile.tasks},
        missing=search.missing(),
    )


class _Search:
    """Looks sources up, and remembers what was not there."""

    def __init__(self) -> None:
        self._places = places({})
        self._missing: list[str] = []
        self._not_pinned: list[str] = []

    def documentation(self, config: DocumentationConfig | None) -> int:
        """Bytes of documentation, from the lists of files of its distributions."""
        if config is None:
            return 0
        try:
            lists = [one.read_text("RECORD") or "" for one in find(config.distributions)]
        except GptcoreError as error:
            self._missing.append(str(error))
            return 0
        rows = (row for text in lists for row in csv.reader(text.splitlines()))
        sizes = (int(row[2]) for row in rows if row and row[0].endswith(".py") and row[2])
        return int(_DOCSTRING_SHARE * sum(sizes))

    def size(self, source: Source) -> int | None:
        """Bytes of text of a source; None: on the Hub. 0 for a product, or what is not there."""
        if source.product:
            return 0
        try:
            if locate(source, self._places) is None:
                if not source.revision:
                    self._not_pinned.append(source.name)
                return None
            return sum(map(_text_bytes, files(source, self._places)))
        except TasksToTextError as error:
            self._missing.append(str(error))
            return 0

    def missing(self) -> tuple[str, ...]:
        """One sentence for each thing that is missing."""
        found = list(dict.fromkeys(self._missing))
        if names := ", ".join(dict.fromkeys(self._not_pinned)):
            found.append(
                f"source {names}: nobody has verified a revision of the Hub's, so give a mirror "
                "with --data DIR, or pin one"
            )
        return tuple(found)


def _text_bytes(path: Path) -> int:
    return int(path.stat().st_size * _GROWTH.get(path.suffix.lower(), 1.0))


def _rows(profile: Profile, task: Task, split: Split, size: int | None) -> int:
    """Examples of a split, at most: the limit, or what a file of this size can hold."""
    if split not in task.source.all_splits:
        return 0
    limit = profile.convert.limit(task.name, split)
    if not size or task.source.product:
        return limit
    share = task.source.hold_out.get(split, 1.0)
    return min(limit, int(share * size / max(1, _prompt_bytes(task))) + 1)


def _scored(profile: Profile, task: Task, size: int | None) -> int:
    """Tokens of prompts and answers of the splits that are scored; a context at most for each."""
    length = profile.model.context_length
    items = sum(_rows(profile, task, split, size) for split in profile.evaluation.splits)
    one = task.template(task.specimens[0])
    if task.protocol == "generation":
        answers = task.max_tokens * BYTES_PER_TOKEN
    else:
        growth = 1 if task.closed else _SPECIMEN_GROWTH
        answers = growth * sum(len(text.encode()) for text in (one.choices or (one.target,)))
    shots = profile.evaluation.shots_of(task)
    solved = shots * (_prompt_bytes(task) + len(one.target.encode()))
    tokens = (solved + _prompt_bytes(task) + answers) / BYTES_PER_TOKEN
    items *= len(profile.evaluation.wordings(task))
    return int(items * min(tokens, length * max(1, len(one.choices))))


def _prompt_bytes(task: Task) -> int:
    """Bytes of a real prompt, about."""
    return _SPECIMEN_GROWTH * len(task.template(task.specimens[0]).prompt.encode())
