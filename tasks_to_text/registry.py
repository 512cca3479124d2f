"""Every task by its name: one explicit table."""

import difflib
from types import MappingProxyType

from tasks_to_text.errors import UnknownName
from tasks_to_text.task import Task
from tasks_to_text.tasks.documentation import PACKAGE, PARAMETER_TYPE
from tasks_to_text.tasks.sentence_order import SENTENCE_ORDER

TASKS = MappingProxyType({task.name: task for task in (PACKAGE, PARAMETER_TYPE, SENTENCE_ORDER)})


def names() -> tuple[str, ...]:
    """Names of all tasks, sorted."""
    return tuple(sorted(TASKS))


def get(name: str) -> Task:
    """The task of that name; UnknownName suggests near ones."""
    if name in TASKS:
        return TASKS[name]
    near = difflib.get_close_matches(name, names(), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(names())}"
    raise UnknownName(f"no task is called {name!r}: {hint}")
