"""``generalist up``: Prefect's and MLflow's servers, deployments and workers, by one launcher.

The servers start together; pools, deployments and automations are put on Prefect's; then there is a
worker per pool. Whatever dies is started again, after a wait that doubles.

SIGINT, SIGTERM and SIGHUP end all of it, in this order, so that no training is lost: workers are
frozen (they neither take up nor report anything more), their engines get SIGTERM and the time in
which the trainer writes its checkpoint, workers end, states on the server are made true, servers
end. What was at work is in state.json and is scheduled again by the next start, which also tidies
up after a launcher that was killed.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Sequence

from rich.console import Console

from flows import stack_processes as processes
from flows import stack_runs, stack_state, team
from flows.errors import FlowsError
from flows.stack_console import Voice
from flows.stack_deploy import deploy
from flows.stack_services import HOST, POOLS, Child, Places, Service, answers, services
from flows.stack_state import State
from flows.workspace import Workspace

REACHED = (HOST, "localhost", "0.0.0.0")
"""Addresses to listen on at which workers find the servers, for they ask 127.0.0.1."""
START_SECONDS = 300.0
"""For a server to answer, or a worker to be online; a busy machine is slow."""
POLL_SECONDS = 1.0
UNWIND_SECONDS = 27.0
"""For engines; their trainers have 25 (flows/gpu.py)."""
WORKER_SECONDS = 2.0
SERVER_SECONDS = 3.0
MOST_DEATHS = 5
"""A server that died so often in five minutes is not started again."""


def up(
    console: Console, workspace: Workspace, port: int, mlflow_port: int, host: str = HOST
) -> int:
    """Run the stack until a signal comes; returns the exit code.

    FlowsError, before anything starts, when there is one already, a port is taken, the disk is
    nearly full or ``host`` is open to others without a password; later when a server does not come
    up or keeps dying.
    """
    start = time.monotonic()
    team.require_auth(host)
    places = Places(workspace=workspace.root, port=port, mlflow_port=mlflow_port, host=host)
    with stack_state.only_one(workspace.root) as before:
        workspace.need_room()
        stop = _stopped_by_signals()
        stack = Stack(places, Voice(console, places.directory / "stack.log"), stop)
        stack.tidy()
        _need_ports(places)
        team.forget_users(places.directory)
        try:
            stack.start(before.working if before is not None else ())
            if not stop.is_set():
                stack.say_ready(time.monotonic() - start)
            stack.watch()
        finally:
            stack.end()
    return 0


def _stopped_by_signals() -> threading.Event:
    """An event that SIGINT, SIGTERM and SIGHUP set."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _need_ports(places: Places) -> None:
    if places.host not in REACHED:
        raise FlowsError(f"--host={places.host}: choose one of {', '.join(REACHED)}")
    if places.port == places.mlflow_port:
        raise FlowsError(f"--port and --mlflow-port are both {places.port}: choose two")
    processes.need_port(places.host, places.port, "--port")
    processes.need_port(places.host, places.mlflow_port, "--mlflow-port")


