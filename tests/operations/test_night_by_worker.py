"""Nights under a real worker: retries, notifications, the champion, and roll-back from the UI.

One server and one workspace; the tests go on from one another's nights, in order.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from flows.champion import FILE, champion_decision, decisions
from flows.workspace import Workspace
from gptcore.tracking import read_jsonl
from tests.flows.processes import (
    api,
    free_port,
    generalist,
    healthy,
    prefect,
    run,
    running,
    wait_for,
)
from tests.flows.test_notify import webhook

pytestmark = pytest.mark.operations
FINAL = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@dataclass
class Nights:
    """A server, workers, a workspace, and what a team was told."""

    env: dict[str, str]
    root: Path
    told: list[dict[str, Any]]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request; a busy server answers 503, or late."""

        def answer() -> tuple[Any] | None:
            try:
                return (api(self.env, method, path, body),)
            except httpx.HTTPStatusError as error:
                if error.response.status_code != 503:
                    raise
            except httpx.TransportError:
                pass
            return None

        return wait_for(f"an answer to {path}", answer, 180)[0]

    def start(self, flow: str, **parameters: Any) -> str:
        deployed = self.ask("GET", f"/deployments/name/{flow}/{flow}")
        made = {
            "parameters": {"profile": "tiny", **parameters},
            "state": {"type": "SCHEDULED"},
            "idempotency_key": str(uuid4()),  # asked twice, it starts one
        }
        path = f"/deployments/{deployed['id']}/create_flow_run"
        return str(self.ask("POST", path, made)["id"])

    def end(self, flow_run: str, seconds: float = 600) -> dict[str, Any]:
        def final() -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask("GET", f"/flow_runs/{flow_run}")["state"]
            return found if found["type"] in FINAL else None

        return wait_for(f"the end of {flow_run}", final, seconds)

    def stages(self, flow_run: str) -> dict[str, dict[str, Any]]:
        wanted = {"task_runs": {"flow_run_id": {"any_": [flow_run]}}}
        found = self.ask("POST", "/task_runs/filter", wanted)
        return {one["name"]: one for one in found}

    def log(self, flow_run: str) -> str:
        wanted = {"logs": {"flow_run_id": {"any_": [flow_run]}}}
        return "\n".join(one["message"] for one in self.ask("POST", "/logs/filter", wanted))

    def champion_alias(self) -> str:
        import mlflow

        client = mlflow.MlflowClient(f"sqlite:///{self.root / 'mlflow.db'}")
        version = client.get_model_version_by_alias("generalist-tiny", "champion")
        return str(version.tags["run"])


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    home = tmp_path_factory.mktemp("prefect")
    root, port = home / "workspace", str(free_port())
    root.mkdir()
    env = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "flows",
        "GENERALIST_WORKSPACE": str(root),
    }
    server = [sys.executable, "-m", "prefect", "server", "start"]

    def worker(pool: str) -> list[str]:
        return [sys.executable, "-m", "prefect", "worker", "start", "--pool", pool]

    with running(server, home / "server.log", env), webhook() as (url, told):
        wait_for("the server", lambda: healthy(env["PREFECT_API_URL"]), 120)
        for pool in ("cpu", "gpu"):
            run(prefect("work-pool", "create", "--type", "process", pool), env)
        run(prefect("deploy", "--all"), env)
        run([sys.executable, "-c", _BLOCK, url], env)
        with (
            running(worker("gpu"), home / "gpu.log", env),
            running(worker("cpu"), home / "cpu.log", env),
        ):
            yield Nights(env=env, root=root, told=told)


_BLOCK = """
import sys
from prefect.blocks.notifications import CustomWebhookNotificationBlock as Webhook
body = {"title": "{{subject}}", "text": "{{body}}"}
Webhook(name="team", url=sys.argv[1], json_data=body).save("team")
"""
TEAM = "custom-webhook/team"


