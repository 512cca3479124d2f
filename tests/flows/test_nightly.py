"""The whole pipeline (tiny) as its users run it: on the command line, and deployed.

The deployed half is real throughout: a Prefect server, ``prefect deploy --all``, the scheduler that
creates runs, a process worker, MLflow's store. Run twice in two empty workspaces, the two ways must
leave the same bytes.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from gptcore.manifest import file_digest, read_manifest
from gptcore.tracking import read_jsonl
from tests.flows.processes import free_port, running, wait_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


class Running(NamedTuple):
    """A process at work."""

    workspace: Path
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="module")
def started_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """``generalist run`` in an empty workspace, at work while the server starts."""
    workspace = tmp_path_factory.mktemp("hand") / "workspace"
    log = workspace.parent / "printed.txt"
    with running(_generalist(workspace, "run"), log, {"COLUMNS": "120"}) as process:
        yield Running(workspace, log, process)


@pytest.fixture(scope="module")
def by_hand(started_by_hand: Running) -> Path:
    """The workspace that ``generalist run`` leaves, with what it printed beside it."""
    code = started_by_hand.process.wait(240)
    assert code == 0, started_by_hand.log.read_text()
    return started_by_hand.workspace


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A Prefect server on a free port; yields the environment that leads to it."""
    home = tmp_path_factory.mktemp("prefect")
    port = str(free_port())
    env = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "flows",
    }
    command = [sys.executable, "-m", "prefect", "server", "start"]
    with running(command, home / "server.log", env):
        wait_for("the server", lambda: _healthy(env["PREFECT_API_URL"]), 90)
        yield env


@pytest.fixture(scope="module")
def deployed(started_by_hand: Running, server: dict[str, str]) -> dict[str, str]:
    """The server with both pools and all deployments of prefect.yaml."""
    for pool in ("cpu", "gpu"):
        _run(_prefect("work-pool", "create", "--type", "process", pool), server)
    _run(_prefect("deploy", "--all"), server)
    return server


