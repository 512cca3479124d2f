"""The exceptions of tasks_to_text.

    TasksToTextError
    ├── ConfigError (also ValueError)   an argument or a combination that cannot work
    ├── UnknownName (also ValueError)   no task or template of that name; near ones are suggested
    └── DataError (also ValueError)     rows that cannot become examples

Every message names the field, its value and the remedy.
"""


class TasksToTextError(Exception):
    """Root of everything that tasks_to_text raises on purpose."""


class ConfigError(TasksToTextError, ValueError):
    """A configuration that cannot work."""


class UnknownName(TasksToTextError, ValueError):
    """A task or template that is not registered."""


class DataError(TasksToTextError, ValueError):
    """Rows that cannot become examples."""
