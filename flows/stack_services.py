"""The processes of a stack: what is started, with which environment, and whether it is well.

Each runs in a session of its own, so that a terminal's Ctrl-C reaches the launcher alone, with its
output in ``<workspace>/stack/<name>.log``.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from flows import team
from flows.prefect_settings import SERVER_ENV, WORKER_ENV
from flows.stack_processes import MARK
from flows.stack_state import DIRECTORY

HOST = "127.0.0.1"
POOLS = ("cpu", "gpu")
QUOTED_LINES = 12
REMEMBERED_SECONDS = 300.0
"""A death counts so long."""
LONGEST_WAIT = 30.0
_LARGEST_LOG = 20_000_000
"""Bytes of a log after which the next start begins a new one; the one before is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where a stack lives and listens."""

    workspace: Path
    port: int
    """Prefect's."""
    mlflow_port: int
    host: str = HOST
    """Address that the servers listen on; their children use the loopback all the same."""

    @property
    def directory(self) -> Path:
        """State, logs and Prefect's home."""
        return self.workspace / DIRECTORY

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

    @property
    def alone(self) -> bool:
        """Whether the servers listen to this machine only."""
        return self.host in (HOST, "localhost")

    def environment(self) -> dict[str, str]:
        """What every process of the stack gets on top of the launcher's own."""
        return {
            **SERVER_ENV,
            **WORKER_ENV,
            "PREFECT_HOME": str(self.directory / "prefect"),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_API_HOST": self.host,
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
            # The command line's two would not outlast a server that is started again.
            "PREFECT_CLIENT_MAX_RETRIES": "6",
            "GENERALIST_WORKSPACE": str(self.workspace),
            "MLFLOW_TRACKING_URI": self.mlflow,
            "PYTHONUNBUFFERED": "1",
            MARK: str(self.directory),
            **team.server_settings(self.directory, self.host),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """One process that a stack keeps running."""

    name: str
    command: tuple[str, ...]
    healthy: Callable[[], bool] | None = None
    """Whether it answers; None: a worker, which the server knows about."""

    @property
    def serves(self) -> bool:
        """A server, without which nothing works, and no worker."""
        return self.healthy is not None


def services(places: Places) -> tuple[list[Service], list[Service]]:
    """The servers, and the workers that need them."""
    servers = [
        Service(
            name="prefect",
            command=_module("prefect", "--no-prompt", "server", "start", "--workers", "1"),
            healthy=lambda: answers(f"{places.api}/health"),
        ),
        Service(
            name="mlflow",
            command=_module(
                *("flows.mlflow_server", "--host", places.host, "--port", str(places.mlflow_port)),
                *("--workers", "1", *team.mlflow_arguments(places.workspace)),
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
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


@dataclass(slots=True)
class Child:
    """A service that was started, and how often it died."""

    service: Service
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    since: str = ""
    """When it was started last; ISO 8601, UTC."""
    due: float | None = None
    """Monotonic time of its next start, when it has died."""
    deaths: list[float] = field(default_factory=list)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start the process; its output is appended to the log."""
        if self.log.exists() and self.log.stat().st_size > _LARGEST_LOG:
            self.log.replace(self.log.with_suffix(".log.1"))
        tether = (sys.executable, "-m", "flows.tether", str(os.getpid()))
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                [*tether, *self.service.command],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=self.log.parent,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self.since, self.due = datetime.now(UTC).isoformat(), None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """Its number; 0 when it was never started."""
        return self.process.pid if self.process is not None else 0

    def died(self) -> float:
        """Note a death; returns the seconds until it is to be started again."""
        self.kill()  # what is left of its session holds its port
        now = time.monotonic()
        self.deaths = [one for one in self.deaths if now - one < REMEMBERED_SECONDS] + [now]
        delay = min(2.0 ** (len(self.deaths) - 1), LONGEST_WAIT)
        self.due = now + delay
        return delay

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        if self.alive and self.process is not None:
            self.process.send_signal(number)

    def stop(self, seconds: float) -> None:
        """Wait for its end after a signal; end what takes longer, and all of its session."""
        if self.alive and self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """End what is left of its session."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_lines(self) -> str:
        """The end of its log, to be quoted."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        quoted = "\n".join(f"  | {line}" for line in lines[-QUOTED_LINES:] or ["(empty)"])
        return f"the end of {self.log}:\n{quoted}"
