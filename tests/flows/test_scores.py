"""The evaluation stage on real small models: one task of each protocol."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.errors import ConfigError
from flows.report import SECTIONS
from flows.scores import (
    GENERALIST,
    LANGUAGE_MODEL_ONLY,
    RANDOM_MODEL,
    EvaluationConfig,
    exposure_of,
)
from flows.workspace import Product, Workspace
from tasks_to_text import registry
from tasks_to_text.store import read_items
from tests.flows.evaluated import TASKS, evaluate, evaluated

MODELS = {GENERALIST, LANGUAGE_MODEL_ONLY, RANDOM_MODEL}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return evaluated(tmp_path_factory.mktemp("scores") / "workspace")


@pytest.fixture(scope="module")
def evaluation(workspace: Workspace) -> Path:
    (both,) = [
        path
        for path in (workspace.root / "evaluation").iterdir()
        if "validation" in json.loads((path / "manifest.json").read_text())["config"]["splits"]
    ]
    return both


def _read(evaluation: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((evaluation / name).read_text())
    return rows


def test_every_metric_of_every_task_is_scored_on_the_splits_that_there_are(
    evaluation: Path,
) -> None:
    scores = _read(evaluation, "metrics.json")
    for task in TASKS:
        for split in ("validation", "test"):
            rows = [s for s in scores if (s["task"], s["split"]) == (task.name, split)]
            if (task.name, split) == ("write", "validation"):
                assert not rows
                continue
            ours = {(s["model"], s["metric"]) for s in rows if s["model"] in MODELS}
            assert ours == {(model, metric) for model in MODELS for metric in task.metrics}
            assert {s["metric"] for s in rows if s["headline"]} == {task.headline}
            assert all(s["low"] <= s["value"] <= s["high"] for s in rows if s["metric"] != "bleu")
    beside = {(s["task"], s["model"]) for s in scores if s["model"] not in MODELS}
    assert beside == {
        *(("pick", name) for name in ("chance", "choices only", "majority", "bag of words")),
        ("write", "majority"),
        ("finish", "majority"),
        ("finish", "river"),
        ("documents", "lzma"),
        ("read", "lzma"),
    }


def test_exposure_is_that_of_the_mixture(evaluation: Path) -> None:
    scores = _read(evaluation, "metrics.json")
    exposure = {(s["task"], s["model"]): s["exposure"] for s in scores}
    ours = {task: e for (task, model), e in exposure.items() if model == GENERALIST}
    assert ours == {
        "pick": "in_mixture",
        "write": "in_mixture",
        "finish": "unseen",
        "read": "unseen",
        "documents": "held_out",
    }
    assert exposure["pick", RANDOM_MODEL] == exposure["pick", LANGUAGE_MODEL_ONLY] == "unseen"


def test_a_task_whose_sibling_was_trained_on_is_not_called_unseen() -> None:
    sst5 = registry.get("sst5")
    assert exposure_of(sst5, ("sst2", "sst5")) == "in_mixture"
    assert exposure_of(sst5, ("trec", "sst2")) == "sibling"
    assert exposure_of(sst5, ("trec",)) == "unseen"
    assert "sibling" in SECTIONS


def test_verdicts_are_there_for_tasks_with_rivals(evaluation: Path) -> None:
    found = {(v["task"], v["split"]): v for v in _read(evaluation, "verdicts.json")}
    assert found.keys() == {
        ("pick", "test"),
        ("write", "test"),
        ("finish", "test"),
    }
    assert set(found["pick", "test"]["rivals"]) == {"chance", "majority", "choices only"}
    assert set(found["finish", "test"]["rivals"]) == {"majority", "river"}
    assert not any(v["beats_all"] for v in found.values()), "these models know nothing"


def test_samples_are_continuations_and_written_answers(evaluation: Path) -> None:
    samples = _read(evaluation, "samples.json")
    assert [set(one) for one in samples[:3]] == [{"document", "prompt", "continuation"}] * 3
    assert [one["task"] for one in samples[3:]] == ["write"] * 2
    assert set(samples[-1]) == {"task", "prompt", "answer", "references"}
    written = {i.answer for i in read_items(evaluation / "items.parquet") if i.task == "write"}
    assert samples[-1]["answer"] in written


def test_the_database_holds_the_same_rows(evaluation: Path) -> None:
    with duckdb.connect(str(evaluation / "results.duckdb"), read_only=True) as connection:
        counts = [
            len(connection.table(name).fetchall()) for name in ("items", "scores", "verdicts")
        ]
    items = read_items(evaluation / "items.parquet")
    names = ("metrics.json", "verdicts.json")
    assert counts == [len(items), *(len(_read(evaluation, name)) for name in names)]


def test_solved_examples_come_from_train_and_what_is_cut_is_told(
    workspace: Workspace, tmp_path: Path
) -> None:
    inputs = {kind: workspace.newest(kind, "small") for kind in ("prompts", "documents")}
    inputs["generalist"] = workspace.newest("run", "first")
    again = Workspace(tmp_path / "workspace", minimum_free=0)
    found = evaluate(again, inputs, shots=4, splits=("test",), samples=0)  # type: ignore[arg-type]
    own = [s for s in _read(found.path, "metrics.json") if s["model"] == GENERALIST]
    shots = {(s["task"], s["shots"], s["shots_from"]) for s in own}
    assert shots == {
        *((task, 4, "train") for task in ("pick", "write", "finish")),
        *((task, 0, "") for task in ("read", "documents")),
    }
    cut = {s["task"]: s["n_cut"] for s in own}
    assert cut == {"pick": 30, "write": 30, "finish": 30, "read": 0, "documents": 0}


def test_wordings_and_shots_of_a_configuration() -> None:
    plain = EvaluationConfig(tasks=("pick",), mixture=())
    worded = replace(
        TASKS[0], wordings=dict.fromkeys(("b", "lm_eval"), TASKS[0].template), few_shot=2
    )
    assert (plain.wordings(worded), plain.shots_of(worded)) == (["main"], 2)
    wide = replace(plain, templates="all", shots=0)
    assert (wide.wordings(worded), wide.shots_of(worded)) == (["main", "b"], 0)
    assert replace(plain, shots=5).shots_of(TASKS[3]) == 0, "a text has no prompt"


def test_bad_configurations_are_named() -> None:
    with pytest.raises(ConfigError, match="evaluation.shots=-1"):
        EvaluationConfig(tasks=("pick",), mixture=(), shots=-1)


def test_the_same_inputs_give_the_same_bytes(workspace: Workspace, evaluation: Path) -> None:
    first, second, shared = (
        workspace.newest("run", "first"),
        workspace.newest("run", "second"),
        {kind: workspace.newest(kind, "small") for kind in ("prompts", "documents")},
    )
    inputs: dict[str, Product] = {**shared, "generalist": first, "language_model_only": second}  # type: ignore[dict-item]
    again = Workspace(workspace.root.with_name("again"), minimum_free=0)
    product = evaluate(again, inputs)
    for name in ("items.parquet", "metrics.json", "verdicts.json", "samples.json"):
        assert (product.path / name).read_bytes() == (evaluation / name).read_bytes(), name
