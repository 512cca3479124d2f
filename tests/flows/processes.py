"""Processes that tests start, and always end: by their own ids, with all that they started."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

T = TypeVar("T")
ROOT = Path(__file__).parents[2]


@contextmanager
def running(
    command: Sequence[str], log: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process; at the end it is stopped, and all that it started with it."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **env},
            cwd=log.parent,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True)] if _alive(process) else []
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _, left = psutil.wait_procs(family, timeout=2)
        for child in left:
            child.kill()


def _alive(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is None


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(what: str, probe: Callable[[], T | None], seconds: float, *, every: float = 0.5) -> T:
    """The first value of ``probe`` that is true; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := probe():
            return value
        time.sleep(every)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")


def healthy(url: str) -> bool:
    """Whether a Prefect API answers."""
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def api(env: Mapping[str, str], method: str, path: str, body: Any = None) -> Any:
    """One request to the Prefect API that the environment leads to."""
    answer = httpx.request(method, f"{env['PREFECT_API_URL']}{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def prefect(*arguments: str) -> list[str]:
    """A command of Prefect's."""
    return [sys.executable, "-m", "prefect", "--no-prompt", *arguments]


def generalist(workspace: Path, *arguments: str) -> list[str]:
    """A command of ours, on the tiny profile."""
    options = ["--profile", "tiny", "--workspace", str(workspace)]
    return [sys.executable, "-m", "flows", *arguments, *options]


def run(command: Sequence[str], env: Mapping[str, str]) -> str:
    """What a command prints; it must succeed."""
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


def flow_log(env: Mapping[str, str], flow_run: Mapping[str, Any]) -> str:
    """What a flow run has logged on the server so far."""
    wanted = {"logs": {"flow_run_id": {"any_": [flow_run["id"]]}}}
    return "\n".join(log["message"] for log in api(env, "POST", "/logs/filter", wanted))
