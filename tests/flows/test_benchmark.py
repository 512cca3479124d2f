"""``generalist benchmark``, end to end: a mirror of five tasks, a run that was trained on one."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from flows.benchmark import benchmark, champion, chosen
from flows.errors import ConfigError, FlowsError
from flows.mlflow_tracking import read_ids
from flows.report import decimal
from flows.scores import GENERALIST, LANGUAGE_MODEL_ONLY, RANDOM_MODEL
from flows.workspace import Workspace
from tasks_to_text.errors import UnknownName
from tests.flows.mirrored import PLANTED, PROFILE, judged, row, write_mirror

TASKS = {"sst2", "sst5", "lambada", "hellaswag", "wikitext2"}
Score = dict[str, Any]


def command(workspace: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "GENERALIST_WORKSPACE": str(workspace), "COLUMNS": "160"}
    environment.pop("PREFECT_API_URL", None)
    return subprocess.run(
        [sys.executable, "-m", "flows", "benchmark", "--profile", PROFILE, *arguments],
        env=environment,
        cwd=workspace.parent,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace and mirror, scored once."""
    root = tmp_path_factory.mktemp("benchmark")
    write_mirror(root / "mirror")
    judged(root / "workspace", "corpus", "sst2")
    done = command(root / "workspace", "--data", str(root / "mirror"), "--limit", "18")
    assert done.returncode == 0, done.stderr
    (root / "printed.txt").write_text(done.stdout, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def evaluation(place: Path) -> Path:
    (found,) = (place / "workspace").glob(f"evaluation/{PROFILE}-benchmark-*/manifest.json")
    return found.parent


@pytest.fixture(scope="module")
def scores(evaluation: Path) -> list[Score]:
    found: list[Score] = json.loads((evaluation / "metrics.json").read_text(encoding="utf-8"))
    return found


def test_every_task_of_the_mirror_has_all_models_and_its_baselines(scores: list[Score]) -> None:
    by_task: dict[str, set[str]] = {}
    for one in scores:
        if one["headline"]:
            by_task.setdefault(one["task"], set()).add(one["model"])
    assert set(by_task) == TASKS
    models = {GENERALIST, LANGUAGE_MODEL_ONLY, RANDOM_MODEL}
    assert all(models <= found for found in by_task.values())
    assert {"chance", "majority", "choices only", "bag of words"} <= by_task["sst2"]
    assert {"chance", "choices only"} <= by_task["hellaswag"]
    assert {"most frequent word", "majority"} <= by_task["lambada"]
    assert by_task["wikitext2"] == {*models, "lzma"}
    assert "choices only" not in by_task["lambada"]


def test_wordings_are_the_generalist_s_and_the_harness_s_is_none_of_them(
    scores: list[Score],
) -> None:
    worded = [one for one in scores if one["template"] != "main"]
    assert {one["model"] for one in worded if one["task"] == "sst2"} >= {GENERALIST}
    assert LANGUAGE_MODEL_ONLY not in {one["model"] for one in worded}
    names = {one["template"] for one in scores if one["task"] == "sst2"}
    assert len(names) > 2 and "lm_eval" not in names


def test_only_what_no_sibling_was_trained_on_is_unseen(scores: list[Score]) -> None:
    exposure = {one["task"]: one["exposure"] for one in scores if one["model"] == GENERALIST}
    assert exposure == {
        "sst2": "in_mixture",
        "sst5": "sibling",
        **dict.fromkeys(("lambada", "hellaswag", "wikitext2"), "unseen"),
    }
    other = {one["exposure"] for one in scores if one["model"] == LANGUAGE_MODEL_ONLY}
    assert other == {"unseen"}


def test_a_planted_item_is_found_and_the_score_on_the_rest_is_shown(
    evaluation: Path, place: Path
) -> None:
    found = json.loads((evaluation / "contamination.json").read_text(encoding="utf-8"))
    by_task = {one["task"]: one for one in found}
    text = row("lambada", "test", PLANTED)["text"]
    assert {name: one["confirmed"] for name, one in by_task.items()} == {
        **dict.fromkeys(TASKS, 0),
        "lambada": 1,
    }, text
    assert by_task["lambada"]["clean"]["n"] == by_task["lambada"]["items"] - 1
    table = (evaluation / "table.md").read_text(encoding="utf-8")
    assert re.search(r"^\| lambada .* 1 of 18; clean \.", table, re.MULTILINE)
    assert "none of " in table
    page = next((place / "workspace").glob("report/*/benchmark.html")).read_text(encoding="utf-8")
    assert "1 of 18; clean" in page and "8-grams found" in page


def test_the_page_has_every_headline_score(scores: list[Score], place: Path) -> None:
    page = next((place / "workspace").glob("report/*/benchmark.html")).read_text(encoding="utf-8")
    for one in scores:
        if one["headline"] and one["template"] == "main":
            assert decimal(one["value"]) in page, one
    printed = (place / "printed.txt").read_text(encoding="utf-8")
    assert "benchmark.html" in printed and "A sibling in the mixture" in printed


def test_mlflow_has_it_and_a_second_call_reuses_everything(
    place: Path, evaluation: Path, scores: list[Score]
) -> None:
    client = MlflowClient(f"sqlite:///{place / 'workspace' / 'mlflow.db'}")
    logged = client.get_run(read_ids(evaluation)["run_id"]).data.metrics
    (own,) = [
        one["value"]
        for one in scores
        if (one["task"], one["model"], one["metric"], one["template"])
        == ("sst2", GENERALIST, "acc", "main")
    ]
    assert logged["eval/sst2/acc"] == own and logged["eval/sst2/chance"] == 0.5
    before = sorted((place / "workspace").glob("*/*/manifest.json"))
    done = command(place / "workspace", "--data", str(place / "mirror"), "--limit", "18")
    assert done.returncode == 0 and done.stdout.count("✓ reused") == 4, done.stdout
    assert sorted((place / "workspace").glob("*/*/manifest.json")) == before


def test_what_cannot_be_scored_is_said(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENERALIST_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match="no shipped task has rows there"):
        chosen(())
    with pytest.raises(UnknownName, match="no task is called 'sst3': did you mean sst"):
        chosen(("sst3",))
    with pytest.raises(ConfigError, match=r"\['package'\]: a run makes them from what is"):
        chosen(("sst2", "package"))
    with pytest.raises(ConfigError, match="limit=0: score at least 1 example"):
        benchmark.fn(PROFILE, limit=0)
    monkeypatch.delenv("GENERALIST_DATA")
    with pytest.raises(ConfigError, match="or a mirror that holds them with --data DIR"):
        chosen(())
    shutil.copytree(place / "workspace", tmp_path / "workspace", symlinks=True)
    workspace = Workspace(tmp_path / "workspace", minimum_free=0)
    assert champion(workspace, PROFILE).mixture == ("corpus", "sst2")
    shutil.rmtree(next(workspace.root.glob("shards/*")))
    with pytest.raises(FlowsError, match="the shards of tiny-generalist-.* are gone"):
        champion(workspace, PROFILE)
