"""Training runs in MLflow: parameters, metrics by tokens seen, the machine, models.

A run goes on under its own id after a resume, and no step is logged twice, because MLflow cannot
delete a point (mlflow/mlflow#2973). While the trainer works, everything is sent by a thread of its
own: a server that hangs delays neither progress nor the checkpoint of a run that is cancelled.
"""

import contextlib
import contextvars
import fcntl
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import mlflow_words, outage, run_about
from flows.errors import FlowsError, TrainerStopped
from flows.gpu import METRICS, Row
from flows.mlflow_models import log_models
from flows.mlflow_tracking import IDS, TAG, Store, read_ids, tolerant, tracking_uri, write_ids
from flows.progress import LOG
from flows.vitals import Vitals
from flows.workspace import Product, Workspace
from gptcore.tracking import read_jsonl

FIRST_SECONDS = 1.0
"""Before the first metrics are sent: a run is to be seen soon, and a short one to be sampled."""
FLUSH_SECONDS = 5.0
CLOSE_SECONDS = 2.0
"""Time that the end of a cancelled run waits for MLflow; its checkpoint is written by then."""
FINISH_SECONDS = 60.0
"""Time that the end of a whole run waits for what is being sent to a server that answers."""
_SAMPLES = 2000
"""Of the machine, kept while no store takes them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Training:
    """What is told of a training run before it begins."""

    experiment: str
    name: str
    """``<profile>-<role>``."""
    config: Mapping[str, Any]
    """Its ``model`` and ``train``, and the device."""
    inputs: Mapping[str, str]
    """Role → digest of a product."""
    commit: str = ""
    """Of the code; empty: unknown."""


@contextmanager
def training_run(
    workspace: Workspace, directory: Path, training: Training
) -> Iterator["TrainingRun"]:
    """Track a training run; the run's status follows how the block ends.

    A finished run is not lost where MLflow fails: ``ensure_training_run`` logs it later.
    """
    tracked = TrainingRun(workspace, directory, training)
    try:
        yield tracked
    except BaseException as error:
        stopped = isinstance(error, TrainerStopped) or not isinstance(error, Exception)
        tracked.close("KILLED" if stopped else "FAILED")
        raise
    with tolerant(f"the training run {directory.name}"):
        tracked.finish()


class TrainingRun:
    """One pre-training run in MLflow; metrics are buffered and sent by a thread.

    The store is opened by that thread at the first metrics: a fresh one takes seconds.
    """

    def __init__(self, workspace: Workspace, directory: Path, training: Training) -> None:
        self._workspace, self._directory, self._training = workspace, directory, training
        self._uri = tracking_uri(workspace)
        self._store: Store | None = None
        self._run_id = ""
        self._began = time.time()
        self._logged = 0
        self._pending: deque[Row] = deque()
        self._samples: deque[tuple[int, dict[str, float]]] = deque(maxlen=_SAMPLES)
        self._watched = 0
        self._vitals: Vitals | None = None
        self._gpus: Any | None = None
        self._status = ""
        self._told: set[str] = set()
        self._ending = threading.Event()
        self._sender: threading.Thread | None = None

    def watch(self, pid: int) -> None:
        """Sample what a process and all that it starts take of the machine."""
        self._watched = pid

    def log(self, rows: Sequence[Row]) -> None:
        """Take new rows of metrics.jsonl; returns at once."""
        self._pending.extend(rows)
        if self._sender is None:  # its log records belong to the flow run of this thread
            work = contextvars.copy_context().run
            self._sender = threading.Thread(target=work, args=(self._work,), daemon=True)
            self._sender.start()

    def close(self, status: str) -> None:
        """Send what is left and the status, if the run was ever opened and MLflow is quick."""
        self._status = status
        self._ending.set()
        if self._sender is None:
            return
        self._sender.join(CLOSE_SECONDS)
        if self._sender.is_alive():
            LOG.warning("MLflow did not take the status of %s in time", self._directory.name)

    def finish(self) -> None:
        """Log what is missing and the finished weights as a model; raises when that fails."""
        self._ending.set()
        self._await_sender()
        self._pending = deque(read_jsonl(self._directory / METRICS))
        outage.need(self._uri)
        store = self._open()
        self._send(store)
        about = self._training
        log_models(store, self._run_id, self._directory, about.name, about.inputs.get("shards"))
        store.client.set_terminated(self._run_id, "FINISHED")

    def _await_sender(self) -> None:
        """Wait for the thread as long as the store answers; FlowsError when it does not."""
        deadline = time.monotonic() + FINISH_SECONDS
        while self._sender is not None and self._sender.is_alive():
            outage.need(self._uri)
            if time.monotonic() > deadline:
                outage.trip(self._uri, "it takes too long")
                store = outage.shown(self._uri)
                raise FlowsError(f"MLflow's store {store} takes too long; it is told later")
            self._sender.join(0.5)

    def _work(self) -> None:
        """What the thread does: send every few seconds, and at the end once more."""
        if self._watched:  # psutil counts from the last question of the same thread
            self._vitals = Vitals(self._watched, self._directory)
        wait = FIRST_SECONDS
        while not self._ending.wait(wait):
            self._try(self._sample)
            self._try(self._flush)
            wait = FLUSH_SECONDS
        if self._status and self._store is not None:
            self._try(self._terminate)

    def _sample(self) -> None:
        if self._vitals is None:
            return
        found = self._vitals.sample()
        if self._gpus is not None:
            self._gpus.collect_metrics()
            found |= {f"system/{name}": v for name, v in self._gpus.aggregate_metrics().items()}
            self._gpus.clear_metrics()
        self._samples.append((int(time.time() * 1000), found))

    def _try(self, work: Any) -> None:
        try:
            work()
        except Exception as error:  # of whatever kind: the trainer goes on
            outage.note(error)
            if str(error) not in self._told and outage.unsaid(self._uri):
                LOG.warning("MLflow cannot be reached, training goes on: %s", error)
            self._told.add(str(error))

    def _terminate(self) -> None:
        self._flush()
        assert self._store is not None
        self._store.client.set_terminated(self._run_id, self._status)

    def _flush(self) -> None:
        outage.need(self._uri)
        self._send(self._open())

    def _send(self, store: Store) -> None:
        """Log what is pending; it stays pending when that fails."""
        taken, samples = list(self._pending), list(self._samples)
        rows = [row for row in taken if row["tokens"] > self._logged]
        metrics = [
            (int(row["tokens"]), {k: v for k, v in row.items() if k not in ("step", "tokens")})
            for row in rows
        ]
        store.log_metrics(self._run_id, metrics)
        for _ in taken:
            self._pending.popleft()
        if rows:
            self._logged = int(rows[-1]["tokens"])
        seconds = [int(stamp / 1000 - self._began) for stamp, _ in samples]
        values = [found for _, found in samples]
        store.log_metrics(
            self._run_id, list(zip(seconds, values, strict=True)), times=[t for t, _ in samples]
        )
        for _ in samples:
            self._samples.popleft()

    def _open(self) -> Store:
        """The store, with this run open in it: the one it had, or a new one."""
        if self._store is not None:
            return self._store
        store = Store(self._workspace)
        known = store.find_run(read_ids(self._directory).get("run_id"))
        if known is not None:
            self._run_id = known.info.run_id
            store.client.update_run(self._run_id, status="RUNNING")
            history = store.client.get_metric_history(self._run_id, "train/loss")
            self._logged = max((point.step for point in history), default=0)
            self._began = known.info.start_time / 1000
        else:
            self._run_id = self._create(store)
        self._gpus = store.gpus()
        self._store = store
        return store

    def _create(self, store: Store) -> str:
        """A new run; its ids are written down last, when it is whole."""
        about, name = self._training, self._directory.name
        experiment = open_experiment(store, about.experiment)
        close_left_open(store, experiment, self._workspace, but=name)
        products = run_about.by_digest(self._workspace)
        params = run_about.training_params(about.name, about.config, about.inputs, products)
        run = store.client.create_run(
            experiment,
            start_time=int(self._began * 1000),
            run_name=mlflow_words.training_name(name, params),
            tags={
                **run_tags(self._workspace),
                **run_about.source_tags(about.commit),
                f"{TAG}.kind": "pre-training",
                f"{TAG}.run": name,
            },
        )
        run_id = str(run.info.run_id)
        try:
            store.log_params(run_id, {**params, **run_about.source_params(about.commit)})
            profiles = {
                role: run_about.dataset_profile(products.get(digest))
                for role, digest in about.inputs.items()
            }
            store.log_inputs(run_id, "training", about.inputs, profiles)
            write_ids(self._directory, {"run_id": run_id})
        except BaseException:  # half a run that nobody could find again
            with contextlib.suppress(Exception):
                store.client.delete_run(run_id)
            raise
        return run_id


def ensure_training_run(
    workspace: Workspace, product: Product, *, experiment: str
) -> dict[str, str]:
    """The ids of a finished run in the store, logged from its files as far as it is not there.

    Raises when MLflow fails.
    """
    ids = read_ids(product.path)
    known = Store(workspace).find_run(ids.get("run_id"))
    if known is not None and known.info.status == "FINISHED" and "model_id" in ids:
        return ids
    if known is None:
        (product.path / IDS).unlink(missing_ok=True)
    manifest = product.manifest
    training = Training(
        experiment=experiment,
        name=manifest.name,
        config=manifest.config,
        inputs=manifest.inputs,
        commit=manifest.counts.get("commit", ""),
    )
    TrainingRun(workspace, product.path, training).finish()
    return read_ids(product.path)


def open_experiment(store: Store, name: str) -> str:
    """The id of a profile's experiment, with the text that says how it is read."""
    experiment = store.experiment(name)
    store.describe(experiment, mlflow_words.how_to_read(name, experiment))
    return experiment


def run_tags(workspace: Workspace) -> dict[str, str]:
    """Where a run's directory is."""
    return {f"{TAG}.workspace": str(workspace.root), f"{TAG}.host": socket.gethostname()}


def close_left_open(store: Store, experiment: str, workspace: Workspace, *, but: str = "") -> None:
    """Close runs of this workspace that are open and nobody works on: their process was killed.

    A run whose product is finished ended well; whoever holds a product's lock still works on it.
    """
    for run in store.runs(experiment, "attributes.status = 'RUNNING'"):
        tags = run.data.tags
        name = tags.get(f"{TAG}.run", "")
        label = f"run/{name}" if name else f"mlflow/{tags.get(f'{TAG}.evaluation', '')}"
        mine = all(tags.get(key) == value for key, value in run_tags(workspace).items())
        if not mine or name == but or _is_held(workspace, label):
            continue
        whole = name and (workspace.root / label / "manifest.json").exists()
        store.client.set_terminated(run.info.run_id, "FINISHED" if whole else "KILLED")


def _is_held(workspace: Workspace, label: str) -> bool:
    """Whether some process, maybe this one, holds a lock of the workspace."""
    path = workspace.root / ".locks" / label.replace("/", "-")
    if not path.exists():
        return False
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
