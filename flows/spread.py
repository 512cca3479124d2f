"""How much scores swing between seeds, estimated from the runs that are there (A/A runs).

Runs of one configuration that differ in nothing but the seed, scored on the same items, differ for
two reasons. Every item by itself may fall this way or that: the bootstrap over items sees that in
the very comparison it is used for. And all items together may have become easier or harder: that it
cannot see, and that is what is estimated here,

    variance between the runs' means − variance that the groups' contributions explain,

whose second term is what the bootstrap finds (in its linear form: the squares of the groups'
contributions, Field & Welsh 2007). Configurations with the same model and as many training tokens
are pooled. A few seeds say little, so the mean's variance between runs is taken at the upper end of
its one-sided 90 % interval (χ², by Wilson & Hilferty 1931); below five seeds or so nothing is said.

No file is kept: evaluations and runs of the workspace are the measurement. Every night with
``retrain=always`` adds one, ``generalist seeds`` makes what is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.workspace import Product, Workspace
from gptcore.manifest import object_digest
from tasks_to_text.errors import DataError
from tasks_to_text.scored import Item
from tasks_to_text.store import read_items
from tasks_to_text.task import MAIN

ENOUGH = 4
"""Degrees of freedom from which an estimate counts: five seeds of one configuration."""
CONFIDENCE = 0.9
"""That the variance between runs is no larger than what is used."""
_MOST = 40
"""Evaluations that are read, the newest."""
MODEL = "generalist"


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Standard deviations between seeds, in merit, beyond the choice of items."""

    mean: float = 0.0
    """Of the mean over tasks: an upper bound, or what is assumed."""
    tasks: Mapping[str, float] = field(default_factory=dict)
    """Of single tasks, estimated; a task that is not named has ``mean``."""
    runs: int = 0
    """That it was measured on; 0: it is assumed."""
    observed: float = 0.0
    """Of the mean, between the runs' scores as they are: choice of items included."""

    def of(self, task: str) -> float:
        """A task's own, or that of the mean."""
        return self.tasks.get(task, self.mean)


@dataclass(frozen=True, kw_only=True, slots=True)
class Variances:
    """Between runs of one configuration, or pooled over several."""

    degrees: int
    """Runs less configurations."""
    total: NDArray[np.float64]
    """(1 + n_tasks,) of the scores: the mean over tasks first."""
    items: NDArray[np.float64]
    """(1 + n_tasks,) of it, what the choice of items explains."""


def measured(workspace: Workspace, run: Product) -> Spread | None:
    """Of the configurations like that of ``run``; None where too few seeds are there."""
    tables = [t for t in map(_table, _alike(workspace, run)) if t is not None]
    if not tables:
        return None
    tasks = tables[0].tasks
    same = [table for table in tables if table.tasks == tasks]
    found = pooled([variances(table) for table in same])
    runs = sum(len(table.merits) for table in same)
    return spread_of(found, tasks, runs) if found.degrees >= ENOUGH else None


