"""Labelled datasets → examples → ``prompts.duckdb`` and Parquet: a stage without a pipeline.

Tasks that name the same source share one reading of it: of every split the records are read once,
every such task makes its examples from them, and when the next one is read they are let go. A task
sees the columns that it declares and no others, so it makes the same alone and beside others.

Of a source that holds splits out, tasks must divide the rows alike, or one would train on what
another is tested on: by the group or id that they all name, else by the whole record. What was bad
in its records is counted with train.

Every row becomes an example in each of the task's wordings. A row that the main wording cannot word
is bad, and is no example at all; one that another wording cannot word is left out of that wording
alone, and counted there.

In memory are the records and labelled rows of one split, because they are shuffled and compared
with one another: about 2 kB a row of two sentences (benchmarks/conversion.py). Examples are
written as they are made, and never all there.
"""

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tasks_to_text.errors import ConfigError, DataError, TasksToTextError
from tasks_to_text.held_out import Ids, drawn, record_key
from tasks_to_text.labelled import check_specimens, draws_by, named_id, names_group
from tasks_to_text.prompts_writer import Origin, PromptsWriter
from tasks_to_text.selection import apart, select
from tasks_to_text.shared_rows import check_held_out
from tasks_to_text.sources import Places, iter_records, splits
from tasks_to_text.tally import DUPLICATE_ID, MISSING, Bad, Tally
from tasks_to_text.task import MAIN, SPLITS, Rejected, Row, Split, Task
from tasks_to_text.worded import Wording

Progress = Callable[[int, int, str], None]
"""(done, total, what)."""

