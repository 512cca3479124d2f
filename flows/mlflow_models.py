"""The models of a finished training run in MLflow: its final weights and the checkpoints it kept.

Each is a logged model that lies where it is, with its losses linked to it, so that MLflow's search
finds the best: ``search_logged_models(order_by=[{"field_name": "metrics.checkpoint/validation_loss"
}])``. The metrics have names of their own, because a metric of a model is one of its run too, and
``validation/loss`` stands there already.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.gpu import METRICS, Row
from flows.mlflow_tracking import TAG, Store, read_ids, write_ids
from flows.mlflow_words import short_key
from flows.run_about import split_name
from gptcore.manifest import file_digest
from gptcore.tracking import read_jsonl

_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Weights that a run left."""

    key: str
    """Name of its id in the run's file of ids."""
    name: str
    place: Path
    step: int
    tokens: int
    metrics: Mapping[str, float]
    tags: Mapping[str, str]


def log_models(
    store: Store, run_id: str, directory: Path, name: str, shards: str | None = None
) -> None:
    """Log what is not logged yet, with the losses at that step.

    ``name``: of the run, ``<profile>-<role>``; ``shards``: digest of what the loss was measured on.
    """
    ids, now = read_ids(directory), [int(time.time() * 1000)]  # one point in the run per step
    for kept in _kept(directory, name):
        if kept.key in ids:
            continue
        weights = kept.place / _WEIGHTS
        tags = {
            **kept.tags,
            f"{TAG}.weights": str(kept.place),
            f"{TAG}.sha256": file_digest(weights),
        }
        ids[kept.key] = store.model(kept.name, run_id, tags)
        write_ids(directory, ids)
        if kept.metrics:
            dataset = ("shards", shards) if shards else None
            rows = [(kept.tokens, kept.metrics)]
            store.log_metrics(run_id, rows, times=now, model_id=ids[kept.key], dataset=dataset)


def _kept(directory: Path, name: str) -> Iterator[Kept]:
    """Final weights first, then checkpoints, newest first."""
    rows = read_jsonl(directory / METRICS)
    of = f"{split_name(name)[1].replace('_', ' ')} {short_key(directory.name)}"
    last = int(rows[-1]["step"]) if rows else 0
    best = _best(directory)
    yield _one("model_id", f"weights of {of}", directory / "weights", last, rows, "final")
    for path in sorted((directory / "checkpoints").glob("step-*"), reverse=True):
        if not re.fullmatch(r"step-\d+", path.name) or not (path / _WEIGHTS).exists():
            continue
        step = int(path.name.removeprefix("step-"))
        which = "best" if step == best else "last" if step == last else "kept"
        yield _one(f"checkpoint.{step}", f"step {step} of {of}", path, step, rows, which)


def _one(key: str, name: str, place: Path, step: int, rows: Sequence[Row], which: str) -> Kept:
    before = [row for row in rows if row["step"] <= step]
    metrics = {
        f"checkpoint/{split}_loss": found[-1]
        for split in ("train", "validation")
        if (found := [row[f"{split}/loss"] for row in before if f"{split}/loss" in row])
    }
    tokens = int(before[-1]["tokens"]) if before else 0
    tags = {f"{TAG}.which": which, f"{TAG}.step": str(step)}
    return Kept(
        key=key, name=name, place=place, step=step, tokens=tokens, metrics=metrics, tags=tags
    )


def _best(directory: Path) -> int | None:
    """Step of the lowest validation loss."""
    try:
        summary: dict[str, Any] = json.loads((directory / "summary.json").read_text())
        return int(summary["best"]["step"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