def spread_of(found: Variances, tasks: Sequence[str], runs: int) -> Spread:
    """The upper bound for the mean, the plain estimate for every task."""
    bound = found.total[0] * found.degrees / chi_square(1 - CONFIDENCE, found.degrees)
    rest = np.sqrt(np.maximum(found.total - found.items, 0.0))
    return Spread(
        mean=float(np.sqrt(max(0.0, bound - found.items[0]))),
        tasks=dict(zip(tasks, rest[1:].tolist(), strict=True)),
        runs=runs,
        observed=float(np.sqrt(found.total[0])),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """Merits of several runs on the same items."""

    tasks: tuple[str, ...]
    merits: NDArray[np.float64]
    """(n_runs, n_items)"""
    task: NDArray[np.intp]
    """(n_items,) index into tasks."""
    group: NDArray[np.intp]
    """(n_items,)"""


def variances(table: Table) -> Variances:
    """Between the runs of a table, of the mean over tasks and of each task."""
    n_runs, n_tasks, n_groups = len(table.merits), len(table.tasks), int(table.group.max()) + 1
    size = np.bincount(table.task, minlength=n_tasks)
    means = np.array([np.bincount(table.task, row, n_tasks) for row in table.merits]) / size
    cell = table.group * n_tasks + table.task
    own = (table.merits - means[:, table.task]) / size[table.task]
    parts = np.array([np.bincount(cell, row, n_groups * n_tasks) for row in own])
    parts = parts.reshape(n_runs, n_groups, n_tasks)
    held = np.zeros((n_groups, n_tasks), dtype=bool)
    held[table.group, table.task] = True
    groups = np.array([n_groups, *held.sum(0)])
    whole = np.concatenate([means.mean(1, keepdims=True), means], axis=1)
    shares = np.concatenate([parts.mean(2, keepdims=True), parts], axis=2)
    return Variances(
        degrees=n_runs - 1,
        total=whole.var(axis=0, ddof=1),
        items=shares.var(axis=0, ddof=1).sum(0) * groups / np.maximum(groups - 1, 1),
    )


def pooled(found: Sequence[Variances]) -> Variances:
    """Of several configurations, each as much as it has degrees of freedom."""
    degrees = sum(one.degrees for one in found)
    return Variances(
        degrees=degrees,
        total=np.sum([one.degrees * one.total for one in found], axis=0) / degrees,
        items=np.sum([one.degrees * one.items for one in found], axis=0) / degrees,
    )


def chi_square(level: float, degrees: int) -> float:
    """Quantile of χ² by Wilson and Hilferty's cube; within 2 % from four degrees on."""
    part = 2 / (9 * degrees)
    return degrees * float(1 - part + NormalDist().inv_cdf(level) * part**0.5) ** 3


def _alike(workspace: Workspace, run: Product) -> list[list[Product]]:
    """Evaluations of the runs of every configuration like that of ``run``, one per run.

    A run that goes on from another is not drawn anew, so it is none of them.
    """
    runs = {
        product.digest: product
        for product in workspace.finished("run")
        if _kind(product) == _kind(run) and "initial" not in product.manifest.inputs
    }
    found: dict[str, dict[str, Product]] = {}
    for evaluation in workspace.finished("evaluation")[::-1][:_MOST]:
        inputs = evaluation.manifest.inputs
        digest = inputs.get("generalist", "")
        if digest in runs:
            key = object_digest({"run": _seedless(runs[digest]), "asked": _asked(evaluation)})
            found.setdefault(key, {}).setdefault(digest, evaluation)
    return [list(by_run.values()) for by_run in found.values() if len(by_run) > 1]


def _kind(run: Product) -> tuple[str, Any, Any]:
    """What runs must have in common to swing alike."""
    config = run.manifest.config
    return run.manifest.name, config.get("model"), config.get("train", {}).get("tokens")


def _seedless(run: Product) -> dict[str, Any]:
    """All that made a run but its seed."""
    manifest = run.manifest
    train = {name: v for name, v in manifest.config["train"].items() if name != "seed"}
    return {
        "config": {**manifest.config, "train": train},
        "inputs": dict(manifest.inputs),
        "source": manifest.source,
        "lock": manifest.lock,
    }


def _asked(evaluation: Product) -> list[Any]:
    """What was scored; whatever else an evaluation does changes no answer on validation."""
    manifest = evaluation.manifest
    kept = ("tasks", "shots", "definitions")
    return [manifest.inputs.get("prompts"), [manifest.config.get(name) for name in kept]]


def _table(evaluations: Iterable[Product]) -> Table | None:
    """Merits on the items that all runs answered; None where fewer than two can be read."""
    answered = []
    for evaluation in evaluations:
        with suppress(DataError):
            answered.append(_answers(evaluation))
    if len(answered) < 2:
        return None
    shared = sorted(set.intersection(*(set(answers) for answers in answered)))
    return table([[answers[key] for key in shared] for answers in answered]) if shared else None


def table(runs: Sequence[Sequence[Item]]) -> Table:
    """Items of several runs, the same in the same order."""
    tasks, task = np.unique([item.task for item in runs[0]], return_inverse=True)
    _, group = np.unique([item.group for item in runs[0]], return_inverse=True)
    merits = np.array([[item.merit for item in items] for items in runs], dtype=np.float64)
    return Table(tasks=tuple(tasks.tolist()), merits=merits, task=task, group=group)


def _answers(evaluation: Product) -> dict[tuple[str, str, str], Item]:
    path = evaluation.path / "items.parquet"
    items = read_items(path, model=MODEL, split="validation", template=MAIN)
    return {(i.task, i.example_id, i.prompt_digest): i for i in items if i.merit is not None}