def _trainers(root: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "gptcore.pretrain" in words and any(str(root) in word for word in words):
            found.append(process)
    return found


def test_a_killed_trainer_is_tried_again_and_resumes_and_a_late_night_waits(nights: Nights) -> None:
    flow_run = nights.start("nightly", notify=TEAM, overrides={"tokens": 400_000})

    def checkpointed() -> Path | None:
        found = list(nights.root.glob("run/tiny-generalist-*/checkpoints/step-*"))
        return found[0].parent.parent if found else None

    directory = wait_for("a checkpoint", checkpointed, 600)
    (trainer,) = _trainers(directory)
    os.kill(trainer.pid, signal.SIGKILL)
    late = nights.start("nightly", overrides={"tokens": 400_000})
    state = nights.end(flow_run)
    assert state["type"] == "COMPLETED", f"{state}\n{nights.log(flow_run)}"
    training = nights.stages(flow_run)["training of tiny, generalist"]
    assert training["run_count"] == 2, training
    log = nights.log(flow_run)
    assert "killed by SIGKILL" in log and "Retry 1/2 will start 10" in log
    steps = [row["step"] for row in read_jsonl(directory / "metrics.jsonl")]
    assert steps == sorted(set(steps)), "no step is written twice"
    assert json.loads((directory / "summary.json").read_text())["generations"] == 2
    (told,) = nights.told
    decision = decisions(Workspace(nights.root), "tiny")[-1]
    assert decision.reason[:30].lower() in told["text"].lower() and "package" in told["text"]
    assert f"/runs/flow-run/{flow_run}" in told["text"] and "/runs/" in told["text"]
    assert nights.end(late)["name"] == "Skipped"
    first, second = (nights.ask("GET", f"/flow_runs/{one}") for one in (flow_run, late))
    assert second["start_time"] >= first["end_time"], "a late night waits for the one at work"


def test_a_person_rolls_back_from_the_ui(nights: Nights) -> None:
    run_name = Path(decisions(Workspace(nights.root), "tiny")[0].run).name
    flow_run = nights.start("promote", to=run_name, reason="we know better")
    state = nights.end(flow_run)
    assert state["type"] == "COMPLETED", f"{state}\n{nights.log(flow_run)}"
    champion = champion_decision(Workspace(nights.root), "tiny")
    assert champion is not None and Path(champion.run).name == run_name
    if champion.by:  # else the gate had made it champion already
        assert champion.reason == "by hand: we know better" and "flow run" in champion.by
    assert nights.champion_alias() == champion.run


def test_the_champion_stays_when_a_stage_fails_for_good_and_the_team_is_told(
    nights: Nights,
) -> None:
    """The place of evaluations is a file: no attempt can write there."""
    before = (nights.root / FILE).read_text()
    champion = nights.champion_alias()
    aside = (nights.root / "evaluation").rename(nights.root / "evaluation-aside")
    (nights.root / "evaluation").write_text("in the way")
    told = len(nights.told)
    try:
        parameters = {"notify": TEAM, "retrain": "always", "overrides": {"tokens": 8192}}
        flow_run = nights.start("nightly", **parameters)
        assert nights.end(flow_run)["type"] == "FAILED"
    finally:
        (nights.root / "evaluation").unlink()
        aside.rename(nights.root / "evaluation")
    assert nights.stages(flow_run)["evaluation of tiny"]["run_count"] == 3
    assert (nights.root / FILE).read_text() == before
    assert nights.champion_alias() == champion
    wait_for("the notification", lambda: len(nights.told) > told or None, 60)
    assert nights.told[-1]["title"] == "Generalist, tiny: the nightly Failed"
    assert "The champion stays" in nights.told[-1]["text"]


@pytest.mark.parametrize("name", ["custom-webhook/nobody", "custom-webhok/team"])
def test_a_notification_block_that_is_not_there_stops_the_night_before_it_starts(
    nights: Nights, name: str
) -> None:
    flow_run = nights.start("nightly", notify=name)
    state = nights.end(flow_run)
    assert state["type"] == "FAILED" and f"notify='{name}'" in state["message"]
    assert nights.stages(flow_run) == {}
    if name.endswith("nobody"):
        assert "there are custom-webhook/team" in state["message"]


def test_the_log_is_shown_and_cleaned_up_after(nights: Nights) -> None:
    printed = run(generalist(nights.root, "history"), {})
    assert "*: the champion" in printed
    command = [sys.executable, "-m", "flows", "gc", "--dry-run", "--workspace", str(nights.root)]
    told = run(command, {})
    assert "nothing was removed" in told and "the run is finished" in told
