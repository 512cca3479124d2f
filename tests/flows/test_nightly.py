"""The whole pipeline (tiny) as its users run it: on the command line, and deployed.

Everything is real: a Prefect server, ``prefect deploy --all``, the scheduler that creates runs, a
process worker, MLflow's store. Run in two empty workspaces, the two ways leave the same bytes.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from gptcore.manifest import file_digest, read_manifest
from gptcore.tracking import read_jsonl
from tests.flows.processes import api, flow_log, generalist, run, wait_for

pytestmark = pytest.mark.slow


def test_the_schedule_creates_runs(deployed: dict[str, str]) -> None:
    nightly = api(deployed, "GET", "/deployments/name/nightly/nightly")
    wanted = {
        "deployments": {"id": {"any_": [nightly["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }

    def created() -> Any:
        runs = api(deployed, "POST", "/flow_runs/filter", wanted)
        return [one for one in runs if one["auto_scheduled"]]

    runs = wait_for("the scheduler", created, 75)
    assert all(one["expected_start_time"][11:16] == "03:00" for one in runs)
    assert all(one["parameters"]["profile"] == "quickstart" for one in runs)


def test_a_deployed_nightly_leaves_its_results_in_mlflow(
    by_worker: Path,
) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{by_worker / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("generalist-tiny")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert {run.info.status for run in runs.values()} == {"FINISHED"} and len(runs) == 5
    trained = next(run for name, run in runs.items() if name.startswith("generalist, seed 0"))
    judged = next(run for name, run in runs.items() if name.startswith("evaluation, seed 0"))
    assert trained.data.params["n_layer"] == "2" and trained.data.params["profile"] == "tiny"
    versions = {name for name in trained.data.params if name.endswith("_version")}
    assert versions == {f"{one}_version" for one in ("corpus", "prompts", "shards", "templates",
                        "tokenizer")}  # fmt: skip
    assert versions <= judged.data.params.keys()
    assert "package 0.2" in trained.data.params["mixture"]
    assert {d.dataset.name for d in trained.inputs.dataset_inputs} == {"shards", "tokenizer"}
    assert trained.data.tags["generalist.evaluation_run_id"] == judged.info.run_id
    assert judged.data.tags["generalist.training_run_id"] == trained.info.run_id
    logged = client.get_metric_history(trained.info.run_id, "train/loss")
    written = read_jsonl(next(by_worker.glob("run/tiny-generalist-*/metrics.jsonl")))
    assert [(m.step, m.value) for m in logged] == [(r["tokens"], r["train/loss"]) for r in written]
    headline = {"eval/package/acc", "all_tasks/package", "all_tasks/summary", "eval/package/chance"}
    ends = {"eval/package/acc_low", "eval/package/acc_high", "eval/package/language_model_only"}
    assert headline | ends <= judged.data.metrics.keys()
    history = runs["history: every night"].data.metrics
    decision = json.loads((by_worker / "promotion.jsonl").read_text())
    assert history == {f"history/{task}": value for task, value in decision["scores"].items()}
    files = {file.path for file in client.list_artifacts(judged.info.run_id)}
    assert {"table.md", "scores.png", "items.parquet", "samples.json", "report.html"} <= files


def test_the_model_is_registered_with_aliases_and_the_reason(by_worker: Path) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{by_worker / 'mlflow.db'}")
    version = client.get_model_version_by_alias("generalist-tiny", "challenger")
    decision = json.loads((by_worker / "promotion.jsonl").read_text())
    assert version.tags["reason"] == decision["reason"] and version.tags["run"] == decision["run"]
    aliases = client.get_registered_model("generalist-tiny").aliases
    assert ("champion" in aliases) == decision["promoted"]
    model = client.get_logged_model(version.source.removeprefix("models:/"))
    weights = Path(model.tags["generalist.weights"]) / "model.safetensors"
    assert file_digest(weights) == model.tags["generalist.sha256"]
    keys = {metric.key for metric in model.metrics}
    assert keys >= {"eval/package/acc", "all_tasks/package", "checkpoint/validation_loss"}
    known = client.get_registered_model("generalist-tiny").description
    assert decision["reason"][:40] in known.replace("\\", "")


def test_the_server_has_the_stages_log_and_table(by_worker: Path, deployed: dict[str, str]) -> None:
    flow_run = json.loads((by_worker / "flow_run.json").read_text())
    assert "built evaluation/tiny-" in flow_log(deployed, flow_run)
    tables = api(deployed, "POST", "/artifacts/filter", {})
    assert any(t["key"] == "scores-tiny" and "| package |" in t["data"] for t in tables)
    links = [t["data"] for t in tables if t["key"] == "report-tiny"]
    assert len(links) == 1 and "/runs/" in links[0] and "The night's report" in links[0]


def test_retraining_is_judged_against_the_champion(
    by_worker: Path, deployed: dict[str, str], tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(by_worker, workspace)
    (workspace / "mlflow.db").unlink()
    log = workspace / "promotion.jsonl"
    first = json.loads(log.read_text())
    log.write_text(json.dumps({**first, "promoted": True}) + "\n")
    printed = run(generalist(workspace, "run", "--retrain=always", "--tokens=8192"), deployed)
    assert "mean score over 7 tasks changed by" in printed
    anew = json.loads(log.read_text().splitlines()[1])
    assert anew["champion"] == first["run"]
    assert len(list(workspace.glob("evaluation/tiny-champion-*"))) == 1
    manifest = read_manifest(workspace / anew["run"])
    assert manifest.config["train"]["seed"] == 1 and "initial" not in manifest.inputs

    run(generalist(workspace, "pretrain", "--retrain=continue_champion"), deployed)
    manifests = map(read_manifest, workspace.glob("run/tiny-generalist-*"))
    champions = [m.inputs["initial"] for m in manifests if "initial" in m.inputs]
    assert champions == [first["run_digest"] if not anew["promoted"] else anew["run_digest"]]


def test_the_command_line_shows_what_a_person_wants_to_know(by_hand: Path) -> None:
    printed = (by_hand.parent / "printed.txt").read_text()
    assert "✓ documentation/installed-" in printed and "✓ catalogues/installed-" in printed
    for kind in (
        "prompts",
        "documents",
        "tokenizer",
        "shards",
        "contamination",
        "evaluation",
        "report",
    ):
        assert f"✓ {kind}/tiny-" in printed
    for word in ("majority", "chance", "Unseen", "Continuation 2", "lzma", "Try next"):
        assert word in printed, word
    assert "Decision: not promoted: " in printed or "Decision: promoted: " in printed
    assert str(next(by_hand.glob("evaluation/tiny-*/scores.png"))) in printed
    assert "workflowType=machine_learning" in printed
    assert "Traceback" not in printed and "WARNING" not in printed


def test_a_night_tells_what_of_its_evaluation_was_read_before(by_hand: Path) -> None:
    (found,) = [
        path
        for path in by_hand.glob("evaluation/tiny-*/contamination.json")
        if "champion" not in path.parent.name
    ]
    told = json.loads(found.read_text(encoding="utf-8"))
    assert {("package", "test"), ("continuation", "validation")} <= {
        (one["task"], one["split"]) for one in told
    }
    page = next(by_hand.glob("report/*/report.html")).read_text(encoding="utf-8")
    assert "Evaluation in the training text" in page and "in the training text" in page


def test_a_second_run_with_nothing_new_is_skipped_visibly(
    by_hand: Path, deployed: dict[str, str]
) -> None:
    before = sorted(by_hand.glob("*/*/manifest.json"))
    printed = run(generalist(by_hand, "run"), deployed)
    assert "skipped: nothing new" in printed and "majority" in printed
    assert printed.count("✓ reused") == 11 and sorted(by_hand.glob("*/*/manifest.json")) == before
    runs = api(deployed, "POST", "/flow_runs/filter", {"sort": "END_TIME_DESC", "limit": 1})
    assert (runs[0]["state"]["name"], runs[0]["state"]["type"]) == ("Skipped", "COMPLETED")
    assert runs[0]["state"]["message"] == "skipped: nothing new"


def test_two_empty_workspaces_get_the_same_bytes(by_hand: Path, by_worker: Path) -> None:
    digests = []
    for workspace in (by_hand, by_worker):
        manifests = [read_manifest(p.parent) for p in sorted(workspace.glob("*/*/manifest.json"))]
        dated = ("report",)  # it says when
        made = [m for m in manifests if m.kind not in dated]
        digests.append({f"{m.kind}/{m.name}": (m.key, m.digest) for m in made})
        documentation = next(m for m in manifests if m.kind == "documentation")
        assert len(documentation.counts["corpus_digest"]) == 64
    assert len(digests[0]) == 10 and digests[0] == digests[1]
    losses = [
        {
            path.parent.name: [(row["step"], row["train/loss"]) for row in read_jsonl(path)]
            for path in sorted(workspace.glob("run/*/metrics.jsonl"))
        }
        for workspace in (by_hand, by_worker)
    ]
    assert len(losses[0]) == 2 and losses[0] == losses[1]
