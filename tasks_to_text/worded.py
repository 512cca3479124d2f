"""One wording of the rows of a split: examples, what cannot be worded, and whose rows they were."""

from collections.abc import Iterable, Iterator

from tasks_to_text.errors import DataError
from tasks_to_text.example import Example
from tasks_to_text.fields import Unusable
from tasks_to_text.tally import Tally
from tasks_to_text.task import MAIN, Rejected, Row, Split, Task

NO_EXAMPLE = "no example"
"""Reason of a row whose template makes something that cannot be an Example."""


class Wording:
    """Words the rows of a split, and remembers which. DataError for a template that fails."""

    def __init__(self, task: Task, split: Split, name: str) -> None:
        self._about = f"task {task.name!r}, split {split!r}"
        self._about += f", template {name!r}" if name != MAIN else ""
        self._template = task.templates[name]
        self.groups: set[str] = set()
        """Of the examples that were made."""
        self.made: list[tuple[int, Row]] = []
        """Rows that it worded, with their places."""

    def examples(
        self, rows: Iterable[tuple[int, Row]], tally: Tally
    ) -> Iterator[tuple[int, Example]]:
        """Place and example of each row, in order; what it cannot word goes into the tally."""
        for place, row in rows:
            example = self._example(row, tally)
            if example is not None:
                self.groups.add(example.group)
                self.made.append((place, row))
                yield place, example

    def check_groups(self, lost: str) -> None:
        """DataError when no interval could be computed."""
        if len(self.groups) < 2:
            raise DataError(
                f"{self._about}: {len(self.made)} examples from {len(self.groups)} groups "
                f"({lost}); give its source more groups, or leave the task out"
            )

    def _example(self, row: Row, tally: Tally) -> Example | None:
        try:
            return self._template(row)
        except DataError as error:
            cause = error.__cause__
            reason = str(cause) if isinstance(cause, Unusable) else NO_EXAMPLE
            tally.reject(Rejected(reason=reason, where=str(error)))
            return None
        except Exception as error:  # as in _labelled
            raise DataError(
                f"{self._about}: its template failed on row {row['id']!r} "
                f"({type(error).__name__}: {error}); correct the function"
            ) from error
