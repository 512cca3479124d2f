"""Flow runs whose worker, engine or machine is really killed: none hangs, none is lost.

One server for all, with ``generalist deploy``'s automations at shorter waits. Workers and trainers
are real processes and are ended by signals.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from flows.automations import ATTEMPTS, NEVER_STARTED, PREFIX, Patience
from flows.prefect_settings import SERVER_ENV, WORKER_ENV
from tests.flows.processes import ROOT, free_port, healthy, run, running, wait_for

pytestmark = pytest.mark.operations

SHORT = Patience(heartbeat=60, pending=30, cancelling=40, reschedule=15)
FINAL = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")


@dataclass
class Place:
    """A server, a workspace, and the workers that a test starts."""

    env: dict[str, str]
    root: Path
    workers: ExitStack = field(default_factory=ExitStack)

    def worker(self, pool: str) -> psutil.Process:
        command = [sys.executable, "-m", "prefect", "--no-prompt", "worker", "start"]
        log = self.root / f"worker-{time.monotonic_ns()}.log"
        started = running([*command, "--pool", pool], log, {**self.env, **WORKER_ENV})
        return psutil.Process(self.workers.enter_context(started).pid)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A request; while its SQLite is busy a server answers 503."""

        def answer() -> tuple[Any] | None:
            url = f"{self.env['PREFECT_API_URL']}{path}"
            answer = httpx.request(method, url, json=body, timeout=60)
            if answer.status_code == 503:
                return None
            answer.raise_for_status()
            return (answer.json() if answer.content else None,)

        return wait_for(f"an answer to {path}", answer, 120)[0]

    def start(self, flow: str, **parameters: Any) -> str:
        deployment = self.ask("GET", f"/deployments/name/{flow}/{flow}")
        made = {"parameters": {"profile": "tiny", **parameters}, "state": {"type": "SCHEDULED"}}
        path = f"/deployments/{deployment['id']}/create_flow_run"
        return str(self.ask("POST", path, made)["id"])

    def states(self, flow_run: str) -> list[dict[str, Any]]:
        found = self.ask("GET", f"/flow_run_states/?flow_run_id={flow_run}")
        return sorted(found, key=lambda state: str(state["timestamp"]))

    def types(self, flow_run: str) -> list[str]:
        return [state["type"] for state in self.states(flow_run)]

    def reached(self, flow_run: str, kind: str, times: int = 1, seconds: float = 240) -> datetime:
        """When a flow run reached a type of state for the nth time."""

        def found() -> Any:
            met = [state for state in self.states(flow_run) if state["type"] == kind]
            return met[times - 1]["timestamp"] if len(met) >= times else None

        what = f"{kind} number {times} of {flow_run}"
        return datetime.fromisoformat(wait_for(what, found, seconds))

    def trainer_log(self) -> str:
        logs = self.root.glob("workspace/run/tiny-generalist-*/trainer.log")
        return "\n".join(log.read_text() for log in logs)

    def training(self, times: int) -> None:
        """Wait until a trainer has begun so often, and has come past its first checkpoint."""

        def at_work() -> bool:
            begun = self.trainer_log().split("resumed at step")
            return len(begun) == times and begun[-1].count("\nstep ") > 0

        wait_for(f"training number {times}", at_work, 240)


def kill(process: psutil.Process) -> None:
    """A process and all below it, as a machine that loses its power."""
    for one in [process, *process.children(recursive=True)]:
        one.kill()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    root = tmp_path_factory.mktemp("automations")
    port = str(free_port())
    env = {
        **SERVER_ENV,
        "PYTHONPATH": str(ROOT),
        "PREFECT_HOME": str(root / "prefect"),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": port,
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "GENERALIST_WORKSPACE": str(root / "workspace"),
    }
    place = Place(env, root)
    command = [sys.executable, "-m", "prefect", "server", "start"]
    with place.workers, running(command, root / "server.log", env):
        wait_for("the server", lambda: healthy(env["PREFECT_API_URL"]), 120)
        deploy(place)
        yield place


def deploy(place: Place, patience: Patience = SHORT) -> str:
    script = (
        "from flows.automations import Patience\nfrom flows.deploying import deploy\n"
        f"print(*deploy(patience={patience!r}), sep='\\n')"
    )
    return run([sys.executable, "-c", script], place.env)


def ours(place: Place) -> dict[str, dict[str, Any]]:
    found = place.ask("POST", "/automations/filter", {})
    return {one["name"]: one for one in found}


