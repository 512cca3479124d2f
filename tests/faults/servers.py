"""Faults of the servers beside a training: Prefect's and MLflow's."""

import re
import signal
import sys
import time
from pathlib import Path
from subprocess import Popen

import psutil

from tests.faults import checks
from tests.faults.fault import Fault
from tests.faults.pool import Pool
from tests.faults.scene import SECONDS, TWIN, Scene
from tests.flows.processes import free_port, healthy, prefect, running, wait_for

OUTAGE = 60.0
"""Seconds for which Prefect's server is stopped."""
EXPERIMENT = "generalist-tiny"


def prefect_killed(scene: Scene) -> str:
    server, pool, flow_run = _beside_own_server(scene)
    server.kill()
    server.wait()
    time.sleep(3)
    _prefect(scene)
    return _completed(scene, pool, flow_run)


def prefect_stopped(scene: Scene) -> str:
    server, pool, flow_run = _beside_own_server(scene)
    _signal_family(server, signal.SIGSTOP)
    time.sleep(OUTAGE)
    trained = not scene.trains()
    _signal_family(server, signal.SIGCONT)
    ended = "had ended" if trained else "went on"
    return f"the training {ended} in the outage; {_completed(scene, pool, flow_run)}"


def _beside_own_server(scene: Scene) -> "tuple[Popen[bytes], Pool, str]":
    """A flow run in mid-training, on a Prefect server that nobody shares."""
    home, port = scene.root / "prefect", str(free_port())
    home.mkdir()
    scene.env |= {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
    }
    server = _prefect(scene)
    pool = scene.pool()
    scene.worker(pool)
    pool.limit()
    flow_run = pool.start()
    scene.training()
    return server, pool, flow_run


def _prefect(scene: Scene) -> "Popen[bytes]":
    log = scene.root / f"server-{time.monotonic_ns()}.txt"
    env = {name: value for name, value in scene.env.items() if name != "GENERALIST_WORKSPACE"}
    process: Popen[bytes] = scene.hold(running(prefect("server", "start"), log, env))
    wait_for("the server", lambda: healthy(scene.env["PREFECT_API_URL"]), SECONDS)
    return process


def _completed(scene: Scene, pool: Pool, flow_run: str) -> str:
    states = pool.reach(flow_run, "COMPLETED")
    scene.stop_workers()
    (log,) = scene.workspace.glob("run/tiny-generalist-*/trainer.log")
    assert "resumed" not in log.read_text(), "the training was disturbed"
    return f"{states}, training undisturbed; {scene.check()}; {pool.check()}"


def mlflow_down(scene: Scene) -> str:
    mlflow = Mlflow(scene)
    text = scene.pretrain(MLFLOW_TRACKING_URI=mlflow.url).succeed()
    assert "MLflow" in text, f"nothing is said of it: {text}"
    mlflow.start()
    return f"trained; {_said(text)}; {_complete_later(scene, mlflow.url)}"


def mlflow_killed(scene: Scene) -> str:
    mlflow = Mlflow(scene)
    mlflow.start()
    command = scene.pretrain(MLFLOW_TRACKING_URI=mlflow.url)
    _opened(scene)
    mlflow.signal(signal.SIGKILL)
    text = command.succeed()
    mlflow.start()
    return f"trained; {_said(text)}; {_complete_later(scene, mlflow.url)}"


def mlflow_hangs(scene: Scene) -> str:
    mlflow = Mlflow(scene)
    mlflow.start()
    command = scene.pretrain(MLFLOW_TRACKING_URI=mlflow.url)
    _opened(scene)
    mlflow.signal(signal.SIGSTOP)
    trained = f"run/{TWIN}-*/summary.json"
    wait_for("the trainings' end", lambda: [*scene.workspace.glob(trained)], SECONDS, every=0.1)
    start = time.monotonic()
    text = command.succeed()
    seconds = time.monotonic() - start
    mlflow.signal(signal.SIGCONT)
    assert seconds < 90, f"the hanging server cost {seconds:.0f} s at the end"
    told = f"trained, ended {seconds:.0f} s after that"
    return f"{told}; {_said(text)}; {_complete_later(scene, mlflow.url)}"


