"""MLflow's server down or deaf while a model is trained: nothing is lost but a few seconds.

A real trainer, a real server of MLflow, stopped by signals.
"""

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from flows import gpu, outage
from flows.errors import FlowsError, TrainerStopped
from flows.mlflow_tracking import Store, read_ids, tolerant
from flows.mlflow_training import Training, TrainingRun, training_run
from flows.workspace import Workspace
from gptcore.tracking import read_jsonl
from tests.flows.processes import free_port, running, wait_for
from tests.flows.test_trainer import Job, job  # noqa: F401  (a fixture)

pytestmark = pytest.mark.operations
CLOSE = 3.0
"""Seconds that the end of a cancelled run may take beyond its trainer."""


class Server:
    """A server of MLflow, and its processes."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self._family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]

    def tell(self, number: int) -> None:
        """Send a signal to all of it."""
        for one in self._family:
            one.send_signal(number)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place, port = tmp_path_factory.mktemp("server"), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    store = ["--backend-store-uri", f"sqlite:///{place / 'mlflow.db'}"]
    env = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with running([*command, *store], place / "log", env) as process:

        def answers() -> bool:
            try:
                return httpx.get(f"{url}/health", timeout=2).status_code == 200
            except httpx.TransportError:
                return False

        wait_for("MLflow's server", answers, 180)
        found = Server(url, process.pid)
        yield found
        found.tell(signal.SIGCONT)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("flows.progress.LOG.propagate", True)
    monkeypatch.setenv("GENERALIST_WORKSPACE", str(tmp_path))
    out = tmp_path / "run" / "some-generalist-0123456789ab"
    out.mkdir(parents=True)
    return out


def about(job: Job) -> Training:  # noqa: F811
    config = {"model": job["model"], "train": job["train"], "device": "cpu"}
    return Training(experiment="generalist-some", name="some-generalist", config=config, inputs={})


def train(job: Job, out: Path, on_rows: Any = lambda rows: None) -> float:  # noqa: F811
    """Train with tracking; returns the seconds that it took after the trainer had ended."""
    ended = [time.monotonic()]
    try:
        with training_run(Workspace.open(), out, about(job)) as tracked:

            def both(rows: Any) -> None:
                tracked.log(rows)
                on_rows(rows)

            try:
                gpu.train(job, out, both, on_start=tracked.watch)
            finally:
                ended[0] = time.monotonic()
    except TrainerStopped:
        pass
    return time.monotonic() - ended[0]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize("how", ["down", "deaf"])
def test_a_training_that_mlflow_never_hears_of_loses_a_moment(
    how: str,
    job: Job,  # noqa: F811
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1] if how == "deaf" else free_port()
        monkeypatch.setenv(outage.VARIABLE, f"http://127.0.0.1:{port}")
        assert train(job, place) < 3 * outage.PROBE_SECONDS
        started = time.monotonic()
        for _ in range(5):  # evaluation, its twin, registration, history, page
            with tolerant("what comes after"):
                Store(Workspace.open())
        assert time.monotonic() - started < 0.5
    assert (place / "weights" / "model.safetensors").exists()
    assert len([line for line in warnings(caplog) if "MLflow" in line]) == 1, "one warning"


def test_a_server_that_falls_silent_delays_no_cancellation_and_gets_all_later(
    job: Job,  # noqa: F811
    place: Path,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(outage.VARIABLE, server.url)
    long = {**job, "train": {**job["train"], "tokens": job["train"]["tokens"] * 20}}
    asked: list[float] = []

    def silence_then_cancel(rows: Any) -> None:
        if not read_ids(place) or asked:
            return
        asked.append(time.monotonic())
        server.tell(signal.SIGSTOP)

        def cancel() -> None:  # as Prefect does: the trainer gets its signal, the flow too
            time.sleep(2)
            asked.append(time.monotonic())
            os.kill(trainer_of(place), signal.SIGTERM)

        threading.Thread(target=cancel).start()

    late = train(long, place, silence_then_cancel)
    assert len(asked) == 2 and late < CLOSE
    assert time.monotonic() - asked[1] < gpu.GRACE_SECONDS
    assert list(place.glob("checkpoints/step-*")), "there is something to go on from"
    run_id = read_ids(place)["run_id"]

    server.tell(signal.SIGCONT)
    outage._down.clear()  # a minute later
    store = Store(Workspace.open())
    wait_for("the server", lambda: httpx.get(f"{server.url}/health").status_code == 200, 60)
    assert store.client.get_run(run_id).info.status in ("RUNNING", "KILLED")
    TrainingRun(Workspace.open(), place, about(long))._flush()  # as the resumed run does
    rest = TrainingRun(Workspace.open(), place, about(long))
    rest.log(read_jsonl(place / "metrics.jsonl"))
    rest.close("KILLED")
    wait_for("its end", lambda: store.client.get_run(run_id).info.status == "KILLED", 60)
    logged = store.client.get_metric_history(run_id, "train/loss")
    written = [int(row["tokens"]) for row in read_jsonl(place / "metrics.jsonl")]
    assert [one.step for one in logged] == written, "every step once"


def trainer_of(place: Path) -> int:
    """Process id of the trainer of a run directory."""
    for process in psutil.process_iter(["cmdline"]):
        if str(place / "launch.json") in (process.info["cmdline"] or []):
            return int(process.pid)
    raise AssertionError("no trainer is there")


def test_an_error_that_is_not_about_mlflow_is_raised_with_the_server_down(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(outage.VARIABLE, f"http://127.0.0.1:{free_port()}")
    with pytest.raises(FlowsError, match="cannot be used"):
        Store(Workspace.open())
    with pytest.raises(KeyError), tolerant("something"):
        raise KeyError("a mistake of ours")
