"""Every shipped task by its name: one explicit table. A project adds tasks of its own names."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from tasks_to_text.errors import ConfigError, UnknownName
from tasks_to_text.task import Task
from tasks_to_text.tasks import quickstart, reference

TASKS: Mapping[str, Task] = MappingProxyType(
    {task.name: task for task in (*quickstart.TASKS, *reference.TASKS)}
)
_NO_TASKS: Mapping[str, Task] = MappingProxyType({})


def names(extra: Mapping[str, Task] = _NO_TASKS) -> tuple[str, ...]:
    """Names of all tasks, shipped and ``extra``, sorted."""
    return tuple(sorted({*TASKS, *extra}))


def get(name: str, extra: Mapping[str, Task] = _NO_TASKS) -> Task:
    """The task of that name, shipped or ``extra``; UnknownName suggests near ones.

    ConfigError when an extra task has the name of a shipped one.
    """
    if shadowed := sorted(set(TASKS) & set(extra)):
        raise ConfigError(
            f"tasks {', '.join(shadowed)} of the project: shipped tasks have these names; choose "
            "others"
        )
    for known in (TASKS, extra):
        if name in known:
            return known[name]
    everything = names(extra)
    near = difflib.get_close_matches(name, everything, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(everything)}"
    raise UnknownName(f"no task is called {name!r}: {hint}")