def test_deploying_again_changes_nothing_of_what_a_person_did(place: Place) -> None:
    before = ours(place)
    theirs = {**before[f"{PREFIX}heartbeat lost"], "name": "a person's own", "enabled": False}
    stale = {**theirs, "name": f"{PREFIX}of an older version"}
    for one in (theirs, stale):
        free = {"id", "created", "updated", "account", "workspace"}
        place.ask("POST", "/automations/", {k: v for k, v in one.items() if k not in free})
    off = before[f"{PREFIX}never started"]["id"]
    place.ask("PATCH", f"/automations/{off}", {"enabled": False})

    printed = deploy(place)
    assert printed.count(": there") == len(before) + 2 and printed.count(": removed") == 1
    after = ours(place)
    assert after.keys() == {*before, "a person's own"}
    assert not after[f"{PREFIX}never started"]["enabled"]
    assert "updated" in deploy(place, Patience(pending=33))
    assert not ours(place)[f"{PREFIX}never started"]["enabled"], "an update switched it on"
    assert after[f"{PREFIX}never started"]["id"] == off

    place.ask("PATCH", f"/automations/{off}", {"enabled": True})
    deploy(place)
    nightly = place.ask("GET", "/deployments/name/nightly/nightly")
    assert [one["active"] for one in nightly["schedules"]] == [True]


def test_a_training_outlives_engine_machine_and_worker_but_not_for_ever(place: Place) -> None:
    flow_run = place.start("pretrain", overrides={"tokens": 3_000_000})
    worker = place.worker("gpu")

    place.training(1)
    (engine,) = worker.children()
    engine.kill()
    crashed = place.reached(flow_run, "CRASHED")
    again = place.reached(flow_run, "SCHEDULED", 2)
    assert (again - crashed).total_seconds() >= 10, "a late report would overwrite it"

    place.training(2)
    lost = time.time()
    kill(worker)
    crashed = place.reached(flow_run, "CRASHED", 2)
    assert crashed.timestamp() - lost < SHORT.heartbeat + 15
    assert place.states(flow_run)[-1]["message"].startswith("no heartbeat for")
    place.reached(flow_run, "SCHEDULED", 3)
    worker = place.worker("gpu")

    place.training(3)
    checkpoints = place.trainer_log().count("stopped after a checkpoint")
    worker.terminate()
    place.reached(flow_run, "CRASHED", 3)
    assert place.trainer_log().count("stopped after a checkpoint") == checkpoints + 1
    time.sleep(SHORT.reschedule + 15)
    types = place.types(flow_run)
    assert types[-1] == "CRASHED" and types.count("RUNNING") == ATTEMPTS
    resumed = [line for line in place.trainer_log().splitlines() if "resumed at step" in line]
    steps = [int(line.split()[3]) for line in resumed]
    assert steps == sorted(steps) and steps[0] > 0 and len(steps) == 2


def test_what_a_worker_took_and_never_started_gives_its_slot_back(place: Place) -> None:
    place.ask("PATCH", "/work_pools/cpu", {"concurrency_limit": 1})
    first = place.start("convert")
    worker = place.worker("cpu")
    place.reached(first, "PENDING")
    kill(worker)
    assert "RUNNING" not in place.types(first)
    second = place.start("convert")
    place.worker("cpu")
    place.reached(first, "CRASHED")
    assert NEVER_STARTED in [state["name"] for state in place.states(first)]
    place.reached(second, "COMPLETED")
    place.reached(first, "COMPLETED")


def test_what_was_cancelled_or_failed_is_not_tried_again(place: Place) -> None:
    worker = place.worker("gpu")
    failed = place.start("promote", to="no-such-run")
    place.reached(failed, "FAILED")
    cancelled = place.start("pretrain", overrides={"tokens": 3_000_000, "seed": 5})
    place.reached(cancelled, "RUNNING")
    kill(worker)
    cancelling = {"state": {"type": "CANCELLING", "name": "Cancelling"}}
    place.ask("POST", f"/flow_runs/{cancelled}/set_state", cancelling)
    place.reached(cancelled, "CANCELLED")
    time.sleep(SHORT.reschedule + 15)
    assert place.types(failed)[-1] == "FAILED" and place.types(cancelled)[-1] == "CANCELLED"


def test_nightlies_queue_and_a_crashed_one_frees_its_place(place: Place) -> None:
    worker = place.worker("gpu")
    first = place.start("nightly")
    place.reached(first, "RUNNING")
    second = place.start("nightly")
    wait_for(
        "the second's waiting",
        lambda: "AwaitingConcurrencySlot" in [one["name"] for one in place.states(second)],
        60,
    )
    (engine,) = worker.children()
    engine.kill()
    place.reached(first, "CRASHED")
    ends = [place.reached(one, "COMPLETED", seconds=400) for one in (second, first)]
    starts = [place.reached(second, "RUNNING"), place.reached(first, "RUNNING", 2)]
    assert starts[0] < ends[0] and starts[1] < ends[1]
    assert ends[0] <= starts[1] or ends[1] <= starts[0], "two nightlies ran at once"


def test_a_flow_run_that_cannot_fit_fails_before_its_first_stage(place: Place) -> None:
    place.worker("gpu")
    flow_run = place.start("nightly", overrides={"tokens": 1000})
    place.reached(flow_run, "FAILED")
    assert "does not fit" in place.states(flow_run)[-1]["message"]
    time.sleep(SHORT.reschedule + 10)
    assert place.types(flow_run)[-1] == "FAILED"