_SHOWN = 60
"""Characters of a bad record that a message shows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConvertConfig:
    """Which tasks become examples, and how many. Raises ConfigError."""

    tasks: tuple[str, ...]
    """Names of the tasks; the order is that of the Parquet files."""
    max_train: int = 30_000
    """Training examples per task, at most."""
    max_validation: int = 1000
    """Validation examples per task, at most."""
    max_test: int = 1500
    """Test examples per task, at most."""
    limits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Task → split → examples, at most: instead of the three above."""
    seed: int = 0
    """Of the shuffle that decides which rows stay under a limit."""

    def __post_init__(self) -> None:
        if not self.tasks:
            raise ConfigError("tasks=(): name at least one task")
        if len(set(self.tasks)) != len(self.tasks):
            raise ConfigError(f"tasks={self.tasks}: name each task once")
        for name in ("max_train", "max_validation", "max_test"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must be at least 1")
        for task, by_split in self.limits.items():
            if task not in self.tasks or not set(by_split) <= set(SPLITS):
                raise ConfigError(
                    f"limits[{task!r}]={dict(by_split)}: name one of the tasks, and splits "
                    f"out of {', '.join(SPLITS)}"
                )
            if min(by_split.values(), default=1) < 1:
                raise ConfigError(f"limits[{task!r}]={dict(by_split)}: must be at least 1")

    def limit(self, task: str, split: Split) -> int:
        """Examples of a task in a split, at most."""
        common = {
            "train": self.max_train,
            "validation": self.max_validation,
            "test": self.max_test,
        }
        return self.limits.get(task, {}).get(split, common[split])


def convert(
    config: ConvertConfig,
    tasks: Sequence[Task],
    places: Places,
    out: Path,
    progress: Progress = lambda done, total, what: None,
) -> dict[str, Any]:
    """Write the examples of every task into ``out``, an existing, empty directory.

    ``tasks`` are those that ``config`` names, in that order. Returns counts: ``examples``, and by
    task ``template_hash``, ``source``, ``licence``, ``revision`` and, for each split that it has,
    ``records`` read, ``bad`` ones by reason, labelled ``rows``, those ``dropped`` by reason,
    ``examples`` and their ``groups``; for a task of several wordings also, by ``templates``, the
    ``hash`` of each and, for each split, its ``examples`` and those ``left_out`` by reason.
    DataError when a source cannot be read, too many of its
    records are bad, or a task finds fewer than two groups in a split, in whatever wording (no
    interval could be computed); then ``out`` is left empty.
    """
    if (given := tuple(task.name for task in tasks)) != config.tasks:
        raise ConfigError(f"tasks={given}: must be those of the configuration, {config.tasks}")
    for task in tasks:
        check_specimens(task)
    check_held_out(tasks, places)
    plan = [_Shared(of, splits(of[0].source, places)) for of in _by_source(tasks)]
    total = sum(len(shared.tasks) * len(shared.splits) for shared in plan)
    made = {task.name: _Made(task=task) for task in tasks}
    done = 0
    with _without_collector(), PromptsWriter(out) as writer:
        for shared in plan:
            for task, split, reading in _readings(shared, places):
                progress(done, total, f"{task.name}, {split}")
                _convert_split(made[task.name], config, split, reading, writer)
                done += 1
        progress(total, total, "writing")
        writer.finish([one.origin() for one in made.values()])
    return {
        "examples": sum(one.n_examples for one in made.values()),
        "tasks": {name: one.counts for name, one in made.items()},
    }


@contextmanager
def _without_collector() -> Iterator[None]:
    """Rows hold no cycles, and a garbage collector would walk millions of them again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(frozen=True, slots=True)
class _Shared:
    """Tasks with the same source, and its splits."""

    tasks: list[Task]
    splits: tuple[Split, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The records of a split of a source, and what was bad among them."""

    records: list[Row]
    tally: Tally
    keys: list[str]
    """What each record is drawn by where that is the whole of it; []: tasks know their groups."""


class _Made:
    """What has become of a task so far."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.taken: set[str] = set()
        self.groups: set[str] = set()
        self.n_examples = 0
        self.n_records: dict[Split, int] = {}
        source = task.source
        self.counts: dict[str, Any] = {
            "template_hash": task.template_hash,
            "source": source.name,
            "licence": source.licence,
            "revision": source.revision or ("unverified" if source.hub else ""),
        }

    def origin(self) -> Origin:
        """As the store takes it."""
        return Origin(
            task=self.task,
            source_name=self.counts["source"],
            licence=self.counts["licence"],
            revision=self.counts["revision"],
            n_records=self.n_records,
        )


def _by_source(tasks: Sequence[Task]) -> list[list[Task]]:
    """Tasks with equal sources together, in the order of the first of them."""
    shared: dict[str, list[Task]] = {}
    for task in tasks:
        shared.setdefault(json.dumps(asdict(task.source), sort_keys=True), []).append(task)
    return list(shared.values())


def _readings(shared: _Shared, places: Places) -> Iterator[tuple[Task, Split, _Reading]]:
    """Every task and split with the records to convert; a split is read once for all tasks."""
    source = shared.tasks[0].source
    train: _Reading | None = None
    for split in shared.splits:
        if split in source.hold_out and train is not None:
            reading = train
        else:
            reading = _read(shared.tasks, split, places)
        train = reading if split == "train" and source.hold_out else train
        for task in shared.tasks:
            yield task, split, reading


def _read(tasks: Sequence[Task], split: Split, places: Places) -> _Reading:
    source, tally = tasks[0].source, Tally()
    by_record = bool(source.hold_out) and not draws_by(tasks[0])
    columns = sorted({column for task in tasks for column in task.columns})
    whole = by_record or not all(task.columns for task in tasks)
    rows, keys = [], []
    for record in iter_records(
        source, split, columns=columns, places=places, tally=tally, whole=whole, lenient=True
    ):
        rows.append(record)
        if by_record:
            keys.append(record_key(record))
    return _Reading(rows, tally, keys)


def _convert_split(
    made: _Made, config: ConvertConfig, split: Split, reading: _Reading, writer: PromptsWriter
) -> None:
    """Examples and counts of one split; call it in order, because earlier splits claim their keys.

    The share of bad records is checked where they are read: for what is held out, in train.
    """
    task, shares = made.task, made.task.source.hold_out
    tally = replace(
        reading.tally,
        reasons=dict(reading.tally.reasons),
        examples=list(reading.tally.examples),
    )
    rows, n_records = _rows(task, split, reading, tally), len(reading.records)
    if _is_drawn(task, split):
        n_records = len(rows)
    if split in shares:
        tally = Tally(kept=len(rows))
    found, together = apart(rows, made.groups, named=names_group(task))
    n_rows, limit = len(rows), config.limit(task.name, split)
    del rows  # what is not selected may go
    chosen = select(task, split, found, taken=made.taken, limit=limit, seed=config.seed)
    del found
    dropped = {**together, **chosen.dropped}
    main = Wording(task, split, MAIN)
    n_examples = writer.add(task, split, MAIN, main.examples(enumerate(chosen.rows), tally))
    tally.check(task.source.max_bad_share, f"task {task.name!r}, split {split!r}")
    main.check_groups(f"dropped: {dropped}")
    made.n_examples += n_examples
    made.n_records[split] = n_records
    made.counts[split] = {
        "records": n_records,
        "bad": dict(sorted(tally.reasons.items())),
        "rows": n_rows,
        "dropped": dropped,
        "examples": n_examples,
        "groups": len(main.groups),
    }
    _reword(made, split, main.made, writer)


def _reword(
    made: _Made, split: Split, rows: Sequence[tuple[int, Row]], writer: PromptsWriter
) -> None:
    """The examples of a split in the task's other wordings, and what they cannot word."""
    for name in made.task.wordings:
        left_out, wording = Tally(), Wording(made.task, split, name)
        n = writer.add(made.task, split, name, wording.examples(rows, left_out))
        wording.check_groups(f"left out: {left_out.reasons}")
        of = made.counts.setdefault("templates", {}).setdefault(
            name, {"hash": made.task.hash_of(name)}
        )
        of[split] = {"examples": n, "left_out": dict(sorted(left_out.reasons.items()))}


def _is_drawn(task: Task, split: Split) -> bool:
    """Whether a split gets only a part of the records."""
    shares = task.source.hold_out
    return bool(shares) and (split == "train" or split in shares)


def _rows(task: Task, split: Split, reading: _Reading, tally: Tally) -> list[Row]:
    """The labelled rows of a task in a split; records it cannot use go into the tally."""
    own = _own(task, split, reading.records, tally)
    found = _labelled(task, split, list(own.values()), tally)
    if not _is_drawn(task, split):
        return [row for row in found if row is not None]
    if reading.keys:  # then the task is of a kind, and each of its rows is of one record
        keys = [reading.keys[number] for number in own]
    else:
        keys = ["" if row is None else row["group"] for row in found]
    drawn_by = zip(found, keys, strict=True)
    shares = task.source.hold_out
    return [row for row, key in drawn_by if row is not None and drawn(key, shares) == split]


def _own(task: Task, split: Split, records: Sequence[Row], tally: Tally) -> dict[int, Row]:
    """Number → record as a task sees it; what lacks a column or repeats an id goes in the tally."""
    found: dict[int, Row] = {}
    ids, column, wanted = Ids(), named_id(task), frozenset(task.columns)
    for number, record in enumerate(records):
        if not wanted <= record.keys():
            missing = ", ".join(name for name in task.columns if name not in record)
            about = f"no {missing}; it has {', '.join(record)[:_SHOWN]}"
            tally.reject(Bad(reason=MISSING, where=f"record {number + 1} of {split}: {about}"))
        elif column and not ids.add(record[column]):
            about = f"{column}={record[column]!r:.{_SHOWN}}"
            tally.reject(Bad(reason=DUPLICATE_ID, where=f"record {number + 1} of {split}: {about}"))
        elif not wanted or len(wanted) == len(record):
            found[number] = record
        else:
            found[number] = {name: record[name] for name in task.columns}
    return found


def _labelled(task: Task, split: Split, records: Sequence[Row], tally: Tally) -> list[Row | None]:
    """What the rows function of a task makes; None: rejected, and counted in the tally."""
    rows: list[Row | None] = []
    try:
        for row in task.rows(records, split):
            if isinstance(row, Rejected):
                tally.reject(row)
                rows.append(None)
            elif isinstance(row.get("id"), str) and isinstance(row.get("group"), str):
                rows.append(row)
            else:
                raise DataError(
                    f"task {task.name!r}: its rows need id and group as text; got {dict(row)!r:.80}"
                )
    except TasksToTextError:
        raise
    except Exception as error:  # a function of the user's own: say which, and where
        raise DataError(
            f"task {task.name!r}, split {split!r}: its rows function failed after {len(rows)} rows "
            f"({type(error).__name__}: {error}); let it yield Rejected for what it cannot use"
        ) from error
    return rows
