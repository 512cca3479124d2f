"""``generalist up``: it starts whole, keeps itself up, and loses no training when it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import stack_processes
from flows.stack_runs import online
from flows.stack_services import answers
from flows.workspace import Workspace
from tests.flows.processes import ROOT, api, free_port, generalist, run, wait_for
from tests.operations.stacks import STOP_SECONDS, Stack, command, kill, start, started, stop

pytestmark = pytest.mark.operations

LONG = {"profile": "tiny", "overrides": {"tokens": 250_000}}
"""Parameters of a training that is still at work when one looks."""


def refused(workspace: Path, prefect: int, mlflow: int, seconds: float = 60) -> str:
    """What ``generalist up`` says when it does not start."""
    done = subprocess.run(
        command(workspace, prefect, mlflow),
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=seconds, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout + done.stderr
    return done.stderr


def search_runs(stack: Stack) -> list[dict[str, Any]]:
    url = f"{stack.mlflow}/api/2.0/mlflow"
    found = httpx.post(f"{url}/experiments/search", json={"max_results": 100}, timeout=30).json()
    ids = [experiment["experiment_id"] for experiment in found["experiments"]]
    wanted = {"experiment_ids": ids, "max_results": 100}
    runs = httpx.post(f"{url}/runs/search", json=wanted, timeout=30).json().get("runs", [])
    return list(runs)


def test_it_is_up_with_pages_workers_deployments_and_little_memory(stack: Stack) -> None:
    for url in (stack.prefect, stack.mlflow):
        page = httpx.get(url, follow_redirects=True, timeout=30)
        assert page.status_code == 200 and "<html" in page.text.lower()
    for pool in ("cpu", "gpu"):
        workers = api(stack.env, "POST", f"/work_pools/{pool}/workers/filter", {})
        assert [worker["status"] for worker in workers] == ["ONLINE"]
    nightly = api(stack.env, "GET", "/deployments/name/nightly/nightly")
    assert nightly["schedules"][0]["active"]
    assert stack_processes.memory(stack.directory) < 1.2e9
    printed = stack.printed.read_text()
    assert stack.prefect in printed and "workflowType=machine_learning" in printed
    assert stack.state().running and set(stack.state().processes) == {
        "prefect", "mlflow", "worker-cpu", "worker-gpu"
    }  # fmt: skip


def test_a_night_by_hand_and_one_by_worker_share_workspace_and_mlflow(stack: Stack) -> None:
    flow_run = stack.trigger("nightly/nightly", {"profile": "tiny"})
    done = stack.finished(flow_run)
    assert done["state"]["type"] == "COMPLETED", done["state"]
    runs = search_runs(stack)
    metrics = {metric["key"] for one in runs for metric in one["data"].get("metrics", [])}
    assert "train/loss" in metrics and any(key.startswith("eval") for key in metrics)
    places = {one["info"]["artifact_uri"].rpartition("/")[0] for one in runs}
    assert all(place.startswith((stack.workspace / "mlartifacts").as_uri()) for place in places)
    # By hand a run opens the same store itself, without the server.
    printed = run(generalist(stack.workspace, "run", "--tokens", "30000"), {})
    assert "MLflow does not have" not in printed
    assert f"{stack.mlflow}/#/experiments" in printed
    assert len(search_runs(stack)) > len(runs)


def doctor(workspace: Path, code: int = 0) -> str:
    """What ``generalist doctor`` prints."""
    named = [sys.executable, "-m", "flows", "doctor", "--workspace", str(workspace)]
    done = subprocess.run(
        named, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_the_doctor_finds_a_stack_well_and_sees_what_is_done_to_it(stack: Stack) -> None:
    said = doctor(stack.workspace)
    assert said.startswith("    what") and "✗" not in said
    for line in ("stack's", "last night", "does not answer", "missing"):
        assert line not in said
    assert "runs are scheduled, next" in said and "generalist-gpu" in said
    assert "all enabled" in said and "0 wrong" in said
    url = stack.env["PREFECT_API_URL"]
    first = api(stack.env, "POST", "/automations/filter", {})[0]
    httpx.patch(f"{url}/automations/{first['id']}", json={"enabled": False}).raise_for_status()
    assert f"switched off: {first['name']}" in " ".join(doctor(stack.workspace).split())
    httpx.delete(f"{url}/automations/{first['id']}").raise_for_status()
    said = " ".join(doctor(stack.workspace, code=1).split())
    assert f"missing: {first['name']}" in said and "→ generalist deploy" in said
    run([sys.executable, "-m", "flows", "deploy"], stack.env)
    assert "all enabled" in doctor(stack.workspace)


def test_a_second_start_is_refused_with_the_address_of_the_first(stack: Stack) -> None:
    said = refused(stack.workspace, free_port(), free_port())
    assert "a stack is up" in said and stack.prefect in said
    assert str(stack.process.pid) in said


def test_a_taken_port_is_named_with_its_holder_before_anything_starts(
    stack: Stack, tmp_path: Path
) -> None:
    taken = int(stack.prefect.rpartition(":")[2])
    said = refused(tmp_path / "other", taken, free_port())
    assert f"port {taken} of 127.0.0.1 is taken by process" in said
    assert "--port" in said and str(stack.workspace) in said
    assert not list((tmp_path / "other" / "stack").glob("*.log"))


def test_a_worker_and_a_server_that_die_are_started_again(stack: Stack) -> None:
    before = stack.state().processes
    for name in ("worker-cpu", "mlflow"):
        os.kill(before[name].pid, signal.SIGKILL)
    for name in ("worker-cpu", "mlflow"):
        wait_for(f"another {name}", lambda: stack.state().processes[name] != before[name], 60)  # noqa: B023
    wait_for("MLflow", lambda: answers(f"{stack.mlflow}/health"), 120)
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    wait_for("the worker", lambda: online(stack.env["PREFECT_API_URL"], "cpu", now), 120)
    said = (stack.directory / "stack.log").read_text()
    assert "worker-cpu ended (killed by SIGKILL)" in said and "mlflow ended" in said


def steps(workspace: Path) -> list[int]:
    """Steps that the generalist's training has logged."""
    found = list(workspace.glob("run/tiny-generalist-*/metrics.jsonl"))
    text = found[0].read_text() if found else ""
    return [json.loads(line)["step"] for line in text.splitlines() if line.endswith("}")]


