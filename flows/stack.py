"""``generalist up``: Prefect's and MLflow's servers, deployments and workers, by one launcher.

The servers start together; what they need is deployed; then there is a worker per pool. Whatever
dies is started again. Ctrl-C ends all of it.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.errors import FlowsError
from flows.stack_services import POOLS, Child, Places, Service, services
from flows.workspace import Workspace

START_SECONDS = 180.0
"""For a server to answer; a busy machine is slow."""
POLL_SECONDS = 1.0
STOP_SECONDS = 10.0


def up(console: Console, workspace: Workspace, port: int, mlflow_port: int) -> int:
    """Run the stack until a signal comes; returns the exit code."""
    places = Places(workspace=workspace.root, port=port, mlflow_port=mlflow_port)
    places.directory.mkdir(exist_ok=True)
    stop = _stopped_by_signals()
    stack = Stack(console, places, stop)
    start = time.monotonic()
    try:
        stack.start()
        if not stop.is_set():
            _say_ready(console, places, time.monotonic() - start)
            stack.watch()
    finally:
        stack.end()
    return 0


def _stopped_by_signals() -> threading.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set.

    A signal with a handler is reset to its default in the children; an ignored one, as ``nohup …
    &`` leaves it, would stay ignored there.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


class Stack:
    """The children of a launcher."""

    def __init__(self, console: Console, places: Places, stop: threading.Event) -> None:
        self._console, self._places, self._stop = console, places, stop
        self._children: list[Child] = []

    def start(self) -> None:
        """Servers, deployments, workers; raises FlowsError when a server does not come up."""
        servers, workers = services(self._places)
        for service in servers:
            self._add(service)
        self._wait(self._children)
        if self._stop.is_set():
            return
        deploy(self._places)
        for service in workers:
            self._add(service)

    def _add(self, service: Service) -> None:
        child = Child(service, self._places.directory / f"{service.name}.log")
        self._children.append(child)
        child.start(self._places.environment())

    def _wait(self, children: Sequence[Child]) -> None:
        deadline = time.monotonic() + START_SECONDS
        for child in children:
            while not (self._stop.is_set() or child.service.healthy()):
                if not child.alive or time.monotonic() > deadline:
                    raise FlowsError(
                        f"{child.service.name} does not start; the end of {child.log}:\n"
                        + child.last_lines()
                    )
                self._stop.wait(0.2)

    def watch(self) -> None:
        """Start again what dies, until a signal comes."""
        while not self._stop.wait(POLL_SECONDS):
            for child in self._children:
                if not child.alive:
                    self._console.print(f"[yellow]! {child.service.name} ended: started again[/]")
                    child.start(self._places.environment())

    def end(self) -> None:
        """Stop all, workers first."""
        for child in reversed(self._children):
            child.stop(STOP_SECONDS)


def deploy(places: Places) -> None:
    """Pools and deployments on the server."""
    environment = {**os.environ, **places.environment()}
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    for pool in POOLS:
        create = ["work-pool", "create", "--type", "process", "--overwrite", pool]
        _run([*prefect, *create], environment)
    file = str(Path(__file__).parents[1] / "prefect.yaml")
    _run([*prefect, "deploy", "--all", "--prefect-file", file], environment)


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        raise FlowsError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _say_ready(console: Console, places: Places, seconds: float) -> None:
    console.print(f"[green]✓[/] up after {seconds:.0f} s")
    lines = {
        "Prefect": f"{places.prefect}/deployments",
        "MLflow": f"{places.mlflow}/#/experiments?workflowType=machine_learning",
        "logs": str(places.directory),
    }
    for name, value in lines.items():
        console.print(f"{name:<8} {escape(value)}", soft_wrap=True)
    console.print(f"To train: open {places.prefect}/deployments, nightly, Run.", soft_wrap=True)
    console.print("Ctrl-C stops all of it; a training run goes on at the next start.")
