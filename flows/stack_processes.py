"""Processes of a stack as the system shows them: engines at work, leftovers, holders of ports.

Whatever a stack starts, directly or not, carries ``GENERALIST_STACK=<directory of its state>`` in
its environment: so a family is found whole, after whatever death of its head, and nothing else is
ever taken for it.
"""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from flows.errors import FlowsError

MARK = "GENERALIST_STACK"
_FLOW_RUN = "PREFECT__FLOW_RUN_ID"
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Engine:
    """The process that runs a flow run; head of a session of its own."""

    process: psutil.Process
    flow_run: str
    """Its id."""


def family(directory: Path) -> list[psutil.Process]:
    """All processes of the stack that has its state in a directory, but this one."""
    found = []
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _variable(process, MARK) == str(directory):
            found.append(process)
    return found


def engines_below(workers: Iterable[int]) -> list[Engine]:
    """The engines that some workers started, by the workers' ids."""
    found = []
    for pid in workers:
        with contextlib.suppress(psutil.Error):
            found += engines_among(psutil.Process(pid).children())
    return found


def engines_among(processes: Iterable[psutil.Process]) -> list[Engine]:
    """The engines among some processes: what leads a session of its own for a flow run."""
    found = []
    for process in processes:
        flow_run = _variable(process, _FLOW_RUN)
        if flow_run and _leads(process) and lives(process):
            found.append(Engine(process, flow_run))
    # A trainer leads a session too, below its engine.
    pids = {engine.process.pid for engine in found}
    return [engine for engine in found if _parent(engine.process) not in pids]


def flow_runs_here() -> set[str]:
    """Ids of the flow runs that a process of this machine works on, whoever started it."""
    found = (_variable(process, _FLOW_RUN) for process in psutil.process_iter() if lives(process))
    return {flow_run for flow_run in found if flow_run}


def _leads(process: psutil.Process) -> bool:
    with contextlib.suppress(ProcessLookupError):
        return bool(os.getsid(process.pid) == process.pid)
    return False


def _parent(process: psutil.Process) -> int | None:
    with contextlib.suppress(psutil.Error):
        return int(process.ppid())
    return None


def _variable(process: psutil.Process, name: str) -> str | None:
    try:
        value: str | None = process.environ().get(name)
        return value
    except (psutil.Error, OSError):
        return None


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs; one that nobody has asked for its end does not."""
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to those that are there."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def wait(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait for some processes to end; returns those that did not in time."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if lives(process)]
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = [process for process in left if lives(process)]
    return left


def end(processes: Sequence[psutil.Process], seconds: float) -> None:
    """End some processes, by force what takes longer."""
    send(processes, signal.SIGTERM)
    send(wait(processes, seconds), signal.SIGKILL)


def unwind(engines: Sequence[Engine], seconds: float) -> None:
    """Stop engines so that their trainers write checkpoints and their states are reported."""
    end([engine.process for engine in engines], seconds)


def memory(directory: Path) -> int:
    """Bytes that a stack and this launcher of it use; what they share is divided among them."""
    total = 0
    for process in [psutil.Process(), *family(directory)]:
        with contextlib.suppress(psutil.Error):
            used = process.memory_full_info()
            total += getattr(used, "pss", used.uss)
    return total


def need_port(host: str, port: int, option: str) -> None:
    """FlowsError, with who holds it, unless a server can listen at a port."""
    if not 0 < port < 65536:
        raise FlowsError(f"{option}={port}: choose 1 … 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise FlowsError(f"{option}={port}: is for root alone: choose 1024 … 65535") from None
        except OSError as error:
            holder = port_holder(port) or str(error)
            raise FlowsError(
                f"port {port} of {host} is taken by {holder}: end that, or choose another "
                f"with {option}"
            ) from None


def port_holder(port: int) -> str | None:
    """Who listens at a port of this machine; None: nobody, as far as can be seen."""
    try:
        found = psutil.net_connections(kind="tcp")
    except psutil.Error:  # macOS tells it to root alone
        return "another process"
    for connection in found:
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
            return _named(connection.pid)
    return None


def _named(pid: int | None) -> str:
    if pid is None:
        return "another user's process"
    try:
        process = psutil.Process(pid)
        mark = _variable(process, MARK)
        of = f", of the stack in {Path(mark).parent}" if mark else ""
        return f"process {pid} ({process.name()}{of})"
    except psutil.Error:
        return f"process {pid}"
