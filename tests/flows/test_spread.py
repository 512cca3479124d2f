"""The spread between seeds: what is estimated from models whose spread is known, and from which."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows import spread
from flows.comparison import bootstrap
from flows.errors import ConfigError
from flows.seeds import seeds
from flows.spread import Spread, Variances, between, chi_square, measured, pooled, spread_of
from flows.strata import Layout
from flows.workspace import Product, Workspace
from tasks_to_text.scored import Item
from tasks_to_text.store import write_items

TASKS = ("a", "b")


def known(n_runs: int, spread: float, seed: int = 0) -> tuple[Layout, Any]:
    """Sums of models whose items are right with ½, moved alike by each model's seed."""
    rng = np.random.default_rng(seed)
    counts = np.full((60, 2), 8.0)
    chances = 0.5 + rng.normal(0, spread, (n_runs, 1, 1))
    where = Layout(tasks=TASKS, task=np.arange(2), counts=counts)
    return where, rng.binomial(8, chances, (n_runs, 60, 2)).astype(float)


@pytest.mark.parametrize("between_seeds", [0.0, 0.02, 0.06])
def test_what_was_put_in_is_found(between_seeds: float) -> None:
    found = between(*known(400, between_seeds))
    assert found.degrees == 399
    assert found.total[0] - found.items[0] == pytest.approx(between_seeds**2, abs=2e-4)
    told = spread_of(found, TASKS, 400)
    assert told.mean**2 == pytest.approx(between_seeds**2, abs=5e-4) and told.runs == 400
    assert told.of("a") ** 2 == pytest.approx(between_seeds**2, abs=2e-4)
    assert told.of("unknown") == told.mean


def test_what_the_choice_of_items_explains_is_what_the_bootstrap_of_a_comparison_finds() -> None:
    where, runs = known(2, 0.05)
    found = bootstrap(where, runs[0] - runs[1], seed=0, resamples=5000, spread=Spread())
    assert 2 * between(where, runs).items[0] == pytest.approx(found.error**2, rel=0.06)


def test_few_seeds_are_given_the_benefit_of_the_doubt() -> None:
    total, items = np.array([4e-4, 1e-4, 1e-4]), np.array([1e-4, 1e-4, 4e-4])
    bounds = [
        spread_of(Variances(degrees=n, total=total, items=items), TASKS, n + 1).mean
        for n in (4, 9, 99)
    ]
    assert bounds == sorted(bounds, reverse=True) and bounds[-1] > np.sqrt(3e-4)
    told = spread_of(Variances(degrees=4, total=total, items=items), TASKS, 5)
    assert told.tasks == {"a": 0.0, "b": 0.0}, "less than the items explain is nothing"
    assert told.observed == pytest.approx(0.02)
    assert chi_square(0.2, 4) == pytest.approx(1.649, rel=0.02)


def test_configurations_count_by_their_degrees_of_freedom() -> None:
    one, two = between(*known(3, 0.0)), between(*known(9, 0.05))
    both = pooled([one, two])
    assert both.degrees == 10
    assert both.total == pytest.approx((2 * one.total + 8 * two.total) / 10)


def a_run(workspace: Workspace, seed: int, **changes: Any) -> Product:
    train = {"seed": seed, "tokens": 1000, **changes}

    def build(out: Path) -> dict[str, Any]:
        (out / "w").write_text(f"{train}")
        return {}

    config = {"model": {"n_layer": 1}, "train": train}
    return workspace.product(
        "run", "some-generalist", config=config, inputs={}, entry=("gptcore.errors",), build=build
    )


def evaluated(workspace: Workspace, run: Product, name: str = "some-champion") -> None:
    """Answers drawn by the run's seed; test items and another model's must not be read."""
    rng = np.random.default_rng(run.manifest.config["train"]["seed"])
    items = [
        Item(
            task=task,
            split="validation",
            model="generalist",
            example_id=str(i),
            group=f"g{i}",
            template_hash="t",
            prompt_digest=f"{i}",
            values={"acc": float(rng.random() < 0.5)},
        )
        for task in TASKS
        for i in range(60)
    ]
    more = [replace(items[0], split="test"), replace(items[0], model="majority")]

    def build(out: Path) -> dict[str, Any]:
        write_items([*items, *more], out / "items.parquet")
        return {}

    config = {"tasks": TASKS, "documents": 0 if name == "some-champion" else 100}
    workspace.product(
        "evaluation",
        name,
        config=config,
        inputs={"generalist": run},
        entry=("gptcore.errors",),
        build=build,
    )


def test_runs_that_differ_in_their_seed_alone_are_the_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path / "workspace", minimum_free=0)
    runs = [a_run(workspace, seed) for seed in range(5)]
    for run in runs[:4]:
        evaluated(workspace, run)
    evaluated(workspace, runs[0], "some")
    for other in (a_run(workspace, 7, tokens=9), a_run(workspace, 8, learning_rate=1.0)):
        evaluated(workspace, other)
    assert measured(workspace, runs[0]) is None, "four runs, however often they were scored"
    evaluated(workspace, runs[4])
    found = measured(workspace, runs[0])
    assert found and found.runs == 5 and set(found.tasks) == set(TASKS)
    evaluated(workspace, a_run(workspace, 9, learning_rate=1.0))
    monkeypatch.setattr(spread, "_MOST", 8)
    for night in range(8):
        evaluated(workspace, a_run(workspace, 7, tokens=9), f"other-{night}")
    more = measured(workspace, runs[0])
    assert more and more.runs == 7, "two more, of another configuration of the same size"
    assert measured(workspace, a_run(workspace, 1, tokens=9)) is None


def test_too_few_seeds_are_refused_before_anything_is_trained() -> None:
    with pytest.raises(ConfigError, match="runs=2: use at least 5"):
        seeds.fn("tiny", runs=2)