@pytest.fixture(scope="module")
def by_worker(deployed: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace that a worker leaves after ``nightly`` was triggered through the API."""
    workspace = tmp_path_factory.mktemp("worker") / "workspace"
    workspace.mkdir()
    env = {**deployed, "GENERALIST_WORKSPACE": str(workspace)}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "gpu"]
    with running(command, workspace.parent / "worker.log", env):
        nightly = _api(deployed, "GET", "/deployments/name/nightly/nightly")
        made = {"parameters": {"profile": "tiny"}, "state": {"type": "SCHEDULED"}}
        run = _api(deployed, "POST", f"/deployments/{nightly['id']}/create_flow_run", made)

        def finished() -> Any:
            state = _api(deployed, "GET", f"/flow_runs/{run['id']}")["state"]
            return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED") else None

        state = wait_for("the flow run", finished, 180)
        log = (workspace.parent / "worker.log").read_text()
        assert state["type"] == "COMPLETED", f"{state}\n{log}"
        (workspace / "flow_run.json").write_text(json.dumps(run))
    return workspace


def test_the_schedule_creates_runs(deployed: dict[str, str]) -> None:
    nightly = _api(deployed, "GET", "/deployments/name/nightly/nightly")
    wanted = {
        "deployments": {"id": {"any_": [nightly["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }

    def created() -> Any:
        runs = _api(deployed, "POST", "/flow_runs/filter", wanted)
        return [run for run in runs if run["auto_scheduled"]]

    runs = wait_for("the scheduler", created, 75)
    assert all(run["expected_start_time"][11:16] == "03:00" for run in runs)
    assert all(run["parameters"]["profile"] == "quickstart" for run in runs)


def test_a_deployed_nightly_leaves_its_results_in_mlflow(
    by_worker: Path,
) -> None:
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{by_worker / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("generalist-tiny")
    runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
    assert {run.info.status for run in runs.values()} == {"FINISHED"} and len(runs) == 3
    trained = next(run for name, run in runs.items() if name.startswith("tiny-generalist"))
    judged = next(run for name, run in runs.items() if name.startswith("evaluation"))
    assert trained.data.params["n_layer"] == "2"
    assert "package 0.25" in trained.data.params["mixture"]
    assert {d.dataset.name for d in trained.inputs.dataset_inputs} == {"shards", "tokenizer"}
    assert trained.data.tags["generalist.evaluation_run_id"] == judged.info.run_id
    assert judged.data.tags["generalist.training_run_id"] == trained.info.run_id
    logged = client.get_metric_history(trained.info.run_id, "train/loss")
    written = read_jsonl(next(by_worker.glob("run/tiny-generalist-*/metrics.jsonl")))
    assert [(m.step, m.value) for m in logged] == [(r["tokens"], r["train/loss"]) for r in written]
    headline = {"eval/package/acc", "eval_acc/package", "eval/package/chance"}
    assert headline <= judged.data.metrics.keys()
    files = {file.path for file in client.list_artifacts(judged.info.run_id)}
    assert {"table.md", "scores.png", "items.parquet", "samples.json"} <= files


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
    assert {metric.key for metric in model.metrics} >= {"eval_acc/package"}


def test_the_server_has_the_stages_log_and_table(by_worker: Path, deployed: dict[str, str]) -> None:
    run = json.loads((by_worker / "flow_run.json").read_text())
    logs = _api(deployed, "POST", "/logs/filter", {"logs": {"flow_run_id": {"any_": [run["id"]]}}})
    messages = [log["message"] for log in logs]
    assert any(message.startswith("built evaluation/tiny-") for message in messages)
    tables = _api(deployed, "POST", "/artifacts/filter", {})
    assert any(t["key"] == "scores-tiny" and "| package |" in t["data"] for t in tables)


def test_retraining_is_judged_against_the_champion(
    by_worker: Path, deployed: dict[str, str], tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    shutil.copytree(by_worker, workspace)
    log = workspace / "promotion.jsonl"
    first = json.loads(log.read_text())
    log.write_text(json.dumps({**first, "promoted": True}) + "\n")
    for retrain in ("always", "continue_champion"):
        options = ("run", "--retrain", retrain, "--tokens", "8192")
        printed = _run(_generalist(workspace, *options), deployed)
        assert "mean accuracy over 3 tasks changed by" in printed
    decisions = [json.loads(line) for line in log.read_text().splitlines()]
    assert [d["champion"] for d in decisions[1:]] == [first["run"]] * 2
    anew, continued = (read_manifest(workspace / d["run"]) for d in decisions[1:])
    assert anew.config["train"]["seed"] == continued.config["train"]["seed"] == 1
    assert continued.inputs["initial"] == first["run_digest"] and "initial" not in anew.inputs
    assert len(list(workspace.glob("evaluation/tiny-champion-*"))) == 1


def test_the_command_line_shows_what_a_person_wants_to_know(by_hand: Path) -> None:
    printed = (by_hand.parent / "printed.txt").read_text()
    for kind in ("documentation", "prompts", "documents", "tokenizer", "shards", "evaluation"):
        assert f"✓ {kind}/tiny-" in printed
    for word in ("majority", "chance", "unseen", "n=30", "Continuation 3", "lzma", "Try next"):
        assert word in printed, word
    assert "Decision: not promoted: " in printed or "Decision: promoted: " in printed
    assert str(next(by_hand.glob("evaluation/tiny-*/scores.png"))) in printed
    assert "workflowType=machine_learning" in printed
    assert "Traceback" not in printed and "WARNING" not in printed


def test_a_second_run_with_nothing_new_is_skipped_visibly(
    by_hand: Path, deployed: dict[str, str]
) -> None:
    before = sorted(by_hand.glob("*/*/manifest.json"))
    printed = _run(_generalist(by_hand, "run"), deployed)
    assert "skipped: nothing new" in printed and "majority" in printed
    assert printed.count("✓ reused") == 8 and sorted(by_hand.glob("*/*/manifest.json")) == before
    runs = _api(deployed, "POST", "/flow_runs/filter", {"sort": "END_TIME_DESC", "limit": 1})
    assert (runs[0]["state"]["name"], runs[0]["state"]["type"]) == ("Skipped", "COMPLETED")
    assert runs[0]["state"]["message"] == "skipped: nothing new"


def test_two_empty_workspaces_get_the_same_bytes(by_hand: Path, by_worker: Path) -> None:
    digests = []
    for workspace in (by_hand, by_worker):
        manifests = [read_manifest(p.parent) for p in sorted(workspace.glob("*/*/manifest.json"))]
        digests.append({f"{m.kind}/{m.name}": (m.key, m.digest) for m in manifests})
        documentation = next(m for m in manifests if m.kind == "documentation")
        assert len(documentation.counts["corpus_digest"]) == 64
    assert len(digests[0]) == 8 and digests[0] == digests[1]
    losses = [
        {
            path.parent.name: [(row["step"], row["train/loss"]) for row in read_jsonl(path)]
            for path in sorted(workspace.glob("run/*/metrics.jsonl"))
        }
        for workspace in (by_hand, by_worker)
    ]
    assert len(losses[0]) == 2 and losses[0] == losses[1]


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def _api(env: dict[str, str], method: str, path: str, body: Any = None) -> Any:
    answer = httpx.request(method, f"{env['PREFECT_API_URL']}{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def _prefect(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "prefect", "--no-prompt", *arguments]


def _generalist(workspace: Path, *arguments: str) -> list[str]:
    options = ["--profile", "tiny", "--workspace", str(workspace)]
    return [sys.executable, "-m", "flows", *arguments, *options]


def _run(command: list[str], env: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **env, "COLUMNS": "120"},
        cwd=ROOT,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
