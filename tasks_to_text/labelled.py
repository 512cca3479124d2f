"""From records of any source to labelled rows: the part that all kinds of tasks share.

A kind says what a record becomes (``Shape``); here it gets an id, a group and keys, records that
cannot be used are told apart by reason, and the whole becomes a ``Task``.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Required, TypedDict

from tasks_to_text.errors import ConfigError, DataError
from tasks_to_text.example import Example
from tasks_to_text.fields import Unusable, scalar
from tasks_to_text.source import Source
from tasks_to_text.task import Protocol, Rejected, Row, Split, Task, Template

_SHOWN = 60
"""Characters of a rejected record that a message shows."""
_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str)


class Common(TypedDict, total=False):
    """The arguments that every kind takes."""

    name: Required[str]
    """Lower-case words joined by ``_``; the key in tables, metrics and paths."""
    description: Required[str]
    """One sentence: what is asked, and where the right answers come from."""
    source: Required[Source]
    """Where the records are."""
    specimens: Required[Sequence[Row]]
    """One or more records, made up or real, with the fields of the source: what becomes of them is
    the version of the task's wording, and shows at once whether the task can be made."""
    columns: Sequence[str]
    """Columns that only functions of yours read; those named in other arguments are known."""
    id: str
    """Column with a unique id; "" (the default): a digest of the columns that were read."""
    group: str | Callable[[Row], str]
    """Column, or function, that says which records belong together (same article, same author):
    they are never divided between training and evaluation, and intervals are clustered by it. ""
    (the default): every record is on its own."""
    unseen: bool
    """True: no training reads the task, so that its score is zero-shot. Default False."""
    siblings: Sequence[str]
    """Names of tasks that have rows, or sentences of rows, in common with this one: where a model
    has learned from one of them, a score on this one is not called zero-shot."""
    metrics: Sequence[str]
    """Names of metrics, the headline first; by default those of the kind."""
    wordings: "Mapping[str, Wording]"
    """Other wordings of the same question, name → the arguments of the kind that differ, such as
    ``{"asked": {"question": "Is it good or bad?"}}``, or a function of the record that returns a
    ``Shape``. The wording of the call itself is ``main``; ``lm_eval`` is the name of one that
    writes a published task exactly as lm-evaluation-harness does: it is never trained on."""
    few_shot: int
    """Solved examples shown before every prompt when the task is scored. Default 0."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What a kind makes of a record: the fields of an Example, and what makes it itself."""

    prompt: str
    target: str
    segments: tuple[str, ...]
    choices: tuple[str, ...] = ()
    gold: int = -1
    references: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    key: str = ""
    """Two rows whose keys agree but for case and white space are one; "": the prompt."""


Reader = Callable[[Row], Shape]
"""What a kind makes of a record, in one wording."""
Wording = Mapping[str, Any] | Reader


@dataclass(frozen=True, slots=True)
class Built:
    """One wording of a kind, ready to read records, and the columns that its arguments name."""

    shape: Reader
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """What a kind of task fixes, whatever the dataset."""

    name: str
    protocol: Protocol
    metrics: tuple[str, ...]
    closed: bool = False


def make(
    kind: Kind,
    build: Callable[..., Built],
    *,
    baselines: Mapping[str, Callable[[Example], str]] | None = None,
    max_tokens: int = 32,
    top_k: int = 0,
    sentences: int = 0,
    symmetric: bool = False,
    **common: Any,
) -> Task:
    """The task of one kind: ``build()`` is its main wording, ``build(**changes)`` another one.

    Raises ConfigError when an argument is missing or unknown or a specimen is rejected.
    """
    _check_arguments(kind, common)
    name, id_, group = common["name"], common.get("id", ""), common.get("group", "")
    main, others = build(), _wordings(name, build, common.get("wordings", {}))
    also = [column for column in (id_, group) if isinstance(column, str) and column]
    named = [column for one in (main, *others.values()) for column in one.columns]
    columns = tuple(dict.fromkeys([*named, *also, *common.get("columns", ())]))
    raw = tuple(common["specimens"])
    to_rows = Rows(shape=main.shape, columns=columns, id=id_, group=group, raw=raw)
    task = Task(
        name=name,
        description=common["description"],
        kind=kind.name,
        source=common["source"],
        columns=columns,
        rows=to_rows,
        keys=lambda row: (row["key"],),
        template=_example,
        wordings={wording: _worded(one.shape) for wording, one in others.items()},
        specimens=_specimens(name, to_rows, columns if common.get("columns") else ()),
        protocol=kind.protocol,
        metrics=tuple(common.get("metrics", kind.metrics)),
        unseen=common.get("unseen", False),
        siblings=tuple(common.get("siblings", ())),
        closed=kind.closed,
        symmetric=symmetric,
        few_shot=common.get("few_shot", 0),
        baselines=baselines or {},
        max_tokens=max_tokens,
        top_k=top_k,
        sentences=sentences,
    )
    _check_wordings(task)
    return task


