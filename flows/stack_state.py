"""What a stack leaves on disk for others: who runs where, and which flow runs it worked on.

``<workspace>/stack/state.json`` is written anew, by renaming, whenever something changes. Beside it
lies ``lock``, which the launcher holds: the kernel lets go of it however the launcher ends.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from flows.errors import FlowsError

DIRECTORY = "stack"
FILE = "state.json"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Process:
    """A process, not to be mistaken for a later one of the same number."""

    pid: int
    started: float
    """Seconds since the epoch, as the system tells it."""

    @property
    def alive(self) -> bool:
        """Whether it runs still."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.started) < 1
            return bool(same and found.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False


def process(pid: int) -> Process:
    """The process of a number, with the time of its start; 0 when it is gone."""
    try:
        return Process(pid=pid, started=psutil.Process(pid).create_time())
    except psutil.Error:
        return Process(pid=pid, started=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A stack as its launcher wrote it down last."""

    launcher: Process
    prefect: str
    """Address of Prefect's pages; its API is below, at /api."""
    mlflow: str
    """Address of MLflow's server and pages."""
    processes: dict[str, Process] = field(default_factory=dict)
    """The children by name; empty once it was stopped."""
    working: tuple[str, ...] = ()
    """Ids of the flow runs at work: what the next start goes on with."""

    @property
    def running(self) -> bool:
        """Whether the launcher is there."""
        return self.launcher.alive

    def write(self, directory: Path) -> None:
        """Replace the file as a whole."""
        aside = directory / f".{FILE}"
        aside.write_text(json.dumps({"format": _FORMAT, **asdict(self)}, indent=1))
        aside.replace(directory / FILE)


def read_state(workspace: Path) -> State | None:
    """What a workspace's stack wrote last; None: there was none, or it cannot be read."""
    try:
        found: dict[str, Any] = json.loads((workspace / DIRECTORY / FILE).read_text())
        if found.pop("format") != _FORMAT:
            return None
        processes = {name: Process(**one) for name, one in found.pop("processes").items()}
        launcher, working = Process(**found.pop("launcher")), tuple(found.pop("working"))
        return State(launcher=launcher, processes=processes, working=working, **found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def running_stack(workspace: Path) -> State | None:
    """The stack that runs on a workspace now; None: none does."""
    state = read_state(workspace)
    return state if state is not None and state.running else None


def mlflow_address(workspace: Path) -> str:
    """Where MLflow's pages are: on the server that MLFLOW_TRACKING_URI names, on that of the stack
    that is up, or where ``generalist mlflow`` shows them."""
    named = os.environ.get("MLFLOW_TRACKING_URI", "")
    if named.startswith(("http://", "https://")):
        return named.rstrip("/")
    stack = running_stack(workspace)
    return stack.mlflow if stack is not None else "http://127.0.0.1:5000"


@contextlib.contextmanager
def only_one(workspace: Path) -> Iterator[State | None]:
    """Hold the lock of a workspace's stack; yields what the one before left.

    FlowsError when another launcher holds it, with its addresses.
    """
    directory = workspace / DIRECTORY
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FlowsError(_is_up(workspace)) from None
        yield read_state(workspace)


def _is_up(workspace: Path) -> str:
    state = read_state(workspace)
    there = f"at {state.prefect} (process {state.launcher.pid})" if state else "and just starting"
    return (
        f"workspace {workspace}: a stack is up {there}: use that one, or stop it with Ctrl-C, or "
        "name another place with --workspace"
    )


def own() -> Process:
    """This process."""
    return process(os.getpid())


def stopped(state: State, working: tuple[str, ...]) -> State:
    """The state of a stack that has ended, with what it was working on."""
    return replace(state, processes={}, working=working)
