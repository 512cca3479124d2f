"""Whether tasks that read the same rows agree on which of them training must not see."""

from collections.abc import Sequence

from tasks_to_text.errors import ConfigError
from tasks_to_text.files import layout
from tasks_to_text.labelled import draws_by
from tasks_to_text.sources import Places, locate
from tasks_to_text.task import Task


def check_held_out(tasks: Sequence[Task], places: Places) -> None:
    """ConfigError when two tasks divide the rows of one file, or dataset, in different ways."""
    first: dict[str, Task] = {}
    for task in tasks:
        for place in _drawn_from(task, places):
            other = first.setdefault(place, task)
            if other.source.hold_out != task.source.hold_out:
                shares = [dict(one.source.hold_out) for one in (other, task)]
                raise ConfigError(
                    f"tasks {other.name!r} and {task.name!r} train on {place}, with "
                    f"hold_out={shares[0]} and {shares[1]}: give both the same, or one would learn "
                    "what the other is tested on"
                )
            if task.source.hold_out and draws_by(other) != draws_by(task):
                raise ConfigError(
                    f"tasks {other.name!r} and {task.name!r} hold rows of {place} out, but by "
                    f"{_said(other)} and by {_said(task)}: give both the same group (and id), or "
                    "one would learn what the other is tested on"
                )


def _drawn_from(task: Task, places: Places) -> list[str]:
    """The files, or the dataset, that a task trains on; [] for those that never train."""
    source = task.source
    if source.product or (task.unseen and not source.hold_out):
        return []
    root = locate(source, places)
    if root is None:
        named = source.given_splits.get("train")
        return [" ".join(filter(None, (source.hub, source.config, named)))] if named else []
    return [str(path.resolve()) for path in layout(source, root).get("train", [])]


def _said(task: Task) -> str:
    by = draws_by(task)
    return (repr(by) if isinstance(by, str) else "a function") if by else "the whole record"
