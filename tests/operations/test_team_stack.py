"""``generalist up`` for a team: both servers on PostgreSQL, a password, MLflow's files on S3.

And the schedule really fires, on PostgreSQL and on SQLite.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.flows.processes import ROOT, generalist, run, running, wait_for
from tests.operations.servers import BUCKET, postgresql, s3_server
from tests.operations.stacks import ENDED, Stack, started

pytestmark = pytest.mark.operations
AUTH = ("team", "a-long-password")


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack with all of it."""
    place = tmp_path_factory.mktemp("team")
    with postgresql(place) as database, s3_server(place) as aws, pytest.MonkeyPatch.context() as m:
        settings = {
            **aws,
            "GENERALIST_DATABASE": f"postgresql://{database}",
            "GENERALIST_AUTH": ":".join(AUTH),
            "MLFLOW_ARTIFACTS_DESTINATION": f"s3://{BUCKET}/mlflow",
        }
        for name, value in settings.items():
            m.setenv(name, value)
        with started(place / "workspace") as stack:
            yield stack


def ask(url: str, method: str, path: str, body: Any = None, auth: Any = AUTH) -> Any:
    answer = httpx.request(method, f"{url}{path}", json=body, auth=auth, timeout=60)
    answer.raise_for_status()
    return answer.json()


def ended(url: str, flow_run: str, auth: Any = AUTH, seconds: float = 900) -> dict[str, Any]:
    def probe() -> dict[str, Any] | None:
        found: dict[str, Any] = ask(url, "GET", f"/flow_runs/{flow_run}", auth=auth)["state"]
        return found if found["type"] in ENDED else None

    return wait_for("the end of a flow run", probe, seconds)


def fires(url: str, auth: Any) -> None:
    """A deployment whose schedule is every minute is really run by its worker."""
    id = ask(url, "GET", "/deployments/name/convert/convert", auth=auth)["id"]
    often = {
        "schedule": {"interval": 60},
        "active": True,
        "parameters": {"profile": "tiny"},
    }
    ask(url, "POST", f"/deployments/{id}/schedules", [often], auth)
    wanted = {"deployments": {"id": {"any_": [id]}}, "sort": "EXPECTED_START_TIME_ASC", "limit": 1}

    def created() -> Any:
        found = ask(url, "POST", "/flow_runs/filter", wanted, auth)
        return found[0] if found else None

    flow_run = wait_for("the scheduler", created, 150)
    assert flow_run["auto_scheduled"]
    try:
        state = ended(url, flow_run["id"], auth)
    finally:
        for one in ask(url, "GET", f"/deployments/{id}/schedules", auth=auth):
            path = f"{url}/deployments/{id}/schedules/{one['id']}"
            httpx.delete(path, auth=auth, timeout=60).raise_for_status()
    assert state["type"] == "COMPLETED", state


def test_the_schedule_fires_on_sqlite(stack: Stack) -> None:
    fires(stack.env["PREFECT_API_URL"], None)


def test_without_the_password_neither_server_answers(team: Stack) -> None:
    for url in (
        f"{team.env['PREFECT_API_URL']}/flow_runs/count",
        f"{team.mlflow}/api/2.0/mlflow/experiments/search",
    ):
        for auth in (None, ("team", "another-password")):
            assert httpx.post(url, json={"max_results": 1}, auth=auth).status_code == 401, url
        assert httpx.post(url, json={"max_results": 1}, auth=AUTH).status_code == 200, url


def test_a_night_on_postgresql_completes_and_its_metrics_and_files_are_there(team: Stack) -> None:
    url = team.env["PREFECT_API_URL"]
    nightly = ask(url, "GET", "/deployments/name/nightly/nightly")["id"]
    made = {"parameters": {"profile": "tiny"}, "state": {"type": "SCHEDULED"}}
    flow_run = ask(url, "POST", f"/deployments/{nightly}/create_flow_run", made)
    state = ended(url, flow_run["id"])
    assert state["type"] == "COMPLETED", state
    mlflow = f"{team.mlflow}/api/2.0/mlflow"
    name = "experiment_name=generalist-tiny"
    experiment = ask(mlflow, "GET", f"/experiments/get-by-name?{name}")["experiment"]
    runs = ask(mlflow, "POST", "/runs/search", {"experiment_ids": [experiment["experiment_id"]]})
    found = {metric["key"] for one in runs["runs"] for metric in one["data"].get("metrics", [])}
    assert "train/loss" in found and any(key.startswith("all_tasks/") for key in found)
    assert not (team.workspace / "mlflow.db").exists()
    artifacts = [
        file["path"]
        for one in runs["runs"]
        for file in ask(mlflow, "GET", f"/artifacts/list?run_id={one['info']['run_id']}").get(
            "files", []
        )
    ]
    assert "table.md" in artifacts
    assert all(one["info"]["artifact_uri"].startswith("mlflow-artifacts:") for one in runs["runs"])


def test_the_schedule_fires_on_postgresql(team: Stack) -> None:
    fires(team.env["PREFECT_API_URL"], AUTH)


def test_commands_of_a_client_have_the_password_by_the_same_setting(
    team: Stack, tmp_path: Path
) -> None:
    path = tmp_path / "auth"
    path.write_text(":".join(AUTH))
    path.chmod(0o600)
    env = {**team.env, "GENERALIST_AUTH_FILE": str(path)}
    printed = run(generalist(team.workspace, "convert"), env)
    assert "reused prompts/tiny" in printed and str(path) not in printed


def test_it_listens_on_the_loopback_alone_and_tells_no_secret(team: Stack) -> None:
    family = [psutil.Process(team.process.pid)]
    family += family[0].children(recursive=True)
    family = [one for one in family if one.status() != psutil.STATUS_ZOMBIE]
    listening = {
        (one.laddr.ip, one.laddr.port)
        for process in family
        for one in process.net_connections("inet")
        if one.status == psutil.CONN_LISTEN
    }
    assert {ip for ip, _ in listening} == {"127.0.0.1"} and len(listening) >= 2
    words = [word for process in family for word in process.cmdline()]
    texts = [path.read_text(errors="replace") for path in team.directory.glob("*.*")]
    texts.append(team.printed.read_text())
    assert not [text for text in (*words, *texts) if AUTH[1] in text]


def test_other_addresses_are_refused_without_a_password(tmp_path: Path) -> None:
    command = [*generalist(tmp_path / "workspace", "up", "--host", "0.0.0.0")]
    command = [word for word in command if word not in ("--profile", "tiny")]
    alone = {name: "" for name in ("GENERALIST_AUTH", "GENERALIST_AUTH_FILE") if name in os.environ}
    env = {**alone, "PYTHONPATH": str(ROOT)}
    with running(command, tmp_path / "log", env) as process:
        assert process.wait(60) == 2
    assert "--host=0.0.0.0: whoever reaches it could run anything" in (tmp_path / "log").read_text()
