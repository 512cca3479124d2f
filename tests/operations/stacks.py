"""Stacks that tests start with ``generalist up``, and what they ask of them."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from flows.stack_processes import end, family
from flows.stack_state import State, read_state
from tests.flows.processes import ROOT, api, free_port, wait_for

ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
START_SECONDS = 400.0
"""For a start on a busy machine; a quiet one needs a tenth."""
STOP_SECONDS = 35.0
"""What ``generalist up`` promises."""


class Stack(NamedTuple):
    """A stack that is up."""

    workspace: Path
    prefect: str
    """Address of Prefect's pages."""
    mlflow: str
    """Address of MLflow's server."""
    env: dict[str, str]
    """Leads clients to both, and to the workspace."""
    process: "subprocess.Popen[bytes]"
    """The launcher."""
    printed: Path
    """What the launcher wrote on its console."""

    @property
    def directory(self) -> Path:
        """State and logs."""
        return self.workspace / "stack"

    def state(self) -> State:
        """What its launcher wrote down last."""
        state = read_state(self.workspace)
        assert state is not None
        return state

    def trigger(self, deployment: str, parameters: Mapping[str, Any]) -> str:
        """Start a deployment (flow/name) as the UI does; returns the flow run's id."""
        found = api(self.env, "GET", f"/deployments/name/{deployment}")
        made = {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}}
        flow_run = api(self.env, "POST", f"/deployments/{found['id']}/create_flow_run", made)
        return str(flow_run["id"])

    def flow_run(self, flow_run_id: str) -> dict[str, Any]:
        """A flow run as the server knows it."""
        found: dict[str, Any] = api(self.env, "GET", f"/flow_runs/{flow_run_id}")
        return found

    def finished(self, flow_run_id: str, seconds: float = 900) -> dict[str, Any]:
        """The flow run when it has ended in any way."""

        def probe() -> dict[str, Any] | None:
            found = self.flow_run(flow_run_id)
            return found if found["state"]["type"] in ENDED else None

        return wait_for(f"the end of flow run {flow_run_id}", probe, seconds)


def command(workspace: Path, prefect: int, mlflow: int) -> list[str]:
    """``generalist up``."""
    ports = ["--port", str(prefect), "--mlflow-port", str(mlflow)]
    return [sys.executable, "-m", "flows", "up", *ports, "--workspace", str(workspace)]


def start(workspace: Path, prefect: int, mlflow: int) -> Stack:
    """Start ``generalist up`` and wait until it says that it is up."""
    printed = workspace.with_name(f"{workspace.name}-{time.monotonic_ns()}.txt")
    with printed.open("wb") as sink:
        process = subprocess.Popen(
            command(workspace, prefect, mlflow),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            cwd=workspace.parent,
            start_new_session=True,
        )
    urls = f"http://127.0.0.1:{prefect}", f"http://127.0.0.1:{mlflow}"
    env = {
        "PREFECT_API_URL": f"{urls[0]}/api",
        "MLFLOW_TRACKING_URI": urls[1],
        "GENERALIST_WORKSPACE": str(workspace),
        "PREFECT_HOME": str(workspace / "stack" / "prefect"),
    }

    def up() -> bool:
        assert process.poll() is None, printed.read_text()
        return " up after " in printed.read_text()

    try:
        wait_for("the stack", up, START_SECONDS)
    except BaseException:
        kill(workspace, process)
        raise
    return Stack(workspace, *urls, env, process, printed)


def stop(stack: Stack, number: signal.Signals = signal.SIGINT) -> float:
    """End a stack by a signal to its launcher; returns the seconds that it took."""
    began = time.monotonic()
    stack.process.send_signal(number)
    code = stack.process.wait(STOP_SECONDS + 60)
    seconds = time.monotonic() - began
    assert code == 0, stack.printed.read_text()
    return seconds


def kill(workspace: Path, process: "subprocess.Popen[bytes]") -> None:
    """End a launcher and all that it started, whatever state they are in."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS + 10)
        process.kill()
        process.wait()
    end(family(workspace / "stack"), 5)


@contextlib.contextmanager
def started(workspace: Path) -> Iterator[Stack]:
    """A stack on free ports; at the end nothing of it is left."""
    workspace.mkdir(exist_ok=True)
    stack = start(workspace, free_port(), free_port())
    try:
        yield stack
    finally:
        kill(workspace, stack.process)
