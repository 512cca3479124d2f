"""The two ways to run the pipeline, each in a workspace of its own, shared by the tests of flows.

``by_hand``: ``generalist run``. ``by_worker``: deployed on a real Prefect server, triggered through
its API, run by a real process worker.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flows.progress import LOG
from tests.flows.processes import (
    api,
    flow_log,
    free_port,
    generalist,
    healthy,
    run,
    running,
    wait_for,
)


@pytest.fixture(autouse=True)
def the_process_is_left_as_it_was() -> Iterator[None]:
    """A command within a test sets variables and changes the log; the next test must not see it."""
    variables = dict(os.environ)
    level, propagate, disabled = LOG.level, LOG.propagate, LOG.disabled
    handlers, filters = list(LOG.handlers), list(LOG.filters)
    yield
    for name in os.environ.keys() - variables.keys():
        del os.environ[name]
    os.environ.update(variables)
    LOG.setLevel(level)
    LOG.propagate, LOG.disabled = propagate, disabled
    LOG.handlers[:], LOG.filters[:] = handlers, filters


class Running(NamedTuple):
    """A process at work."""

    workspace: Path
    log: Path
    process: subprocess.Popen[bytes]


@pytest.fixture(scope="session")
def started_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """``generalist run`` in an empty workspace, at work while the server starts."""
    workspace = tmp_path_factory.mktemp("hand") / "workspace"
    log = workspace.parent / "printed.txt"
    with running(generalist(workspace, "run"), log, {"COLUMNS": "120"}) as process:
        yield Running(workspace, log, process)


@pytest.fixture(scope="session")
def by_hand(started_by_hand: Running) -> Path:
    """The workspace that ``generalist run`` leaves, with what it printed beside it."""
    code = started_by_hand.process.wait(240)
    assert code == 0, started_by_hand.log.read_text()
    return started_by_hand.workspace


@pytest.fixture(scope="session")
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
        wait_for("the server", lambda: healthy(env["PREFECT_API_URL"]), 90)
        yield env


@pytest.fixture(scope="session")
def deployed(started_by_hand: Running, server: dict[str, str]) -> dict[str, str]:
    """The server with all that ``generalist deploy`` puts there."""
    run([sys.executable, "-m", "flows", "deploy"], server)
    return server


@pytest.fixture(scope="session")
def by_worker(deployed: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace that a worker leaves after ``nightly`` was triggered through the API."""
    workspace = tmp_path_factory.mktemp("worker") / "workspace"
    workspace.mkdir()
    env = {**deployed, "GENERALIST_WORKSPACE": str(workspace)}
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "gpu"]
    with running(command, workspace.parent / "worker.log", env):
        nightly = api(deployed, "GET", "/deployments/name/nightly/nightly")
        made = {"parameters": {"profile": "tiny"}, "state": {"type": "SCHEDULED"}}
        flow_run = api(deployed, "POST", f"/deployments/{nightly['id']}/create_flow_run", made)

        def finished() -> Any:
            state = api(deployed, "GET", f"/flow_runs/{flow_run['id']}")["state"]
            return state if state["type"] in ("COMPLETED", "FAILED", "CRASHED") else None

        state = wait_for("the flow run", finished, 180)
        log = (workspace.parent / "worker.log").read_text()
        assert state["type"] == "COMPLETED", f"{state}\n{log}"
        wait_for("the end of its log", lambda: "promoted: " in flow_log(deployed, flow_run), 30)
        (workspace / "flow_run.json").write_text(json.dumps(flow_run))
    return workspace