def _check_wordings(task: Task) -> None:
    """ConfigError when a wording makes nothing of a specimen."""
    for name, template in task.wordings.items():
        for row in task.specimens:
            try:
                template(row)
            except DataError as error:
                raise ConfigError(
                    f"task {task.name!r}: wordings[{name!r}] makes no example of a specimen: "
                    f"{error}; give it the columns that the specimens have"
                ) from error


def _wordings(
    name: str, build: Callable[..., Built], given: Mapping[str, Wording]
) -> dict[str, Built]:
    """Every other wording by its name; ConfigError for an argument that the kind does not have."""
    found = {}
    for wording, changes in given.items():
        if callable(changes):
            found[wording] = Built(changes, ())
            continue
        try:
            found[wording] = build(**changes)
        except TypeError as error:
            raise ConfigError(f"task {name!r}: wordings[{wording!r}]: {error}") from error
    return found


def _worded(shape: Reader) -> Template:
    """The template of another wording: it reads the record again."""

    def template(row: Row) -> Example:
        try:
            return _example({**row, "shape": shape(row["record"])})
        except Unusable as unusable:
            raise DataError(f"{unusable} ({unusable.about})") from unusable

    return template


def check_specimens(task: Task) -> None:
    """ConfigError when a function of the task reads a column that nobody names.

    Where ``columns`` are given, that shows when the task is made; but a task may yet become one of
    all columns, so others are only asked before their source is read.
    """
    if isinstance(task.rows, Rows):
        _specimens(task.name, task.rows, task.columns)


def draws_by(task: Task) -> object:
    """What decides where a record of a source that holds splits out belongs; "": all of it.

    That is the group or id that the task names, or, for a task of no kind, its own function.
    """
    rows = task.rows
    return (rows.group or rows.id) if isinstance(rows, Rows) else rows


def named_id(task: Task) -> str:
    """The column whose values come once in a split, if the task names one."""
    if isinstance(task.rows, Rows):
        return task.rows.id
    return "id" if "id" in task.columns else ""


def names_group(task: Task) -> bool:
    """Whether a person says what belongs together, in a source that people made."""
    if task.source.product:  # its splits are by group already
        return False
    return bool(task.rows.group) if isinstance(task.rows, Rows) else True


def digest(text: str) -> str:
    """16 hexadecimal digits that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Records of one split → labelled rows: of each record one row, or why there is none."""

    shape: Reader
    """What the kind makes of a record."""
    columns: tuple[str, ...]
    """Those that a record has; (): whatever the source has."""
    id: str
    """As in ``Common``."""
    group: str | Callable[[Row], str]
    """As in ``Common``."""
    raw: tuple[Row, ...]
    """The specimens, as they were given."""

    def __call__(self, records: Iterable[Row], split: Split) -> Iterator[Row | Rejected]:
        """The row of each record, in order."""
        for number, record in enumerate(records, start=1):
            try:
                yield self._row(record)
            except Unusable as unusable:
                shown = json.dumps(dict(record), ensure_ascii=False, default=str)[:_SHOWN]
                about = f"{unusable.about[:_SHOWN]}: " if unusable.about else ""
                where = f"record {number} of {split}: {about}{shown}"
                yield Rejected(reason=str(unusable), where=where)

    def _row(self, record: Row) -> Row:
        read = _Read(record)
        shape = self.shape(read)
        id_ = _name(self.id, read) if self.id else read.digest()
        key = " ".join((shape.key or shape.prompt).casefold().split())
        return {
            "id": id_,
            "group": _name(self.group, read) if self.group else id_,
            "key": digest(key),
            "shape": shape,
            "record": record,
        }


