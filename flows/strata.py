"""Items by group and by stratum, a stratum being a task's items of one right answer.

A small model leans towards this label or that, so two seeds differ on many items in opposite ways:
what one gains on the items of one label it loses on those of another. Drawing groups would take the
share of labels for chance and call such a lean uncertainty about the mean, although labels are
balanced by construction. So means are taken within strata and put together with the shares that the
strata have (post-stratification, Cochran 1977, §5A.9); a mean over all items stays what it was.
Strata of fewer than twenty groups are taken together: in those a mean tells little.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks_to_text.scored import Item

ENOUGH_GROUPS = 20
"""Of a stratum of its own."""
_REST = -1
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How many items are where: a row per group, a column per stratum, a task's side by side."""

    tasks: tuple[str, ...]
    task: NDArray[np.intp]
    """(n_strata,) index into tasks, ascending."""
    counts: Array
    """(n_groups, n_strata) items."""

    def by_task(self, strata: Array) -> Array:
        """(…, n_strata) means → (…, n_tasks) means, by the shares of the strata."""
        size = self.counts.sum(0)
        weighed = strata * size / np.bincount(self.task, size)[self.task]
        starts = np.searchsorted(self.task, np.arange(len(self.tasks)))
        return np.asarray(np.add.reduceat(weighed, starts, axis=-1))

    @property
    def n_groups(self) -> NDArray[np.intp]:
        """(n_tasks,) groups of each task."""
        starts = np.searchsorted(self.task, np.arange(len(self.tasks)))
        return np.asarray((np.add.reduceat(self.counts, starts, axis=1) > 0).sum(0))

    @property
    def groups(self) -> int:
        """Of all tasks together."""
        return len(self.counts)


def layout(items: Sequence[Item]) -> tuple[Layout, NDArray[np.intp]]:
    """The layout of items, and each one's cell (group · strata + stratum)."""
    tasks = tuple(sorted({item.task for item in items}))
    stratum = _strata(items)
    columns = sorted(set(stratum))
    groups = {group: i for i, group in enumerate(sorted({item.group for item in items}))}
    place = {key: i for i, key in enumerate(columns)}
    cells = np.array(
        [
            groups[item.group] * len(columns) + place[key]
            for item, key in zip(items, stratum, strict=True)
        ]
    )
    counts = np.bincount(cells, minlength=len(groups) * len(columns)).astype(np.float64)
    found = Layout(
        tasks=tasks,
        task=np.array([tasks.index(task) for task, _ in columns]),
        counts=counts.reshape(len(groups), len(columns)),
    )
    return found, cells


def sums(where: Layout, cells: NDArray[np.intp], values: Array) -> Array:
    """(n_items,) values → (n_groups, n_strata) sums."""
    summed = np.bincount(cells, values, where.counts.size).astype(np.float64)
    return summed.reshape(where.counts.shape)


def _strata(items: Sequence[Item]) -> list[tuple[str, int]]:
    """(task, right answer) of every item; small strata of a task are one, with the least of the
    others where they are small even together."""
    held = {(item.task, item.gold, item.group) for item in items}
    size = Counter((task, gold) for task, gold, _ in held)
    kept: dict[str, list[int]] = {}
    for (task, gold), n in sorted(size.items(), key=lambda one: (-one[1], one[0])):
        if n >= ENOUGH_GROUPS:
            kept.setdefault(task, []).append(gold)
    rest = Counter(task for task, gold, _ in held if gold not in kept.get(task, ()))
    instead = {
        task: _REST if rest[task] >= ENOUGH_GROUPS or not golds else golds[-1]
        for task, golds in kept.items()
    }
    return [
        (i.task, i.gold if i.gold in kept.get(i.task, ()) else instead.get(i.task, _REST))
        for i in items
    ]