class Stack:
    """The children of a launcher."""

    def __init__(self, places: Places, voice: Voice, stop: threading.Event) -> None:
        self._places, self._voice, self._stop = places, voice, stop
        self._servers: list[Child] = []
        self._workers: list[Child] = []
        self._engines: list[processes.Engine] = []
        self._interrupted: tuple[str, ...] = ()

    def tidy(self) -> None:
        """End what a launcher that was killed has left, training runs with a checkpoint."""
        left = processes.family(self._places.directory)
        if not left:
            return
        self._voice.warn(f"ending {len(left)} processes that a killed launcher has left")
        engines = processes.engines_among(left)
        processes.unwind(engines, UNWIND_SECONDS)
        # A trainer whose engine was killed is writing its checkpoint.
        processes.end(processes.family(self._places.directory), UNWIND_SECONDS)

    def start(self, interrupted: Sequence[str]) -> None:
        """Servers, deployments, interrupted runs, workers; FlowsError when one does not come up."""
        self._interrupted = tuple(interrupted)
        servers, workers = services(self._places)
        self._servers = [self._started(service) for service in servers]
        self._write()
        prefect, mlflow = self._servers
        if self._answers(prefect) and deploy(self._places.environment(), self._stop):
            self._go_on()
            self._workers = [self._started(service) for service in workers]
            self._write()
            if self._answers(mlflow):
                self._wait_for_workers()

    def _started(self, service: Service) -> Child:
        child = Child(service, self._places.directory / f"{service.name}.log")
        child.start(self._places.environment())
        return child

    def _answers(self, child: Child) -> bool:
        """Wait until a server answers; False when a signal came before."""
        deadline = time.monotonic() + START_SECONDS
        while not (child.service.healthy is None or child.service.healthy()):
            if self._stop.wait(0.2):
                return False
            if not child.alive or time.monotonic() > deadline:
                raise FlowsError(f"{child.service.name} does not start; {child.last_lines()}")
        return not self._stop.is_set()

    def _wait_for_workers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        for child, pool in zip(self._workers, POOLS, strict=True):
            while not stack_runs.online(self._places.api, pool, child.since):
                if self._stop.wait(0.5):
                    return
                if not child.alive or time.monotonic() > deadline:
                    raise FlowsError(f"{child.service.name} is not online; {child.last_lines()}")

    def _go_on(self) -> None:
        """Schedule again what was at work when the stack ended."""
        alone = self._places.alone
        ids = stack_runs.settle(self._places.api, self._interrupted, alone=alone)
        for name in stack_runs.go_on(self._places.api, ids):
            self._voice.say(f"flow run {name} was interrupted and goes on")
        self._interrupted = ()

    def say_ready(self, seconds: float) -> None:
        """Where everything is, and what to do there."""
        used = processes.memory(self._places.directory)
        self._voice.ready(self._places, seconds, used)

    def watch(self) -> None:
        """Start again what dies and write down what is at work, until a signal comes."""
        while not self._stop.wait(POLL_SECONDS):
            for child in (*self._servers, *self._workers):
                self._keep(child)
            self._look()

    def _keep(self, child: Child) -> None:
        if child.alive:
            return
        if child.due is None:
            code, delay = child.process.poll() if child.process else None, child.died()
            if child.service.serves and len(child.deaths) >= MOST_DEATHS:
                raise FlowsError(f"{child.service.name} keeps dying; {child.last_lines()}")
            self._voice.warn(
                f"{child.service.name} ended ({_how(code)}): it starts again in {delay:.0f} s; "
                f"see {child.log}"
            )
        elif time.monotonic() >= child.due:
            child.start(self._places.environment())
            self._write()

    def _look(self) -> None:
        """Which engines work; an orphan of a worker that died counts until it ends."""
        known = {e.process.pid: e for e in self._engines if processes.lives(e.process)}
        known |= {e.process.pid: e for e in processes.engines_below(w.pid for w in self._workers)}
        engines = [known[pid] for pid in sorted(known)]
        if [e.process.pid for e in engines] != [e.process.pid for e in self._engines]:
            self._engines = engines
            self._write()

    def _state(self) -> State:
        children = [c for c in (*self._servers, *self._workers) if c.process is not None]
        working = {*self._interrupted, *(engine.flow_run for engine in self._engines)}
        return State(
            launcher=stack_state.own(),
            prefect=self._places.prefect,
            mlflow=self._places.mlflow,
            processes={c.service.name: stack_state.process(c.pid) for c in children},
            working=tuple(sorted(working)),
        )

    def _write(self) -> None:
        self._state().write(self._places.directory)

    def end(self) -> None:
        """Stop all, so that what was at work can go on."""
        began = time.monotonic()
        self._voice.say("stopping; a training run writes its checkpoint …")
        self._freeze_workers()
        self._look()
        self._write()
        processes.unwind(self._engines, UNWIND_SECONDS)
        _end(self._workers, signal.SIGINT, WORKER_SECONDS)
        working = self._settled()
        _end(self._servers, signal.SIGTERM, SERVER_SECONDS)
        processes.end(processes.family(self._places.directory), 1.0)
        stack_state.stopped(self._state(), working).write(self._places.directory)
        self._voice.stopped(time.monotonic() - began, len(working))

    def _freeze_workers(self) -> None:
        for child in self._workers:
            child.send(signal.SIGSTOP)

    def _settled(self) -> tuple[str, ...]:
        """The flow runs to go on with; their states are true where the server can be told."""
        working, alone = self._state().working, self._places.alone
        if answers(f"{self._places.api}/health"):
            with contextlib.suppress(stack_runs.Unreachable):
                return stack_runs.settle(self._places.api, working, alone=alone)
        return working


def _end(children: Sequence[Child], number: signal.Signals, seconds: float) -> None:
    for child in children:
        child.send(number)
        child.send(signal.SIGCONT)
    for child in children:
        child.stop(seconds)


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
