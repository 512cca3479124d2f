"""How much scores swing between seeds, estimated from the runs that are there (A/A runs).

Runs of one configuration that differ in nothing but the seed, scored on the same items, differ for
two reasons. Every item by itself may fall this way or that: the bootstrap over items sees that in
the very comparison it is used for. And all items together may have become easier or harder: that it
cannot see, and that is what is estimated here,

    variance between the runs' means − variance that the groups' contributions explain,

whose second term is what the bootstrap finds (in its linear form: the squares of the groups'
contributions, Field & Welsh 2007). Configurations with the same model and as many training tokens
are pooled. A few seeds say little, so the mean's variance between runs is taken at the upper end of
its one-sided 80 % interval (χ², by Wilson & Hilferty 1931): with five seeds the plain estimate lets
thirty nights err in 12 %, and 90 % halves the power (docs/design.md). With fewer nothing is said.

No file is kept: evaluations and runs of the workspace are the measurement. Every night with
``retrain=always`` adds one, ``generalist seeds`` makes what is missing.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np

from flows.strata import Array, Layout, layout, sums
from flows.workspace import Product, Workspace
from gptcore.manifest import object_digest
from tasks_to_text.errors import DataError
from tasks_to_text.scored import Item
from tasks_to_text.store import read_items
from tasks_to_text.task import MAIN

ENOUGH = 4
"""Degrees of freedom from which an estimate counts: five seeds of one configuration."""
CONFIDENCE = 0.8
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
    total: Array
    """(1 + n_tasks,) of the scores: the mean over tasks first."""
    items: Array
    """(1 + n_tasks,) of it, what the choice of items explains."""


def measured(workspace: Workspace, run: Product) -> Spread | None:
    """Of the configurations like that of ``run``; None where too few seeds are there."""
    found = [one for one in map(_found, _alike(workspace, run)) if one is not None]
    same = [variances for tasks, variances in found if tasks == found[0][0]]
    if sum(one.degrees for one in same) < ENOUGH:
        return None
    return spread_of(pooled(same), found[0][0], sum(one.degrees + 1 for one in same))


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


def between(where: Layout, runs: Array) -> Variances:
    """Between runs of one configuration, of their (n_runs, n_groups, n_strata) sums of merit."""
    size = where.counts.sum(0)
    means = runs.sum(1) / size
    parts = where.by_task((runs - means[:, None] * where.counts) / size)
    tasks = where.by_task(means)
    groups = np.array([where.groups, *where.n_groups])
    total = np.concatenate([tasks.mean(1, keepdims=True), tasks], axis=1)
    shares = np.concatenate([parts.mean(2, keepdims=True), parts], axis=2)
    return Variances(
        degrees=len(runs) - 1,
        total=total.var(axis=0, ddof=1),
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
        if kind_of(product) == kind_of(run) and "initial" not in product.manifest.inputs
    }
    found: dict[str, dict[str, Product]] = {}
    newest = workspace.finished("evaluation")[::-1]
    alike = [one for one in newest if one.manifest.inputs.get("generalist", "") in runs]
    for evaluation in alike[:_MOST]:
        digest = evaluation.manifest.inputs["generalist"]
        key = object_digest({"run": _seedless(runs[digest]), "asked": _asked(evaluation)})
        found.setdefault(key, {}).setdefault(digest, evaluation)
    return [list(by_run.values()) for by_run in found.values() if len(by_run) > 1]


def kind_of(run: Product) -> tuple[str, str, int | None]:
    """What runs must have in common to swing alike; hashable."""
    config = run.manifest.config
    model = json.dumps(config.get("model"), sort_keys=True)
    return run.manifest.name, model, config.get("train", {}).get("tokens")


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


def _found(evaluations: Iterable[Product]) -> tuple[tuple[str, ...], Variances] | None:
    """Tasks and variances, of the items that all runs answered; None where fewer than two can be
    read."""
    answered = []
    for evaluation in evaluations:
        with suppress(DataError):
            answered.append(_answers(evaluation))
    shared = sorted(set.intersection(*map(set, answered))) if len(answered) > 1 else []
    if not shared:
        return None
    where, cells = layout([answered[0][key] for key in shared])
    merits = [np.array([run[key].merit for key in shared], dtype=np.float64) for run in answered]
    return where.tasks, between(where, np.array([sums(where, cells, run) for run in merits]))


def _answers(evaluation: Product) -> dict[tuple[str, str, str], Item]:
    path = evaluation.path / "items.parquet"
    items = read_items(path, model=MODEL, split="validation", template=MAIN)
    return {(i.task, i.example_id, i.prompt_digest): i for i in items if i.merit is not None}