class _Read(Mapping[str, Any]):
    """A record that remembers which columns were read: only they are what its row is made of,
    whatever else the source, or another task of the same source, has in it.
    """

    __slots__ = ("_columns", "_record")

    def __init__(self, record: Row) -> None:
        self._record = record
        self._columns: set[str] = set()

    def __getitem__(self, column: str) -> Any:
        self._columns.add(column)
        return self._record[column]

    def get(self, column: str, default: Any = None) -> Any:
        """As of any mapping; that of the base class tries and catches, which takes its time."""
        self._columns.add(column)
        return self._record.get(column, default)

    def __iter__(self) -> Iterator[str]:
        self._columns.update(self._record)
        return iter(self._record)

    def __len__(self) -> int:
        return len(self._record)

    def digest(self) -> str:
        """Of the columns read so far."""
        content = {column: self._record.get(column) for column in self._columns}
        return digest(_CANONICAL.encode(content))


def _name(field: str | Callable[[Row], str], record: Row) -> str:
    found = scalar(field, record)
    if not found:
        raise Unusable("field empty")
    return found


def _example(row: Row) -> Example:
    """The template of every kind: the words are already in the row's shape."""
    shape: Shape = row["shape"]
    return Example(
        example_id=row["id"],
        group=row["group"],
        prompt=shape.prompt,
        target=shape.target,
        choices=shape.choices,
        gold=shape.gold,
        references=shape.references,
        segments=shape.segments,
        contexts=shape.contexts,
    )


def _specimens(name: str, rows: Rows, named: Sequence[str]) -> tuple[Row, ...]:
    """The rows of the specimens cut to the named columns, as records are; (): not cut."""
    made = []
    cut = [{key: row[key] for key in named if key in row} if named else row for row in rows.raw]
    for row in rows(cut, "train"):
        if isinstance(row, Rejected):
            raise ConfigError(
                f"task {name!r}: a specimen is rejected, {row.reason} ({row.where}); give records "
                f"as the source has them, with the columns {', '.join(rows.columns)}, and name in "
                "columns what only functions read"
            )
        made.append(row)
    return tuple(made)


def _check_arguments(kind: Kind, common: Mapping[str, Any]) -> None:
    title = f"{kind.name} task {common.get('name', '')!r}"
    if missing := sorted(Common.__required_keys__ - set(common)):
        raise ConfigError(f"{title}: {', '.join(missing)} missing")
    if unknown := sorted(set(common) - set(Common.__annotations__)):
        known = ", ".join(sorted(Common.__annotations__))
        raise ConfigError(f"{title}: unknown argument {', '.join(unknown)}; also known are {known}")
    for argument, (fits, wanted) in _FITS.items():
        if argument in common and not fits(common[argument]):
            raise ConfigError(f"{title}: {argument}={common[argument]!r:.80}; give {wanted}")


def _is_names(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _is_records(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, Mapping) for one in value)


_FITS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda value: isinstance(value, str), "text, lower-case words joined by '_'"),
    "description": (lambda value: isinstance(value, str), "one sentence, as text"),
    "source": (lambda value: isinstance(value, Source), "a Source(...)"),
    "specimens": (_is_records, "a list of records, such as [{'text': 'A text.', 'label': 'a'}]"),
    "columns": (_is_names, "a tuple of names"),
    "id": (lambda value: isinstance(value, str), "the name of a column, as text"),
    "group": (lambda value: isinstance(value, str) or callable(value), "a column or a function"),
    "unseen": (lambda value: isinstance(value, bool), "True or False"),
    "siblings": (_is_names, "a tuple of names"),
    "metrics": (_is_names, "a tuple of names"),
    "wordings": (
        lambda value: (
            isinstance(value, Mapping)
            and all(callable(one) or isinstance(one, Mapping) for one in value.values())
        ),
        "a dictionary, name → the arguments that differ",
    ),
    "few_shot": (lambda value: isinstance(value, int) and value >= 0, "a number, 0 or more"),
}
"""Argument → what it must be, and how to say so."""
