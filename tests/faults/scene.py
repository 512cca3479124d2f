"""Where a fault is played: a workspace of its own, copied up to its token shards, beside a Prefect
server that all share; and what must hold at the end of every fault (``Scene.check``).
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from flows.prefect_settings import SERVER_ENV, WORKER_ENV
from gptcore.tracking import read_jsonl
from tests.faults import checks
from tests.faults.pool import Pool
from tests.flows.processes import free_port, generalist, healthy, prefect, running, wait_for

TOKENS = 300_000
"""Of a training: some seconds, so that it can be hit in the middle."""
SECONDS = 240
"""In which what is waited for must come; most of it takes a tenth."""
GENERALIST, TWIN = "tiny-generalist", "tiny-language_model_only"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What all faults share."""

    root: Path
    server: Mapping[str, str]
    """The environment that leads to the Prefect server."""
    prepared: Path
    """A workspace up to its token shards."""
    undisturbed: Path
    """The same after a training that nobody disturbed."""


@contextmanager
def made_ground(root: Path, say: Callable[[str], None]) -> Iterator[Ground]:
    """The server with our automations, the prepared workspace and the undisturbed training.

    What an earlier call has left in ``root`` is not prepared again.
    """
    with server(root / "prefect") as env:
        say("Prefect answers")
        deploy = (
            "from flows.automations import Patience\nfrom flows.deploying import deploy\n"
            "deploy(patience=Patience(heartbeat=40, pending=150, cancelling=50, reschedule=12))"
        )
        _succeed([sys.executable, "-c", deploy], env)
        say("our automations are there, with short waits")
        prepared, undisturbed = root / "prepared", root / "undisturbed"
        if not undisturbed.exists():
            _succeed(generalist(prepared, "tokenize"), env)
            shutil.copytree(prepared, undisturbed)
            _succeed(generalist(undisturbed, "pretrain", "--tokens", str(TOKENS)), env)
        say("a workspace is prepared, an undisturbed training done")
        yield Ground(root=root, server=env, prepared=prepared, undisturbed=undisturbed)


def _succeed(command: list[str], env: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **env}, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@contextmanager
def server(home: Path) -> Iterator[dict[str, str]]:
    """A Prefect server on a free port; yields the environment that leads to it."""
    home.mkdir(exist_ok=True)
    port = str(free_port())
    given = {
        **SERVER_ENV,
        **WORKER_ENV,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
    }
    with running(prefect("server", "start"), home / "server.log", given):
        wait_for("the server", lambda: healthy(given["PREFECT_API_URL"]), SECONDS)
        yield given


@dataclass(slots=True)
class Command:
    """A command that was started, with what it prints."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def end(self) -> tuple[int, str]:
        """Wait for its end; its exit code and what it printed."""
        try:
            code = self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {self.log.read_text()}") from None
        return code, self.log.read_text()

    def succeed(self) -> str:
        """Wait for its end, which must be a good one; returns what it printed."""
        code, text = self.end()
        assert code == 0, f"exit code {code}: {text}"
        return text

    def fail(self) -> str:
        """Wait for its end, which must be one clear error; returns that."""
        code, text = self.end()
        assert code == 2 and "Traceback" not in text, f"exit code {code}: {text}"
        return text[text.index("error: ") :]


@dataclass(slots=True)
class Scene:
    """The place of one fault; whatever was started in it ends with it."""

    ground: Ground
    root: Path
    env: dict[str, str] = field(default_factory=dict)
    workers: "list[subprocess.Popen[bytes]]" = field(default_factory=list)
    servers: list[int] = field(default_factory=list)
    """Ids of servers of this scene, which end before it is checked."""
    _held: ExitStack = field(default_factory=ExitStack)
    _commands: int = 0

    def __enter__(self) -> "Scene":
        self.root.mkdir()
        shutil.copytree(self.ground.prepared, self.workspace)
        self.env = {**self.ground.server, "GENERALIST_WORKSPACE": str(self.workspace)}
        return self

    def __exit__(self, kind: type[BaseException] | None, _: Any, __: TracebackType | None) -> None:
        self._held.close()
        for process in checks.processes(self.workspace):
            process.kill()
        if kind is None:
            shutil.rmtree(self.root)

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"

    def hold(self, held: Any) -> Any:
        """Enter a context that lasts as long as the scene."""
        return self._held.enter_context(held)

    def start(self, command: list[str], **env: str) -> Command:
        """A process with the scene's environment."""
        self._commands += 1
        log = self.root / f"printed-{self._commands}.txt"
        process = self.hold(running(command, log, {**self.env, "COLUMNS": "200", **env}))
        return Command(process, log)

    def pretrain(self, **env: str) -> Command:
        """``generalist pretrain``, by hand."""
        wanted = generalist(self.workspace, "pretrain", "--tokens", str(TOKENS))
        return self.start(wanted, **env)

    def pool(self, flow: str = "pretrain", **more: Any) -> Pool:
        """A work pool of this scene, with a deployment of a flow."""
        overrides = {"profile": "tiny", "overrides": {"tokens": TOKENS}}
        name = f"of-{self.root.name}"  # Prefect keeps names that begin with its own
        return Pool.made(self.env, name, flow, overrides, **more)

    def worker(self, pool: Pool) -> None:
        """A worker of that pool, online; the last one of ``workers``."""
        name = f"{pool.name}-{len(self.workers)}"
        log = self.root / f"worker-{len(self.workers)}.txt"
        self.workers.append(self.hold(running(pool.worker(name), log, self.env)))
        wait_for("the worker", lambda: pool.online(name), SECONDS)

    def stop_workers(self) -> None:
        """End what works for the pool; what it has started must have ended by itself."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(60)

    def training(self, step: int = 60) -> Path:
        """The generalist's run directory, once it is at that step and not at its end."""

        def found() -> Path | None:
            for path in self.workspace.glob(f"run/{GENERALIST}-*/metrics.jsonl"):
                rows = read_jsonl(path)
                if rows and rows[-1]["step"] >= step:
                    return path.parent
            return None

        run = wait_for(f"step {step}", found, SECONDS, every=0.05)
        assert not (run / "summary.json").exists(), "the training ended before it was hit"
        return run

    def process(self, word: str) -> psutil.Process:
        """The one process of this scene that has a word in its command line."""
        found = [
            one
            for one in checks.processes(self.workspace)
            if any(word in part for part in checks.command_line(one))
        ]
        assert found, f"no process {word}"
        pids = {one.pid for one in found}
        return next(one for one in found if one.ppid() not in pids)

    def trainer(self) -> psutil.Process:
        return self.process("gptcore.pretrain")

    def engine(self) -> psutil.Process:
        return self.process("prefect.engine")

    def left(self) -> list[str]:
        """Command lines of what is at work for this workspace."""
        return [" ".join(checks.command_line(one)) for one in checks.processes(self.workspace)]

    def trains(self) -> bool:
        """Whether a trainer is at work."""
        return any("gptcore.pretrain" in one for one in self.left())

    def check(self, *, trainings: bool = True) -> str:
        """What must hold when all is over; AssertionError names all that does not.

        Without ``trainings`` there is no undisturbed run that those here could be compared with.
        """
        found = [*checks.leftovers(self.workspace), *checks.tracked(self.workspace)]
        if trainings:
            found += checks.trainings(self.workspace, self.ground.undisturbed)
        assert not found, "; ".join(found)
        return f"{'weights and metrics bit-equal, ' * trainings}nothing left over"