def beyond(workspace: Path, step: int) -> None:
    def probe() -> bool:
        return bool(logged := steps(workspace)) and logged[-1] > step

    wait_for(f"training beyond step {step}", probe, 240)


def newest_checkpoint(workspace: Path) -> int:
    found = workspace.glob("run/tiny-generalist-*/checkpoints/step-*")
    return max(int(path.name.removeprefix("step-")) for path in found)


def test_ctrl_c_and_kill_minus_nine_lose_no_training(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    with started(workspace) as first:
        ports = [int(url.rpartition(":")[2]) for url in (first.prefect, first.mlflow)]
        flow_run = first.trigger("pretrain/pretrain", LONG)
        beyond(workspace, 20)
        assert stop(first) < STOP_SECONDS
        assert stack_processes.family(first.directory) == []
        assert first.state().working == (flow_run,) and first.state().processes == {}
        stopped_at = newest_checkpoint(workspace)
        assert stopped_at >= 20
    second = start(workspace, *ports)
    try:
        beyond(workspace, stopped_at + 5)
        second.process.kill()
        second.process.wait()
        third = start(workspace, *ports)
    finally:
        if second.process.poll() is None:
            kill(workspace, second.process)
    try:
        done = third.finished(flow_run)
        assert done["state"]["type"] == "COMPLETED" and done["run_count"] == 3
        (run_directory,) = workspace.glob("run/tiny-generalist-*")
        assert (run_directory / "trainer.log").read_text().count("resumed at step") >= 2
        assert steps(workspace) == sorted(set(steps(workspace)))
        assert [one["info"]["status"] for one in search_runs(third)] == ["FINISHED"] * 2
        assert stop(third, signal.SIGTERM) < STOP_SECONDS
        assert stack_processes.family(third.directory) == []
    finally:
        kill(workspace, third.process)


def test_what_a_launcher_left_is_ended_by_the_next_start(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace").root
    (workspace / "stack").mkdir()
    mark = {stack_processes.MARK: str(workspace / "stack")}
    left = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], env={**os.environ, **mark}
    )
    try:
        with started(workspace) as stack:
            assert left.wait(5) == -signal.SIGTERM
            assert "ending 1 processes" in stack.printed.read_text()
    finally:
        left.kill()
        left.wait()


def test_a_server_that_does_not_start_ends_all_with_the_end_of_its_log(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace").root
    (workspace / "mlflow.db").write_text("no database\n" * 1000)
    said = refused(workspace, free_port(), free_port(), seconds=300)
    assert "mlflow does not start" in said and str(workspace / "stack" / "mlflow.log") in said
    assert "  | " in said and "file is not a database" in said
    assert stack_processes.family(workspace / "stack") == []