def mlflow_locked(scene: Scene) -> str:
    command = scene.pretrain()
    _opened(scene)
    holder = scene.start([sys.executable, "-c", _LOCK, str(scene.workspace / "mlflow.db")])
    wait_for("the lock", lambda: "held" in holder.log.read_text(), 60)
    text = command.succeed()
    holder.process.kill()
    holder.process.wait()
    return f"trained; {_said(text)}; {_complete_later(scene)}"


def _opened(scene: Scene) -> None:
    """Wait until MLflow has the run, which goes on."""
    run = scene.training(1)
    wait_for("the run in MLflow", (run / "mlflow.json").exists, SECONDS, every=0.05)
    scene.training(1)


_LOCK = """
import sqlite3, sys, time
store = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
store.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(600)
"""


def _said(text: str) -> str:
    """What a command says of MLflow, in a few words."""
    told = "is not told|does not have|did not take|store"
    found = re.findall(rf"MLflow(?:'s)? (?:{told})[^:\n]*", text)
    return f"it says {found[0]!r}" if found else "it says nothing of it"


def _complete_later(scene: Scene, url: str = "") -> str:
    """What the next night does with finished runs; then all must be there."""
    lacked = len([*checks.tracked(scene.workspace)]) if _has_store(scene.workspace) else 2
    env = {"MLFLOW_TRACKING_URI": url} if url else {}
    scene.start([sys.executable, "-c", _ENSURE, EXPERIMENT], **env).succeed()
    for process in [*psutil.Process().children()]:
        if process.pid in scene.servers:
            _signal_family(process, signal.SIGKILL)
            process.wait(30)
    return f"MLflow lacked something in {lacked} places, nothing later; {scene.check()}"


def _has_store(workspace: Path) -> bool:
    store = workspace / "mlflow.db"
    return store.exists() and store.stat().st_size > 0


_ENSURE = """
import sys
from flows.mlflow_training import ensure_training_run
from flows.workspace import Workspace
workspace = Workspace.open()
for run in workspace.finished("run"):
    ensure_training_run(workspace, run, experiment=sys.argv[1])
"""


class Mlflow:
    """A tracking server of a scene, with the store of its workspace."""

    def __init__(self, scene: Scene) -> None:
        self._scene, self._port = scene, free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, perhaps again, and wait until it answers."""
        workspace = self._scene.workspace
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"),
            *("--port", str(self._port), "--workers", "1", "--no-serve-artifacts"),
            *("--backend-store-uri", f"sqlite:///{workspace / 'mlflow.db'}"),
            *("--default-artifact-root", (workspace / "mlartifacts").as_uri()),
        ]
        self._process = self._scene.start(command, **_MLFLOW).process
        self._scene.servers.append(self._process.pid)
        wait_for("MLflow", lambda: healthy(self.url), SECONDS)

    def signal(self, number: int) -> None:
        """To it and to what it has started."""
        _signal_family(self._process, number)


_MLFLOW = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}


def _signal_family(process: "Popen[bytes] | psutil.Process", number: int) -> None:
    parent = psutil.Process(process.pid)
    for one in (parent, *parent.children(recursive=True)):
        one.send_signal(number)


FAULTS = (
    Fault(
        name="prefect-stopped",
        cause="SIGSTOP to Prefect's server for 60 s in mid-training",
        expected="training undisturbed, the flow run completes, bit-equal",
        play=prefect_stopped,
    ),
    Fault(
        name="prefect-sigkill",
        cause="SIGKILL to Prefect's server in mid-training; started again after 3 s",
        expected="training undisturbed, the flow run completes, bit-equal",
        play=prefect_killed,
    ),
    Fault(
        name="mlflow-hangs",
        cause="SIGSTOP to MLflow's server in mid-training",
        expected="training undisturbed, at most 90 s later done; the next night logs all",
        play=mlflow_hangs,
    ),
    Fault(
        name="mlflow-sigkill",
        cause="SIGKILL to MLflow's server in mid-training; started again afterwards",
        expected="training undisturbed; the next night logs what is missing, no step twice",
        play=mlflow_killed,
    ),
    Fault(
        name="mlflow-down",
        cause="MLflow's server is not there; started afterwards",
        expected="trained with a warning; the next night logs all",
        play=mlflow_down,
    ),
    Fault(
        name="mlflow-locked",
        cause="another process holds an exclusive transaction on MLflow's SQLite file",
        expected="trained with a warning; the next night logs what is missing, no step twice",
        play=mlflow_locked,
    ),
)
