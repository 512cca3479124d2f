"""Which labelled rows of a split become examples: no leaks, no repeats, balanced, shuffled, cut.

One rule for every task. Near-duplicates are already kept together by the groups of the source; what
is left are short texts that many objects share word for word ("axis: the axis along which to …"),
so each task names the keys that make two of its rows the same question.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from tasks_to_text.task import Row, Split, Task


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Rows that become examples, in their final order, and why the others do not."""

    rows: tuple[Row, ...]
    dropped: dict[str, int]
    """Reason → rows: ``in an earlier split``, ``repeated``, ``id repeated``, ``for balance``,
    ``over the limit``."""


def seeded_digest(*parts: str | int) -> bytes:
    """32 bytes that depend on nothing but the parts: to sort by, or to draw from, without state."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).digest()


GROUP_BEFORE = "group in an earlier split"
"""Reason of a row that belongs together with one that an earlier split has."""


def apart(
    rows: Sequence[Row], earlier: set[str], *, named: bool
) -> tuple[list[Row], dict[str, int]]:
    """Rows whose group no earlier split has, and how many others there are, by reason.

    Adds the groups of all rows to ``earlier``. Not ``named``: all rows stay, because what stands
    for a group is only the id of a row.
    """
    kept = [row for row in rows if not named or row["group"] not in earlier]
    earlier.update(row["group"] for row in rows)
    together = len(rows) - len(kept)
    return kept, ({GROUP_BEFORE: together} if together else {})


def select(
    task: Task, split: Split, rows: Iterable[Row], *, taken: set[str], limit: int, seed: int
) -> Selection:
    """Select at most ``limit`` rows of one split; adds the keys of all its rows to ``taken``.

    Call it for train first, then validation, then test, with the same ``taken``: a row that shares
    a key with any row of an earlier split, selected there or not, is dropped.
    """
    dropped: Counter[str] = Counter()
    shuffled = sorted(rows, key=lambda row: seeded_digest(seed, task.name, row["id"]))
    kept = _new_rows(task, shuffled, taken, dropped)
    if task.label is not None:
        balanced = _balanced(task, kept, task.label, limit, equal=split != "train")
        dropped["for balance"] += len(kept) - len(balanced)
        kept = balanced
    dropped["over the limit"] += max(0, len(kept) - limit)
    kept = kept[:limit]
    if task.distract is not None:
        n_before = len(kept)
        kept = list(task.distract(kept))
        dropped["without distractors"] += n_before - len(kept)
    return Selection(rows=tuple(kept), dropped=dict(+dropped))


def _new_rows(task: Task, rows: Sequence[Row], taken: set[str], dropped: Counter[str]) -> list[Row]:
    """Rows none of whose keys was seen before, in an earlier split or earlier in this one.

    Nor their ids: results are joined by them.
    """
    kept = []
    here: set[str] = set()
    ids: set[str] = set()
    for row in rows:
        keys = task.keys(row)
        if not taken.isdisjoint(keys):
            dropped["in an earlier split"] += 1
        elif not here.isdisjoint(keys):
            dropped["repeated"] += 1
        elif row["id"] in ids:
            dropped["id repeated"] += 1
        else:
            kept.append(row)
            ids.add(row["id"])
        here.update(keys)
    taken |= here
    return kept


def _balanced(
    task: Task, rows: Sequence[Row], label: Callable[[Row], str], limit: int, *, equal: bool
) -> list[Row]:
    """Rows with labels taking turns, so that any cut stays balanced.

    ``equal``: the same number of rows per label. Otherwise (training) rare labels keep what they
    have, and none gets more than its share of ``limit``.
    """
    by_label: dict[str, list[Row]] = {name: [] for name in task.labels}
    for row in rows:
        by_label.setdefault(label(row), []).append(row)
    if equal:
        quota, kept = _quota(by_label, limit, fixed=bool(task.labels))
    else:
        quota, kept = -(-limit // max(1, len(by_label))), sorted(by_label)
    turns = zip_longest(*(by_label[name][:quota] for name in kept))
    return [row for row in chain.from_iterable(turns) if row is not None]


def _quota(
    by_label: Mapping[str, Sequence[Row]], limit: int, *, fixed: bool
) -> tuple[int, list[str]]:
    """Rows per label, and the labels that reach it.

    With open labels rare ones would make the quota tiny, so the n most frequent stay, where n
    maximises n² × quota: more labels make a harder task, more rows a narrower interval.
    """
    ranked = sorted(by_label, key=lambda name: (-len(by_label[name]), name))
    quotas = {n: min(len(by_label[ranked[n - 1]]), limit // n) for n in range(1, len(ranked) + 1)}
    if not quotas:
        return 0, []
    best = len(ranked) if fixed else max(quotas, key=lambda n: (n * n * quotas[n], n))
    return quotas[best], sorted(ranked[:best])
