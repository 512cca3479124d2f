"""The processes of a stack: what is started, with which environment, and whether it is well.

Each runs in a session of its own, so that a terminal's Ctrl-C reaches the launcher alone, with its
output in ``<workspace>/stack/<name>.log``.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx

HOST = "127.0.0.1"
POOLS = ("cpu", "gpu")
QUOTED_LINES = 12
_MEGABYTE = 1_000_000
_LARGEST_LOG = 20 * _MEGABYTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where a stack lives and listens."""

    workspace: Path
    port: int
    """Prefect's."""
    mlflow_port: int

    @property
    def directory(self) -> Path:
        """State, logs and Prefect's home."""
        return self.workspace / "stack"

    @property
    def prefect(self) -> str:
        """Address of Prefect's pages."""
        return f"http://{HOST}:{self.port}"

    @property
    def api(self) -> str:
        """Address of Prefect's API."""
        return f"{self.prefect}/api"

    @property
    def mlflow(self) -> str:
        """Address of MLflow's server and pages."""
        return f"http://{HOST}:{self.mlflow_port}"

    def environment(self) -> dict[str, str]:
        """What every process of the stack gets on top of the launcher's own."""
        return {
            "PREFECT_HOME": str(self.directory / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_API_HOST": HOST,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_UI_V2_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "GENERALIST_WORKSPACE": str(self.workspace),
            "MLFLOW_TRACKING_URI": self.mlflow,
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "PYTHONUNBUFFERED": "1",
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One process that a stack keeps running."""

    name: str
    command: tuple[str, ...]
    healthy: Callable[[], bool]
    """Whether it does its work; asked once it was started."""


def services(places: Places) -> tuple[list[Service], list[Service]]:
    """The servers, and the workers that need them."""
    store = f"sqlite:///{places.workspace / 'mlflow.db'}"
    artifacts = (places.workspace / "mlartifacts").as_uri()
    servers = [
        Service(
            name="prefect",
            command=_module("prefect", "server", "start", "--workers", "1"),
            healthy=lambda: answers(f"{places.api}/health"),
        ),
        Service(
            name="mlflow",
            command=_module(
                *("mlflow", "server", "--host", HOST, "--port", str(places.mlflow_port)),
                *("--workers", "1", "--backend-store-uri", store),
                *("--default-artifact-root", artifacts, "--no-serve-artifacts"),
            ),
            healthy=lambda: answers(f"{places.mlflow}/health"),
        ),
    ]
    workers = [
        Service(
            name=f"worker-{pool}",
            command=_module(
                *("prefect", "--no-prompt", "worker", "start"),
                *("--pool", pool, "--name", f"generalist-{pool}"),
            ),
            healthy=lambda: True,
        )
        for pool in POOLS
    ]
    return servers, workers


def _module(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def answers(url: str) -> bool:
    """Whether a server answers that it is well."""
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@dataclass(slots=True)
class Child:
    """A service that was started."""

    service: Service
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    deaths: list[float] = field(default_factory=list)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the process; its output is appended to the log."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                self.service.command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self.started = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the process alone."""
        if self.alive and self.process is not None:
            self.process.send_signal(number)

    def stop(self, seconds: float) -> None:
        """End it, by force when it takes longer."""
        if self.process is None:
            return
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_lines(self) -> str:
        """The end of its log, to be quoted."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"  | {line}" for line in lines[-QUOTED_LINES:] or ["(empty)"])
